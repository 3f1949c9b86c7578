"""Which faults befall a call: decided from the profile, the call and what the plane remembers, and nothing else.

Everything here is synchronous and belongs to one event loop.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mcp_types import CLIENT_INFO_META_KEY

from ..wire.call import Call, UnderWay
from .armed import Armed, forget_oldest
from .exchange import Effect, Lasting, Resettable
from .match import IDEMPOTENCY_KEY, TOOLS_CALL, View
from .model import NO_FAULTS, Profile, Rule

_MOST_KINDS = 4_096
"""Different combinations of method, tool and version whose rules are remembered."""
_MOST_DEAD = 10_000
"""Sessions that do not exist, and whose clients may not know it yet."""
_LONGEST_N = 15

_Kind = tuple[str | None, str | None, str, str | None]


@dataclass(frozen=True, slots=True)
class Hit:
    """One effect that is to befall a call."""

    rule: Rule
    effect: Effect
    n: int
    draw: float
    """What decided; not what the effect draws."""
    elapsed: float = 0.0
    """Seconds since the profile was put in place."""
    index: int = 0
    """Of the effect in the rule's `do`."""
    generation: int = 0
    """Of the profile that decided."""


_NOTHING: tuple[Hit, ...] = ()


class Plane:
    """The profile in place, and what its rules have to remember.

    Args:
        profile: the first one.
        now: monotonic seconds.
        under_way: the requests that are being answered; whoever answers one counts it there, before asking for it here.
    """

    def __init__(self, profile: Profile, now: Callable[[], float], under_way: UnderWay | None = None) -> None:
        self._now = now
        self.under_way = under_way or UnderWay()
        self._told: list[Callable[[], None]] = []
        self._clients: dict[str, str] = {}
        self._generation = 0
        self._paused = False
        self._live: tuple[Armed, ...] = ()
        self._left_behind: dict[str, Hit] = {}  # by session: what befalls its requests, whatever profile is in place
        self.is_idle = True
        """Whether nothing can befall a call, so that there is nothing to decide."""
        self._put(profile, None)

    def swap(self, profile: Profile, ttl: float | None = None) -> None:
        """Put a profile in place, from its beginning; after `ttl` seconds it ends by itself."""
        self._generation += 1
        is_another = not profile.reads_as(self._profile)
        self._put(profile, ttl)
        for tell in self._told if is_another else ():
            tell()

    def on_swap(self, tell: Callable[[], None]) -> None:
        """Call `tell` whenever another profile than the one in place has taken its place, also when that ended."""
        self._told.append(tell)

    def reset(self) -> None:
        """Begin the profile in place anew: nothing is counted yet, and no time has passed."""
        for rule in self.profile.rules:
            for effect in rule.do:
                if isinstance(effect, Resettable):
                    effect.reset()
        self._put(self.profile, self.expires_in)

    def pause(self) -> None:
        """No faults from now on; time goes on, calls are not counted."""
        self._paused = True
        self._live = ()
        self._set_idle()

    def resume(self) -> None:
        """Faults again."""
        self._paused = False
        self._live = self._rules
        self._set_idle()

    @property
    def generation(self) -> int:
        """Counts the profiles; it grows also when one ends by itself."""
        self._end_if_due()
        return self._generation

    @property
    def paused(self) -> bool:
        """Whether faults are held back."""
        return self._paused

    @property
    def profile(self) -> Profile:
        """The one in place."""
        self._end_if_due()
        return self._profile

    @property
    def seed(self) -> int:
        """Of the profile that the last decision was made by."""
        return self._profile.seed

    @property
    def elapsed(self) -> float:
        """Seconds since the profile was put in place."""
        return self._now() - self._began

    @property
    def expires_in(self) -> float | None:
        """Seconds until the profile ends by itself; None: it does not."""
        self._end_if_due()
        return None if self._deadline is None else self._deadline - self._now()

    @property
    def in_flight(self) -> int:
        """Requests that are being answered, the one that is decided on included."""
        return self.under_way.count

    def introduce(self, call: Call, session_id: str) -> None:
        """Remember who opened the session: `call` is the `initialize` that it was the reply to."""
        name = self.client(call)
        if name is not None:
            self._clients[session_id] = name
            forget_oldest(self._clients)

    def client(self, call: Call) -> str | None:
        """The name that the client gave itself, in this call or when it opened the session."""
        info: Any = (
            call.params.get("clientInfo") if call.method == "initialize" else call.meta.get(CLIENT_INFO_META_KEY)
        )
        if isinstance(info, dict) and isinstance(info.get("name"), str):
            name: str = info["name"]
            return name
        return None if call.session_id is None else self._clients.get(call.session_id)

    def attempt(self, call: Call) -> int:
        """Which attempt this is with the call's idempotency key, from 1; 0 when it has none."""
        key = _idempotency_key(call)
        return 0 if key is None else self._attempts.get(key, 0)

    def decide(self, call: Call) -> Sequence[Hit]:
        """What befalls `call`, in the order of the profile. Counts the call, so ask once."""
        return (self._decide(call) if self._live else _NOTHING) or self._aftermath(call)

    def remember(self, hit: Hit, dead_sessions: Sequence[str]) -> None:
        """Because of `hit` these sessions do not exist (any more), though their clients may think so."""
        effect = hit.effect.aftermath if dead_sessions and isinstance(hit.effect, Lasting) else None
        if effect is not None:
            for session_id in dead_sessions:
                self._left_behind[session_id] = replace(hit, effect=effect)
                forget_oldest(self._left_behind, _MOST_DEAD)
            self._set_idle()

    def aftermath(self, call: Call) -> Hit | None:
        """What befalls `call` because its session is dead; its n is 0 when the call has no key."""
        hit = self._left_behind.get(call.session_id or "")
        if hit is None or hit.effect.expects(call) is None:
            return None
        return replace(hit, n=0 if call.key is None else _last_part(call.key))

    def _aftermath(self, call: Call) -> Sequence[Hit]:
        gone = self.aftermath(call) if self._left_behind else None
        return _NOTHING if gone is None else (gone,)

    def _decide(self, call: Call) -> Sequence[Hit]:
        if self._deadline is not None and self._end_if_due():
            return _NOTHING
        if self._counts_attempts and (key := _idempotency_key(call)) is not None:
            self._attempts[key] = self._attempts.pop(key, 0) + 1
            forget_oldest(self._attempts)
        kind = (call.method, call.tool, call.era, call.protocol_version)
        rules = self._index.get(kind)
        if rules is None:
            rules = self._look_up(kind, call)
        return self._hits(rules, call, self, keep=True) if rules else _NOTHING

    def preview(self, call: Call) -> Sequence[Hit]:
        """What would befall `call` if it came next; nothing is counted."""
        hits: Sequence[Hit] = _NOTHING
        if not self._end_if_due() and self._live:
            rules = [rule for rule in self._rules if rule.rule.match.fits(call)]
            hits = self._hits(rules, call, _Next(self), keep=False)
        return hits or self._aftermath(call)

    def _hits(self, rules: Sequence[Armed], call: Call, view: View, *, keep: bool) -> Sequence[Hit]:
        hits: list[Hit] = []
        elapsed = -1.0
        key = 0 if call.key is None else _last_part(call.key)
        for armed in rules:
            for test in armed.tests:
                if not test(call, view):
                    break
            else:
                if armed.needs_time and elapsed < 0:
                    elapsed = self._now() - self._began
                chosen = armed.choose(call, key, elapsed, keep=keep)
                if chosen is not None:
                    if elapsed < 0:
                        elapsed = self._now() - self._began
                    n, draw = chosen
                    generation = self._generation
                    hits += (
                        Hit(armed.rule, effect, n, draw, elapsed, i, generation)
                        for i, effect in enumerate(armed.rule.do)
                    )
                    if armed.rule.exclusive:
                        break
        return hits or _NOTHING

    def _put(self, profile: Profile, ttl: float | None) -> None:
        self._profile = profile
        self._began = self._now()
        self._deadline = None if ttl is None else self._began + ttl
        self._rules = tuple(Armed(rule, profile.seed) for rule in profile.rules)
        self._live = () if self._paused else self._rules
        self._set_idle()
        self._index: dict[_Kind, Sequence[Armed]] = {}
        self._attempts: dict[tuple[str | None, str], int] = {}
        self._counts_attempts = any(rule.match.attempt is not None for rule in profile.rules)

    def _set_idle(self) -> None:
        self.is_idle = not self._live and not self._left_behind

    def _end_if_due(self) -> bool:
        if self._deadline is None or self._now() < self._deadline:
            return False
        self.swap(NO_FAULTS)
        return True

    def _look_up(self, kind: _Kind, call: Call) -> Sequence[Armed]:
        rules = tuple(armed for armed in self._rules if armed.rule.match.fits(call))
        if len(self._index) < _MOST_KINDS:
            self._index[kind] = rules
        return rules


class _Next:
    """A plane as the next call will see it."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    @property
    def in_flight(self) -> int:
        return self._plane.in_flight + 1

    def attempt(self, call: Call) -> int:
        return 0 if _idempotency_key(call) is None else self._plane.attempt(call) + 1

    def client(self, call: Call) -> str | None:
        return self._plane.client(call)


def _last_part(key: str) -> int:
    """The n of a call key `<run>/<tool>/<n>`; 0 when it does not end in one."""
    digits = key.rpartition("/")[2]
    return int(digits) if len(digits) <= _LONGEST_N and digits.isascii() and digits.isdigit() else 0


def _idempotency_key(call: Call) -> tuple[str | None, str] | None:
    if call.method != TOOLS_CALL:
        return None
    key = call.arguments.get(IDEMPOTENCY_KEY)
    return (call.tool, key) if isinstance(key, str) else None
