import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.errors import InvalidInput
from loadgen.accounting import Accounting, Slice, measure
from loadgen.client.transport import Timings
from loadgen.conclusion import Asked, AskedScenario, Seen, View, conclude
from loadgen.errors import LoadError, NothingMeasured
from loadgen.finding import Finding
from loadgen.health import judge_generator
from loadgen.metrics import NO_VALUES, Gauge, TrendSummary
from loadgen.outcome import Cancelled, CheckFailed, Failure, HttpStatus, Ok, Outcome, RpcError, SessionLost, Timeout
from loadgen.outputs.ndjson import NdjsonRecorder
from loadgen.replay import read_failure, replay
from loadgen.reports.json import document
from loadgen.reports.text import render_text
from loadgen.result import Phase, RunResult, ScenarioResult
from loadgen.sample import Sample, SessionSample
from loadgen.targets import Target
from loadgen.thresholds import parse_threshold
from loadgen.timeline import Moment, Timeline
from tests.support.nearly import nearly

BEGAN = 5000.25
KINDS: dict[type, Callable[[str], Failure]] = {
    Timeout: lambda detail: Timeout(detail, "first_byte"),
    HttpStatus: lambda detail: HttpStatus(detail, 503),
    RpcError: lambda detail: RpcError(detail, -32000),
}
FAILURES: list[Failure] = [KINDS.get(kind, kind)(f"why {kind.__name__}") for kind in get_args(Failure)]
SETTINGS = settings(max_examples=40, deadline=None)


@dataclass
class WrittenScenario:
    """A scenario that ran from the beginning of the run up to `until`."""

    accounting: Accounting
    asked: AskedScenario
    until: float = BEGAN
    due: int = 0
    unfinished_sessions: int = 1
    started: bool = True
    measured_from: float = BEGAN
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def measured_until(self) -> float:
        return self.until

    def recent(self, _: float) -> Sequence[Slice]:
        return ()

    def result(self, began: float) -> ScenarioResult:
        measured = measure([self.accounting], self.due, unfinished_sessions=self.unfinished_sessions)
        asked, start = self.asked, self.measured_from
        return ScenarioResult(asked.name, asked.mix, asked.load, start - began, self.until - start, measured)


def asked_for(scenarios: Sequence[AskedScenario]) -> Asked:
    return Asked(
        workload="calculator",
        mix="add 40 %",
        url="http://127.0.0.1:1/mcp",
        server="server",
        protocol="2025-11-25",
        seed=7,
        run_id="run",
        load="some",
        timeout=30.0,
        command=("mcp-load", "calculator"),
        started_at="2026-11-22T20:00:00+00:00",
        min_success=50.0,
        scenarios=tuple(scenarios),
        thresholds=(
            parse_threshold("http_req_duration{tool:add}", "p(95)<100", stretch=True),
            parse_threshold("http_reqs", "rate>1", window=2.5),
            parse_threshold("operation_add_ms", "avg<1e-3"),
        ),
        targets=(Target("add", 50.0, 100.0, 0.01),),
        notes=("a note",),
        max_vus=9,
        description="one sentence",
        scale=0.5,
        round_trip=("ping", TrendSummary(1, 0.1, 0.1, 0.1, 0.1, None, None, None)),
    )


def written(path: Path, seconds: int, names: Sequence[str], dice: random.Random, *, good: bool = False) -> RunResult:
    """The result of a run with drawn calls in every second, which is written to `path`."""
    scenarios = [AskedScenario(name, "add", "load", {"kind": name}, bool(n % 2)) for n, name in enumerate(names)]
    asked, recorder, vus = asked_for(scenarios), NdjsonRecorder(path), Gauge()
    parts = [WrittenScenario(Accounting(), each, tags={**each.tags, "scenario": each.name}) for each in scenarios]
    samples = [recorder.samples(part.asked.name, part.accounting) for part in parts]
    timeline = Timeline([part.accounting for part in parts])
    outcomes: list[Outcome] = [Ok({}), *([] if good else FAILURES)]
    windows = []
    recorder.begin(asked, BEGAN)
    for second in range(1, seconds + 1):
        for part, taker in zip(parts, samples, strict=True):
            for _ in range(dice.randrange(60)):
                due = BEGAN + second - dice.random()
                sent = due if not part.asked.open_model else dice.choice([None, due + dice.random() / 100])
                end = due + 0.01 + dice.lognormvariate(-5, 1)
                waited, received = dice.random(), dice.random()
                timings = Timings(dice.random(), 0.01, 0.02, 1e-5, waited, received, 5, dice.randrange(500))
                outcome = dice.choice(outcomes)
                drawn = None if sent is None else timings
                taker.add(Sample(dice.choice(["add", "divide"]), due, sent, end, outcome, drawn))
                part.until, part.due = max(part.until, end), part.due + 1
                if part.asked.open_model:
                    taker.add_lag(dice.random() / 1000)
            failure = dice.choice([None, *FAILURES])
            taker.add_session(SessionSample(part.until, part.until + dice.random(), failure, named=failure is None))
            taker.add_dropped(2)
            taker.add_reissued(1)
            part.due += 2
            part.accounting.set_vus(dice.randrange(9), 9)
        vus.set(dice.randrange(9))
        moment = Moment(vus.summary().value or 0, dice.random(), dice.random(), None)
        tick = timeline.tick if second < seconds else timeline.finish
        tick(float(second), moment)
        windows = [(1, 12.0 + second)]
        recorder.look(View(float(second), moment, parts, windows, None, last=second == seconds))
    recorder.look(View(None, Moment(), parts, windows, "aborted by a criterion"))
    seen = Seen(
        lambda lag, *, open_model: judge_generator(NO_VALUES, 0.5, lag, open_model=open_model),
        phases=(Phase("hold 1", names[0], 0.0, 1.5),),
        points=timeline.points,
        windows={asked.thresholds[index]: value for index, value in windows},
        findings=(Finding("drift", "none", 0.1, "%", "<10", "pass"),),
        aborted="aborted by a criterion",
        server_sessions=3.0,
        vus=vus.summary(),
        vus_max=vus.summary(),
    )
    return recorder.finish(conclude(asked, parts, BEGAN, seen))


def a_run(path: Path, seconds: int = 4, names: Sequence[str] = ("closed", "open")) -> RunResult:
    return written(path, seconds, names, random.Random(1))


@SETTINGS
@given(st.integers(0, 2**32), st.integers(1, 5), st.sampled_from([["open"], ["a", "b"], ["a", "b", "c"]]))
def test_the_report_that_is_made_again_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, seed: int, seconds: int, names: list[str]
) -> None:
    path = tmp_path_factory.mktemp("run") / "run.ndjson"
    original = written(path, seconds, names, random.Random(seed))
    if not original.measured.calls:
        with pytest.raises(NothingMeasured):
            replay(path)
        return
    again = replay(path)
    assert document(again) == nearly(document(original))
    assert again.verdicts == original.verdicts
    assert [tool.calls for tool in again.measured.tools] == [tool.calls for tool in original.measured.tools]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.label)
def test_every_failure_is_read_from_its_label(failure: Failure) -> None:
    assert read_failure(failure.label, failure.detail) == failure


@pytest.mark.parametrize("label", ["", "ok", "timeout", "timeout(never)", "http_status(x)", "connect(1)", "rpc_error"])
def test_a_label_that_no_failure_has_is_refused(label: str) -> None:
    with pytest.raises(ValueError, match="there is no outcome|invalid literal"):
        read_failure(label, "why")


def test_what_is_known_of_the_run_is_known_again(tmp_path: Path) -> None:
    original = a_run(tmp_path / "run")
    again = replay(tmp_path / "run")
    same = ("findings", "phases", "aborted", "generator", "server_sessions", "round_trip", "environment", "notes")
    assert [getattr(again, name) for name in same] == [getattr(original, name) for name in same]
    assert (again.interrupted, again.open_model) == (False, True)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.999])
def test_of_a_run_that_was_killed_what_is_there_is_counted(tmp_path: Path, share: float) -> None:
    path = tmp_path / "run"
    a_run(path)
    text = path.read_bytes()
    path.write_bytes(text[: int(len(text) * share)])
    lines = [orjson.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
    again = replay(path)
    calls = [line for line in lines if line["type"] == "call"]
    assert again.interrupted
    assert again.measured.calls == len(calls)
    assert again.measured.ok == sum(line["outcome"] == "ok" for line in calls)
    assert again.notes[-1].startswith(f"{path} ends before the run did: ")
    assert sum(point.calls for point in again.points) == len(calls)
    assert (again.generator, again.findings, again.phases) == (None, (), ())


def test_a_run_that_lost_lines_says_how_many(tmp_path: Path) -> None:
    path = tmp_path / "run"
    a_run(path)
    text = path.read_bytes()
    path.write_bytes(text.replace(b'"lost":0}', b'"lost":1234}'))
    assert replay(path).notes[-1] == f"1,234 lines are missing in {path}: the disk was slower than the run."


def changed(path: Path, number: int, change: Callable[[dict[str, Any]], Any]) -> None:
    lines = path.read_bytes().splitlines()
    line = orjson.loads(lines[number - 1])
    change(line)
    path.write_bytes(b"\n".join([*lines[: number - 1], orjson.dumps(line), *lines[number:]]) + b"\n")


@pytest.mark.parametrize(
    ("number", "change", "complaint"),
    [
        (1, lambda line: line.update(version=2), "its version is 2, and this mcp-load reads version 1"),
        (1, lambda line: line.update(type="runner"), "its type should be run"),
        (1, lambda line: line.pop("seed"), "seed is required"),
        (1, lambda line: line.pop("version"), "'version' is missing"),
        (1, lambda line: line["thresholds"][0].update(metric="http_rex"), "did you mean http_reqs?"),
        (2, lambda line: line.update(type="cal"), 'there is no type "cal"'),
        (2, lambda line: line.update(end="soon"), "end should be a number"),
        (2, lambda line: line.update(end=1e300), "end should be a number"),
        (2, lambda line: line.update(tool=5), "tool should be text"),
        (2, lambda line: line.pop("due"), "'due' is missing"),
        (2, lambda line: line.update(scenario="other"), "'other' is missing or not known"),
        (2, lambda line: line.update(outcome="fine", detail="x"), 'there is no outcome "fine"'),
    ],
)
def test_a_broken_line_is_told_with_its_number(
    tmp_path: Path, number: int, change: Callable[[dict[str, Any]], Any], complaint: str
) -> None:
    path = tmp_path / "run"
    a_run(path)
    changed(path, number, change)
    with pytest.raises(InvalidInput) as refused:
        replay(path)
    (problem,) = refused.value.problems
    assert problem.startswith(f"{path}:{number}: ")
    assert complaint in problem
    assert "\n" not in problem


@pytest.mark.parametrize("content", [b"", b"{}", b"{}\n", b"[]\n", b"hello\n", b"\x00" * 1000, b'{"version": 1}\n'])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"other:1: this is not the beginning of a run that mcp-load wrote"):
        replay(path)


def test_what_follows_the_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run"
    a_run(path)
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(InvalidInput, match="it comes after the end of the run"):
        replay(path)


def test_a_run_without_a_call_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "run"
    a_run(path)
    path.write_bytes(path.read_bytes().split(b"\n")[0] + b"\n")
    with pytest.raises(NothingMeasured, match="no call in it that counts"):
        replay(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**13), 10**13) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False), JSON)
def test_whatever_a_line_says_ends_in_a_report_or_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, dice: random.Random, value: Any
) -> None:
    path = tmp_path_factory.mktemp("run") / "run"
    written(path, 2, ["a", "b"], random.Random(1))
    number = dice.choice([1, 2, dice.randrange(1, 40), path.read_bytes().count(b"\n")])

    def change(line: dict[str, Any]) -> None:
        inner = line
        while True:
            key = dice.choice(sorted(inner))
            deeper = inner[key][0] if isinstance(inner[key], list) and inner[key] else inner[key]
            if not isinstance(deeper, dict) or not deeper or dice.random() < 0.2:
                inner[key] = value
                return
            inner = deeper

    changed(path, min(number, path.read_bytes().count(b"\n")), change)
    with suppress(InvalidInput, LoadError):
        result = replay(path)
        document(result)
        render_text(result, every_metric=True)


def test_samples_reach_the_accounts_and_the_file_alike(tmp_path: Path) -> None:
    recorder, accounting = NdjsonRecorder(tmp_path / "run"), Accounting()
    asked = asked_for([AskedScenario("one", "add", "load", {}, open_model=True)])
    samples = recorder.samples("one", accounting)
    recorder.begin(replace(asked, thresholds=()), 100.0)
    samples.add(Sample("add", 101.0, 101.25, 101.5, Ok({}), Timings(0.5, 0.25, 0, 0.125, 1, 2, 3, 4)))
    samples.add(Sample("add", 102.0, None, 102.5, SessionLost("gone")))
    samples.add_session(SessionSample(100.0, 100.5, Cancelled("stopped"), named=False))
    with recorder:
        pass
    lines = [orjson.loads(line) for line in (tmp_path / "run").read_bytes().splitlines()]
    assert [line.pop("type") for line in lines] == ["run", "call", "call", "session"]
    times = {"blocked_ms": 500.0, "connecting_ms": 250.0, "tls_ms": 0.0, "sending_ms": 125.0}
    assert lines[1:] == [
        {
            "scenario": "one",
            "tool": "add",
            "due": 1.0,
            "sent": 1.25,
            "end": 1.5,
            "outcome": "ok",
            **times,
            "waiting_ms": 1000.0,
            "receiving_ms": 2000.0,
            "sent_bytes": 3,
            "received_bytes": 4,
        },
        {
            "scenario": "one",
            "tool": "add",
            "due": 2.0,
            "sent": None,
            "end": 2.5,
            "outcome": "session_lost",
            "detail": "gone",
        },
        {
            "scenario": "one",
            "due": 0.0,
            "end": 0.5,
            "outcome": "cancelled",
            "detail": "stopped",
            "named": False,
        },
    ]
    assert (accounting.calls, accounting.ok) == (2, 1)
    assert sum(cell.calls for cell in accounting.openings.values()) == 1
    assert isinstance(accounting.cells[1].failure, SessionLost)
    assert not isinstance(accounting.cells[1].failure, CheckFailed)
