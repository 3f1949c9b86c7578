"""The server that a contract is captured from, and sessions with it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ...client.session import Session, delete_session, initialize_session, remember_tools
from ...client.tool import read_tools
from ...client.transport import Transport
from ...errors import NothingMeasured
from .surface import Entries

_NO_TOOLS: Entries = {}


@dataclass(frozen=True, slots=True)
class Source:
    """The server at `url`; `connect` makes a new connection to it, each request may take `within` seconds."""

    url: str
    connect: Callable[[], Transport]
    within: float

    @asynccontextmanager
    async def session(self, protocol: str, tools: Entries = _NO_TOOLS) -> AsyncIterator[Session]:
        """A session over a connection of its own, in a version that the server speaks and with what it listed.

        Raises:
            NothingMeasured: the server does not take it up any more.
        """
        transport = self.connect()
        try:
            session = await initialize_session(transport, self.within, protocol=protocol)
            if not isinstance(session, Session):
                raise NothingMeasured(f"the server stopped answering: {session.detail}")
            remember_tools(session, read_tools(list(tools.values())) or ())
            yield session
            await delete_session(session)
        finally:
            await transport.close()
