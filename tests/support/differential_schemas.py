"""Calls that hypothesis makes from a tool's inputSchema: as it says, and nearly so."""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from .differential import Request
from .differential_corpus import call
from .raw_mcp import MODERN

GENERATED = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""How such tests run: the same each time, and as long as they need."""
UUIDS = (
    "6f1c1f4e-4b1f-4a52-9d43-0b7f1e7c9a10",
    "6F1C1F4E-4B1F-4A52-9D43-0B7F1E7C9A10",
    "0b7f1e7c-4b1f-4a52-9d43-6f1c1f4e9a10",
)
_MOVING = {200_001, 200_003, 200_004, 200_005}
"""Amounts whose payments change after seconds: the two servers might be asked on different sides of the change."""

_TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_IDS = st.integers(-(2**70), 2**70) | _TEXT
_KEYS = st.sampled_from(["traceparent", "x/y", "mcp-testbed/call"])
_METAS: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.dictionaries(_KEYS, _JSON, max_size=2)


def values_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that `schema` allows, as far as the servers' own schemas use JSON schema."""
    if "anyOf" in schema:
        return st.one_of([values_of(option) for option in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    by_type: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
        "integer": lambda: st.integers(schema.get("minimum"), schema.get("maximum")).filter(lambda n: n not in _MOVING),
        "number": lambda: st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**64), 2**64),
        "string": lambda: _uuids() if schema.get("format") == "uuid" else _TEXT,
        "null": st.none,
    }
    return by_type[schema["type"]]()


def _uuids() -> st.SearchStrategy[str]:
    return st.sampled_from(UUIDS) | st.uuids().map(str)


@st.composite
def arguments_of(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Any]:
    """Arguments of which none, or some, break the schema."""
    required = schema.get("required", [])
    arguments = {
        name: draw(values_of(of))
        for name, of in schema["properties"].items()
        if name in required or draw(st.booleans())
    }
    match draw(st.sampled_from(["right", "right", "right", "missing", "wrong", "more"])):
        case "missing" if arguments:
            del arguments[draw(st.sampled_from(sorted(arguments)))]
        case "wrong" if arguments:
            arguments[draw(st.sampled_from(sorted(arguments)))] = draw(_JSON)
        case "more":
            arguments[draw(_TEXT)] = draw(_JSON)
    return arguments


@st.composite
def requests_of(draw: st.DrawFn, schemas: dict[str, dict[str, Any]], era: str) -> Request:
    """A call of one of the tools."""
    tool = draw(st.sampled_from(sorted(schemas)))
    meta = draw(_METAS)
    return call(
        era,
        tool,
        draw(arguments_of(schemas[tool])),
        message={"id": draw(_IDS)},
        meta=meta if era == MODERN or meta else {},
        chunk=draw(st.sampled_from([0, 0, 0, 16])),
    )
