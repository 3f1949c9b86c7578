"""Merging changes into a profile, and finding the changes again in what is wrong with the result."""

from typing import Any

import pytest

from formats.errors import Finding, InvalidDocument
from servers.faults.patch import Merged, merge

A: dict[str, Any] = {"name": "a", "match": {"tool": "add"}, "do": [{"latency": "1s"}]}
B: dict[str, Any] = {"name": "b", "do": [{"latency": "2s"}]}
BASE = {"version": 1, "seed": 5, "rules": [A, B]}


@pytest.mark.parametrize(
    ("changes", "document"),
    [
        ({}, BASE),
        ({"seed": 9}, {**BASE, "seed": 9}),
        ({"seed": None}, {"version": 1, "rules": [A, B]}),
        ({"rules": [{"name": "b", "when": {"every": 2}}]}, {**BASE, "rules": [A, {**B, "when": {"every": 2}}]}),
        ({"rules": [{"name": "a", "match": None}]}, {**BASE, "rules": [{"name": "a", "do": A["do"]}, B]}),
        ({"rules": [{"name": "a", "do": None}]}, {**BASE, "rules": [B]}),
        ({"rules": [{"name": "c", "do": []}]}, {**BASE, "rules": [A, B, {"name": "c", "do": []}]}),
        ({"rules": [3]}, {**BASE, "rules": [A, B, 3]}),
        ({"rules": "x"}, {**BASE, "rules": "x"}),
        ("x", "x"),
        (None, None),
    ],
)
def test_keys_replace_null_takes_away_and_rules_are_found_by_name(changes: Any, document: Any) -> None:
    assert merge(BASE, changes).document == document


@pytest.mark.parametrize(
    ("rules", "findings"),
    [
        ([{"name": "c", "do": None}], [Finding("rules[0].name", "names no rule that could be taken away")]),
        (
            [{"name": "a"}, {"name": "slwo", "do": None}, {"name": "a", "do": None}],
            [
                Finding("rules[1].name", "names no rule that could be taken away"),
                Finding("rules[2].name", "a is the name of rules[0] already"),
            ],
        ),
    ],
)
def test_a_change_for_no_rule_and_a_second_one_for_the_same_are_refused(
    rules: list[Any], findings: list[Finding]
) -> None:
    with pytest.raises(InvalidDocument) as refused:
        merge(BASE, {"rules": rules})
    assert list(refused.value.findings) == findings


@pytest.mark.parametrize(
    ("way", "written"),
    [
        ("rules[0].match.tool", Finding("rules[0].match.tool", "is odd (in the rule a that is in place)")),
        ("rules[1].when.after", Finding("rules[1].when.after", "is odd")),
        ("rules[2].name", Finding("rules[0].name", "is odd")),
        ("rules[3]", Finding("rules[2]", "is odd")),
        ("seed", Finding("seed", "is odd")),
        ("", Finding("", "is odd")),
    ],
)
def test_what_is_wrong_with_the_result_is_found_where_the_changes_have_it(way: str, written: Finding) -> None:
    merged = merge(BASE, {"rules": [{"name": "new", "do": []}, {"name": "b", "when": {}}, {"do": []}]})
    assert merged.origins == [None, 1, 0, 2]
    assert merged.as_written(Finding(way, "is odd")) == written


def test_a_rule_without_do_may_have_a_name_that_was_meant_for_another() -> None:
    base = {"version": 1, "rules": [{**A, "name": "slow-adds"}]}
    merged = merge(base, {"rules": [{"name": "slow-add", "when": {"every": 2}}]})
    assert merged.as_written(Finding("rules[1].do", "is required")).sentence == (
        "rules[0].do is required: no rule is named slow-add yet (did you mean slow-adds?)"
    )


def test_a_document_that_is_no_profile_is_left_alone() -> None:
    assert Merged([1]).as_written(Finding("rules[0]", "is odd")) == Finding("rules[0]", "is odd")
