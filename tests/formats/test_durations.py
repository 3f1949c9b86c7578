import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.durations import DAY, YEAR, format_duration, parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        *[("250ms", 0.25), ("30s", 30), ("1m30s", 90), ("2h10m", 7800), ("1d", 86400), ("1.5s", 1.5), (" 5s ", 5)],
        *[("30", 30), (0.5, 0.5), (".5", 0.5), ("1e3", 1000), (-0.0, 0), ("-0s", 0)],
    ],
)
def test_a_duration_is_read_in_seconds(written: object, seconds: float) -> None:
    assert parse_duration(written) == seconds
    assert math.copysign(1, parse_duration(written)) == 1


@pytest.mark.parametrize(
    "written",
    ["", "s", "-", "10x", "1m 30s", "1m-30s", "--5s", "nan", "inf", math.nan, True, None, "5s5", "1_0", "٣s", "٣"],
)
def test_what_is_no_duration_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="^should be a duration such as 500ms, 30s or 1m30s$"):
        parse_duration(written)


@pytest.mark.parametrize("written", ["-5s", "-5", -5, -0.001, "-1m30s", " -1d", -math.inf, -(10**400)])
def test_a_duration_is_not_negative(written: object) -> None:
    with pytest.raises(ValueError, match="^should not be negative$"):
        parse_duration(written)


@pytest.mark.parametrize("written", ["1e400", "9" * 500 + "s", 10**400, math.inf, "40000d"])
def test_a_duration_has_an_end(written: object) -> None:
    with pytest.raises(ValueError, match="^should be a duration of a century or less$"):
        parse_duration(written)


def test_a_limit_of_its_own_is_said_in_words() -> None:
    assert parse_duration("24h", DAY) == DAY
    with pytest.raises(ValueError, match="^should be a duration of a day or less$"):
        parse_duration("25h", DAY)
    with pytest.raises(ValueError, match="^should be a duration of a year or less$"):
        parse_duration(YEAR + 1, YEAR)


@given(milliseconds=st.integers(0, 10**10))
def test_a_duration_is_written_as_it_is_read(milliseconds: int) -> None:
    assert round(parse_duration(format_duration(milliseconds / 1000)) * 1000) == milliseconds
