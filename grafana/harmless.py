"""Which faults fail no call, as the faults themselves declare it.

A panel that sets injected faults against errors must leave these out: a slow reply explains no error. Where it depends
on the settings whether a call fails, the fault counts as harmful.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from servers.faults.effects import EFFECTS
from servers.wire.call import PROTOCOL_VERSIONS, Call, Era

EXAMPLES: Mapping[str, tuple[Any, ...]] = {
    "latency": ("80ms",),
    "capacity": ({"workers": 1, "queue": 0, "service": "10ms"},),
    "http": (
        {"status": 503},
        {"hang": True},
        {"reset": "before_headers"},
        {"early_close": True},
        {"drip": {"bytes": 16, "every": "50ms"}},
        {"bandwidth": "2kB"},
        {"truncate": True},
        {"malformed_json": True},
        {"invalid_utf8": True},
        {"content_type": "text/html"},
        {"empty": True},
        {"accepted": True},
        {"redirect": 307, "location": "/elsewhere"},
        {"huge": "20MiB"},
    ),
    "sse": (
        {"chatter": 3},
        {"drop": 1},
        {"duplicate": "response"},
        {"reorder": "reverse"},
        {"omit_response": True},
        {"stall": 0},
        {"comments_only": 3},
        {"stray_reply": "before"},
        {"stray_reply": "instead"},
        {"split": 7},
        {"split_at": "random"},
        {"merge": True},
        {"line_ends": "cr"},
        {"line_ends": "mixed"},
        {"data_lines": 3},
        {"ids": "reused"},
        {"retry": 0},
        {"retry": "soon"},
    ),
    "jsonrpc": (
        {"error": -32603},
        {"id": "wrong"},
        {"duplicate": True},
        {"both": True},
        {"neither": True},
        {"error_in_result": -32603},
    ),
    "result": (
        {"is_error": "asleep"},
        {"structured": "missing"},
        {"structured": "extra"},
        {"result_type": "missing"},
        {"result_type": "partial"},
        {"input_required": "Pay?"},
        {"pages": "repeat"},
        {"vanish": "add"},
        {"change_description": "add"},
        {"change_schema": "add"},
        {"unknown_tool": True},
        {"list_changed": True},
    ),
    "session": (
        {"refuse_initialize": 503},
        {"slow_initialize": "2s"},
        {"limit": 10},
        {"protocol_version": "1999-01-01"},
        {"expire": 404},
        {"rotate_id": True},
    ),
}
"""Each kind of fault as it can stand in a profile, by family; more than once where its settings matter."""

_CALLS: Mapping[Era, Call] = {
    "handshake": Call("tools/call", "add", PROTOCOL_VERSIONS[-2], "a session", "handshake", {"id": 1}),
    "modern": Call("tools/call", "add", PROTOCOL_VERSIONS[-1], None, "modern", {"id": 1}),
}


def harmless_types() -> tuple[str, ...]:
    """The values of `fault_type`, as a pattern where a family names its own, that fail no tool call."""
    failing: dict[str, bool] = {}
    for name, fails in _declared():
        failing[name] = failing.get(name, False) or fails
    return tuple(name for name, fails in failing.items() if not fails)


def _declared() -> Iterator[tuple[str, bool]]:
    for family, settings in EXAMPLES.items():
        has_kinds = hasattr(EFFECTS[family], "kinds")
        for each in settings:
            effect = EFFECTS[family].model_validate(each)
            eras = effect.eras() if has_kinds else _CALLS
            outcomes = {effect.expects(_CALLS[era]) for era in eras}
            yield effect.fault_type() if has_kinds else f"{family}_.+", outcomes != {None}
