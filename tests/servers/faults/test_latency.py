import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from servers.faults.draw import draw
from servers.faults.latency import DISTRIBUTIONS, Distribution, depends_on_time

READ: TypeAdapter[Any] = TypeAdapter(Distribution)

WRITTEN: dict[str, dict[str, Any]] = {
    "fixed": {"delay": "80ms"},
    "uniform": {"from": "10ms", "to": "30ms"},
    "normal": {"mean": "100ms", "sd": "20ms"},
    "normal near zero": {"distribution": "normal", "mean": "10ms", "sd": "20ms"},
    "lognormal": {"p50": "80ms", "p99": "900ms"},
    "lognormal by mu": {"distribution": "lognormal", "mu": -2.0, "sigma": 0.5},
    "exponential": {"mean": "50ms"},
    "pareto": {"min": "10ms", "alpha": 1.2, "cap": "5s"},
    "empirical": {"percentiles": {0: "1ms", 50: "20ms", 99: "300ms", 100: "1s"}},
    "mixture": {
        "parts": [
            {"weight": 9, "of": {"distribution": "exponential", "mean": "20ms"}},
            {"weight": 1, "of": {"distribution": "uniform", "from": "1s", "to": "2s"}},
        ]
    },
    "ramp": {"from": "10ms", "to": "500ms", "over": "10s"},
}


def distribution(name: str) -> Any:
    return READ.validate_python({"distribution": name, **WRITTEN[name]})


def truncated_normal(rng: random.Random) -> float:
    while True:
        if (value := rng.gauss(0.01, 0.02)) >= 0:
            return value


def bounded_pareto(rng: random.Random) -> float:
    while True:
        if (value := 0.01 * rng.paretovariate(1.2)) <= 5:
            return value


SAMPLERS: dict[str, Callable[[random.Random], float]] = {
    "uniform": lambda rng: rng.uniform(0.01, 0.03),
    "normal": lambda rng: rng.gauss(0.1, 0.02),
    "normal near zero": truncated_normal,
    "lognormal": lambda rng: rng.lognormvariate(math.log(0.08), math.log(900 / 80) / 2.3263478740408408),
    "lognormal by mu": lambda rng: rng.lognormvariate(-2.0, 0.5),
    "exponential": lambda rng: rng.expovariate(20),
    "pareto": bounded_pareto,
    "mixture": lambda rng: rng.expovariate(50) if rng.random() < 0.9 else rng.uniform(1, 2),
}


def distance(one: list[float], other: list[float]) -> float:
    """Kolmogorov and Smirnov's, of two samples of the same size."""
    order = sorted([(value, 1) for value in one] + [(value, -1) for value in other])
    at, furthest = 0, 0
    for _, step in order:
        at += step
        furthest = max(furthest, abs(at))
    return furthest / len(one)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_distribution_is_what_its_name_says(name: str) -> None:
    rng, size = random.Random(1), 20_000
    expected = [SAMPLERS[name](rng) for _ in range(size)]
    drawn = [distribution(name).seconds(draw(5, "r", "t", n)) for n in range(size)]
    assert distance(drawn, expected) < 1.63 * math.sqrt(2 / size)  # 1 %


@pytest.mark.parametrize("name", [name for name in WRITTEN if name not in ("fixed", "ramp")])
def test_its_share_is_the_share_of_what_is_drawn(name: str) -> None:
    size = 5_000
    drawn = sorted(distribution(name).seconds(draw(5, "r", "t", n)) for n in range(size))
    furthest = max(
        abs(distribution(name).share(time) - i / size) for i, time in enumerate(drawn[::50]) for i in (i * 50,)
    )
    assert furthest < 1.63 / math.sqrt(size)


@pytest.mark.parametrize("name", WRITTEN)
@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1e6))
def test_every_draw_is_a_time_and_the_same_one_each_time(name: str, value: float, elapsed: float) -> None:
    seconds = distribution(name).seconds(value, elapsed)
    assert 0 <= seconds <= 86_400
    assert seconds == distribution(name).seconds(value, elapsed)


@pytest.mark.parametrize("name", [name for name in WRITTEN if name != "mixture"])
@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_a_greater_draw_is_no_shorter_time(name: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    seconds = distribution(name).seconds
    assert seconds(low) <= seconds(high) + 1e-12


@pytest.mark.parametrize(
    ("written", "draw_and_seconds"),
    [
        ("80ms", {0.0: 0.08, 0.999: 0.08}),
        (2, {0.5: 2.0}),
        ({"distribution": "uniform", "from": 1, "to": 3}, {0.0: 1.0, 0.5: 2.0}),
        ({"distribution": "normal", "mean": 10, "sd": 1}, {0.5: 10.0, 0.8413447460685429: 11.0}),
        ({"distribution": "normal", "mean": 0, "sd": 1}, {0.0: 0.0, 0.6826894921370859: 1.0}),  # one half of the bell
        ({"distribution": "lognormal", "p50": "80ms", "p99": "900ms"}, {0.5: 0.08, 0.99: 0.9}),
        ({"distribution": "lognormal", "mu": 0.0, "sigma": 2.0}, {0.5: 1.0}),
        ({"distribution": "exponential", "mean": 2}, {0.0: 0.0, 0.5: 2 * math.log(2)}),
        ({"distribution": "pareto", "min": 1, "alpha": 1.0, "cap": 2}, {0.0: 1.0, 0.5: 4 / 3}),
        (
            {"distribution": "empirical", "percentiles": {50: 1, 90: 5, 100: 7}},
            {0.0: 1.0, 0.5: 1.0, 0.7: 3.0, 0.95: 6.0},
        ),
        ({"distribution": "empirical", "percentiles": {0: 1, 50: 3}}, {0.25: 2.0, 0.5: 3.0, 0.99: 3.0}),
        (
            {"distribution": "mixture", "parts": [{"weight": 3, "of": 1}, {"weight": 1, "of": 2}]},
            {0.0: 1.0, 0.74: 1.0, 0.75: 2.0, 0.99: 2.0},
        ),
    ],
)
def test_a_draw_is_turned_into_seconds(written: Any, draw_and_seconds: dict[float, float]) -> None:
    made = READ.validate_python(written)
    assert {value: made.seconds(value) for value in draw_and_seconds} == pytest.approx(draw_and_seconds)


def test_a_distribution_is_taken_as_it_is() -> None:
    made = distribution("lognormal")
    assert READ.validate_python(made) is made


def test_a_ramp_goes_by_the_time_and_not_by_the_draw() -> None:
    ramp = distribution("ramp")
    assert [ramp.seconds(0.3, elapsed) for elapsed in (0.0, 5.0, 10.0, 99.0)] == pytest.approx([0.01, 0.255, 0.5, 0.5])


def test_only_a_ramp_depends_on_time_also_inside_a_mixture() -> None:
    inside = READ.validate_python(
        {
            "distribution": "mixture",
            "parts": [{"weight": 1, "of": 1}, {"weight": 1, "of": {"distribution": "ramp", **WRITTEN["ramp"]}}],
        }
    )
    assert [name for name in DISTRIBUTIONS if depends_on_time(distribution(name))] == ["ramp"]
    assert depends_on_time(inside)


@pytest.mark.parametrize(
    ("content", "seconds"),
    [
        ("0.01\n0.02\n0.03\n", {0.0: 0.01, 0.5: 0.02, 0.75: 0.025}),
        ("30ms\n\n10ms\n20ms\n", {0.0: 0.01, 0.5: 0.02}),
        ("latency\n10ms\n30ms\n", {0.5: 0.02}),
        ("percentile,latency\n0,10ms\n50,20ms\n100,1s\n", {0.0: 0.01, 0.5: 0.02, 0.75: 0.51}),
    ],
)
def test_a_csv_file_is_read_beside_the_profile(tmp_path: Path, content: str, seconds: dict[float, float]) -> None:
    (tmp_path / "times.csv").write_text(content)
    made = READ.validate_python({"distribution": "empirical", "csv": "times.csv"}, context={"folder": tmp_path})
    assert {value: made.seconds(value) for value in seconds} == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "should have two lines or more"),
        ("10ms\n", "should have two lines or more"),
        ("1,2\n3\n", "should have two lines or more"),
        ("10ms\nsecret\n", "line 2 should be a duration"),
        ("0,10ms\n101,20ms\n", "line 2 should be a duration"),
        ("0,10ms\n0,20ms\n", "should have each percentile once"),
        ("0,20ms\n100,10ms\n", "should have percentiles whose times do not fall"),
    ],
)
def test_a_bad_csv_file_is_refused_and_not_quoted(tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "times.csv").write_text(content)
    with pytest.raises(ValidationError, match=problem) as raised:
        READ.validate_python({"distribution": "empirical", "csv": "times.csv"}, context={"folder": tmp_path})
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(("name", "problem"), [("none.csv", "No such file"), (".", "should be a file"), ("", "path")])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        READ.validate_python({"distribution": "empirical", "csv": name}, context={"folder": tmp_path})


def test_a_profile_that_is_no_file_reads_no_files() -> None:
    with pytest.raises(ValidationError, match="can only be read by a profile in a file"):
        READ.validate_python({"distribution": "empirical", "csv": "/etc/passwd"}, context={"folder": None})


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (None, "should be a duration"),
        (True, "should be a duration"),
        ("soon", "should be a duration such as"),
        (-1, "should not be negative"),
        ("2d", "a day or less"),
        (10**400, "a day or less"),
        ({}, "should have a distribution, one of fixed, uniform"),
        ({"distribution": "gamma"}, "distribution\n.*should be 'fixed', 'uniform'"),
        ({"distribution": ["fixed"]}, "distribution\n.*should be 'fixed', 'uniform'"),
        ({"distribution": "fixed"}, "delay"),
        ({"distribution": "fixed", "delay": 1, "jitter": 2}, "jitter"),
        ({"distribution": "uniform", "from": 2, "to": 1}, "should have from below to"),
        ({"distribution": "normal", "mean": 1, "sd": 0}, "sd"),
        ({"distribution": "lognormal", "p50": 1}, "should have p50 and p99, or mu and sigma"),
        ({"distribution": "lognormal", "p50": 1, "p99": 2, "mu": 1.0}, "should have p50 and p99, or mu and sigma"),
        ({"distribution": "lognormal", "p50": 1, "sigma": 1.0}, "should have p50 and p99, or mu and sigma"),
        ({"distribution": "lognormal", "p50": 2, "p99": 1}, "should have p50 below p99"),
        ({"distribution": "lognormal", "mu": float("inf"), "sigma": 1.0}, "mu"),
        ({"distribution": "exponential", "mean": 0}, "mean"),
        ({"distribution": "pareto", "min": 1, "alpha": 1.0}, "cap"),
        ({"distribution": "pareto", "min": 2, "alpha": 1.0, "cap": 2}, "should have min below cap"),
        ({"distribution": "pareto", "min": 1, "alpha": 0, "cap": 2}, "alpha"),
        ({"distribution": "empirical"}, "should have either percentiles or csv"),
        ({"distribution": "empirical", "percentiles": {50: 1}}, "should have two or more of them"),
        ({"distribution": "empirical", "percentiles": {50: 1, 101: 2}}, "percentiles"),
        ({"distribution": "empirical", "percentiles": {"p50": 1, 99: 2}}, "percentiles"),
        ({"distribution": "empirical", "percentiles": {50: 2, 99: 1}}, "times do not fall"),
        ({"distribution": "mixture", "parts": [{"weight": 1, "of": 1}]}, "should have two or more of them"),
        ({"distribution": "mixture", "parts": [{"weight": 0, "of": 1}, {"weight": 1, "of": 1}]}, "weight"),
        ({"distribution": "ramp", "from": 1, "to": 2}, "over"),
    ],
)
def test_bad_settings_are_refused_with_a_sentence_that_names_the_field(written: Any, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        READ.validate_python(written)


def test_a_description_of_the_format_can_be_made() -> None:
    assert "lognormal" in str(READ.json_schema())
