"""The seam between MCP and HTTP: one exchange of a request for a reply, over one connection."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from ..outcome import Failure


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request to the endpoint that the transport was made for."""

    method: Literal["POST", "DELETE"]
    headers: Mapping[str, str]
    body: bytes = b""


class Sink(Protocol):
    """Takes a reply in as it arrives."""

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        """The status line and the headers; `headers` finds names whatever their case."""
        ...

    def feed(self, chunk: bytes) -> bool:
        """A piece of the body, cut anywhere. True: enough, the rest is of no interest."""
        ...


class Transport(Protocol):
    """One HTTP connection, kept alive and made anew when needed, for one exchange at a time."""

    async def exchange(self, request: Request, sink: Sink, within: float) -> Failure | None:
        """Send `request` and give the reply to `sink`; the whole may take `within` seconds.

        Returns as soon as the sink has enough. None: the sink has got a reply. Otherwise how the exchange failed:
        Connect, Tls, Reset, Timeout or Parse (what came is not HTTP). Nothing is ever sent twice.
        """
        ...

    async def settle(self) -> None:
        """Read what is left of the last reply, or drop the connection, so that the next exchange starts clean."""
        ...

    async def close(self) -> None:
        """Drop the connection."""
        ...
