import asyncio
import json
import logging
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from formats.errors import InvalidInput
from servers.faults import journal as module
from servers.faults.journal import FIELDS, Journal, Record, RuleCount, clip


def record(rule: str = "r", **fields: Any) -> Record:
    given: dict[str, Any] = {"n": 1, "draw": 0.5, "effect": "http_status", "phase": "before", **fields}
    return Record(rule=rule, **given)


def filled(count: int, keep: int = 10) -> Journal:
    journal = Journal(keep, wall=lambda: 1.5)
    for n in range(1, count + 1):
        journal.add(record(n=n, tool="add" if n % 2 else "sub", counted=n % 2 == 0))
    return journal


def test_records_are_numbered_and_timed_in_the_order_in_which_replies_end() -> None:
    page = filled(3).page()
    assert [(kept.sequence, kept.n, kept.time) for kept in page.records] == [(1, 1, 1.5), (2, 2, 1.5), (3, 3, 1.5)]
    assert (page.next_after, page.lost, page.more) == (3, 0, False)


def test_the_ring_keeps_the_last_and_says_how_many_are_lost() -> None:
    journal = filled(25)
    page = journal.page()
    assert [kept.sequence for kept in page.records] == list(range(16, 26))
    assert page.lost == 15
    assert journal.page(after=15).lost == 0
    assert journal.page(after=20).records[0].sequence == 21


def test_pages_follow_one_another_without_gaps() -> None:
    journal = filled(10)
    seen: list[int] = []
    after, more = 0, True
    while more:
        page = journal.page(after=after, limit=4)
        seen += [kept.sequence for kept in page.records]
        after, more = page.next_after, page.more
    assert seen == list(range(1, 11))
    assert journal.page(after=after).records == ()
    journal.add(record())
    assert [kept.sequence for kept in journal.page(after=after).records] == [11]


def test_filters_compare_fields_as_they_look_in_json() -> None:
    journal = filled(10)
    assert [kept.n for kept in journal.page({"tool": "add"}).records] == [1, 3, 5, 7, 9]
    assert [kept.n for kept in journal.page({"tool": "sub", "counted": "true"}).records] == [2, 4, 6, 8, 10]
    assert [kept.n for kept in journal.page({"n": "4", "expected": "null"}).records] == [4]
    assert journal.page({"tool": "mul"}).next_after == 10
    page = journal.page({"tool": "sub"}, limit=2)
    assert [kept.n for kept in page.records] == [2, 4]
    assert page.more
    assert [kept.n for kept in journal.page({"tool": "sub"}, after=page.next_after).records] == [6, 8, 10]


def test_every_field_of_a_record_is_documented() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "faults.md").read_text("utf-8")
    table = page.partition("\n## The journal\n")[2].partition("\n## ")[0].partition("| what the client sees")[0]
    first_column = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(first_column))) == set(FIELDS)


def test_an_unknown_filter_is_refused_with_the_fields_that_there_are() -> None:
    with pytest.raises(InvalidInput, match="^colour: is no field of a record; they are sequence, time, generation"):
        filled(1).page({"colour": "red"})


def test_an_empty_journal_has_an_empty_page() -> None:
    page = Journal().page()
    assert (page.records, page.next_after, page.lost, page.more) == ((), 0, 0, False)
    assert filled(3).page(limit=0) == module.Page((), 0, 0, more=True)


def test_rules_and_outcomes_are_counted_where_faults_took_effect() -> None:
    journal = Journal()
    journal.add(record("a", counted=True, expected="http_status", kind="call"))
    journal.add(record("a", counted=True, expected="http_status", kind="initialize"))
    journal.add(record("a", counted=True, expected="parse", hidden=True, kind="call"))
    journal.add(record("a", counted=True, expected=None, kind="call"))
    journal.add(record("a", reason="client gone", expected="http_status", kind="call"))
    journal.add(record("b"))
    assert journal.by_rule == {"a": RuleCount(5, 4), "b": RuleCount(1, 0)}
    assert journal.by_outcome == {("call", "http_status"): 1, ("initialize", "http_status"): 1}
    journal.reset()
    assert (journal.by_rule, dict(journal.by_outcome), journal.page().records) == ({}, {}, ())
    journal.add(record())
    assert journal.page().records[0].sequence == 7


async def test_a_subscriber_gets_what_is_added_from_then_on() -> None:
    journal = filled(2)
    got: list[int] = []

    async def read() -> None:
        with journal.subscribe() as subscription:
            ready.set()
            got.extend([kept.sequence async for kept in subscription])

    ready = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(read())
        await ready.wait()
        journal.add(record())
        await asyncio.sleep(0)
        journal.add(record())
        journal.close()
    assert got == [3, 4]
    assert journal._subscriptions == []


async def test_a_slow_subscriber_misses_records_and_holds_up_nobody() -> None:
    journal = Journal()
    with journal.subscribe(most_unread=2) as subscription:
        for _ in range(5):
            journal.add(record())
        assert subscription.missed == 3
        journal.close()
        assert [kept.sequence async for kept in subscription] == [1, 2]


def test_every_record_is_in_the_file_once_the_journal_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    journal = Journal(keep=5, file=file)
    for n in range(1000):
        journal.add(record(n=n, request_id={"odd": "\ud800"}, tool="größer"))
    journal.close()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["sequence"] for line in lines] == list(range(1, 1001))
    assert set(lines[0]) == set(FIELDS)
    assert lines[0]["tool"] == "größer"
    assert journal.unwritten == 0
    again = Journal(file=file)
    again.add(record())
    again.close()
    assert len(file.read_text().splitlines()) == 1001


def test_a_file_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be written: no such file|cannot be written: No such file"):
        Journal(file=tmp_path / "missing" / "journal.jsonl")


def test_what_a_slow_disk_cannot_take_is_counted_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    go_on = threading.Event()
    monkeypatch.setattr(Record, "as_json", lambda _: go_on.wait(10) and "{}")
    journal = Journal(file=tmp_path / "journal.jsonl")
    for _ in range(20):
        journal.add(record())
    go_on.set()
    journal.close()
    written = len((tmp_path / "journal.jsonl").read_text().splitlines())
    assert journal.unwritten == 20 - written > 10
    assert f"{journal.unwritten} records could not be written" in caplog.text


def test_a_full_disk_is_said_once_and_harms_nothing(caplog: pytest.LogCaptureFixture) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    journal = Journal(file=Path("/dev/full"))
    with caplog.at_level(logging.ERROR):
        for _ in range(5):
            journal.add(record())
        journal.close()
    assert caplog.text.count("cannot be written any more") == 1
    assert journal.unwritten > 0
    assert len(journal.page().records) == 5


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (None, None),
        (7, 7),
        (True, True),
        (1.5, 1.5),
        ("short", "short"),
        ("x" * 500, "x" * 199 + "…"),
        (10**500, "1" + "0" * 199),
        ({"a": "b" * 5000}, "{'a': '" + "b" * 193),
    ],
    ids=str,
)
def test_what_a_client_chose_is_kept_short(value: Any, kept: Any) -> None:
    assert clip(value) == kept
