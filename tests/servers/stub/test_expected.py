"""A result that is made up for an example meets its expectation, or there is none."""

from typing import Any

import pytest
from jsonschema_rs import validator_for

from formats.contract import Expectation
from servers.stub.expected import Subject, outcome_for
from servers.stub.made import PROMPT_SCHEMA, ToolResults, prompt_result, read_result, read_schema
from servers.stub.outcome import Failure, Outcome
from servers.stub.values import Key
from tests.support.stub_contract import FORECAST, SUM, tool

KEY = Key(0, "x")
UNNAMED = {
    "properties": {
        "unit": {"enum": ["C", "F"]},
        "days": {"type": "array", "items": {"type": "object", "required": ["low"]}},
    },
    "required": ["unit", "days"],
}


def outcome(expect: dict[str, Any], output: Any = None) -> Outcome | None:
    results = ToolResults(tool("any", output=output))
    subject = Subject(lambda attempt: results.make(KEY, attempt), results.schema, results.is_kept_by, results.finished)
    return outcome_for(Expectation.model_validate(expect), subject, KEY)


def result(expect: dict[str, Any], output: Any = None) -> dict[str, Any]:
    found = outcome(expect, output)
    assert isinstance(found, dict)
    if output is not None:
        assert validator_for(output).is_valid(found["structuredContent"])
    return found


def test_a_result_is_given_word_for_word() -> None:
    exact = {"content": [], "odd": {"a": None}}
    assert outcome({"result": exact}) == exact


@pytest.mark.parametrize(
    ("expected", "failure"),
    [
        ({"code": -1, "message": "m"}, Failure(-1, "m")),
        ({"code": -2}, Failure(-2, "Error -2")),
    ],
)
def test_an_error_is_one_with_that_code(expected: dict[str, Any], failure: Failure) -> None:
    assert outcome({"error": expected}) == failure


def test_a_tool_error_has_the_text_or_one_that_fits() -> None:
    assert result({"tool_error": "no"}) == {"content": [{"type": "text", "text": "no"}], "isError": True}
    assert result({"tool_error": True})["isError"] is True
    fitting = result({"tool_error": {"minLength": 30, "maxLength": 32}})
    assert 30 <= len(fitting["content"][0]["text"]) <= 32
    assert outcome({"tool_error": {"const": 5}}) is None


def test_a_result_that_only_has_to_fit_the_output_schema_is_the_natural_one() -> None:
    assert result({"fits": True}, FORECAST) == ToolResults(tool("any", output=FORECAST)).make(KEY)


@pytest.mark.parametrize("output", [FORECAST, {"allOf": [{"$ref": "#/$defs/it"}], "$defs": {"it": UNNAMED}}])
def test_a_result_fits_a_schema_and_the_output_schema_together(output: Any) -> None:
    fits = {
        "$defs": {"cold": {"type": "integer", "maximum": -50}},
        "properties": {
            "structuredContent": {
                "properties": {
                    "unit": {"const": "F"},
                    "days": {"items": {"properties": {"low": {"$ref": "#/$defs/cold"}}}},
                }
            }
        },
    }
    found = result({"fits": fits}, output)
    assert validator_for(fits).is_valid(found)
    assert found["structuredContent"]["unit"] == "F"
    assert all(day["low"] <= -50 for day in found["structuredContent"]["days"])


def test_constants_of_a_match_are_put_in_place_and_the_text_follows() -> None:
    match = {
        "/structuredContent/city": {"const": "Oslo"},
        "/structuredContent/days/2/low": {"const": -7},
        "/content/0/type": True,
    }
    found = result({"match": match}, FORECAST)
    assert found["structuredContent"]["city"] == "Oslo"
    assert found["structuredContent"]["days"][2] == {"low": -7}
    assert found["content"] == ToolResults(tool("any", output=FORECAST)).of(found["structuredContent"])["content"]


def test_a_match_draws_from_both_schemas() -> None:
    found = result({"match": {"/structuredContent/result": {"minimum": 500, "maximum": 502}}}, SUM)
    assert 500 <= found["structuredContent"]["result"] <= 502
    assert found["content"][0]["text"] == str(found["structuredContent"]["result"])


def test_a_match_of_the_text_itself_leaves_the_structured_content() -> None:
    found = result({"match": {"/content/0/text": {"const": "fine"}, "/content/1/text": {"const": "also"}}}, SUM)
    assert [item["text"] for item in found["content"]] == ["fine", "also"]
    assert [item["type"] for item in found["content"]] == ["text", "text"]


def test_a_match_of_a_tool_without_an_output_schema_makes_what_leads_there() -> None:
    found = result({"match": {"/structuredContent/a/0/b": {"const": 1}, "/isError": {"const": False}}})
    assert found["structuredContent"] == {"a": [{"b": 1}]}


@pytest.mark.parametrize(
    "expect",
    [
        {"match": {"/structuredContent/city": {"const": 5}}},
        {"match": {"/structuredContent/unknown": True}},
        {"fits": {"properties": {"structuredContent": {"properties": {"unit": {"const": "K"}}}}}},
        {"fits": {"not": {}}},
    ],
)
def test_what_contradicts_the_output_schema_has_no_outcome(expect: dict[str, Any]) -> None:
    assert outcome(expect, FORECAST) is None


def test_a_read_and_a_prompt_are_made_for_an_expectation_too() -> None:
    entry = {"uri": "x://y", "mimeType": "text/plain"}
    read = Subject(lambda attempt: read_result("x://y", entry, KEY, attempt), read_schema("x://y"))
    expect = Expectation.model_validate({"match": {"/contents/0/text": {"const": "t"}, "/contents/0/uri": True}})
    assert outcome_for(expect, read, KEY) == {"contents": [{"uri": "x://y", "mimeType": "text/plain", "text": "t"}]}
    prompt = Subject(lambda attempt: prompt_result({"name": "p"}, KEY, attempt), PROMPT_SCHEMA)
    role = {"properties": {"messages": {"items": {"properties": {"role": {"const": "assistant"}}}}}}
    found = outcome_for(Expectation.model_validate({"fits": role}), prompt, KEY)
    assert isinstance(found, dict)
    assert found["messages"][0]["role"] == "assistant"
    assert found["messages"][0]["content"]["type"] == "text"
