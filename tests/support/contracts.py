"""Two contracts of a shop that differ in each way, and one that does not."""

import json
from pathlib import Path
from typing import Any

PAY: dict[str, Any] = {
    "name": "pay",
    "description": "Pays.",
    "inputSchema": {
        "type": "object",
        "properties": {
            "amount": {"type": "integer", "minimum": 1, "maximum": 1000},
            "currency": {"enum": ["EUR", "USD"]},
            "reference": {"type": "string", "pattern": "^[0-9]{4}$"},
        },
        "required": ["amount"],
    },
}
OLD: dict[str, Any] = {
    "version": 1,
    "server": {"name": "shop", "version": "1.0"},
    "protocol_versions": ["2025-11-25"],
    "tools": [PAY, {"name": "refund", "inputSchema": {"type": "object"}}],
    "prompts": [{"name": "greet"}],
}
_INPUT = PAY["inputSchema"]
_CHANGED = {
    "amount": {"type": "integer", "minimum": 1, "maximum": 500},
    "currency": {"enum": ["EUR", "USD", "CHF"]},
    "reference": {"type": "string", "pattern": "^[0-9]{4,5}$"},
}
CHANGES = [
    ("breaking", "tools.pay.inputSchema.amount", "maximum went from 1000 to 500"),
    ("breaking", "tools.refund", "is gone"),
    ("unknown", "tools.pay.inputSchema.reference", 'pattern went from "^[0-9]{4}$" to "^[0-9]{4,5}$"'),
    ("review", "tools.pay.description", 'reads differently: "Pays." became "Pays twice."'),
    ("compatible", "server.version", 'went from "1.0" to "2.0"'),
    ("compatible", "tools.pay.inputSchema.currency", 'takes "CHF" as well'),
]
"""Between `OLD` and `NEW`: kind, place and sentence of each."""
NEW: dict[str, Any] = {
    **OLD,
    "server": {"name": "shop", "version": "2.0"},
    "tools": [{**PAY, "description": "Pays twice.", "inputSchema": {**_INPUT, "properties": _CHANGED}}],
}


def milder(worst: str) -> dict[str, Any]:
    """`NEW` without the changes that are worse than `worst`."""
    properties = dict(_INPUT["properties"])
    if worst == "unknown":
        properties["reference"] = _CHANGED["reference"]
    described = PAY if worst == "compatible" else {**PAY, "description": "Pays twice."}
    pay = {**described, "inputSchema": {**_INPUT, "properties": properties}}
    return {**OLD, "server": {"name": "shop", "version": "2.0"}, "tools": [pay, OLD["tools"][1]]}


def written(path: Path, contract: dict[str, Any]) -> Path:
    """`path`, which holds `contract` now."""
    path.write_text(json.dumps(contract))
    return path
