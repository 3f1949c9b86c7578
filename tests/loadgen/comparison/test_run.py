from pathlib import Path

import pytest

from formats.errors import InvalidInput
from loadgen.comparison.run import READS_VERSION, read_run, read_side
from loadgen.reports.json import VERSION
from tests.support.sides import written


def problems(path: Path) -> tuple[str, ...]:
    with pytest.raises(InvalidInput) as caught:
        read_side(path)
    return caught.value.problems


def test_the_version_that_is_read_is_the_one_that_is_written() -> None:
    assert READS_VERSION == VERSION


def test_a_file_is_a_side_of_one_run(tmp_path: Path) -> None:
    (run,) = read_side(written(tmp_path / "a.json")).runs
    assert (run.workload, run.metrics["http_reqs"]["count"]) == ("calculator", 1000)
    assert (run.limited, run.plan) == (False, None)


def test_a_folder_is_a_side_of_all_its_results_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        written(tmp_path / f"{name}.json", run_id=name)
    (tmp_path / "report.html").write_text("not looked at")
    assert [run.run_id for run in read_side(tmp_path).runs] == ["a", "b", "c"]


def test_plan_and_generator_are_read_where_they_are(tmp_path: Path) -> None:
    plan = {"name": "load", "description": "…", "scale": 0.02, "workload": "calculator"}
    generator = {"limited": True, "reason": "late", "loop_lag": {}, "cpu_share": None}
    run = read_run(written(tmp_path / "a.json", plan=plan, generator=generator))
    assert (run.identity["plan"], run.identity["scale"], run.limited) == ("load", "0.02", True)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"", "is not JSON"),
        (b"[1]", "is no result of mcp-load"),
        (b"{}", "is no result of mcp-load"),
        (b'{"version": true}', "is no result of mcp-load"),
        (b'{"version": 0}', "is no result of mcp-load"),
        (b'{"version": 1}', "is no result of mcp-load: run_id is required"),
        (b'{"version": 2}', "is of version 2, from a newer mcp-load; this one reads version 1"),
    ],
)
def test_what_is_no_result_is_named_in_one_sentence(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    (problem,) = problems(path)
    assert problem.startswith(f"{path} {complaint}")
    assert "\n" not in problem


@pytest.mark.parametrize("value", ['"12"', "true", "1e16", "[]"])
def test_a_value_that_is_no_number_of_a_metric_is_named(tmp_path: Path, value: str) -> None:
    path = written(tmp_path / "a.json", metrics={"http_reqs": {"count": 1, "rate": "HERE"}})
    path.write_text(path.read_text().replace('"HERE"', value))
    (problem,) = problems(path)
    assert problem.startswith(f"{path} is no result of mcp-load: metrics.http_reqs.rate ")


def test_all_bad_files_of_a_folder_are_named_at_once(tmp_path: Path) -> None:
    written(tmp_path / "a.json")
    written(tmp_path / "b.json", version=9)
    (tmp_path / "c.json").write_text("nothing")
    assert [problem.split(" is ")[0] for problem in problems(tmp_path)] == [
        str(tmp_path / "b.json"),
        str(tmp_path / "c.json"),
    ]


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.json") == (f"{tmp_path / 'none.json'} cannot be read: No such file or directory",)
    assert problems(tmp_path) == (f"{tmp_path} holds no *.json",)


def test_a_run_does_not_count_twice(tmp_path: Path) -> None:
    one, other = written(tmp_path / "a.json"), written(tmp_path / "b.json")
    assert problems(tmp_path) == (f"{one} and {other} are the same run (a1)",)


def test_no_word_of_a_server_steers_the_terminal(tmp_path: Path) -> None:
    run = read_run(written(tmp_path / "a.json", server="\x1b[31mred\n", metrics={"operation_\x07_ms": {}}))
    assert (run.server, list(run.metrics)) == ("\ufffd[31mred\ufffd", ["operation_\ufffd_ms"])
