"""A queue in front of some workers, first come, first served. Pure: moments are arguments, and only grow."""

import heapq
import itertools
from collections import OrderedDict
from collections.abc import Callable


class Place:
    """One request in the line."""

    __slots__ = ("_begins", "came", "done_at", "is_served", "service")

    def __init__(self, came: float, service: float, begins: Callable[[], None]) -> None:
        self.came = came
        self.service = service
        self.done_at: float | None = None
        """When its worker is done with it; None: it waits for one."""
        self.is_served = False
        self._begins = begins

    def serve(self, now: float) -> float:
        """A worker begins with it; when it will be done."""
        self.is_served = True
        self.done_at = now + self.service
        self._begins()
        return self.done_at


class Line:
    """Knows who is served. What ends at its moment is over then, however late somebody asks: no delay adds up.

    Args:
        workers: requests that are worked on at a time.
        places: requests that may wait besides.
    """

    def __init__(self, workers: int, places: int) -> None:
        self._idle = workers
        self._places = places
        self._waiting: OrderedDict[Place, None] = OrderedDict()
        self._served: list[tuple[float, int, Place]] = []  # the next to be done first; some have left
        self._left = 0
        self._order = itertools.count()

    def waiting(self, now: float) -> int:
        """How many wait for a worker."""
        self.advance(now)
        return len(self._waiting)

    def join(self, now: float, service: float, begins: Callable[[], None] = lambda: None) -> Place | None:
        """The place of a request that comes now and takes `service`; None: there is none for it.

        `begins` is called when a worker begins with it, which may be at once.
        """
        self.advance(now)
        place = Place(now, service, begins)
        if self._idle:
            self._idle -= 1
            self._serve(place, now)
        elif len(self._waiting) < self._places:
            self._waiting[place] = None
        else:
            return None
        return place

    def leave(self, place: Place, now: float) -> None:
        """It is done, or its client has gone: whoever waits longest gets its worker, or all behind it move up."""
        self.advance(now)
        if place.is_served:
            place.is_served = False
            self._forget_one()
            self._free_one(now)
        else:
            self._waiting.pop(place, None)

    def advance(self, now: float) -> None:
        """Let everything happen that happens until `now`."""
        while self._served and self._served[0][0] <= now:
            done_at, _, place = heapq.heappop(self._served)
            if place.is_served:
                place.is_served = False
                self._free_one(done_at)
            else:
                self._left -= 1

    def _free_one(self, now: float) -> None:
        if self._waiting:
            self._serve(self._waiting.popitem(last=False)[0], now)
        else:
            self._idle += 1

    def _serve(self, place: Place, now: float) -> None:
        heapq.heappush(self._served, (place.serve(now), next(self._order), place))

    def _forget_one(self) -> None:
        """One that was served has left; clear them out when most have, as they might have taken a day."""
        self._left += 1
        if 2 * self._left > len(self._served):
            self._served = [entry for entry in self._served if entry[2].is_served]
            heapq.heapify(self._served)
            self._left = 0
