from typing import Any

import pytest

from loadgen.contract.tool_diff import diff_tools

TOOL: dict[str, Any] = {
    "name": "pay",
    "description": "Pays.",
    "inputSchema": {"type": "object", "properties": {"amount": {"type": "integer"}}},
    "outputSchema": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
}

TASKS = "tools.pay.execution.taskSupport"


def told(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [f"{change.kind} {change.where}: {change.sentence}" for change in diff_tools(old, new)]


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in TOOL.items() if name != key}


def with_argument(**properties: Any) -> dict[str, Any]:
    return TOOL | {"inputSchema": {"type": "object", "properties": properties}}


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        (TOOL, TOOL, []),
        (TOOL, TOOL | {"description": "Pays twice."}, [
            'review tools.pay.description: reads differently: "Pays." became "Pays twice."',
        ]),
        (TOOL, TOOL | {"title": "Pay"}, ['review tools.pay.title: is new: "Pay"']),
        (TOOL, without("outputSchema"), [
            "breaking tools.pay.outputSchema: is gone: nothing says any more what results look like",
        ]),
        (without("outputSchema"), TOOL, ["compatible tools.pay.outputSchema: is new"]),
        (TOOL, TOOL | {"inputSchema": {"type": "object", "properties": {"amount": {"type": "number"}}}}, [
            "compatible tools.pay.inputSchema.amount: takes fractions as well",
        ]),
        (TOOL, with_argument(amount={"type": "integer", "x-mcp-header": "Amount"}), [
            "breaking tools.pay.inputSchema.amount: has to be repeated in the header Mcp-Param-Amount now",
            'review tools.pay.inputSchema.amount.x-mcp-header: is new: "Amount"',
        ]),
        (with_argument(amount={"type": "integer", "x-mcp-header": "Amount"}), TOOL, [
            'review tools.pay.inputSchema.amount.x-mcp-header: is gone: "Amount"',
        ]),
        (with_argument(a={}, b={"properties": {"c": {}}}), with_argument(
            a={"x-mcp-header": "A"}, b={"properties": {"c": {"x-mcp-header": "C"}}}
        ), [
            "breaking tools.pay.inputSchema.a: has to be repeated in the header Mcp-Param-A now",
            "breaking tools.pay.inputSchema.b.c: has to be repeated in the header Mcp-Param-C now",
            'review tools.pay.inputSchema.a.x-mcp-header: is new: "A"',
            'review tools.pay.inputSchema.b.c.x-mcp-header: is new: "C"',
        ]),
        (TOOL, with_argument(amount={"type": "integer"}, to={"x-mcp-header": "To"}), [
            "compatible tools.pay.inputSchema.to: is new, and optional",
        ]),
        (TOOL, TOOL | {"outputSchema": {"type": "object", "properties": {"id": {"type": "string"}}}}, [
            "breaking tools.pay.outputSchema.id: may be missing now",
        ]),
        (TOOL, TOOL | {"annotations": {"readOnlyHint": True}}, [
            "review tools.pay.annotations.readOnlyHint: is true now: clients that trust it no longer ask before a call",
        ]),
        (TOOL, TOOL | {"execution": {"taskSupport": "required"}}, [
            f'breaking {TASKS}: went from "forbidden" to "required": calls without a task are refused now',
        ]),
        (TOOL | {"execution": {"taskSupport": "optional"}}, TOOL, [
            f'breaking {TASKS}: went from "optional" to "forbidden": calls as tasks are refused now',
        ]),
        (TOOL, TOOL | {"execution": {"taskSupport": "optional"}}, [
            f'compatible {TASKS}: went from "forbidden" to "optional"',
        ]),
        (TOOL, TOOL | {"execution": {"taskSupport": "sometimes"}}, [
            f'unknown {TASKS}: went from "forbidden" to "sometimes"',
        ]),
        (TOOL, TOOL | {"_meta": {"team": "a"}}, ['review tools.pay._meta: is new: {"team": "a"}']),
    ],
)  # fmt: skip
def test_what_changed_in_a_tool(old: dict[str, Any], new: dict[str, Any], sentences: list[str]) -> None:
    assert told(old, new) == sentences


def test_a_tool_is_compared_whatever_its_members_are() -> None:
    odd = {"name": "pay", "inputSchema": 1, "outputSchema": [], "annotations": "x", "execution": 2, "description": 3}
    assert {change.kind for change in diff_tools(TOOL, odd)} <= {"breaking", "unknown", "review", "compatible"}
    assert told(odd, odd) == []
