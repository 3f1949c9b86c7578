from typing import Any

import pytest

from formats.contract import Contract
from loadgen.contract.surface_diff import diff_surfaces

PAY = {
    "name": "pay",
    "description": "Pays.",
    "inputSchema": {"type": "object", "properties": {"n": {"type": "integer"}}},
}
DO = {"name": "do", "inputSchema": {"type": "object"}}


def contract(**members: Any) -> Contract:
    server = {"name": "shop", "version": "1"}
    return Contract.model_validate({"server": server, "protocol_versions": ["2025-11-25"], **members})


def told(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    changes = diff_surfaces(contract(**old), contract(**new))
    return [f"{change.kind} {change.where}: {change.sentence}" for change in changes]


def prompt(*arguments: Any) -> dict[str, Any]:
    return {"prompts": [{"name": "refund", "arguments": list(arguments)}]}


def resource(**members: Any) -> dict[str, Any]:
    return {"resources": [{"uri": "shop://rates", "name": "rates", **members}]}


def modern(**capabilities: Any) -> dict[str, Any]:
    return {"capabilities": {"modern": capabilities}}


OPTIONAL, REQUIRED = {"name": "id"}, {"name": "id", "required": True}
RATES = 'resources["shop://rates"]'
ROWS: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({"tools": [PAY]}, {}, ["breaking tools.pay: is gone"]),
    ({}, {"tools": [DO]}, ["compatible tools.do: is new"]),
    ({}, {"tools": [PAY]}, [
        'review tools.pay: brings texts that no model has acted on so far: "Pays."',
        "compatible tools.pay: is new",
    ]),
    ({"tools": [PAY]}, {"tools": [PAY | {"name": "charge"}]}, [
        "breaking tools.pay: is gone; charge, which is new, takes and gives the same: was it renamed?",
        'review tools.charge: brings texts that no model has acted on so far: "Pays."',
        "compatible tools.charge: is new",
    ]),
    ({"tools": [DO]}, {"tools": [DO | {"name": "act"}]}, [
        "breaking tools.do: is gone",
        "compatible tools.act: is new",
    ]),
    ({"protocol_versions": ["2024-11-05", "2025-11-25"]}, {"protocol_versions": ["2025-11-25", "2026-07-28"]}, [
        "breaking protocol_versions: 2024-11-05 is no longer spoken",
        "compatible protocol_versions: 2026-07-28 is spoken as well",
    ]),
    (modern(tools={"listChanged": True}), modern(tools={}), [
        "breaking capabilities.modern.tools.listChanged: is no longer offered",
    ]),
    (modern(tools={}), modern(tools={"listChanged": True}, logging={}), [
        "compatible capabilities.modern.logging: is offered now",
        "compatible capabilities.modern.tools.listChanged: is offered now",
    ]),
    (modern(tools={"listChanged": False}), modern(tools={}), []),
    (modern(experimental={"x": {"level": 1}}), modern(experimental={"x": {"level": 2}}), [
        "unknown capabilities.modern.experimental.x.level: went from 1 to 2",
    ]),
    (modern(tools={}), {"capabilities": {}}, ["breaking capabilities.modern: is no longer offered"]),
    ({}, {"instructions": "Pay first."}, ['review instructions: is new: "Pay first."']),
    ({"server": {"name": "shop", "version": "1"}}, {"server": {"name": "store", "version": "2"}}, [
        'review server.name: went from "shop" to "store": is it the same server?',
        'compatible server.version: went from "1" to "2"',
    ]),
    ({"server": {"name": "shop"}}, {"server": {"name": "shop", "title": "Shop"}}, [
        'review server.title: is new: "Shop"',
    ]),
    (prompt(), {}, ["breaking prompts.refund: is gone"]),
    ({}, prompt(), ["compatible prompts.refund: is new"]),
    (prompt(), prompt(REQUIRED), ["breaking prompts.refund.arguments.id: is new, and required"]),
    (prompt(), prompt(OPTIONAL), ["compatible prompts.refund.arguments.id: is new, and optional"]),
    (prompt(OPTIONAL), prompt(REQUIRED), ["breaking prompts.refund.arguments.id: is required now"]),
    (prompt(REQUIRED), prompt(OPTIONAL), ["compatible prompts.refund.arguments.id: is optional now"]),
    (prompt(REQUIRED), prompt(), ["breaking prompts.refund.arguments.id: is gone"]),
    (prompt(OPTIONAL), prompt(OPTIONAL | {"description": "Which."}), [
        'review prompts.refund.arguments.id.description: is new: "Which."',
    ]),
    (resource(), {}, [f"breaking {RATES}: is gone"]),
    ({}, resource(description="Rates."), [
        f'review {RATES}.description: is new: "Rates."',
        f"compatible {RATES}: is new",
    ]),
    (resource(mimeType="text/csv"), resource(mimeType="text/html"), [
        f'breaking {RATES}.mimeType: went from "text/csv" to "text/html": clients read it as what it was',
    ]),
    (resource(), resource(mimeType="text/csv"), [f'compatible {RATES}.mimeType: is new: "text/csv"']),
    (resource(mimeType="text/csv"), resource(), [f'review {RATES}.mimeType: is gone: "text/csv"']),
    (resource(size=1), resource(size=2), [f"compatible {RATES}.size: went from 1 to 2"]),
    ({"resource_templates": [{"uriTemplate": "shop://{id}"}]}, {}, [
        'breaking resource_templates["shop://{id}"]: is gone',
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sentences"), ROWS)
def test_what_changed_in_what_a_server_offers(old: dict[str, Any], new: dict[str, Any], sentences: list[str]) -> None:
    assert told(old, new) == sentences


def test_examples_are_no_part_of_the_surface() -> None:
    example = {"name": "one", "tool": "pay", "expect": {"tool_error": True}}
    assert told({"tools": [PAY]}, {"tools": [PAY], "examples": [example]}) == []


@pytest.mark.parametrize("members", [row[1] for row in ROWS])
def test_a_contract_does_not_differ_from_itself(members: dict[str, Any]) -> None:
    assert told(members, members) == []
