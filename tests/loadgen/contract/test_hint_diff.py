from typing import Any

import pytest

from loadgen.contract.hint_diff import diff_hints

READS, DESTROYS = {"readOnlyHint": True}, {"destructiveHint": True}
GENTLE, SAFE, ALONE = {"destructiveHint": False}, {"idempotentHint": True}, {"openWorldHint": False}

MEANS_NOTHING = "compatible destructiveHint: is true now, which means nothing for a tool that only reads"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (READS, {}, "breaking readOnlyHint: is false now: clients call what only reads without asking"),
        ({}, READS, "review readOnlyHint: is true now: clients that trust it no longer ask before a call"),
        (GENTLE, DESTROYS, "breaking destructiveHint: is true now: clients call what destroys nothing without asking"),
        (GENTLE, {}, "breaking destructiveHint: is true now: clients call what destroys nothing without asking"),
        ({}, GENTLE, "review destructiveHint: is false now: clients that trust it no longer ask before a call"),
        ({}, DESTROYS, "compatible destructiveHint: is said now; true is the default"),
        (DESTROYS, {}, "compatible destructiveHint: is no longer said; true is the default"),
        (SAFE, {}, "breaking idempotentHint: is false now: clients repeat a call whose reply was lost"),
        ({}, SAFE, "review idempotentHint: is true now: clients that trust it repeat calls"),
        (ALONE, {}, "breaking openWorldHint: is true now: clients trust what comes from nowhere else"),
        ({}, ALONE, "review openWorldHint: is false now: clients that trust it take results for the server's own"),
        (READS | GENTLE, READS, MEANS_NOTHING),
        ({"title": "A"}, {"title": "B"}, 'review title: reads differently: "A" became "B"'),
        ({}, {"costHint": 3}, "review costHint: is new: 3"),
    ],
)  # fmt: skip
def test_a_hint_is_a_promise_that_clients_act_on(old: dict[str, Any], new: dict[str, Any], told: str) -> None:
    assert [
        f"{change.kind} {change.where.removeprefix('at.')}: {change.sentence}" for change in diff_hints(old, new, "at")
    ] == [told]


def test_of_a_tool_that_no_longer_only_reads_the_other_hints_break_nothing_more() -> None:
    changes = list(diff_hints({"readOnlyHint": True, "idempotentHint": True}, {}, "at"))
    assert [(change.kind, change.where) for change in changes] == [
        ("breaking", "at.readOnlyHint"),
        ("compatible", "at.idempotentHint"),
    ]


def test_a_hint_that_is_no_boolean_counts_as_the_default() -> None:
    assert [change.kind for change in diff_hints({"readOnlyHint": "yes"}, {}, "at")] == ["compatible"]
