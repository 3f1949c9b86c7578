import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadgen.cli import main
from servers.testing import running_server
from tests.support.nearly import nearly

Captured = pytest.CaptureFixture[str]
ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "results.md").read_text()
PLAN = """
version: 1
description: two scenarios, criteria of every kind
workload: calculator
scenarios:
  open: {executor: constant-arrival-rate, rate: 200, duration: 1s, vus: 2, max_vus: 4}
  closed: {executor: constant-vus, vus: 2, duration: 700ms, session: iteration, delay: 200ms}
thresholds:
  http_req_duration: ["p(95)<1000", {threshold: "p(99)<1000", window: 500ms}]
  http_reqs: ["rate>1", {threshold: "rate>1", window: 500ms}, {threshold: "rate>1e6", stretch: true}]
  http_req_duration{scenario:closed}: ["avg<1000"]
  operation_*_ms: ["p(95)<1000"]
  checks: ["rate==1"]
find: [drift, sessions, overhead]
"""


@pytest.fixture(scope="module")
def calculator_url() -> Iterator[str]:
    with running_server("calculator") as server:
        yield server.url


@pytest.fixture(scope="module")
def written(calculator_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples of a short run; nobody changes them."""
    path = tmp_path_factory.mktemp("run") / "run.ndjson"
    flags = ["--url", calculator_url, "--vus", "2", "--duration", "200ms"]
    assert main(["calculator", *flags, "--out", f"ndjson={path}"]) == 0
    return path


def both(folder: Path, capsys: Captured, words: list[str]) -> tuple[str, str]:
    """The text reports of a run and of what it wrote, whose JSON reports are the same."""
    run, again, samples = folder / "run.json", folder / "again.json", folder / "run.ndjson"
    code = main([*words, "--out", f"json={run}", "--out", f"ndjson={samples}"])
    first = capsys.readouterr().out
    assert main(["report", str(samples), "--out", f"json={again}"]) == code
    assert json.loads(again.read_text()) == nearly(json.loads(run.read_text()))
    return first, capsys.readouterr().out


@pytest.mark.parametrize("words", [["calculator", "--vus", "3", "--duration", "300ms"], ["tool", "add"], ["tools"]])
def test_every_command_writes_a_run_from_which_its_report_is_made_again(
    tmp_path: Path, capsys: Captured, calculator_url: str, words: list[str]
) -> None:
    flags = [] if words[0] == "calculator" else ["--duration", "300ms"]
    first, again = both(tmp_path, capsys, [*words, *flags, "--url", calculator_url])
    assert again == first


def test_payments_too(tmp_path: Path, capsys: Captured) -> None:
    with running_server("payments") as server:
        first, again = both(tmp_path, capsys, ["payments", "--mixed", "--total", "100", "--url", server.url])
    assert again == first


def test_a_plan_keeps_its_criteria_findings_and_timeline(tmp_path: Path, capsys: Captured, calculator_url: str) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN)
    first, again = both(tmp_path, capsys, ["run", str(plan), "--url", calculator_url, "--verbose"])
    assert re.sub(r"(?s)\nAll Metrics.*?\n\n", "\n", first) == again
    document = json.loads((tmp_path / "again.json").read_text())
    assert [each["window_seconds"] for each in document["thresholds"]].count(0.5) == 2
    assert len(document["timeline"]["at_seconds"]) > 3
    assert document["findings"]


def test_calls_that_fail_are_written_down_with_the_reason(
    tmp_path: Path, capsys: Captured, calculator_url: str
) -> None:
    words = ["tool", "divide", "--args", '{"a": 1, "b": 0}', "--duration", "200ms", "--url", calculator_url]
    first, again = both(tmp_path, capsys, words)
    assert again == first
    assert "tool_error" in again
    assert "FAIL" in again


def test_nothing_is_written_unless_asked(tmp_path: Path, calculator_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["calculator", "--url", calculator_url, "--vus", "1", "--duration", "50ms"]) == 0
    assert list(tmp_path.iterdir()) == []


def test_each_of_several_runs_has_a_file(tmp_path: Path, calculator_url: str) -> None:
    flags = ["--url", calculator_url, "--vus", "1", "--duration", "100ms", "--repeat", "2"]
    main(["run", "quick", *flags, "--out", f"ndjson={tmp_path / 'run.ndjson'}"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run-1.ndjson", "run-2.ndjson"]


def test_a_seed_that_no_file_can_hold_is_refused(calculator_url: str, capsys: Captured) -> None:
    assert main(["calculator", "--url", calculator_url, "--seed", str(2**63)]) == 2
    assert "--seed should be less than" in capsys.readouterr().err


def test_a_run_that_never_began_leaves_no_file(tmp_path: Path, free_port: int) -> None:
    flags = ["--url", f"http://127.0.0.1:{free_port}", "--out", f"ndjson={tmp_path / 'run.ndjson'}"]
    assert main(["calculator", *flags]) == 3
    assert list(tmp_path.iterdir()) == []


def stands_in(sentence: str, report: str) -> bool:
    """Wherever its lines are broken, a long path included."""
    return "".join(sentence.split()) in "".join(report.split())


def test_a_killed_run_is_reported_up_to_then(written: Path, tmp_path: Path, capsys: Captured) -> None:
    cut = tmp_path / "cut.ndjson"
    text = written.read_bytes()
    cut.write_bytes(text[: len(text) // 2])
    assert main(["report", str(cut)]) == 130
    report = capsys.readouterr().out
    assert "INTERRUPTED, figures up to then" in report
    assert stands_in(f"{cut} ends before the run did", report)


def test_an_interrupted_run_ends_its_file(tmp_path: Path, calculator_url: str) -> None:
    path = tmp_path / "run.ndjson"
    words = ["calculator", "--url", calculator_url, "--duration", "60s", "--out", f"ndjson={path}"]
    command = [sys.executable, "-m", "loadgen", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=ROOT, text=True) as run:
        assert run.stderr is not None
        run.stderr.readline()  # its first progress
        run.send_signal(signal.SIGINT)
        assert run.wait(30) == 130
    assert json.loads(path.read_bytes().splitlines()[-1])["interrupted"] is True
    assert main(["report", str(path)]) == 130


def test_a_full_disk_ends_the_file_and_not_the_run(tmp_path: Path, calculator_url: str, capsys: Captured) -> None:
    path = tmp_path / "run.ndjson"
    script = (
        "import resource, sys; from loadgen.cli import main;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); sys.exit(main(sys.argv[1:]))"
    )
    flags = ["--url", calculator_url, "--vus", "2", "--duration", "300ms", "--out", f"ndjson={path}"]
    done = subprocess.run(
        [sys.executable, "-c", script, "calculator", *flags],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    complaints = [line for line in done.stderr.splitlines() if line.startswith("mcp-load:")]
    assert complaints == [f"mcp-load: {path} cannot be written any more: File too large; the run goes on without it"]
    assert stands_in(f"{path} ends before the run did: File too large.", done.stdout)
    assert path.read_bytes().endswith(b"\n")
    assert len(path.read_bytes()) <= 20_000
    assert main(["report", str(path)]) == 130
    assert "figures up to then" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["missing.ndjson", "."])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, capsys: Captured, name: str) -> None:
    assert main(["report", str(tmp_path / name)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"mcp-load: .* cannot be read: .*", line)


def test_a_broken_line_is_told_with_file_and_line(written: Path, tmp_path: Path, capsys: Captured) -> None:
    lines = written.read_bytes().splitlines(keepends=True)
    broken = tmp_path / "broken.ndjson"
    broken.write_bytes(b"".join([*lines[:4], b'{"type": "ca\n', *lines[5:]]))
    assert main(["report", str(broken)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"mcp-load: {broken}:5: this is no line of a run: it is not JSON")


def test_the_file_that_is_read_is_not_overwritten(written: Path, capsys: Captured) -> None:
    before = written.read_bytes()
    assert main(["report", str(written), "--out", f"json={written}"]) == 2
    assert "would overwrite the file that is read" in capsys.readouterr().err
    assert written.read_bytes() == before


def test_a_report_has_no_samples_to_write(written: Path, capsys: Captured) -> None:
    assert main(["report", str(written), "--out", "ndjson=x"]) == 2
    assert "should be json=FILE, html=FILE or junit=FILE" in capsys.readouterr().err


def test_all_files_are_made_again(written: Path, tmp_path: Path) -> None:
    outputs = [tmp_path / name for name in ("a.json", "a.html", "a.junit")]
    flags = [word for path in outputs for word in ("--out", f"{path.suffix[1:]}={path}")]
    assert main(["report", str(written), *flags]) == 0
    assert all(path.stat().st_size for path in outputs)


def test_every_key_of_a_line_is_documented(written: Path) -> None:
    lines = [json.loads(line) for line in written.read_text().splitlines()]
    for kind in ("run", "call", "session", "tick", "end"):
        line = next(line for line in lines if line["type"] == kind)
        assert [key for key in line if f"`{key}`" not in DOCS] == []


def test_a_run_does_not_write_its_report_over_its_plan(tmp_path: Path, capsys: Captured) -> None:
    plan = tmp_path / "mine.yaml"
    plan.write_text(PLAN)
    assert main(["run", str(plan), "--out", f"json={plan}"]) == 2
    assert capsys.readouterr().err == f"mcp-load: --out json={plan} would overwrite the file that is read\n"
    assert plan.read_text() == PLAN


def test_ctrl_c_while_the_reports_are_written_is_an_interruption_too(
    calculator_url: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def interrupted(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("loadgen.cli.render_text", interrupted)
    assert main(["calculator", "--url", calculator_url, "--vus", "1", "--duration", "100ms"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_the_virtual_users_of_a_run_are_those_it_had_and_not_those_that_are_left(
    calculator_url: str, tmp_path: Path
) -> None:
    report = tmp_path / "run.json"
    flags = ["--url", calculator_url, "--vus", "3", "--duration", "400ms"]
    assert main(["calculator", *flags, "--out", f"json={report}"]) == 0
    assert json.loads(report.read_text())["metrics"]["vus"]["value"] == 3
