"""`responses` of a contract are read strictly: every mistake is a sentence with its place."""

import json
from pathlib import Path
from typing import Any

import pytest

from formats.contract import contract_text, read_contract
from formats.errors import InvalidInput

PAY = {"name": "pay", "inputSchema": {"type": "object", "properties": {"amount": {"type": "integer"}}}}
FREE = {"name": "free", "inputSchema": {"type": "object"}}
RULE: dict[str, Any] = {
    "tool": "pay",
    "when": {"required": ["amount"]},
    "get": {"before": "pay:${arguments.amount}"},
    "missing": {"error": {"code": -1, "message": "no ${arguments.amount}"}},
    "set": {"pay:${uuid}": {"n": "${call.n}", "old": "${before.id}"}},
    "structured": {"id": "${uuid}", "all": "${arguments}", "literal": "$${x}"},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "c.json"


def write(file: Path, *rules: dict[str, Any]) -> Path:
    document = {
        "version": 1,
        "server": {"name": "x"},
        "protocol_versions": ["2025-11-25"],
        "tools": [PAY, FREE],
        "responses": rules,
    }
    file.write_text(json.dumps(document))
    return file


def changed(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**RULE, **changes}.items() if value is not None}


def test_a_rule_is_read_and_written_again_as_it_was(file: Path) -> None:
    contract = read_contract(write(file, RULE, {"tool": "free", "tool_error": "no"}))
    assert json.loads(contract_text(contract))["responses"] == [RULE, {"tool": "free", "tool_error": "no"}]
    assert [response.kind for response in contract.responses] == ["structured", "tool_error"]


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (
            changed(structured={"id": ["${befor.id}"]}),
            (
                "responses[0] should use known names: structured.id[0] has ${befor.id}, which is not known "
                "(did you mean before?)"
            ),
        ),
        (
            changed(structured="${arguments.amuont}"),
            (
                "responses should use arguments that the tool takes; [0].structured has ${arguments.amuont} "
                "(did you mean amount?)"
            ),
        ),
        (
            changed(set={"k:${arguments.mount}": 1}),
            (
                "responses should use arguments that the tool takes; "
                "[0].set.k:${arguments.mount} has ${arguments.mount} (did you mean amount?)"
            ),
        ),
        (changed(tool="pya"), "responses should be for tools of the contract; [0] is for pya (did you mean pay?)"),
        (
            changed(tool_error="x"),
            "responses[0] should have exactly one of result, structured, tool_error, error",
        ),
        (changed(structured=None), "responses[0] should have exactly one of result, structured, tool_error, error"),
        (
            changed(structured={"a": "${x"}),
            "responses[0] should have templates that can be read: structured.a has ${ without }; $${ is the text",
        ),
        (
            changed(set={"${call.m}": 1}),
            "responses[0] should use known names: set.${call.m} has ${call.m}, where only call.n is known",
        ),
        (
            changed(structured="${uuid.x}"),
            "responses[0] should use known names: structured has ${uuid.x}, and an id has no parts",
        ),
        (
            changed(missing={"tool_error": "no ${before.id}"}),
            "responses[0] should use known names: missing.tool_error has ${before.id}, which is not known",
        ),
        (changed(get=None), "responses[0] should have get: without it nothing can be missing"),
        (changed(get={"uuid": "x"}), "responses[0] should call what it gets otherwise: uuid is always there"),
        (changed(mising=1), "responses[0].mising is not known (did you mean missing?)"),
        (changed(missing={"eror": 1}), "responses[0].missing.eror is not known (did you mean error?)"),
        (changed(when={"type": "objekt"}), "responses[0].when should be a valid JSON Schema: "),
    ],
)
def test_a_mistake_is_told_with_its_place(file: Path, rule: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInput) as failure:
        read_contract(write(file, rule))
    (problem,) = failure.value.problems
    assert problem.startswith(f"{file}: {sentence}")


def test_all_mistakes_come_at_once(file: Path) -> None:
    with pytest.raises(InvalidInput) as failure:
        read_contract(write(file, changed(tool="x", when=1), changed(structured="${y}")))
    assert len(failure.value.problems) == 2
    with pytest.raises(InvalidInput) as failure:
        read_contract(write(file, changed(tool="x"), changed(structured="${arguments.y}")))
    assert "[0] is for x; should use arguments that the tool takes; [1].structured" in str(failure.value)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"properties": {"a": {}}, "$ref": "#/$defs/x", "$defs": {"x": {}}},
        {"properties": {"a": {}}, "anyOf": [{"properties": {"b": {}}}]},
        {"properties": {"a": {}}, "patternProperties": {"^b": {}}},
    ],
)
def test_arguments_that_a_schema_does_not_name_are_not_refused_where_it_may_take_them(
    file: Path, schema: dict[str, Any]
) -> None:
    document = json.loads(write(file, {"tool": "pay", "structured": {"b": "${arguments.b}"}}).read_text())
    document["tools"][0]["inputSchema"] = schema
    file.write_text(json.dumps(document))
    assert read_contract(file).responses[0].structured == {"b": "${arguments.b}"}
