"""A stub answers the same with the lane and without it: one corpus through both, compared field for field."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.differential import Pair
from tests.support.differential_corpus import ABSENT, call
from tests.support.differential_schemas import GENERATED, requests_of
from tests.support.differential_servers import pair_of
from tests.support.raw_mcp import ERAS, MODERN
from tests.support.stub_contract import EXAMPLES, TOOLS

CALLS: list[tuple[str, dict[str, Any]]] = [
    *[(example["tool"], example.get("arguments", {})) for example in EXAMPLES if "tool" in example],
    ("echo", {"text": "unheard of"}),
    ("echo", {"text": 5, "more": None}),
    ("forecast", {}),
    ("add", {"a": 1, "b": 2}),
    ("add", {"a": 1.0, "b": 2}),
    ("add", {"a": 2**70, "b": -(2**63)}),
    ("add", {"a": True, "b": 1}),
    ("create", {"amount": 1, "key": "k"}),
    ("create", {"amount": 2, "key": "k"}),
    ("create", {"amount": 3}),
    ("create", {"amount": 500}),
    ("look", {"id": "nobody"}),
    ("look", {}),
    ("odd", {"which": {"a": [None, 1.5, "ü\u2028"]}}),
    ("odd", {"deep": [[[[{}]]]]}),
    ("impossible", {}),
    ("routed", {"region": "eu"}),
    ("nobody", {"a": 1}),
]
ODD = ("odd", "routed", "impossible")
"""Tools whose schemas say nothing, or of headers."""
LISTS = ("tools/list", "resources/list", "resources/templates/list", "prompts/list", "ping", "what/ever")


@pytest.fixture(scope="module")
def stubs(response: str) -> Iterator[Pair]:
    with pair_of("stub", response, ()) as pair:
        yield pair


@pytest.mark.parametrize(("tool", "arguments"), CALLS, ids=str)
@pytest.mark.parametrize("speaks", ERAS)
def test_a_call_is_answered_alike(stubs: Pair, tool: str, arguments: dict[str, Any], speaks: str) -> None:
    request = call(speaks, tool, arguments)
    stubs.assert_equal(f"{tool} {arguments}", [stubs.lane.ask(request)], [stubs.plain.ask(request)])


@pytest.mark.parametrize("method", LISTS)
@pytest.mark.parametrize("speaks", ERAS)
def test_other_methods_are_answered_alike(stubs: Pair, method: str, speaks: str) -> None:
    headers = {"Mcp-Method": method, "Mcp-Name": ABSENT} if speaks == MODERN else {}
    request = call(speaks, message={"method": method}, params={"name": ABSENT, "arguments": ABSENT}, headers=headers)
    stubs.assert_equal(method, [stubs.lane.ask(request)], [stubs.plain.ask(request)])


@settings(GENERATED, max_examples=60)
@given(data=st.data())
def test_generated_calls_are_answered_alike(stubs: Pair, era: str, data: st.DataObject) -> None:
    schemas = {entry["name"]: entry["inputSchema"] for entry in TOOLS if entry["name"] not in ODD}
    request = data.draw(requests_of(schemas, era))
    stubs.assert_equal("generated", [stubs.lane.ask(request)], [stubs.plain.ask(request)])
