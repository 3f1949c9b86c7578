import math
from collections import deque
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.faults.draw import Draws
from servers.faults.effects.line import Line, Place


def erlang_c(workers: int, load: float) -> float:
    """How likely a request has to wait, with `load` = arrival rate x mean service time."""
    last = load**workers / math.factorial(workers) * workers / (workers - load)
    return last / (sum(load**k / math.factorial(k) for k in range(workers)) + last)


def p95_of_the_wait(workers: int, utilisation: float) -> float:
    """Of M/M/c with a mean service time of 1, by Erlang's formula."""
    load = workers * utilisation
    return max(0.0, math.log(erlang_c(workers, load) / 0.05) / (workers - load))


@cache
def gaps_and_services() -> list[tuple[float, float]]:
    """Between arrivals, and of each: exponential, with a mean of 1."""
    arrivals, services = Draws(1, "arrivals", "t"), Draws(1, "services", "t")
    return [(-math.log1p(-arrivals.draw(n)), -math.log1p(-services.draw(n))) for n in range(400_000)]


@pytest.mark.parametrize(("workers", "utilisation"), [(1, 0.7), (1, 0.9), (2, 0.8), (4, 0.9), (16, 0.9)])
def test_waits_are_those_of_m_m_c(workers: int, utilisation: float) -> None:
    line = Line(workers, places=10**9)
    now, waits, waiting = 0.0, list[float](), deque[Place]()
    for gap, service in gaps_and_services():
        now += gap / (workers * utilisation)
        place = line.join(now, service)
        assert place is not None
        waiting.append(place)
        while waiting and (done_at := waiting[0].done_at) is not None:
            served = waiting.popleft()
            waits.append(done_at - served.service - served.came)
    waits.sort()
    assert waits[int(0.95 * len(waits))] == pytest.approx(p95_of_the_wait(workers, utilisation), rel=0.1, abs=0.02)


def join(line: Line, now: float, service: float) -> Place:
    place = line.join(now, service)
    assert place is not None
    return place


def test_first_come_is_first_served_by_whoever_is_free_first() -> None:
    line = Line(workers=2, places=10)
    places = [join(line, *given) for given in ((0.0, 3.0), (0.0, 1.0), (0.5, 1.0), (0.5, 5.0))]
    assert [place.done_at for place in places] == [3.0, 1.0, None, None]
    assert [line.waiting(now) for now in (0.5, 1.0, 2.0)] == [2, 1, 0]
    assert [place.done_at for place in places] == [3.0, 1.0, 2.0, 7.0]
    assert join(line, 100.0, 1.0).done_at == 101.0


def test_who_finds_no_place_is_turned_away_and_costs_no_time() -> None:
    line = Line(workers=1, places=1)
    served, waiting = join(line, 0.0, 1.0), join(line, 0.0, 1.0)
    assert line.join(0.5, 1.0) is None
    late = join(line, 1.0, 1.0)  # the one that waited is at work, so its place is free
    line.advance(9.0)
    assert [place.done_at for place in (served, waiting, late)] == [1.0, 2.0, 3.0]
    assert Line(workers=1, places=0).join(0.0, 1.0) is not None


def test_what_is_noticed_late_has_happened_at_its_moment() -> None:
    line = Line(workers=1, places=9)
    places = [join(line, 0.0, 1.0) for _ in range(4)]
    line.leave(places[0], 10.0)
    assert [place.done_at for place in places] == [1.0, 2.0, 3.0, 4.0]
    assert join(line, 10.0, 1.0).done_at == 11.0


def test_who_leaves_while_it_waits_frees_its_place_and_all_behind_it_move_up() -> None:
    line = Line(workers=1, places=2)
    _, gone, patient = (join(line, 0.0, 1.0) for _ in range(3))
    assert line.join(0.0, 1.0) is None
    line.leave(gone, 0.5)
    new = join(line, 0.5, 1.0)
    line.advance(9.0)
    assert (gone.done_at, patient.done_at, new.done_at) == (None, 2.0, 3.0)


def test_who_leaves_while_it_is_served_frees_its_worker_at_once() -> None:
    begun: list[str] = []
    line = Line(workers=1, places=2)
    gone, patient = line.join(0.0, 60.0, lambda: begun.append("gone")), join(line, 0.0, 1.0)
    assert gone is not None
    line.leave(gone, 0.5)
    assert (patient.done_at, begun) == (1.5, ["gone"])
    line.leave(gone, 0.7)  # once more changes nothing
    assert join(line, 0.7, 1.0).done_at is None
    line.leave(patient, 1.5)
    assert line.waiting(1.5) == 0


def test_those_who_left_are_not_kept() -> None:
    line = Line(workers=10, places=10)
    patient = [join(line, 0.0, 1e6) for _ in range(5)]
    for n in range(1_000):
        line.leave(join(line, float(n), 1e6), n + 0.5)
    assert len(line._served) <= 2 * len(patient) + 1


@given(st.integers(1, 3), st.lists(st.tuples(st.sampled_from([0.0, 0.3, 1.0]), st.integers(0, 8)), max_size=60))
def test_no_worker_is_idle_while_somebody_waits_and_none_has_two(workers: int, steps: list[tuple[float, int]]) -> None:
    line = Line(workers, places=100)
    now, places = 0.0, list[Place]()
    for wait, step in steps:
        now += wait
        if step < 5:
            places.append(join(line, now, step / 2))
        elif places:
            line.leave(places.pop(step % len(places)), now)
        waiting = line.waiting(now)
        served = [place for place in places if place.done_at is not None and place.done_at > now]
        assert len(served) <= workers
        assert waiting == sum(place.done_at is None for place in places)
        assert not waiting or len(served) == workers
