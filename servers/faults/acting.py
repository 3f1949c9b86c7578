"""One hit on one request: its record, and what it did to the reply."""

from collections.abc import Sequence

from ..wire.call import Call
from .journal import Kind, Reason, Record, clip
from .match import DELETE
from .plane import Hit

_OUTERMOST = (
    "reset", "timeout", "http_status", "session_lost", "content_type", "parse", "sse_protocol", "rpc_error",
    "tool_error", "schema_violation", "check_failed",
)  # fmt: skip
"""Outcomes in the order in which a client comes upon them: of two on one reply, it sees the one that is first here."""
_RANKS = {outcome: rank for rank, outcome in enumerate(_OUTERMOST)}


class Acting:
    """A hit while its request is answered."""

    __slots__ = ("acted", "hangs", "held", "hit", "record")

    def __init__(self, call: Call, hit: Hit) -> None:
        self.hit = hit
        self.record = _record(call, hit)
        self.acted = False
        self.hangs = False
        """Whether the reply hangs because of it."""
        self.held = 0.0
        """Seconds that the pieces of the reply are to be held back because of it."""

    def timed_out(self) -> None:
        """The client left while this hit held its reply back: that is what it did."""
        self.acted = self.record.counted = True
        self.record.expected = "timeout"

    def cut_off(self, *, released: bool) -> None:
        """The server ended a reply that hung because of this hit."""
        self.record.released = released
        if self.record.expected == "timeout":
            self.record.expected = "reset"

    def conclude(self, why_not: Reason, *, took_effect: bool, executed: bool, sent: int) -> None:
        """The reply is over: whether the hit counts, and why it does not; bytes `sent` of the body."""
        record = self.record
        record.counted = record.counted or (self.acted and took_effect)
        if self.acted and not record.counted:
            record.reason = why_not
            record.client_gone = record.client_gone or why_not == "client gone"
        elif not self.acted and not record.reason:
            record.reason = why_not
        record.executed, record.bytes_sent = executed, sent


def hide(counted: Sequence[Record]) -> None:
    """A client sees one outcome: the others of the same reply are hidden behind it."""
    for record in counted:
        record.hidden = record.expected is not None
    seen = [record for record in counted if record.hidden]
    if seen:
        min(seen, key=lambda r: _RANKS.get((r.expected or "").partition("(")[0], len(_RANKS))).hidden = False


def _record(call: Call, hit: Hit) -> Record:
    return Record(
        generation=hit.generation,
        rule=hit.rule.name,
        n=hit.n,
        draw=hit.draw,
        effect=hit.effect.fault_type(),
        phase=hit.effect.phase(),
        expected=hit.effect.expects(call),
        session=clip(call.session_id),
        request_id=clip(call.id),
        call_key=clip(call.key),
        method=clip(call.method),
        tool=clip(call.tool),
        kind=_kind(call),
    )


def _kind(call: Call) -> Kind:
    method = call.method or ""
    if method == DELETE:
        return "delete"
    if not call.has_id:
        return "notification"
    if method == "tools/call":
        return "call"
    return "initialize" if method == "initialize" else "list" if method.endswith("/list") else "other"
