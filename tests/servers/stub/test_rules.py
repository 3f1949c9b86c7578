"""`responses` of a contract answer calls: what applies, what is remembered, what is said."""

from typing import Any

import pytest

from formats.contract_responses import Response
from servers.stub.made import ToolResults
from servers.stub.memory import Memory
from servers.stub.outcome import Failure, Outcome
from servers.stub.rules import Rules
from tests.support.stub_contract import ORDER, SUM, tool


class Calls:
    """The calls of one tool with these rules."""

    def __init__(self, *rules: dict[str, Any], output: Any = ORDER, seed: int = 0, **defaults: Any) -> None:
        self.memory = Memory(keep=3)
        responses = [Response.model_validate({"tool": "any", **rule}) for rule in rules]
        self.rules = Rules(responses, ToolResults(tool("any", output=output)), defaults, self.memory, seed)

    def call(self, **arguments: Any) -> Outcome | None:
        return self.rules.answer("any", arguments, self.memory.count("any"))

    def structured(self, **arguments: Any) -> Any:
        outcome = self.call(**arguments)
        assert isinstance(outcome, dict)
        return outcome["structuredContent"]


def test_structured_content_is_a_template_whose_json_is_the_text() -> None:
    calls = Calls({"structured": {"id": "n${arguments.n}", "amount": "${arguments.n}"}})
    assert calls.call(n=5) == {
        "content": [{"type": "text", "text": '{"id":"n5","amount":5}'}],
        "structuredContent": {"id": "n5", "amount": 5},
        "isError": False,
    }


def test_structured_content_that_fastmcp_wraps_has_the_text_of_what_is_wrapped() -> None:
    outcome = Calls({"structured": {"result": "${arguments.n}"}}, output=SUM).call(n=5)
    assert isinstance(outcome, dict)
    assert outcome["content"] == [{"type": "text", "text": "5"}]


def test_results_errors_and_refusals_are_templates() -> None:
    whole = {"content": [{"type": "text", "text": "<${arguments.n}>"}], "more": "${arguments}"}
    assert Calls({"result": whole}).call(n=1) == {"content": [{"type": "text", "text": "<1>"}], "more": {"n": 1}}
    assert Calls({"tool_error": "no: ${arguments.n}"}).call(n=1) == {
        "content": [{"type": "text", "text": "no: 1"}],
        "isError": True,
    }
    error = {"code": -5, "message": "no ${arguments.n}", "data": {"n": "${arguments.n}"}}
    assert Calls({"error": error}).call(n=1) == Failure(-5, "no 1", {"n": 1})


def test_the_first_rule_whose_when_the_arguments_fit_answers() -> None:
    calls = Calls(
        {"when": {"properties": {"n": {"const": 1}}, "required": ["n"]}, "structured": "one"},
        {"when": {"required": ["n"]}, "structured": "another"},
    )
    assert calls.structured(n=1) == "one"
    assert calls.structured(n=2) == "another"
    assert calls.call() is None


def test_what_was_set_is_there_to_get_with_its_type() -> None:
    calls = Calls(
        {"when": {"required": ["n"]}, "set": {"k:${arguments.id}": {"n": ["${arguments.n}"]}}, "structured": "set"},
        {"get": {"it": "k:${arguments.id}"}, "structured": {"n": "${it.n.0}", "all": "${it}"}},
    )
    calls.structured(id="a", n=7)
    assert calls.structured(id="a") == {"n": 7, "all": {"n": [7]}}


def test_the_answer_when_nothing_is_there_is_missing_or_the_next_rule() -> None:
    refuses = {"get": {"it": "k"}, "missing": {"tool_error": "not yet"}, "structured": "${it}"}
    passes = {"get": {"it": "k"}, "structured": "${it}"}
    sets = {"set": {"k": "${call.n}"}, "structured": "set"}
    assert Calls(refuses, sets).call() == {"content": [{"type": "text", "text": "not yet"}], "isError": True}
    calls = Calls(passes, sets)
    assert [calls.structured() for _ in range(3)] == ["set", 1, 1]


def test_nothing_is_set_when_the_rule_does_not_answer() -> None:
    calls = Calls({"get": {"it": "a"}, "set": {"b": 1}, "structured": 1}, {"get": {"it": "b"}, "structured": 2})
    assert calls.call() is None
    assert calls.memory.get("b") == ()


def test_an_answer_that_breaks_the_output_schema_is_given_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    calls = Calls({"when": {"required": ["ok"]}, "structured": {"id": "x", "amount": 1}}, {"structured": {"id": 5}})
    calls.structured(ok=1)
    assert caplog.messages == []
    assert [calls.structured() for _ in range(2)] == [{"id": 5}, {"id": 5}]
    (message,) = caplog.messages
    assert message.startswith("a response of any breaks its outputSchema: ")
    assert '"amount" is a required property' in message
    assert "; it is {'content'" in message


def test_an_answer_without_structure_is_told_as_that(caplog: pytest.LogCaptureFixture) -> None:
    Calls({"result": {"content": []}}).call()
    assert caplog.messages == [
        "a response of any breaks its outputSchema: it has no structuredContent; it is {'content': []}"
    ]


def test_calls_are_numbered_and_have_an_id_each_by_the_seed() -> None:
    rule = {"structured": ["${call.n}", "${uuid}", "-${uuid}"]}
    calls = Calls(rule)
    first, second = calls.structured(), calls.structured()
    assert (first[0], second[0]) == (1, 2)
    assert first[1] != second[1]
    assert first[2] == f"-{first[1]}"
    assert Calls(rule).structured() == first
    assert Calls(rule, seed=1).structured()[1] != first[1]


def test_arguments_that_are_not_given_are_their_default_or_nothing() -> None:
    calls = Calls({"structured": ["${arguments.a}", "${arguments.b}", "<${arguments.b}>"]}, a=[1])
    assert calls.structured() == [[1], None, "<>"]
    assert calls.structured(a=2, b=3) == [2, 3, "<3>"]


@pytest.mark.parametrize(
    ("rule", "pure"),
    [
        ({"structured": "${arguments}"}, True),
        ({"tool_error": "no"}, True),
        ({"structured": "${uuid}"}, False),
        ({"error": {"code": 1, "message": "${call.n}"}}, False),
        ({"set": {"k": 1}, "structured": 1}, False),
        ({"get": {"k": "k"}, "structured": 1}, False),
    ],
)
def test_rules_without_memory_number_or_id_answer_the_same_calls_alike(rule: dict[str, Any], pure: bool) -> None:
    assert Calls(rule).rules.are_pure is pure
