"""Each code is found on a server that breaks just that, and on the same server without the break nothing is found."""

import pytest

from loadgen.contract.codes import CODES
from tests.support.bends import on, tool_entry
from tests.support.breaks import BREAKS, LIST, Break
from tests.support.broken_server import GoodServer
from tests.support.checking import check_server, chosen, found
from tests.support.raw_mcp import HANDSHAKE, MODERN

ELSEWHERE = {
    "stub.limitation": "test_limitations.py",
    "meanwhile.wrong": "test_meanwhile.py",
    "meanwhile.changed": "test_meanwhile.py",
    "meanwhile.failed": "test_meanwhile.py",
    "meanwhile.unexplained": "test_meanwhile.py",
    "server.gone": "test_check.py",
}
"""Codes that need more than one changed answer, and the tests that provoke them."""


def test_each_code_is_provoked() -> None:
    assert {*CODES} == {each.code for each in BREAKS} | {*ELSEWHERE}


@pytest.mark.parametrize("eras", [(HANDSHAKE,), (MODERN,), (HANDSHAKE, MODERN)], ids=["handshake", "modern", "both"])
async def test_a_server_that_does_what_it_should_has_no_findings(eras: tuple[str, ...]) -> None:
    runs = await check_server(GoodServer(eras=eras))
    assert found(runs) == []
    assert [run.name for run in runs if run.unfinished] == []
    assert all(run.done for run in runs if run.name != f"{'modern' if MODERN not in eras else 'handshake'}-errors")


@pytest.mark.parametrize("key", ["inputSchema", "outputSchema"])
@pytest.mark.parametrize(
    "schema", [None, True, 5, "a text", [], ["x"], {"type": "no-type"}, {"$schema": "urn:of-nobody"}], ids=str
)
async def test_a_schema_that_is_none_ends_no_check(key: str, schema: object) -> None:
    server = GoodServer(on(LIST, tool_entry("echo", **{key: schema})))
    runs = await check_server(server, chosen(["surface", "lists", "examples", "properties"]))
    assert [run.unfinished for run in runs] == [None] * 5
    assert (key == "outputSchema" and schema is None) or "tools.schema" in {each.code for each in runs[2].findings}


@pytest.mark.parametrize("broken", BREAKS, ids=str)
async def test_each_break_is_found(broken: Break) -> None:
    server = GoodServer(broken.bend, eras=broken.eras)
    runs = await check_server(server, chosen([broken.check]), server.contract(**broken.contract), within=broken.within)
    assert broken.code in {finding.code for run in runs for finding in run.findings}, "\n".join(found(runs))
