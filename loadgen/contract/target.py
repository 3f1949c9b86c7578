"""The server under check: how it is reached, what it is held to, and what it said of itself at the first look."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from formats.contract import Contract, Era

from ..client.transport import Transport
from ..clock import Clock
from ..mirrored import mirrored
from ..outcome import Connect, Failure
from .answer import Answer
from .client import Client, no_answer
from .listing import Listing
from .lists import ListKind
from .probe import Probe, Pulse, ServerGoneError
from .snapshot import Canary
from .speech import Speech, era_of, opening

_APART = 1_000_000
"""Between the first ids of the connections of one session: no id is used twice in it."""


class NotOpenedError(Exception):
    """The server did not take up a session that it should take up, with the sentence that says how."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What the server said of itself in one era, where `version` is the newest of the `versions` that it serves."""

    version: str
    versions: tuple[str, ...]
    info: Mapping[str, Any]
    capabilities: Mapping[str, Any]
    instructions: str | None
    lists: Mapping[ListKind, Listing] = field(default_factory=dict)

    @property
    def tools(self) -> Mapping[str, Mapping[str, Any]]:
        """The entries of its tools by name."""
        return {str(tool["name"]): tool for tool in self.lists["tools"].entries} if self.lists else {}


@dataclass(slots=True)
class Target:
    """One server; each request may take `within` seconds.

    `named` are tools to call although they may change things. When an answer changed, as much time as that took, and
    `quiet` seconds at least, show whether it changes by itself.
    """

    url: str
    connect: Callable[[], Transport]
    contract: Contract
    clock: Clock
    within: float
    seed: int = 0
    quiet: float = 1.5
    named: tuple[str, ...] = ()
    pulse: Pulse = field(default_factory=Pulse)
    opened: dict[Era, Opened] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    canaries: dict[str, list[Canary]] = field(default_factory=dict)
    """What `find_canaries` found, by version."""

    def probe(self) -> Probe:
        """A connection of its own."""
        return Probe(self.connect(), self.within, self.pulse)

    @asynccontextmanager
    async def probing(self) -> AsyncIterator[Probe]:
        """A connection of its own that is closed in the end."""
        probe = self.probe()
        try:
            yield probe
        finally:
            await probe.close()

    @asynccontextmanager
    async def client(self, version: str) -> AsyncIterator[Client]:
        """A client in a session of its own, which ends with it.

        Raises:
            NotOpenedError: the server does not take it up.
        """
        async with self.clients(version, 1) as (client,):
            yield client

    @asynccontextmanager
    async def clients(self, version: str, connections: int) -> AsyncIterator[tuple[Client, ...]]:
        """Clients with a connection each, all of one session.

        Raises:
            NotOpenedError: the server does not take it up.
        """
        probes = [self.probe() for _ in range(connections)]
        try:
            speech = await self.speech(probes[0], version)
            apart = [replace(speech, ids=count(2 + n * _APART)) for n in range(connections)]
            yield tuple(Client(each, probe, self.silent) for each, probe in zip(apart, probes, strict=True))
            if speech.session_id is not None:
                await probes[0].send(speech.bare("DELETE"))
        finally:
            for each in probes:
                await each.close()

    async def speech(self, probe: Probe, version: str) -> Speech:
        """How to go on in `version`, over `probe`: in the handshake era in a session that is new.

        Raises:
            NotOpenedError: the server does not take it up.
            ServerGoneError: nobody takes connections any more.
        """
        greeted, _ = await self.greet(probe, version)
        if isinstance(greeted, Speech):
            return greeted
        if isinstance(greeted, Connect):
            raise ServerGoneError(greeted.detail)
        got = f"got {greeted}" if isinstance(greeted, Answer) else no_answer(greeted)
        raise NotOpenedError(f"initialize with {version}: {got}")

    async def greet(
        self, probe: Probe, version: str, headers: Mapping[str, str] | None = None
    ) -> tuple[Speech | Answer | Failure, Answer | Failure | None]:
        """How to go on in `version`, or what `initialize` was answered with instead; then the answer to `initialized`.

        The modern era begins without a greeting: nothing is sent.
        """
        era = era_of(version)
        tools = self.opened[era].tools if era in self.opened else {}
        named = {name: mirrored(tool.get("inputSchema")) for name, tool in tools.items()}
        if era == "modern":
            return Speech(version, mirrored=named), None
        answer = await initialize(probe, version, headers)
        if not isinstance(answer, Answer) or answer.result is None:
            return answer, None
        speech = Speech(str(answer.result.get("protocolVersion")), answer.headers.get("mcp-session-id"))
        return speech, await probe.send(speech.notification("notifications/initialized", headers))


async def initialize(probe: Probe, version: str, headers: Mapping[str, str] | None = None) -> Answer | Failure:
    """The answer to an `initialize` that proposes `version`, with more `headers`."""
    return await probe.send(Speech("").request("initialize", opening(version), headers=headers))
