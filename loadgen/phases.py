"""Where exchanges spend their time, over a whole run, and how many bytes they move."""

from dataclasses import dataclass, field

from .client.transport import Timings
from .metrics import Trend
from .result import PhasesResult

_FOLD_EVERY = 512


@dataclass(slots=True)
class Phases:
    """The phases of all exchanges, each of those in which it took place: a refused connection has nothing to send."""

    blocked: Trend = field(default_factory=Trend)
    connecting: Trend = field(default_factory=Trend)
    tls_handshaking: Trend = field(default_factory=Trend)
    sending: Trend = field(default_factory=Trend)
    waiting: Trend = field(default_factory=Trend)
    receiving: Trend = field(default_factory=Trend)

    sent_bytes: int = 0
    received_bytes: int = 0
    _count: int = 0

    def add(self, timings: Timings) -> None:
        """Take one exchange in."""
        self.received_bytes += timings.received_bytes
        if timings.sending:
            self.sent_bytes += timings.sent_bytes
            self.sending.push(timings.sending)
        if timings.waiting:
            self.waiting.push(timings.waiting)
        if timings.received_bytes:
            self.receiving.push(timings.receiving)
        if timings.blocked:
            self.add_connection(timings)
        self._count = count = self._count + 1
        if not count % _FOLD_EVERY:  # one array at a time: at no time is much folded at once
            (self.sending, self.waiting, self.receiving)[count // _FOLD_EVERY % 3].fold()

    def summary(self) -> PhasesResult:
        """All of it as it stands now."""
        return PhasesResult(
            blocked=self.blocked.summary(),
            connecting=self.connecting.summary(),
            tls_handshaking=self.tls_handshaking.summary(),
            sending=self.sending.summary(),
            waiting=self.waiting.summary(),
            receiving=self.receiving.summary(),
            sent_bytes=self.sent_bytes,
            received_bytes=self.received_bytes,
        )

    def add_connection(self, timings: Timings) -> None:
        """Take in what making a connection cost, if one was made."""
        if not timings.blocked:
            return
        self.blocked.add(timings.blocked)
        if timings.connecting:
            self.connecting.add(timings.connecting)
        if timings.tls_handshaking:
            self.tls_handshaking.add(timings.tls_handshaking)
