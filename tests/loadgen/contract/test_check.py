"""Checks one after the other, whatever becomes of the server meanwhile."""

import asyncio
from collections.abc import Callable

import pytest

from loadgen.client import Endpoint
from loadgen.client.transport import Request, Sink, Timings, Transport
from loadgen.contract.check import CHECKS, FIRST_LOOK, Check, check_contract, run_check
from loadgen.contract.notes import Notes
from loadgen.contract.report import CheckRun
from loadgen.contract.target import Target
from loadgen.errors import NothingMeasured, TargetUnreachable
from loadgen.outcome import Connect, Failure
from tests.support.bends import hangs, method, on
from tests.support.broken_server import Asked, GoodServer, Sent, serving
from tests.support.checking import SECONDS, check_server, check_target, chosen, found, target_at
from tests.support.http_server import http_server, reply

NAMES = [FIRST_LOOK, *(check.name for check in CHECKS)]


class Leaving:
    """A transport to a server that takes no connections once it is gone."""

    def __init__(self, inner: Transport, gone: Callable[[], bool]) -> None:
        self._inner = inner
        self._gone = gone
        self.timings = Timings()

    async def exchange(self, request: Request, sink: Sink, within: float) -> Failure | None:
        if self._gone():
            return Connect("no connection to here: Connection refused")
        return await self._inner.exchange(request, sink, within)

    async def settle(self) -> None:
        await self._inner.settle()

    async def close(self) -> None:
        await self._inner.close()


def leaving(url: str, server: GoodServer, gone: Callable[[], bool]) -> Target:
    target = target_at(url, server.contract())
    target.connect = lambda: Leaving(Endpoint(url).connect(), gone)
    return target


async def test_a_server_that_goes_away_is_a_finding_and_the_rest_is_not_begun() -> None:
    server, runs = GoodServer(), list[CheckRun]()
    async with serving(server) as url:
        target = leaving(url, server, lambda: any(run.name == "lists" for run in runs))
        await check_contract(target, SECONDS, runs.append)
    assert [run.name for run in runs] == NAMES
    assert "server.gone" in {finding.code for finding in runs[3].findings}
    assert [run.unfinished for run in runs[:3]] == [None] * 3
    assert [run.unfinished for run in runs[3:]] == ["the server was gone"] * 6


async def test_a_server_that_goes_away_while_calls_are_made_at_once_is_one_finding() -> None:
    server, asked = GoodServer(), list[str]()

    def count(_: GoodServer, request: Asked, __: Sent) -> None:
        asked.append(request.method)

    server.bend = count
    async with serving(server) as url:
        target = leaving(url, server, lambda: asked.count("tools/call") > 120)
        runs = await check_target(target, chosen(["concurrency"]))
    assert [finding.code for finding in runs[1].findings].count("server.gone") == 1


async def test_a_server_where_nobody_listens_cannot_be_reached(free_port: int) -> None:
    with pytest.raises(TargetUnreachable, match="cannot be reached: no connection to 127.0.0.1") as caught:
        await check_target(target_at(f"http://127.0.0.1:{free_port}/mcp", GoodServer().contract()))
    assert caught.value.exit_code == 3


async def test_a_server_that_knows_no_mcp_is_said_to_answer_otherwise() -> None:
    async def answer(_: object, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b"nothing here", status="404 Not Found", content_type="text/html"))

    async with http_server(answer) as running:
        with pytest.raises(TargetUnreachable, match="does not answer as an MCP server: initialize gets HTTP 404"):
            await check_target(target_at(running.url, GoodServer().contract()))


async def test_a_request_that_hangs_is_a_finding_and_the_check_goes_on() -> None:
    hanging = GoodServer(on(method("prompts/get"), hangs))
    runs = await check_server(hanging, chosen(["examples", "handshake-errors"]), within=1.0)
    good = await check_server(GoodServer(), chosen(["examples", "handshake-errors"]))
    assert [(run.name, run.done, run.unfinished) for run in runs] == [(run.name, run.done, None) for run in good]
    silent = {finding.where for run in runs for finding in run.findings if finding.code == "server.no-answer"}
    assert "2025-11-25: prompts/get" in silent
    assert "2025-11-25: an unknown prompt" in silent


async def test_no_time_left_means_that_nothing_more_is_begun() -> None:
    async with serving(GoodServer()) as url:
        runs: list[CheckRun] = []
        await check_contract(target_at(url, GoodServer().contract()), 0.0, runs.append)
    assert [(run.name, run.done, run.unfinished) for run in runs] == [
        (name, 0, "the time of --deadline was over") for name in NAMES
    ]


async def test_a_check_that_takes_too_long_keeps_what_it_has_found() -> None:
    async def endless(_: Target, notes: Notes) -> None:
        notes.did()
        notes.find("rpc.id", "here", "so")
        await asyncio.Event().wait()

    run = await run_check(Check("endless", endless), target_at("http://127.0.0.1:1/mcp", GoodServer().contract()), 0.05)
    assert (run.done, run.unfinished) == (1, "the time of --deadline was over")
    assert found([run]) == ["rpc.id | here | so"]


async def test_what_cannot_be_measured_is_told_in_its_own_words() -> None:
    async def nothing(_: Target, __: Notes) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())

    async def fail() -> None:
        raise NothingMeasured("the server has no add")

    run = await run_check(Check("load", nothing), target_at("http://127.0.0.1:1/mcp", GoodServer().contract()), SECONDS)
    assert run.unfinished == "the server has no add"


async def test_a_mistake_of_our_own_is_not_hidden() -> None:
    async def broken(_: Target, __: Notes) -> None:
        raise LookupError("ours")

    with pytest.raises(LookupError):
        await run_check(Check("broken", broken), target_at("http://127.0.0.1:1/mcp", GoodServer().contract()), SECONDS)


async def test_tools_that_may_change_something_are_called_only_when_they_are_named() -> None:
    server = GoodServer()
    async with serving(server) as url:
        runs = await check_target(target_at(url, server.contract()))
        assert server.stored == 0
        assert "store may change something, and is not named with --tool" in runs[4].skipped
        named = await check_target(target_at(url, server.contract(), named=("store",)), chosen(["properties"]))
    assert server.stored > 0
    assert found(named) == []
