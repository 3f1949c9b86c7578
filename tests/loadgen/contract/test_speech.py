"""Requests as clients write them, and what of them a check changes."""

import json

from loadgen.contract.speech import Speech, era_of
from tests.support.raw_mcp import HANDSHAKE, MODERN, PREFIX


def test_each_era_has_its_headers() -> None:
    assert "MCP-Protocol-Version" not in Speech("").request("initialize").headers
    old = Speech(HANDSHAKE, "s-1").request("tools/call", {"name": "add"})
    assert (old.headers["Mcp-Session-Id"], old.headers["MCP-Protocol-Version"]) == ("s-1", HANDSHAKE)
    assert "Mcp-Method" not in old.headers
    new = Speech(MODERN).request("tools/call", {"name": "ädd"})
    assert (new.headers["Mcp-Method"], new.headers["Mcp-Name"]) == ("tools/call", "=?base64?w6RkZA==?=")
    assert json.loads(new.body)["params"]["_meta"][f"{PREFIX}protocolVersion"] == MODERN


def test_arguments_that_a_tool_wants_in_headers_are_repeated_there() -> None:
    speech = Speech(MODERN, mirrored={"sql": {("region",): "Mcp-Param-Region"}})
    request = speech.request("tools/call", {"name": "sql", "arguments": {"region": "eu", "query": "x"}})
    assert request.headers["Mcp-Param-Region"] == "eu"


def test_headers_are_replaced_whatever_their_case_and_taken_away() -> None:
    request = Speech(MODERN).request("ping", headers={"mcp-method": "other", "ACCEPT": None})
    assert {name: value for name, value in request.headers.items() if name.lower() in ("mcp-method", "accept")} == {
        "mcp-method": "other"
    }


def test_no_id_is_used_twice_and_one_that_is_given_is_sent_as_it_is() -> None:
    speech = Speech(HANDSHAKE)
    ids = [json.loads(speech.request("ping").body)["id"] for _ in range(3)]
    assert ids == [1, 2, 3]
    assert json.loads(speech.request("ping", {}, None).body)["id"] is None
    assert b'"id":9007199254740993' in speech.request("ping", {}, 2**53 + 1).body


def test_a_version_is_modern_from_the_first_one_without_a_handshake_on() -> None:
    eras = {version: era_of(version) for version in ("", "None", HANDSHAKE, MODERN, "2099-01-01")}
    assert [*eras.values()] == ["handshake"] * 3 + ["modern"] * 2
