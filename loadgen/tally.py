"""What an executor counts, apart from the samples: that nothing which was due is forgotten."""

from typing import Protocol

from .warm_up import WarmUp


class Arrivals(Protocol):
    """Takes in what becomes of iterations besides samples."""

    def add_dropped(self, n: int = 1) -> None:
        """Count `n` iterations that are never begun."""
        ...

    def add_lag(self, seconds: float) -> None:
        """An iteration of an open model began `seconds` after its due moment."""
        ...


class Tally:
    """Every iteration is issued once; then it becomes a sample or is dropped."""

    __slots__ = ("_arrivals", "_warm_up", "dropped", "issued", "vus")

    def __init__(self, arrivals: Arrivals, warm_up: WarmUp) -> None:
        self._arrivals = arrivals
        self._warm_up = warm_up
        self.issued = 0
        self.dropped = 0
        """Iterations dropped, the warm-up's not among them."""
        self.vus = 0
        """Users at work now."""

    @property
    def due(self) -> int:
        """Iterations that count and were handed out so far: those with a sample, those under way, and those dropped."""
        return self.issued - self._warm_up.excluded

    def issue(self) -> int:
        """The number of the next iteration, from 1, which is due by now, or in less than a millisecond."""
        self.issued = n = self.issued + 1
        return n

    def drop(self, n: int, due: float) -> None:
        """Iteration `n` is never made: nobody is free for it, or its time is over."""
        if not self._warm_up.covers(n, due):
            self.dropped += 1
            self._arrivals.add_dropped()

    def begin(self, n: int, due: float, now: float) -> None:
        """Iteration `n` of an open model, due at `due`, begins; who begins before, to be ready, is in time."""
        if not self._warm_up.holds(n, due):
            self._arrivals.add_lag(max(0.0, now - due))
