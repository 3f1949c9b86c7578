import json
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, JsonValue

from formats.errors import InvalidInput
from formats.json_file import DEEPEST, load_json, parse_json

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Leaf(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int
    colour: Literal["green", "yellow"] = "green"


class Branch(BaseModel):
    model_config = ConfigDict(extra="forbid")
    leaves: list[Leaf] = []
    fruit: Leaf | None = None


class Tree(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    branches: dict[Literal["north", "south"], Branch] = {}
    notes: JsonValue = None


def problems_in(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as raised:
        parse_json(text, "tree.json", Tree)
    return list(raised.value.problems)


def test_a_good_file_becomes_its_type(tmp_path: Path) -> None:
    path = tmp_path / "tree.json"
    path.write_text('{"name": "oak", "branches": {"north": {"leaves": [{"size": 3}]}}}')
    assert load_json(path, Tree) == Tree(name="oak", branches={"north": Branch(leaves=[Leaf(size=3)])})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="none.json: cannot be read: No such file"):
        load_json(tmp_path / "none.json", Tree)


def test_all_problems_come_at_once_each_with_its_place_and_the_word_that_was_meant() -> None:
    north = {"leafs": [], "leaves": [{"size": "big"}, {"size": 1, "color": "red"}], "fruit": {"sise": 1, "size": 2}}
    south = {"leaves": [{"size": 1, "colour": "gren"}]}
    text = json.dumps({"nme": "oak", "branches": {"north": north, "south": south, "sotuh": {}}})
    assert sorted(problems_in(text)) == [
        "tree.json: branches.north.fruit.sise is not known (did you mean size?)",
        "tree.json: branches.north.leafs is not known (did you mean leaves?)",
        (
            "tree.json: branches.north.leaves[0].size should be a valid integer, unable to parse string as an integer,"
            ' got "big"'
        ),
        "tree.json: branches.north.leaves[1].color is not known (did you mean colour?)",
        "tree.json: branches.sotuh should be 'north' or 'south', got \"sotuh\" (did you mean south?)",
        "tree.json: branches.south.leaves[0].colour should be 'green' or 'yellow', got \"gren\" (did you mean green?)",
        "tree.json: name is required",
        "tree.json: nme is not known (did you mean name?)",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "tree.json:1: not valid JSON: Expecting value"),
        ('{"name":\n\n}', "tree.json:3: not valid JSON: Expecting value"),
        ("[]", "tree.json: the document should be a mapping, got []"),
        ('{"name": "a", "name": "b"}', "tree.json: cannot be used: name is given twice"),
        ('{"name": "a", "notes": [{"x": 1, "x": 2}]}', "tree.json: cannot be used: x is given twice"),
        ('{"name": NaN}', "tree.json: cannot be used: NaN is no JSON"),
        ('{"notes": [-Infinity]}', "tree.json: cannot be used: -Infinity is no JSON"),
        ('{"notes": 1e999}', "tree.json: cannot be used: 1e999 is too large a number"),
        ('{"notes": ' + "9" * 5000 + "}", "tree.json: cannot be used: 99999999999999999999 is too large a number"),
        (
            '{"notes": "\\ud800"}',
            "tree.json: cannot be used: a text has half of a surrogate pair, which is no character",
        ),
        ('{"\\ud800": 1}', "tree.json: cannot be used: a text has half of a surrogate pair, which is no character"),
        ("[" * 100_000, f"tree.json: cannot be used: it is nested more than {DEEPEST} levels deep"),
        ("[" * 200 + "]" * 200, f"tree.json: cannot be used: it is nested more than {DEEPEST} levels deep"),
    ],
)
def test_what_is_no_such_document_is_said_in_a_sentence(text: str, problem: str) -> None:
    assert problems_in(text) == [problem]


def test_integers_are_exact_up_to_64_bits_and_numbers_beyond() -> None:
    written = [2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 2**53 + 1, 10**30, True]
    notes = parse_json(json.dumps({"name": "oak", "notes": written}), "tree.json", Tree).notes
    assert notes == [2**64 - 1, 2.0**64, -(2**63), -(2.0**63), 2**53 + 1, 1e30, True]
    assert isinstance(notes, list)
    assert [type(each) for each in notes] == [int, float, int, float, int, float, bool]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@PATIENT
@given(value=JSON)
def test_what_json_can_say_is_read_as_it_is(value: Any) -> None:
    assert parse_json(json.dumps({"name": "oak", "notes": value}), "tree.json", Tree).notes == value


@PATIENT
@given(value=JSON)
def test_what_does_not_fit_is_told_in_sentences(value: Any) -> None:
    problems: tuple[str, ...] = ()
    try:
        parse_json(json.dumps({"name": "oak", "branches": {"north": value}}), "tree.json", Tree)
    except InvalidInput as error:
        problems = error.problems
    assert [problem for problem in problems if not problem.startswith("tree.json: branches.north")] == []
