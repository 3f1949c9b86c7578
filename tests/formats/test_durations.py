import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        *[("250ms", 0.25), ("30s", 30), ("1m30s", 90), ("2h10m", 7800), ("1d", 86400), ("1.5s", 1.5), (" 5s ", 5)],
        *[("30", 30), (0.5, 0.5)],
    ],
)
def test_a_duration_is_read_in_seconds(written: object, seconds: float) -> None:
    assert parse_duration(written) == seconds


@pytest.mark.parametrize("written", ["", "s", "10x", "1m 30s", "-5s", "-5", "nan", "inf", "1e400", True, None, "5s5"])
def test_what_is_no_duration_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="^should be a duration"):
        parse_duration(written)


@given(milliseconds=st.integers(0, 10**10))
def test_a_duration_is_written_as_it_is_read(milliseconds: int) -> None:
    assert round(parse_duration(format_duration(milliseconds / 1000)) * 1000) == milliseconds
