"""Both ends of one run: what the load generator saw fail is what the server's journal says it injected."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from loadgen.cli import main
from tests.support.control import ask, eventually
from tests.support.served import Served, served
from tests.support.wire_metrics import sample

DECIDED = ("effect", "draw", "planned_delay", "executed", "counted", "expected", "hidden")
"""What of a record must not depend on who calls at the same time."""
CODES = re.compile(r"\(.*\)")
Kinds = Counter[str]


def load(server: Served, folder: Path, *flags: str) -> dict[str, Any]:
    """A run of `mcp-load payments --mixed`, as its report tells it."""
    report = folder / "report.json"
    assert main(["payments", "--url", server.url, "--mixed", *flags, "--json", str(report)]) in (0, 99)
    found: dict[str, Any] = json.loads(report.read_text("utf-8"))
    return found


def failures(report: dict[str, Any]) -> Kinds:
    """By kind of outcome, codes left out."""
    kinds: Kinds = Counter()
    for error in report["errors"]:
        kinds[CODES.sub("", error["label"])] += error["count"]
    return kinds


def injected(server: Served, *kinds: str) -> Kinds:
    """What the journal says that a correct client must have seen."""
    counts: Kinds = Counter()
    for outcome in ask(server.base_url, "GET", "journal").json["outcomes"]:
        if outcome["kind"] in (kinds or ("call", "initialize")):
            counts[CODES.sub("", outcome["expected"])] += outcome["count"]
    return counts


def records(server: Served, **filters: Any) -> list[dict[str, Any]]:
    after, found, more = 0, list[dict[str, Any]](), True
    while more:
        page = ask(server.base_url, "GET", "journal", after=after, limit=1000, **filters).json
        found += page["records"]
        after, more = page["next_after"], page["more"]
    return found


@contextmanager
def faulty(preset: str, *flags: str) -> Iterator[Served]:
    """A payments server with a preset, which must not have failed by itself in the end."""
    with served("payments", "--faults", preset, "--seed", "7", *flags) as server:
        yield server
        assert "Traceback" not in server.stop()
        assert "ERROR" not in server.log


@pytest.mark.parametrize("response", ["json", "sse"])
@pytest.mark.parametrize("preset", ["flaky-network", "garbage", "rate-limited", "lossy-sse", "schema-drift"])
def test_the_report_s_failures_are_the_injected_ones_kind_by_kind(preset: str, response: str, tmp_path: Path) -> None:
    with faulty(preset, "--response", response) as server:
        report = load(server, tmp_path, "--total", "1500", "--concurrent", "30", "--timeout", "3s")
        seen = failures(report)
        eventually(lambda: injected(server), seen)
        assert seen.total() > 20
        assert report["requests"]["total"] == 1500
        assert report["requests"]["failed"] == seen.total()


@pytest.mark.parametrize("protocol", ["2025-11-25", "2026-07-28"])
def test_both_eras_agree_with_the_journal(protocol: str, tmp_path: Path) -> None:
    with faulty("garbage") as server:
        flags = ["--total", "1000", "--concurrent", "20", "--protocol", protocol, "--timeout", "3s"]
        seen = failures(load(server, tmp_path, *flags))
        eventually(lambda: injected(server), seen)
        assert seen.total() > 20


def test_sessions_that_are_lost_are_those_that_the_journal_ended(tmp_path: Path) -> None:
    with faulty("zombie-sessions") as server:
        report = load(server, tmp_path, "--total", "1500", "--concurrent", "20")
        seen = failures(report)
        eventually(lambda: injected(server), seen)
        keys = [r["call_key"] for r in records(server, counted="true") if r["kind"] == "call" and r["expected"]]
        unsent = injected(server, "initialize").total()  # for want of a session
        assert len(set(keys)) == len(keys) == report["requests"]["failed"] - unsent
        # Who is told 400 believes that the session lives; its next call finds out, unless the run is over by then.
        told_wrongly = {
            record["session"] for record in records(server, effect="session_expire", expected="http_status")
        }
        found_out = {record["session"] for record in records(server, effect="session_gone")}
        assert found_out
        assert found_out <= told_wrongly
        assert len(told_wrongly - found_out) <= 20
        refused = sample(server.base_url, "mcp_server_operation_duration_seconds_count", error_type="-32600")
        assert refused == seen["session_lost"]


def test_the_same_seed_hits_the_same_calls_at_every_concurrency(tmp_path: Path) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text(
        "version: 1\ndeterministic: true\nrules:\n"
        "  - {name: slow, do: [{latency: {distribution: lognormal, p50: 1ms, p99: 5ms}}]}\n"
        "  - {name: refused, when: {probability: 0.05}, do: [{http: {status: 503}}], match: {tool: '*'}}\n"
        "  - {name: seventh, when: {every: 7, offset: 3}, match: {tool: verify_*}, do: [{result: {is_error: later}}]}\n"
        "  - {name: early, when: {first: 9, skip: 5}, do: [{http: {truncate: true}}], match: {tool: get_*}}\n"
    )
    hit: list[dict[tuple[str, str, int], tuple[Any, ...]]] = []
    made: list[dict[str, int]] = []
    for concurrent in (1, 100):
        with faulty(str(profile)) as server:
            flags = ["--total", "1000", "--concurrent", str(concurrent), "--seed", "11"]
            report = load(server, tmp_path, *flags)
            eventually(lambda: injected(server), failures(report))
            made.append({tool: counts["total"] for tool, counts in report["tools"].items()})
            of_calls = [record for record in records(server) if record["kind"] == "call"]
            sessions = len({record["session"] for record in of_calls})
            assert concurrent / 2 <= sessions <= concurrent  # a slow machine may have opened the last ones too late
            hit.append({(r["rule"], r["tool"], r["n"]): tuple(r[key] for key in DECIDED) for r in of_calls})
            assert len(hit[-1]) == len(of_calls)
    alone, together = ({k: v for k, v in hits.items() if k[2] <= min(m[k[1]] for m in made)} for hits in hit)
    assert alone == together
    assert {rule for rule, _, _ in alone} == {"slow", "refused", "seventh", "early"}
    assert len(alone) > 500


def test_another_seed_hits_others(tmp_path: Path) -> None:
    hit = []
    for seed in ("1", "2"):
        with served("payments", "--faults", "garbage", "--seed", seed) as server:
            report = load(server, tmp_path, "--total", "300", "--concurrent", "10", "--timeout", "3s")
            eventually(lambda: injected(server), failures(report))
            hit.append({(record["rule"], record["tool"], record["n"]) for record in records(server)})
    assert hit[0] != hit[1]


def test_every_failed_call_is_in_the_journal_by_its_name(tmp_path: Path) -> None:
    with faulty("flaky-network") as server:
        report = load(server, tmp_path, "--total", "800", "--concurrent", "40")
        eventually(lambda: injected(server), failures(report))
        harmful = [record for record in records(server, counted="true") if record["expected"] and not record["hidden"]]
        keys = [record["call_key"] for record in harmful]
        assert {key.split("/")[0] for key in keys} == {report["run_id"]}
        assert len(set(keys)) == len(keys) == report["requests"]["failed"]


def test_a_file_gets_every_record_and_an_idle_rule_is_a_warning(tmp_path: Path) -> None:
    profile, journal = tmp_path / "profile.yaml", tmp_path / "journal.jsonl"
    profile.write_text(
        "version: 1\nrules:\n"
        "  - {name: none, match: {tool: get_wallet_balance}, do: [{http: {status: 500}}]}\n"
        "  - {name: every, match: {tool: verify_payment}, when: {every: 10}, do: [{http: {status: 503}}]}\n"
    )
    with served("payments", "--faults", str(profile), "--journal", str(journal)) as server:
        flags = ["payments", "--url", server.url, "--only", "verify", "--total", "100"]
        assert main([*flags, "--json", str(tmp_path / "report.json")]) == 99
        assert server.stop() == "mcp-serve: the fault rule none never took effect: it hit no request.\n"
    lines = [json.loads(line) for line in journal.read_text("utf-8").splitlines()]
    assert [line["sequence"] for line in lines] == list(range(1, 11))
    assert {(line["rule"], line["expected"], line["executed"]) for line in lines} == {("every", "http_status", False)}
