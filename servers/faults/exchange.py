"""What an effect gets to act on: one request, the reply that it will have, and time; and what an effect is.

An effect never touches a socket: it edits `exchange.draft`, which the middleware delivers.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Literal, Protocol, runtime_checkable

from ..wire.call import Call, Era
from .draft import Draft
from .draw import draw
from .server_facts import ServerFacts

Phase = Literal["before", "after"]
"""Before the request is handed to the server, which may never see it then; or after the server has answered."""


class ClientGone(Exception):  # noqa: N818 - it names the cause, as the other exceptions of the project do
    """The client closed the connection while its reply was held back. For the middleware; effects let it through."""


class Clock(Protocol):
    """Seconds that only grow, and a way to let some pass."""

    def now(self) -> float:
        """Seconds since an arbitrary moment; resolves well below a millisecond."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return `seconds` later; can be cancelled."""
        ...


class Sessions(Protocol):
    """The handshake era's sessions."""

    async def end(self, session_id: str) -> bool:
        """End one now, as its idle time-out would; False when there is none of that id."""
        ...

    def count(self) -> int:
        """How many are open."""
        ...


class Exchange:
    """One request that at least one rule hits, for as long as it is answered.

    Args:
        call: what it asks for.
        facts: what is known of the server.
        clock: the server's time.
        sessions: the server's sessions.
        seed: of the profile that decided.
        elapsed: seconds since that profile was put in place.
        wait: for what a function gives, on behalf of the client; ends early when the server stops.
    """

    def __init__(
        self,
        call: Call,
        facts: ServerFacts,
        clock: Clock,
        sessions: Sessions,
        seed: int,
        elapsed: float,
        wait: Callable[[Callable[[], Awaitable[object]]], Awaitable[None]],
    ) -> None:
        self.call = call
        self.facts = facts
        self.clock = clock
        self.sessions = sessions
        self.elapsed = elapsed
        self.draft: Draft | None = None
        """None until a before-effect has replaced the reply, or the server has answered."""
        self.executed = False
        """Whether the request was handed to the server."""
        self.rule = ""
        """Of the hit that is acting now, as all that follows."""
        self.n = 0
        self.planned = 0.0
        """Seconds of delay that the hit asked for, and those it got."""
        self.achieved = 0.0
        self.expected: str | None = None
        """Its outcome; see `Effect.expects`."""
        self.dead_sessions: list[str] = []
        """Those that do not exist (any more) because of it, while their clients may think so; see `Lasting`."""
        self._index = 0
        self._seed = seed
        self._wait = wait

    @property
    def accepts_stream(self) -> bool:
        """Whether the reply may be an event stream."""
        accept = self.call.headers.get(b"accept", b"")
        kinds = {part.partition(b";")[0].strip().lower() for part in accept.split(b",")}
        return not kinds.isdisjoint({b"text/event-stream", b"text/*", b"*/*"})

    def begin(self, rule: str, n: int, index: int = 0, expected: str | None = None) -> None:
        """For the middleware: the next hit acts from now on, the effect at `index` of its rule."""
        self.expected = expected
        self.rule = rule
        self.n = n
        self._index = index
        self.planned = self.achieved = 0.0
        self.dead_sessions = []

    def draw(self, salt: str = "") -> float:
        """A number in [0, 1) that seed, rule, tool (or method) and n decide; another for each `salt` and effect."""
        salt = f"{salt}#{self._index}" if self._index else salt
        return draw(self._seed, self.rule, self.call.tool or self.call.method or "", self.n, salt)

    async def delay(self, seconds: float) -> None:
        """Let `seconds` pass; planned and achieved go into the hit's record. Ends early when the server stops.

        Raises:
            ClientGone: the client closed the connection meanwhile.
        """
        self.planned += seconds
        await self.until(partial(self.clock.sleep, seconds))

    async def until(self, event: Callable[[], Awaitable[object]]) -> None:
        """Wait for what `event` gives, as `delay` does; whoever asks knows what of it was planned."""
        began = self.clock.now()
        try:
            await self._wait(event)
        finally:
            self.achieved += self.clock.now() - began

    def replace(self, draft: Draft) -> bool:
        """Make `draft` the reply; False, and nothing done, when an effect before execution has replaced it already."""
        if self.draft is not None and not self.executed:
            return False
        self.draft = draft
        return True

    def answer(self, message: Any, status: int = 200) -> bool:
        """Make the JSON-RPC `message` the reply, with the headers that the server would send; as `replace`."""
        session_id = self.call.headers.get(b"mcp-session-id") if self.call.era == "handshake" else None
        headers = [] if session_id is None else [(b"mcp-session-id", session_id)]
        return self.replace(Draft.from_json(status, message, headers))


class Effect(Protocol):
    """One fault, or a delay: its settings, and what they do to an exchange."""

    def fault_type(self) -> str:
        """Its name in journal and metrics: `<family>_<kind>`, such as `http_status`."""
        ...

    def phase(self) -> Phase:
        """Whether it acts before or after the request is handed to the server."""
        ...

    def expects(self, call: Call) -> str | None:
        """The outcome (a name of loadgen/outcome.py) that a correct client must see; None: none of its own.

        Where that turns out only while it acts, `act` sets `exchange.expected`.
        """
        ...

    async def act(self, exchange: Exchange) -> bool:
        """Change the exchange. False: there was nothing that it could act on, so it is not counted."""
        ...


@runtime_checkable
class OfEras(Protocol):
    """An effect that says which eras of the protocol have it."""

    def eras(self) -> frozenset[Era]:
        """The eras whose requests it can act on."""
        ...


@runtime_checkable
class Lasting(Protocol):
    """An effect that may leave dead sessions behind."""

    @property
    def aftermath(self) -> Effect | None:
        """What befalls later requests of such a session; None: it leaves none."""
        ...


@runtime_checkable
class CountedAs(Protocol):
    """An effect whose replies count as failed in the server's own metrics."""

    def error_types(self) -> frozenset[str]:
        """The values of `error_type` that its replies to tool calls have there: statuses, codes, words."""
        ...


@runtime_checkable
class Resettable(Protocol):
    """An effect that keeps state from request to request, such as a queue."""

    def reset(self) -> None:
        """Begin anew; what is under way ends as it began."""
        ...
