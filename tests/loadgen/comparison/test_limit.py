from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.comparison.estimate import estimate
from loadgen.comparison.limit import Verdict, judge, parse_limit, unsuited
from loadgen.comparison.rows import Kind, Row

TOOL_CALL = "mcp_tool_call_duration_ms"
KINDS: dict[str, Kind] = {
    TOOL_CALL: "trend",
    "http_reqs": "counter",
    "http_req_failed": "rate",
    "vus": "gauge",
    "http_req_duration{tool:divide}": "trend",
}


def judged(text: str, baseline: Sequence[float], current: Sequence[float], *, limited: bool = False) -> Verdict:
    limit = parse_limit(text)
    kind = KINDS[limit.metric]
    row = Row(limit.metric, kind, limit.aggregation, baseline[0], current[0], estimate(baseline, current))
    return judge(limit, [row], generator_limited=limited)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("p95>+10%", f"{TOOL_CALL}: p(95) > +10%"),
        ("p(95)>+10%", f"{TOOL_CALL}: p(95) > +10%"),
        (" avg > + 1.5 ms ", f"{TOOL_CALL}: avg > +1.5ms"),
        ("rate<-5%", "http_reqs: rate < -5%"),
        ("http_req_duration:p(99)>+5ms", "http_req_duration: p(99) > +5ms"),
        ("http_req_failed:rate>+0.1%", "http_req_failed: rate > +0.1%"),
        ("http_req_failed:rate>+0.1pp", "http_req_failed: rate > +0.1pp"),
        ("http_req_duration{tool:divide}:med>+0%", "http_req_duration{tool:divide}: med > +0%"),
        ("http_reqs{outcome:timeout(total)}:rate>+1/s", "http_reqs{outcome:timeout(total)}: rate > +1/s"),
        ("p99>-20%", f"{TOOL_CALL}: p(99) > -20%"),
    ],
)
def test_a_limit_is_read(text: str, meaning: str) -> None:
    assert str(parse_limit(text)) == meaning


@pytest.mark.parametrize(
    "text",
    ["", "p95", "p95>10%", "p95>+10", "p95>=+10%", "p95>+%", "p50>+1%", "max>+1%", ":p95>+1%", "p95>+1s", "p(95>+1e3%"],
)
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="should be"):
        parse_limit(text)


@given(st.text())
def test_no_text_gives_another_error(text: str) -> None:
    try:
        parse_limit(text)
    except ValueError as error:
        assert str(error).startswith("should be")  # noqa: PT017 - most texts are no limits, some may be


@given(
    st.sampled_from(["avg", "p(90)", "p(99)"]),
    st.sampled_from("<>"),
    st.floats(-1e6, 1e6).map(lambda value: round(value, 3)),
    st.sampled_from(["%", "ms"]),
)
def test_a_limit_as_reports_show_it_reads_as_itself(aggregation: str, operator: str, amount: float, unit: str) -> None:
    limit = parse_limit(f"{aggregation}{operator}{amount:+.3f}{unit}")
    assert parse_limit(str(limit)) == limit


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("p95>+10%", None),
        ("http_req_failed:rate>+1pp", None),
        ("http_req_connecting:avg>+1ms", None),
        ("operation_none_ms:avg>+1ms", None),
        ("http_reqs{outcome:reset}:rate>+1/s", None),
        ("http_req_durations:avg>+1ms", "http_req_durations is no metric (did you mean http_req_duration?)"),
        ("http_reqs:p95>+1%", "http_reqs is a counter, which has rate"),
        (f"{TOOL_CALL}:rate>+1%", f"{TOOL_CALL} is a trend, which has avg, med, p(90), p(95), p(99)"),
        ("vus:avg>+1%", "vus is a gauge, which is not compared"),
        ("p95>+1/s", f"{TOOL_CALL} is a trend: its limits are in % or ms"),
        ("http_req_failed:rate>+1/s", "http_req_failed is a rate: its limits are in % or pp"),
    ],
)
def test_a_limit_that_can_never_be_judged_says_why(text: str, complaint: str | None) -> None:
    assert unsuited(parse_limit(text), KINDS) == complaint


@pytest.mark.parametrize(
    ("text", "baseline", "current", "status"),
    [
        ("p95>+10%", [10], [11], "pass"),  # just the limit is not beyond it
        ("p95>+10%", [10], [11.01], "fail"),
        ("p95>+20%", [1.5], [1.8], "pass"),  # 1.8 - 1.2 x 1.5 is not 0 in a computer
        ("p95>+20%", [1.5, 1.5], [1.8, 1.8], "pass"),
        ("rate<-5%", [8.3], [7.885], "pass"),
        ("p95>+5ms", [10], [15], "pass"),
        ("p95>+5ms", [10], [15.1], "fail"),
        ("p95>-20%", [10], [8.1], "fail"),  # less than a fifth better
        ("p95<-20%", [10], [7.9], "fail"),
        ("rate<-5%", [100], [95], "pass"),
        ("rate<-5%", [100], [94], "fail"),
        ("rate<-5/s", [100], [94], "fail"),
        ("http_req_failed:rate>+0.1pp", [0], [0.001], "pass"),
        ("http_req_failed:rate>+0.1pp", [0], [0.0011], "fail"),
        ("http_req_failed:rate>+0.1%", [0], [0.0001], "fail"),  # any rise from 0 is more than any per cent
        ("http_req_failed:rate>+0.1%", [0], [0], "pass"),
    ],
)
def test_the_difference_decides_when_there_is_no_interval_or_one_of_a_point(
    text: str, baseline: Sequence[float], current: Sequence[float], status: str
) -> None:
    verdict = judged(text, baseline, current)
    assert (verdict.status, verdict.by_interval) == (status, len(baseline) > 1)


@pytest.mark.parametrize(
    ("current", "status", "beyond"),
    [
        ([14.0, 14.1, 14.2], "fail", True),
        ([9.0, 12.0, 15.0], "pass", True),  # 20 % more, but it may be chance
        ([10.5, 10.6, 10.7], "pass", False),
    ],
)
def test_with_several_the_whole_interval_must_be_beyond(current: Sequence[float], status: str, beyond: bool) -> None:
    verdict = judged("p95>+10%", [9.9, 10.0, 10.1], current)
    assert (verdict.status, verdict.beyond, verdict.by_interval) == (status, beyond, True)


def test_what_falls_is_judged_the_other_way_round() -> None:
    assert judged("rate<-5%", [99, 100, 101], [80, 81, 82]).status == "fail"
    assert judged("rate<-5%", [99, 100, 101], [80, 94, 120]).status == "pass"
    assert judged("rate<-5%", [99, 100, 101], [180, 181, 182]).status == "pass"


def test_a_limit_without_data_is_not_kept() -> None:
    limit = parse_limit("p95>+10%")
    assert judge(limit, [], generator_limited=False).status == "no data"
    row = Row(TOOL_CALL, "trend", "p(95)", None, 5.0, None)
    assert judge(limit, [row], generator_limited=False).status == "no data"


def test_latencies_and_rates_of_a_generator_at_its_limit_are_not_judged_but_shares_are() -> None:
    assert judged("p95>+10%", [10], [10], limited=True).status == "generator limited"
    assert judged("rate<-5%", [10], [10], limited=True).status == "generator limited"
    assert judged("http_req_failed:rate>+1pp", [0], [0], limited=True).status == "pass"
