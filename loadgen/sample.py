"""What is known of one call, and of one attempt to open a session, when it is over."""

from dataclasses import dataclass

from .client.transport import Timings
from .outcome import Failure, Outcome


@dataclass(slots=True)  # not frozen: one is made per call, and freezing triples what that costs
class Sample:
    """One tool call. Times are seconds of the run's clock.

    `due` is the moment at which the call should have begun (closed model: when the virtual user was free), `sent` the
    moment it began to be written, or was handed to a transport that cannot tell; None when it never left. Response time
    is `end - due`, service time is `end - sent`.
    """

    tool: str
    due: float
    sent: float | None
    end: float
    outcome: Outcome
    timings: Timings | None = None
    """Where the exchange spent its time; None when nothing was sent."""


@dataclass(frozen=True, slots=True)
class SessionSample:
    """One attempt to open an MCP session; `failure` is None when it succeeded; `named`: the server gave it an id."""

    due: float
    end: float
    failure: Failure | None
    named: bool = False
    timings: Timings | None = None
    """Of its first exchange, which may have made a connection."""
