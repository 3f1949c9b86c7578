"""What is measured in real time may be wrong when the machine did not hold still meanwhile."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

Measured = TypeVar("Measured")

STILL_SECONDS = 0.05
"""How late a process may be and count as on time: less than what the slow servers of the tests add to a call."""
ATTEMPTS = 6
"""Whether an analysis is always right is for tests on a fake clock; here it has to be right on real sockets, too."""
_LOOK_SECONDS = 0.005


@dataclass
class Lateness:
    """By how many seconds this process was late at the most."""

    worst: float = 0.0


@contextmanager
def watching_this_process() -> Iterator[Lateness]:
    """Watch how late a thread of this process wakes up."""
    seen, over = Lateness(), threading.Event()

    def look() -> None:
        while not over.is_set():
            began = time.perf_counter()
            time.sleep(_LOOK_SECONDS)
            seen.worst = max(seen.worst, time.perf_counter() - began - _LOOK_SECONDS)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def in_calm(
    measure: Callable[[], Measured], late: Callable[[Measured], float], check: Callable[[Measured], None]
) -> None:
    """Measure and check; once more if it is wrong, and this process or the one whose `late` is read was not on time."""
    for attempt in range(1, ATTEMPTS + 1):
        with watching_this_process() as here:
            measured = measure()
        try:
            check(measured)
        except AssertionError:
            if attempt == ATTEMPTS or max(here.worst, late(measured)) <= STILL_SECONDS:
                raise
        else:
            break
