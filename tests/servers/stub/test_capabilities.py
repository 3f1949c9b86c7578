from typing import Any

import pytest

from formats.contract import Contract, Era
from servers.stub.capabilities import Capabilities
from tests.support.stub_contract import SAMPLE, contract


def test_what_a_stub_does_is_said_as_the_server_said_it_in_each_era() -> None:
    capabilities = Capabilities(Contract.model_validate(SAMPLE))
    assert capabilities.of("handshake") == {
        "tools": {"listChanged": True},
        "resources": {"subscribe": True, "listChanged": False},
        "prompts": {},
        "logging": {},
        "completions": {},
        "extensions": {"io.modelcontextprotocol/ui": {"a": 1}},
    }
    assert capabilities.of("modern") == {"tools": {}, "resources": {"listChanged": True}, "prompts": {}}


def test_what_it_does_not_is_a_limitation_with_its_place() -> None:
    capabilities = Capabilities(Contract.model_validate(SAMPLE))
    assert capabilities.limitations == {
        "capabilities.tasks": "a stand-in runs no tasks",
        "capabilities.extensions.com.example/odd": "a stand-in has no such extension",
        "capabilities.experimental": "a stand-in does not know what experiments mean",
    }
    said: dict[str, Any] = {"modern": {"tools": {"odd": True}, "sorcery": {}}}
    assert set(Capabilities(contract(capabilities=said)).limitations) == {
        "capabilities.tools.odd",
        "capabilities.sorcery",
    }


@pytest.mark.parametrize("era", ["handshake", "modern"])
def test_an_era_that_the_server_does_not_serve_has_what_it_said_in_the_other(era: Era) -> None:
    other: Era = "modern" if era == "handshake" else "handshake"
    assert Capabilities(contract(capabilities={other: {"logging": {}}})).of(era) == {"logging": {}}


def test_a_contract_that_says_nothing_of_them_has_those_of_its_lists() -> None:
    assert Capabilities(contract()).of("handshake") == {"tools": {}}
    prompts = contract(tools=[], prompts=[{"name": "p"}], resource_templates=[{"uriTemplate": "x://{y}"}])
    assert Capabilities(prompts).of("modern") == {"resources": {}, "prompts": {}}


@pytest.mark.parametrize(
    ("said", "method", "served"),
    [
        ({"tools": {}}, "tools/list", True),
        ({}, "tools/call", True),
        ({}, "resources/list", False),
        ({"resources": {}}, "resources/templates/list", True),
        ({"resources": {}}, "resources/subscribe", False),
        ({"resources": {"subscribe": True}}, "resources/unsubscribe", True),
        ({}, "prompts/get", False),
        ({}, "completion/complete", False),
        ({"completions": {}}, "completion/complete", True),
        ({}, "logging/setLevel", False),
        ({"logging": {}}, "logging/setLevel", True),
        ({}, "ping", True),
        ({}, "server/discover", True),
        ({}, "initialize", True),
        ({}, "subscriptions/listen", True),
        ({}, "what/ever", True),
    ],
)
def test_methods_come_with_what_is_said_or_listed(said: dict[str, Any], method: str, served: bool) -> None:
    assert Capabilities(contract(capabilities={"handshake": said})).serves(method, "handshake") is served


def test_an_example_is_served_even_when_nothing_is_listed() -> None:
    read = {"name": "r", "resource": "x://y", "expect": {"error": {"code": -1}}}
    hidden = contract(capabilities={"handshake": {}}, examples=[read])
    assert Capabilities(hidden).serves("resources/read", "handshake")
