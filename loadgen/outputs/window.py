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

    def statistics(self) -> Iterator[tuple[str, float]]:
        """Each statistic with its value in seconds; nothing for one that has too few values."""
        whole = Histogram()
        for second in self._seconds:
            whole.merge(second)
        for name, percent in _STATISTICS:
            enough = 1 if percent in {50, 100} else 100 / (100 - percent)
            if whole.count >= enough:
                yield name, whole.value_at(math.ceil(whole.count * percent / 100))
