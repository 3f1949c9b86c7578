from typing import Any

import pytest

from loadgen.contract.schema_diff import diff_schemas

Schema = dict[str, Any]
S = {"type": "string"}


def some(**properties: Any) -> Schema:
    return {"type": "object", "properties": properties}


def told(old: Schema, new: Schema) -> list[str]:
    return [
        f"{change.where}: {change.sentence}" for change in diff_schemas(old, new, "input", "in") if of_words(change)
    ]


def of_words(change: Any) -> bool:
    return bool(change.kind == "review")


LONG = "Transfers money between two wallets of the same customer, in the currency of the first. "


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        (S, S | {"description": "Ask first."}, ['in.description: is new: "Ask first."']),
        (S | {"description": "Ask first."}, S, ['in.description: is gone: "Ask first."']),
        (S | {"default": "a"}, S | {"default": None}, ['in.default: went from "a" to null']),
        (S, S | {"default": None}, ["in.default: is new: null"]),
        (S | {"default": 1}, S | {"default": True}, ["in.default: went from 1 to true"]),
        (S, S | {"examples": ["x"]}, ['in.examples: is new: ["x"]']),
        (S, S | {"x-mcp-header": "Region"}, ['in.x-mcp-header: is new: "Region"']),
        (
            S | {"description": LONG + "Ask first."},
            S | {"description": LONG + "Ask never."},
            ['in.description: reads differently: "…the first. Ask first." became "…the first. Ask never."'],
        ),
        (some(a=S | {"title": "A"}), some(a=S | {"title": "B"}), ['in.a.title: reads differently: "A" became "B"']),
        (some(a={"items": S}), some(a={"items": S | {"title": "B"}}), ['in.a[].title: is new: "B"']),
        ({"anyOf": [S, {}]}, {"anyOf": [S, {"title": "B"}]}, ['in.anyOf[1].title: is new: "B"']),
        ({"$defs": {"D": S}}, {"$defs": {"D": S | {"title": "B"}}}, ['in.$defs.D.title: is new: "B"']),
        ({"not": S}, {"not": S | {"title": "B"}}, ['in.not.title: is new: "B"']),
        ({"patternProperties": {"^x": S}}, {"patternProperties": {"^x": S | {"title": "B"}}}, [
            'in.patternProperties["^x"].title: is new: "B"',
        ]),
        ({"items": [S, S]}, {"items": [S, S | {"title": "B"}]}, ['in[1].title: is new: "B"']),
        ({"additionalProperties": S}, {"additionalProperties": S | {"title": "B"}}, ['in.*.title: is new: "B"']),
    ],
)  # fmt: skip
def test_words_are_for_a_person_to_read_wherever_they_stand(old: Schema, new: Schema, sentences: list[str]) -> None:
    draft_07 = {"$schema": "http://json-schema.org/draft-07/schema#"} if isinstance(old.get("items"), list) else {}
    assert told(draft_07 | old, draft_07 | new) == sentences


def test_the_words_of_a_new_property_are_new_but_its_name_as_title_is_none() -> None:
    closed = {"additionalProperties": False}
    new = some(due_date=S | {"title": "Due Date", "description": "When."}, kind=S | {"title": "Sort"}) | closed
    assert told(some() | closed, new) == [
        'in.due_date.description: is new: "When."',
        'in.kind.title: is new: "Sort"',
    ]


def test_a_property_is_no_keyword_whatever_its_name() -> None:
    assert told(some(description=S, default=S), some(description=S, default={})) == []


def test_letters_that_nobody_sees_are_counted_and_shown() -> None:
    (sentence,) = told(S | {"description": "Ask."}, S | {"description": "Ask.\u200b\U000e0041"})
    assert sentence.endswith('became "Ask.\\u200b\\U000e0041"; characters in it that nobody sees: 2')
