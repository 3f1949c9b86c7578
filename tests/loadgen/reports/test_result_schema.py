"""The published schema of the result document, held against documents of real runs."""

import copy
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta

from formats.fixtures import find_fixture
from loadgen.catalogue import CATALOGUE
from loadgen.cli import main
from loadgen.outcome import Category
from servers.testing import running_server

SCHEMA = json.loads(find_fixture("schemas", "result", ".json").read_bytes())
VALIDATOR = Draft202012Validator(SCHEMA)


def complaints(document: Any) -> list[str]:
    return [f"{list(error.instance_path)}: {error.message[:200]}" for error in VALIDATOR.iter_errors(document)]


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    with running_server("payments") as payments, running_server("calculator") as calculator:
        yield {"payments": payments.url, "calculator": calculator.url}


@pytest.fixture
def run(urls: dict[str, str], tmp_path: Path) -> Callable[..., Any]:
    def documented(server: str, *words: str) -> Any:
        report = tmp_path / "result.json"
        assert main([*words, "--url", urls[server], "--json", str(report)]) in {0, 99}
        return json.loads(report.read_bytes())

    return documented


def test_the_schema_is_one() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert meta.is_valid(SCHEMA)


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ("payments", ["payments", "--quick", "--mixed"]),
        ("payments", ["payments", "--total", "150", "--concurrent", "3", "--only", "verify"]),
        ("calculator", ["calculator", "--vus", "3", "--duration", "300ms"]),
        ("calculator", ["calculator", "--vus", "1", "--duration", "100ms", "--protocol", "2026-07-28"]),
        ("calculator", ["tool", "divide", "--args", '{"a": 1, "b": 0}', "--total", "30", "--vus", "3"]),
        ("calculator", ["tools", "--total", "40", "--vus", "2"]),
        ("calculator", ["run", "quick", "--duration", "300ms", "--vus", "2"]),
        ("calculator", ["tool", "add", "--args", '{"a": 1, "b": 2}', "--rate", "200", "--duration", "300ms"]),
    ],
)
def test_what_a_run_writes_fits_it_and_adds_up(run: Callable[..., Any], server: str, words: list[str]) -> None:
    document = run(server, *words)
    assert complaints(document) == []
    for requests in (document["requests"], *(scenario["requests"] for scenario in document["scenarios"])):
        parts = [requests[key] for key in ("successful", "failed", "unfinished", "dropped")]
        assert requests["due"] == sum(parts) > 0
    timeline = document["timeline"]
    assert sum(timeline["calls"]) == document["requests"]["total"] == document["metrics"]["http_reqs"]["count"]
    columns = [column for column in timeline.values() if isinstance(column, list)]
    assert {len(column) for column in (*columns, *timeline["errors"].values())} == {len(timeline["calls"])}
    assert sum(document["distribution"]["count"]) == document["response_time"]["count"]
    assert (document["sessions"] is None) == (document["protocol"] == "2026-07-28")


def test_an_interrupted_run_fits_it(urls: dict[str, str], tmp_path: Path) -> None:
    report = tmp_path / "result.json"
    words = ["calculator", "--url", urls["calculator"], "--vus", "2", "--duration", "60s", "--json", str(report)]
    command = [sys.executable, "-m", "loadgen", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()  # the first line of progress: calls have been made
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    document = json.loads(report.read_bytes())
    assert document["interrupted"] is True
    assert complaints(document) == []


ERROR = {"category": "Timeout", "label": "timeout(total)", "count": 1, "example": "late"}
CHANGES: list[tuple[str, Callable[[Any], Any]]] = [
    ("another version", lambda document: document.update(version=2)),
    ("a key too many", lambda document: document.update(extra=1)),
    ("a key too few", lambda document: document.pop("requests")),
    ("a part of due too few", lambda document: document["requests"].pop("dropped")),
    ("a count that is no whole number", lambda document: document["requests"].update(due=1.5)),
    ("a metric that is in no catalogue", lambda document: document["metrics"].update(http_requests={})),
    ("a metric of another type", lambda document: document["metrics"].update(vus={"count": 1, "rate": 1})),
    ("an unknown check", lambda document: document["checks"].append({"name": "x", "passes": 0, "fails": 0})),
    ("an unknown heading", lambda document: document["errors"].append({**ERROR, "category": "Weather"})),
    ("a negative time", lambda document: document["response_time"].update(p95=-1)),
    ("words for a number", lambda document: document.update(duration_seconds="3 s")),
]


@pytest.fixture(scope="module")
def good(urls: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Any:
    report = tmp_path_factory.mktemp("good") / "result.json"
    assert main(["payments", "--url", urls["payments"], "--total", "5", "--json", str(report)]) == 0
    return json.loads(report.read_bytes())


@pytest.mark.parametrize("change", [change for _, change in CHANGES], ids=[name for name, _ in CHANGES])
def test_what_is_no_result_does_not_fit_it(good: Any, change: Callable[[Any], Any]) -> None:
    assert complaints(good) == []
    document = copy.deepcopy(good)
    change(document)
    assert complaints(document) != []


def test_its_closed_sets_are_those_of_the_program() -> None:
    metrics = SCHEMA["$defs"]["metrics"]["properties"]
    kinds = {name: value["$ref"].rpartition("/")[2] for name, value in metrics.items()}
    assert kinds == {metric.name: metric.kind for metric in CATALOGUE}
    assert SCHEMA["properties"]["errors"]["items"]["properties"]["category"]["enum"] == list(Category)
