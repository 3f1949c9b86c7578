"""The start of a run whose samples are not counted."""

import math


class WarmUp:
    """Covers the first `iterations` iterations, and those due in the first `seconds` of the load.

    They run like all others, so that connections, caches and code paths are warm, but add up to nothing.
    """

    __slots__ = ("_iterations", "_seconds", "_until", "began", "excluded")

    def __init__(self, seconds: float = 0.0, iterations: int = 0) -> None:
        self._seconds = seconds
        self._iterations = iterations
        self._until = -math.inf
        self.began = math.inf
        """When the first iteration that counts was due."""
        self.excluded = 0
        """Iterations covered so far."""

    def start(self, now: float) -> None:
        """The load begins."""
        if self._seconds:
            self._until = self.began = now + self._seconds

    def holds(self, n: int, due: float) -> bool:
        """Whether the `n`-th iteration, due at `due`, is part of the warm-up."""
        return n <= self._iterations or due < self._until

    def covers(self, n: int, due: float) -> bool:
        """As `holds`, and count it: to be asked once for each iteration, when it is over or dropped."""
        if self.holds(n, due):
            self.excluded += 1
            return True
        self.began = min(self.began, due)
        return False
