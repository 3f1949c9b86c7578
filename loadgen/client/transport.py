"""The seam between MCP and HTTP: one exchange of a request for a reply, over one connection."""

import asyncio
import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from ..outcome import Failure, Timeout

Phase = Literal["connect", "first_byte", "total"]
_WAITED_FOR: Mapping[Phase, str] = {
    "connect": "connection",
    "first_byte": "first byte of the reply",
    "total": "end of the reply",
}
SETTLE_SECONDS = 0.1
SETTLE_BYTES = 64 * 1024
"""What the rest of a reply may cost before a new connection is the cheaper way to go on."""

MAX_REPLY_BYTES = 16 * 1024 * 1024
"""A longer reply is a failure of its own: memory stays bounded whatever a server sends."""
_LONGEST_HOLD = 0.01
"""Seconds: holding costs a core."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the phases of an exchange may take, in seconds, each within the exchange's total.

    `connect` counts TCP and TLS together; `first_byte` from the request's last byte to the reply's first.
    """

    connect: float = math.inf
    first_byte: float = math.inf


@dataclass(slots=True)  # not frozen: one is made per call, and freezing triples what that costs
class Request:
    """An HTTP request to the endpoint that the transport was made for.

    `headers` is one mapping for many requests, which nobody changes (a transport keeps its encoded form), `own` what
    this one adds. A request is made ready at once, but not written before `not_before` (perf_counter seconds), which
    is a few milliseconds from now at most.
    """

    method: Literal["POST", "DELETE", "GET", "PUT"]
    headers: Mapping[str, str]
    body: bytes = b""
    own: tuple[tuple[str, str], ...] = ()
    not_before: float = 0.0


@dataclass(slots=True)
class Timings:
    """Where the time of one exchange went, in seconds, and how many bytes it moved, as far as the transport can tell.

    `blocked` includes `connecting` and `tls_handshaking`, which are 0 on a connection that was open already.
    `waiting` ends with the first byte of the reply, `receiving` with the last that was of interest. `ended` is when
    that came, or the exchange failed (perf_counter seconds), and 0 when the transport does not know.
    """

    blocked: float = 0.0
    connecting: float = 0.0
    tls_handshaking: float = 0.0
    sending: float = 0.0
    waiting: float = 0.0
    receiving: float = 0.0
    sent_bytes: int = 0
    received_bytes: int = 0
    ended: float = 0.0


class Sink(Protocol):
    """Takes a reply in as it arrives."""

    def head(self, status: int, headers: Mapping[bytes, bytes]) -> None:
        """The status line and the headers, whose names are in lower case."""
        ...

    def feed(self, chunk: bytes) -> bool:
        """A piece of the body, cut anywhere. True: enough, the rest is of no interest."""
        ...


class Transport(Protocol):
    """One HTTP connection, kept alive and made anew when needed, for one exchange at a time."""

    timings: Timings
    """Of the last exchange."""

    async def exchange(self, request: Request, sink: Sink, within: float) -> Failure | None:
        """Send `request` and give the reply to `sink`; the whole may take `within` seconds.

        Returns as soon as the sink has enough. None: the sink has got a reply. Otherwise how the exchange failed:
        Connect, Tls, Reset, Timeout or Parse (what came is not HTTP). Nothing is ever sent twice.

        Raises:
            ValueError: a header field that may not be sent; nothing was.
        """
        ...

    async def settle(self) -> None:
        """Read what is left of the last reply, or drop the connection, so that the next exchange starts clean."""
        ...

    async def close(self) -> None:
        """Drop the connection."""
        ...


async def hold(until: float) -> None:
    """Stay awake until `until` (perf_counter seconds), or for 10 ms, and return then; others run meanwhile."""
    until = min(until, time.perf_counter() + _LONGEST_HOLD)
    while time.perf_counter() < until:  # noqa: ASYNC110 - an event would come as late as waking up takes
        await asyncio.sleep(0)


def too_late(phase: Phase, seconds: float) -> Timeout:
    """The outcome of an exchange that was given up in `phase`, which had `seconds`."""
    return Timeout(f"no {_WAITED_FOR[phase]} within {seconds:g} s", phase)


def reason(error: OSError) -> str:
    """Why a call of the operating system failed, in its own words."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)
