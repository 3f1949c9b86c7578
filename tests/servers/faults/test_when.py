from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from servers.faults.when import Bucket, Tokens, When


def hit(when: When, calls: int = 20) -> list[int]:
    return [n for n in range(1, calls + 1) if when.hits(0.5, n)]


@pytest.mark.parametrize(
    ("written", "calls"),
    [
        ({}, list(range(1, 21))),
        ({"every": 7}, [7, 14]),
        ({"every": 7, "offset": 1}, [1, 8, 15]),
        ({"every": 7, "offset": 6}, [6, 13, 20]),
        ({"every": 1}, list(range(1, 21))),
        ({"first": 3}, [1, 2, 3]),
        ({"skip": 17}, [18, 19, 20]),
        ({"skip": 2, "first": 3}, [3, 4, 5]),
        ({"skip": 2, "first": 6, "every": 3}, [3, 6]),
        ({"probability": 0.5}, []),  # the draw is below it, or not
        ({"probability": 0.51, "every": 10}, [10, 20]),
        ({"probability": 0}, []),
        ({"probability": 1}, list(range(1, 21))),
    ],
)
def test_keyed_conditions_choose_calls_by_their_number(written: dict[str, Any], calls: list[int]) -> None:
    assert hit(When(**written)) == calls


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ({"after": "10s"}, [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]),
        ({"for": "3s"}, [0, 1, 2]),
        ({"after": "10s", "for": "3s"}, [10, 11, 12]),
        ({"burst": {"period": "6s", "length": "2s"}}, [0, 1, 6, 7, 12, 13, 18, 19]),
        ({"burst": {"period": "6s", "length": "2s"}, "after": "1s"}, [1, 2, 7, 8, 13, 14, 19]),
        ({"burst": {"period": "6s", "length": "2s"}, "for": "7s"}, [0, 1, 6]),
        ({"ramp": {"from": 0, "to": 1, "over": "10s"}}, list(range(6, 20))),  # above the draw, which is 0.5
        ({"ramp": {"from": 0, "to": 1, "over": "10s"}, "after": "8s"}, list(range(14, 20))),
        ({"ramp": {"from": 1.0, "to": 0.0, "over": "10s"}}, [0, 1, 2, 3, 4]),
    ],
)
def test_timed_conditions_choose_moments(written: dict[str, Any], seconds: list[int]) -> None:
    when = When.model_validate(written)
    assert [second for second in range(20) if when.hits(0.5, 1, float(second))] == seconds


def test_a_rule_that_has_hit_often_enough_hits_no_more() -> None:
    assert [When(max_count=2).hits(0.5, 9, 0.0, count) for count in (0, 1, 2, 3)] == [True, True, False, False]


def test_a_bucket_lets_calls_pass_while_it_has_tokens_and_fills_up_again() -> None:
    bucket = Bucket(rate=2.0, size=3)
    tokens: Tokens | None = None
    free = []
    for now in (0.0, 0.0, 0.0, 0.0, 0.25, 0.5, 0.5, 60.0, 60.0, 60.0, 60.0):
        passed, tokens = bucket.take(tokens, now)
        free.append(passed)
    assert free == [True, True, True, False, False, True, False, True, True, True, False]


@given(st.floats(1, 100), st.integers(1, 50), st.lists(st.floats(0, 1), max_size=200))
def test_a_bucket_never_lets_more_pass_than_flowed_in(rate: float, size: int, gaps: list[float]) -> None:
    bucket, tokens, now, passed = Bucket(rate=rate, size=size), None, 0.0, 0
    for gap in gaps:
        now += gap
        free, tokens = bucket.take(tokens, now)
        passed += free
    assert passed <= size + rate * now + 1e-6


@pytest.mark.parametrize(
    ("written", "conditions"),
    [
        ({"probability": 0.1, "every": 3, "offset": 1, "first": 9, "skip": 2}, ()),
        ({"after": 1, "for": 2}, ("after", "for")),
        ({"burst": {"period": 2, "length": 1}, "max_count": 3}, ("burst", "max_count")),
        ({"ramp": {"from": 0, "to": 1, "over": 1}, "bucket": {"rate": 1, "size": 1}}, ("ramp", "bucket")),
    ],
)
def test_conditions_that_depend_on_order_or_time_say_so(written: dict[str, Any], conditions: tuple[str, ...]) -> None:
    assert When.model_validate(written).order_or_time == conditions


@pytest.mark.parametrize(
    ("written", "place", "problem"),
    [
        ({"offset": 3}, "offset", "is for every, which is not given"),
        ({"every": 7, "offset": 7}, "offset", "should be below every"),
        ({"every": 9, "first": 3}, "first", "leaves no call that every 9 could hit"),
        ({"every": 9, "first": 3, "skip": 9}, "first", "leaves no call that every 9 could hit"),
        ({"probability": 0.1, "ramp": {"from": 0, "to": 1, "over": 1}}, "probability", "cannot go together with ramp"),
        ({"ramp": {"from": 0.5, "to": 0.5, "over": 1}}, "ramp.to", "should differ from from"),
        ({"burst": {"period": "1s", "length": "1s"}}, "burst.length", "should be shorter than period"),
        ({"burst": {"period": "9s", "length": "2s"}, "for": "2s"}, "for", "should be longer than"),
    ],
)
def test_conditions_that_do_not_go_together_are_found(written: dict[str, Any], place: str, problem: str) -> None:
    ((where, sentence),) = When.model_validate(written).problems()
    assert ".".join(where) == place
    assert sentence.startswith(problem)


@given(st.integers(1, 12), st.integers(0, 11), st.integers(1, 12), st.integers(0, 40))
def test_every_first_and_skip_are_refused_exactly_when_they_leave_nothing(
    every: int, offset: int, first: int, skip: int
) -> None:
    when = When(every=every, offset=offset % every, first=first, skip=skip)
    assert bool(hit(when, 100)) == (not list(when.problems()))


@pytest.mark.parametrize(
    "written",
    [
        {"probability": 1.1},
        {"probability": -0.1},
        {"probability": float("nan")},
        {"probability": "0.1"},
        {"probability": True},
        {"every": 0},
        {"every": 1.5},
        {"first": 0},
        {"skip": -1},
        {"after": "soon"},
        {"after": -1},
        {"after": 10**400},
        {"for": 0},
        {"burst": {"period": 1}},
        {"burst": 3},
        {"ramp": {"from": 0, "to": 2, "over": 1}},
        {"max_count": 0},
        {"bucket": {"rate": 0, "size": 1}},
        {"bucket": {"rate": 1, "size": 1, "per": "tool"}},
        {"often": 3},
    ],
)
def test_bad_conditions_are_refused(written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        When.model_validate(written)
