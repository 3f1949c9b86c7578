"""Response times of the last ten seconds."""

import math
from collections import deque
from collections.abc import Iterator

from ..histogram import Histogram

SECONDS = 10
_STATISTICS = (("p50", 50), ("p95", 95), ("p99", 99), ("max", 100))


class Window:
    """One histogram for each of the last ten seconds."""

    def __init__(self) -> None:
        self._seconds: deque[Histogram] = deque(maxlen=SECONDS)

    def add(self, second: Histogram) -> None:
        """Take in the response times of one more second; those of ten seconds before are forgotten."""
        self._seconds.append(second)

    def extend(self, more: Histogram) -> None:
        """Take in response times that belong to the second under way."""
        if self._seconds:
            self._seconds[-1].merge(more)
        else:
            self.add(more)

    def statistics(self) -> Iterator[tuple[str, float] | None]:
        """Each statistic with its value in seconds, but nothing for one that has too few values.

        None comes after each piece of the work before that: other things may be done meanwhile.
        """
        whole = Histogram()
        for second in tuple(self._seconds):
            whole.merge(second)
            yield None
        for name, percent in _STATISTICS:
            enough = 1 if percent in {50, 100} else 100 / (100 - percent)
            if whole.count >= enough:
                yield name, whole.value_at(math.ceil(whole.count * percent / 100))
