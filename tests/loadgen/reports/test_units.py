from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.reports.units import clock, percent, size, target, threshold_limit, threshold_measured, threshold_name


def threshold(**changes: Any) -> dict[str, Any]:
    made = {"metric": "http_req_duration", "tags": {}, "expression": "p(95)<100", "aggregation": "p(95)"}
    return made | {"operator": "<", "limit": 100.0, "unit": "ms", "measured": 54.8766, "status": "pass"} | changes


FAILED = {"metric": "http_req_failed", "expression": "rate<0.001", "aggregation": "rate", "limit": 0.001, "unit": ""}


@pytest.mark.parametrize(
    ("changes", "measured", "limit"),
    [
        ({}, "54.88 ms", "< 100 ms"),
        ({"measured": 1234.56}, "1,234.6 ms", "< 100 ms"),
        ({"measured": None}, "no data", "< 100 ms"),
        ({"unit": "/s", "operator": ">", "limit": 1000.0, "measured": 2032.61}, "2,032.6 /s", "> 1,000 /s"),
        ({"unit": "", "operator": ">", "limit": 1000.0, "measured": 1200.0}, "1,200", "> 1,000"),
        (FAILED | {"measured": 0.00029}, "0.029 %", "< 0.1 %"),
        (FAILED | {"measured": 0.0}, "0.000 %", "< 0.1 %"),
    ],
)
def test_a_threshold_is_shown_with_its_unit(changes: dict[str, Any], measured: str, limit: str) -> None:
    assert threshold_measured(threshold(**changes)) == measured
    assert threshold_limit(threshold(**changes)) == limit


@pytest.mark.parametrize(
    ("measured", "shown"), [(100.0, "100.00 ms"), (100.001, "100.001 ms"), (99.9996, "99.9996 ms")]
)
def test_a_measured_value_is_not_rounded_to_the_limit(measured: float, shown: str) -> None:
    assert threshold_measured(threshold(measured=measured)) == shown


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_what_is_shown_lies_on_the_same_side_of_the_limit(measured: float, limit: float) -> None:
    shown = threshold_measured(threshold(measured=measured, limit=limit)).removesuffix(" ms").replace(",", "")
    assert (float(shown) == limit) <= (measured == limit)
    assert (float(shown) < limit) <= (measured <= limit)


def test_tags_stand_in_the_name() -> None:
    assert threshold_name(threshold()) == "http_req_duration: p(95)<100"
    assert threshold_name(threshold(window_seconds=30.0)) == "http_req_duration: p(95)<100 (last 30 s)"
    assert threshold_name(threshold(tags={"tool": "divide"})) == "http_req_duration{tool:divide}: p(95)<100"


def test_a_share_is_never_rounded_up_and_that_of_nothing_is_not_available() -> None:
    assert percent(999_999, 1_000_000) == "99.99 %"
    assert percent(0, 0) == "n/a"


@pytest.mark.parametrize(("count", "shown"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (84e6, "84.0 MB")])
def test_bytes_have_decimal_units(count: float, shown: str) -> None:
    assert size(count) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (65.9, "1:05"), (3605, "1:00:05")])
def test_a_moment_is_shown_as_a_clock_does(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_a_target_is_shown_with_its_unit() -> None:
    assert target({"target": "<10", "unit": "s"}) == "< 10 s"
    assert target({"target": ">= 300", "unit": ""}) == ">= 300"
