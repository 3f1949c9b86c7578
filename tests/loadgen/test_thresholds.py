import operator as of
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from loadgen.catalogue import AGGREGATIONS, CATALOGUE, HTTP_REQS, Metric, find_metric, operation_metric
from loadgen.thresholds import (
    LONGEST_WINDOW,
    WINDOWED,
    Aggregation,
    Operator,
    Readings,
    Status,
    Tags,
    Threshold,
    Verdict,
    describe,
    is_worse,
    judge,
    parse_threshold,
    passed,
    should_abort,
)

HOLDS: dict[str, Callable[[float | Decimal, float | Decimal], bool]] = {
    "<": of.lt,
    "<=": of.le,
    ">": of.gt,
    ">=": of.ge,
    "==": of.eq,
    "===": of.eq,
    "!=": of.ne,
    "!==": of.ne,
}
LINE = re.compile(r"([✓✗]) (.+): (\S+?)=(\S+?)(ms|B/s|/s|B|%|) \(limit (\S+) (\S+?)(ms|B/s|/s|B|%|)\)")


@dataclass(frozen=True)
class Constant:
    """Readings that give one value for everything."""

    value: float | None

    def read(self, metric: str, tags: Tags, aggregation: Aggregation) -> float | None:  # noqa: ARG002 - a protocol
        return self.value


class Table:
    """Readings that know some values by metric, tags and aggregation."""

    def __init__(self, values: dict[tuple[str, Tags, str], float]) -> None:
        self._values = values

    def read(self, metric: str, tags: Tags, aggregation: Aggregation) -> float | None:
        return self._values.get((metric, tags, str(aggregation)))


def verdict_on(metric: str, expression: str, value: float | None, *, limited: bool = False) -> Verdict:
    return judge(parse_threshold(metric, expression), Constant(value), generator_limited=limited)


A_TREND_HAS = "a trend has avg, min, med, max, p(N), count"
IN_MILLISECONDS = "the limit of http_req_duration, a plain number in milliseconds"
OPERATORS = "the operators are < <= > >= == === != !=="

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), min_size=1, max_size=20)
TOOLS = st.from_regex(r"[A-Za-z0-9_./:-]{1,20}", fullmatch=True)
METRICS = st.sampled_from(CATALOGUE) | TOOLS.map(operation_metric)


def aggregations(metric: Metric) -> st.SearchStrategy[Aggregation]:
    plain = {
        "avg": Aggregation("avg"),
        "min": Aggregation("min"),
        "med": Aggregation("med"),
        "max": Aggregation("max"),
        "count": Aggregation("count"),
        "rate": Aggregation("rate"),
        "value": Aggregation("value"),
    }
    names = [plain[name] for name in metric.aggregations if name in plain]
    percentiles = st.floats(0, 100).map(lambda percent: Aggregation("p", percent))
    return st.sampled_from(names) | percentiles if "p(N)" in metric.aggregations else st.sampled_from(names)


@st.composite
def tags_of(draw: st.DrawFn, metric: Metric) -> Tags:
    keys = draw(st.lists(st.sampled_from(metric.tags), unique=True))
    tags = {}
    for key in keys:
        value = draw(st.sampled_from(["true", "false"]) if key == "expected_response" else TEXTS)
        assume(not ('"' in value and "'" in value))  # such a value cannot be written
        tags[key] = value
    return tuple(sorted(tags.items()))


@st.composite
def thresholds(draw: st.DrawFn) -> Threshold:
    metric = draw(METRICS)
    stretch = draw(st.booleans())
    tags = draw(tags_of(metric))
    windowed = metric.name in WINDOWED and {key for key, _ in tags} <= {"scenario"}
    return Threshold(
        metric.name,
        tags,
        draw(aggregations(metric)),
        draw(st.sampled_from(get_args(Operator))),
        draw(st.floats(0, 1) if metric.kind == "rate" else FLOATS),
        abort_on_fail=not stretch and draw(st.booleans()),
        delay_abort_eval=draw(st.floats(0, 1e6)),
        window=draw(st.none() | st.floats(0.1, LONGEST_WINDOW)) if windowed else None,
        stretch=stretch,
    )


@pytest.mark.parametrize(
    ("metric", "expression", "expected"),
    [
        ("http_req_duration", "p(95)<100", Threshold("http_req_duration", (), Aggregation("p", 95), "<", 100)),
        ("http_req_duration", "p(99.9) <= 200", Threshold("http_req_duration", (), Aggregation("p", 99.9), "<=", 200)),
        ("http_req_duration", " p ( 95 ) < 1e2 ", Threshold("http_req_duration", (), Aggregation("p", 95), "<", 100)),
        ("operation_add_ms", "avg<50", Threshold("operation_add_ms", (), Aggregation("avg"), "<", 50)),
        ("operation_ns.get-it_ms", "min>=.5", Threshold("operation_ns.get-it_ms", (), Aggregation("min"), ">=", 0.5)),
        ("iteration_duration", "med!=5", Threshold("iteration_duration", (), Aggregation("med"), "!=", 5)),
        ("iteration_duration", "max!==5", Threshold("iteration_duration", (), Aggregation("max"), "!==", 5)),
        ("iteration_duration", "count>5", Threshold("iteration_duration", (), Aggregation("count"), ">", 5)),
        ("http_req_failed", "rate<0.001", Threshold("http_req_failed", (), Aggregation("rate"), "<", 0.001)),
        ("checks", "rate===1", Threshold("checks", (), Aggregation("rate"), "===", 1)),
        ("http_reqs", "rate>1000", Threshold("http_reqs", (), Aggregation("rate"), ">", 1000)),
        ("http_reqs", "count==1000", Threshold("http_reqs", (), Aggregation("count"), "==", 1000)),
        ("vus", "value<5", Threshold("vus", (), Aggregation("value"), "<", 5)),
    ],
)
def test_a_criterion_is_read_as_k6_reads_it(metric: str, expression: str, expected: Threshold) -> None:
    assert parse_threshold(metric, expression) == expected


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("http_req_duration{tool:divide}", (("tool", "divide"),)),
        (" http_req_duration { tool : divide } ", (("tool", "divide"),)),
        ("http_req_duration{scenario:a,outcome:hold 100}", (("outcome", "hold 100"), ("scenario", "a"))),
        ("http_req_duration{outcome:http_status(503)}", (("outcome", "http_status(503)"),)),
        ("http_req_duration{tool:ns:divide}", (("tool", "ns:divide"),)),
        ("http_req_duration{expected_response:true}", (("expected_response", "true"),)),
        ("http_req_duration{scenario:\"a, {b}\",tool:'x'}", (("scenario", "a, {b}"), ("tool", "x"))),
    ],
)
def test_a_sub_metric_has_its_tags_in_braces(text: str, tags: Tags) -> None:
    threshold = parse_threshold(text, "avg<1")
    assert (threshold.metric, threshold.tags) == ("http_req_duration", tags)


@pytest.mark.parametrize("value", ["a,b", "it's", "'quoted'", 'say "a, b"', " spaced ", "{a}", "a:b"])
def test_a_value_that_is_not_plain_is_written_in_quotes(value: str) -> None:
    threshold = Threshold("http_reqs", (("scenario", value),), Aggregation("count"), ">", 1)
    assert parse_threshold(threshold.metric_text, str(threshold)) == threshold


def test_the_order_of_tags_makes_no_difference() -> None:
    a, b = ("http_reqs{tool:add,outcome:hold}", "http_reqs{outcome:hold,tool:add}")
    assert parse_threshold(a, "count>1") == parse_threshold(b, "count>1")


@given(thresholds())
def test_what_is_written_is_read_as_the_same(threshold: Threshold) -> None:
    again = parse_threshold(
        threshold.metric_text,
        str(threshold),
        abort_on_fail=threshold.abort_on_fail,
        delay_abort_eval=threshold.delay_abort_eval,
        window=threshold.window,
        stretch=threshold.stretch,
    )
    assert again == threshold


@pytest.mark.parametrize("expression", ["p(95)<100", "p(99.9)<=0.5", "avg>1", "count!==3", "med===7"])
def test_an_expression_stays_as_it_was_written(expression: str) -> None:
    assert str(parse_threshold("http_req_duration", expression)) == expression


PIECES = st.lists(
    st.sampled_from(
        [
            *"{}:,\"' p()<=!1.e-%\n\x00\u2028",
            "http_reqs",
            "operation_",
            "add",
            "_ms",
            "tool",
            "rate",
            "count",
            "95",
            "inf",
        ]
    ),
    max_size=12,
).map("".join)


@given(PIECES | st.text() | METRICS.map(lambda metric: metric.name), PIECES | st.text())
@example("http_reqs", "rate>" + "9" * 5000)
@example("http_req_duration", "p(" + "9" * 5000 + ")<1")
@example("http_reqs{tool:\ud800}", "rate>1")
@example("x" * 10_000, "rate>1")
@example("operation_a\u2028b_ms", "avg<1")
@example("http_reqs", "rate>\u0661")
def test_any_text_is_read_or_refused_in_one_short_line(metric: str, expression: str) -> None:
    try:
        threshold = parse_threshold(metric, expression)
    except ValueError as error:
        (line,) = str(error).splitlines()
        assert line.isprintable()
        assert len(line) < 400
    else:
        assert parse_threshold(threshold.metric_text, str(threshold)) == threshold


@pytest.mark.parametrize(
    ("metric", "expression", "sentence"),
    [
        ("http_req_durations", "avg<1", '"http_req_durations" is not a metric (did you mean http_req_duration?)'),
        ("operation_params", "avg<1", '"operation_params" is not a metric (did you mean operation_params_ms?)'),
        ("operation_ms", "avg<1", '"operation_ms" is not a metric (did you mean operation_<tool>_ms?)'),
        ("", "avg<1", '"" names no metric, such as http_req_duration'),
        (
            "http_reqs tool",
            "count<1",
            '"http_reqs tool" should be a metric, or a metric with tags as in http_reqs{tag:value}',
        ),
        (
            "http_reqs{tols:add}",
            "count<1",
            f'"tols" is no tag of http_reqs (did you mean tool?); its tags are {", ".join(HTTP_REQS.tags)}',
        ),
        ("vus{tool:add}", "value<1", '"tool" is no tag of vus; its tags are scenario'),
        ("vus{}", "value<1", '"vus{}" names no tag of vus; its tags are scenario'),
        ("vus{scenario}", "value<1", 'the tag scenario in "vus{scenario}" should have a value, as in scenario:value'),
        ("vus{scenario:}", "value<1", 'the tag scenario in "vus{scenario:}" should have a value, as in scenario:value'),
        (
            "vus{scenario:''}",
            "value<1",
            "the tag scenario in \"vus{scenario:''}\" should have a value, as in scenario:value",
        ),
        (
            "vus{scenario:a\x00}",
            "value<1",
            'the tag scenario in "vus{scenario:a }" should have a value, as in scenario:value',
        ),
        ("operation_a\x00b_ms", "avg<1", '"operation_a b_ms" is not a metric (did you mean operation_ab_ms?)'),
        ("vus{scenario:a", "value<1", '"vus{scenario:a" should end with its tags in braces, as in vus{tag:value}'),
        ("vus{scenario:a}b", "value<1", '"vus{scenario:a}b" should end with its tags in braces, as in vus{tag:value}'),
        ("vus{scenario:a,scenario:b}", "value<1", '"vus{scenario:a,scenario:b}" has the tag scenario twice'),
        (
            "checks{expected_response:tru}",
            "rate<1",
            'the tag expected_response is true or false, not "tru" (did you mean true?)',
        ),
        (
            "http_req_duration",
            "p95<1",
            f'"p95" is no aggregation of http_req_duration (did you mean p(95)?); {A_TREND_HAS}',
        ),
        (
            "http_req_duration",
            "mean<1",
            f'"mean" is no aggregation of http_req_duration (did you mean avg?); {A_TREND_HAS}',
        ),
        ("http_reqs", "p(95)<1", '"p" is no aggregation of http_reqs; a counter has count, rate'),
        (
            "http_req_failed",
            "rates<1",
            '"rates" is no aggregation of http_req_failed (did you mean rate?); a rate has rate',
        ),
        ("checks", "value<1", '"value" is no aggregation of checks; a rate has rate'),
        ("vus", "max<1", '"max" is no aggregation of vus; a gauge has value'),
        ("vus", "", '"" names no aggregation of vus; a gauge has value'),
        ("http_req_duration", "p<1", 'in "p<1" the percentile should stand in parentheses, as in p(95)'),
        ("http_req_duration", "p(95<1", 'in "p(95<1" the percentile should stand in parentheses, as in p(95)'),
        ("http_req_duration", "p(100.1)<1", "a percentile goes from 0 to 100, which p(100.1) does not"),
        ("http_req_duration", "p(-1)<1", "a percentile goes from 0 to 100, which p(-1) does not"),
        (
            "vus",
            "value=<1",
            'in "value=<1" =< is no operator (did you mean <=?); ' + OPERATORS,
        ),
        ("vus", "value 1", 'in "value 1" the operator is missing; ' + OPERATORS),
        ("vus", "value<", 'in "value<" the limit after < should be a finite number'),
        ("vus", "value<nan", 'in "value<nan" the limit after < should be a finite number'),
        ("vus", "value<inf", 'in "value<inf" the limit after < should be a finite number'),
        ("vus", "value<\u0661", 'in "value<\u0661" the limit after < should be a finite number'),
        ("vus", "value<1e999", 'in "value<1e999" the limit after < should be a finite number'),
        (
            "http_req_duration",
            "avg<100ms",
            f'"ms" should not follow {IN_MILLISECONDS} (did you mean avg<100?)',
        ),
        (
            "http_req_duration",
            "p(95)<0.1s",
            f'"s" should not follow {IN_MILLISECONDS} (did you mean p(95)<100?)',
        ),
        (
            "http_reqs",
            "rate>1000/s",
            '"/s" should not follow the limit of http_reqs, a plain number per second (did you mean rate>1000?)',
        ),
        (
            "checks",
            "rate>99.9%",
            '"%" should not follow the limit of checks, a plain number from 0 to 1 (did you mean rate>0.999?)',
        ),
        ("data_sent", "count<5MB", '"MB" should not follow the limit of data_sent, a plain number in bytes'),
        ("vus", "value<5 users", '"users" should not follow the limit of vus, a plain number'),
        ("checks", "rate>99.9", "checks goes from 0 to 1 (95 % is 0.95), so it has no limit of 99.9"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_the_nearest_valid_name(
    metric: str, expression: str, sentence: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        parse_threshold(metric, expression)


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
def test_delays_and_windows_are_times(seconds: float) -> None:
    with pytest.raises(ValueError, match="^delay_abort_eval should be zero or more seconds$"):
        parse_threshold("vus", "value<1", delay_abort_eval=seconds)
    with pytest.raises(ValueError, match="^window should be more than zero seconds, and 60 at most$"):
        parse_threshold("vus", "value<1", window=seconds)


def test_a_window_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="^window should be more than zero seconds, and 60 at most$"):
        parse_threshold("vus", "value<1", window=0)


@pytest.mark.parametrize("metric", ["http_req_waiting", "operation_add_ms", "http_req_duration{tool:add}"])
def test_a_window_on_what_is_not_kept_by_the_second_is_refused(metric: str) -> None:
    with pytest.raises(ValueError, match="^a window is for dropped_iterations, http_req_duration, "):
        parse_threshold(metric, "p(95)<1", window=10)


def test_a_stretch_goal_cannot_abort() -> None:
    with pytest.raises(ValueError, match="^a stretch goal never fails the run, so it cannot abort it"):
        parse_threshold("vus", "value<1", stretch=True, abort_on_fail=True)


@pytest.mark.parametrize("metric", [*CATALOGUE, operation_metric("add")], ids=lambda metric: metric.name)
def test_every_metric_takes_each_aggregation_of_its_type_and_no_other(metric: Metric) -> None:
    for kind in AGGREGATIONS.values():
        for name in kind:
            expression = name.replace("N", "95") + "<1"
            if name in metric.aggregations:
                assert str(parse_threshold(metric.name, expression)) == expression
            else:
                with pytest.raises(ValueError, match="is no aggregation of"):
                    parse_threshold(metric.name, expression)


@pytest.mark.parametrize(
    ("metric", "expression", "unit"),
    [
        ("http_req_duration", "p(95)<1", "ms"),
        ("operation_add_ms", "avg<1", "ms"),
        ("http_req_duration", "count<1", ""),
        ("http_reqs", "rate<1", "/s"),
        ("http_reqs", "count<1", ""),
        ("data_sent", "count<1", "B"),
        ("data_received", "rate<1", "B/s"),
        ("checks", "rate<1", ""),
        ("vus", "value<1", ""),
    ],
)
def test_limit_and_measured_value_have_the_unit_of_metric_and_aggregation(
    metric: str, expression: str, unit: str
) -> None:
    assert parse_threshold(metric, expression).unit == unit


def test_the_value_of_the_tagged_metric_is_judged() -> None:
    readings = Table(
        {
            ("http_req_duration", (), "p(95)"): 10,
            ("http_req_duration", (("tool", "divide"),), "p(95)"): 125,
            ("http_req_duration", (("tool", "divide"),), "avg"): 20,
        }
    )
    threshold = parse_threshold("http_req_duration{tool:divide}", "p(95)<100")
    assert judge(threshold, readings, generator_limited=False) == Verdict(threshold, 125, "fail")
    assert judge(replace(threshold, tags=()), readings, generator_limited=False).status == "pass"
    assert judge(replace(threshold, aggregation=Aggregation("avg")), readings, generator_limited=False).status == "pass"


@given(thresholds(), FLOATS, st.booleans())
def test_a_verdict_is_what_the_operator_says(threshold: Threshold, value: float, at_the_limit: bool) -> None:
    measured = threshold.limit if at_the_limit else value
    verdict = judge(threshold, Constant(measured), generator_limited=False)
    holds = HOLDS[threshold.operator](measured, threshold.limit)
    assert verdict == Verdict(threshold, measured, "pass" if holds else "fail")


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
@pytest.mark.parametrize("sign", get_args(Operator))
@pytest.mark.parametrize("limited", [True, False])
def test_without_data_nothing_is_met(value: float | None, sign: str, limited: bool) -> None:
    verdict = verdict_on("http_req_duration", f"p(95){sign}100", value, limited=limited)
    assert (verdict.status, verdict.measured) == ("no data", None)
    assert not passed([verdict])


@pytest.mark.parametrize(
    ("metric", "expression", "value", "status"),
    [
        ("http_req_duration", "p(95)<100", 75, "generator limited"),
        ("http_req_duration", "p(95)<100", 125, "generator limited"),
        ("operation_add_ms", "avg<100", 75, "generator limited"),
        ("mcp_session_creation_ms", "max<100", 75, "generator limited"),
        ("http_reqs", "rate>1000", 2000, "generator limited"),
        ("http_reqs{tool:add}", "rate>1000", 2000, "generator limited"),
        ("iterations", "rate>1000", 2000, "generator limited"),
        ("dropped_iterations", "count<1", 0, "generator limited"),
        ("dropped_iterations", "rate<1", 0, "generator limited"),
        ("http_req_duration", "count>10", 75, "pass"),
        ("http_reqs", "count>1000", 2000, "pass"),
        ("iterations", "count>1000", 20, "fail"),
        ("http_req_failed", "rate<0.1", 0.01, "pass"),
        ("checks", "rate>0.9", 0.5, "fail"),
        ("data_sent", "rate>1", 2, "pass"),
        ("vus", "value>1", 2, "pass"),
    ],
)
def test_a_limited_generator_spoils_latencies_and_arrival_rates_only(
    metric: str, expression: str, value: float, status: Status
) -> None:
    verdict = verdict_on(metric, expression, value, limited=True)
    assert (verdict.status, verdict.measured) == (status, value)
    assert passed([verdict]) == (status == "pass")


@pytest.mark.parametrize("status", get_args(Status))
def test_the_gate_wants_every_criterion_met_except_stretch_goals(status: Status) -> None:
    met, other = Verdict(parse_threshold("vus", "value>1"), 2, "pass"), parse_threshold("vus", "value>3")
    measured = None if status == "no data" else 2
    assert passed([met, Verdict(other, measured, status)]) == (status == "pass")
    assert passed([met, Verdict(replace(other, stretch=True), measured, status)])


def test_a_gate_without_criteria_is_open() -> None:
    assert passed(())


@pytest.mark.parametrize("status", get_args(Status))
@pytest.mark.parametrize("abort_on_fail", [True, False])
@pytest.mark.parametrize("seconds", [0, 29.9, 30, 31])
def test_only_a_missed_criterion_aborts_and_only_after_its_delay(
    status: Status, abort_on_fail: bool, seconds: float
) -> None:
    threshold = parse_threshold("vus", "value>3", abort_on_fail=abort_on_fail, delay_abort_eval=30)
    verdict = Verdict(threshold, None if status == "no data" else 2, status)
    assert should_abort(threshold, verdict, seconds) == (abort_on_fail and status == "fail" and seconds >= 30)


def test_a_stretch_goal_never_aborts() -> None:
    threshold = replace(parse_threshold("vus", "value>3", abort_on_fail=True), stretch=True)
    assert not should_abort(threshold, Verdict(threshold, 2, "fail"), 60)


def test_a_criterion_without_delay_aborts_at_once() -> None:
    threshold = parse_threshold("vus", "value>3", abort_on_fail=True)
    assert should_abort(threshold, Verdict(threshold, 2, "fail"), 0)


@pytest.mark.parametrize(
    ("metric", "expression", "value", "line"),
    [
        ("http_req_duration", "p(95)<100", 75.2, "✓ http_req_duration: p(95)=75.2ms (limit < 100ms)"),
        ("http_req_duration", "p(95)<100", 125.0, "✗ http_req_duration: p(95)=125ms (limit < 100ms)"),
        ("http_req_duration", "p(95)<100", 99.96, "✓ http_req_duration: p(95)=99.96ms (limit < 100ms)"),
        ("http_req_duration", "p(95)<100", 100.0, "✗ http_req_duration: p(95)=100ms (limit < 100ms)"),
        ("http_req_duration", "p(95)<=100", 100.0004, "✗ http_req_duration: p(95)=100.0004ms (limit <= 100ms)"),
        ("http_req_duration", "p(99.9)<1.5", 0.034219, "✓ http_req_duration: p(99.9)=0.0342ms (limit < 1.5ms)"),
        ("http_req_duration{tool:add}", "avg<5", 4, "✓ http_req_duration{tool:add}: avg=4ms (limit < 5ms)"),
        ("operation_divide_ms", "p(95)<50", None, "✗ operation_divide_ms: p(95) no data (limit < 50ms)"),
        ("http_reqs", "rate>1000", 812.41, "✗ http_reqs: rate=812.4/s (limit > 1000/s)"),
        ("http_reqs", "rate>1000", 1e6, "✓ http_reqs: rate=1000000/s (limit > 1000/s)"),
        ("http_reqs", "count>1000", 812, "✗ http_reqs: count=812 (limit > 1000)"),
        ("data_sent", "count<1000", 812, "✓ data_sent: count=812B (limit < 1000B)"),
        ("data_sent", "rate<1000", 81.25, "✓ data_sent: rate=81.2B/s (limit < 1000B/s)"),
        ("checks", "rate>0.999", 0.9985, "✗ checks: rate=99.85% (limit > 99.9%)"),
        ("checks", "rate>0.999", 0.99895, "✗ checks: rate=99.895% (limit > 99.9%)"),
        ("checks", "rate>=1", 0.99996, "✗ checks: rate=99.996% (limit >= 100%)"),
        ("checks", "rate>0.9", 0.99996, "✓ checks: rate=99.996% (limit > 90%)"),
        ("checks", "rate>=1", 1, "✓ checks: rate=100% (limit >= 100%)"),
        ("http_req_failed", "rate<0.001", 0, "✓ http_req_failed: rate=0% (limit < 0.1%)"),
        ("http_req_failed", "rate<0.001", 0.0000012345, "✓ http_req_failed: rate=0.000123% (limit < 0.1%)"),
        ("vus", "value>=5", 4, "✗ vus: value=4 (limit >= 5)"),
    ],
)
def test_a_verdict_is_one_line_for_people(metric: str, expression: str, value: float | None, line: str) -> None:
    assert describe(verdict_on(metric, expression, value)) == line


def test_a_line_says_what_is_special_about_its_criterion() -> None:
    threshold = parse_threshold("http_req_duration", "p(95)<75", stretch=True, window=30)
    assert (
        describe(judge(threshold, Constant(80), generator_limited=False))
        == "✗ http_req_duration: p(95)=80ms (stretch goal < 75ms, any 30s)"
    )
    assert (
        describe(verdict_on("http_req_duration", "p(95)<75", 50, limited=True))
        == "✗ http_req_duration: p(95)=50ms (limit < 75ms): the generator was the limit"
    )


@pytest.mark.parametrize(
    ("expression", "from_worst_to_best"),
    [
        ("p(95)<75", (200, 80, 70, 20)),
        ("p(95)>75", (20, 70, 80, 200)),
        ("p(95)==75", (200, 80, 75)),
        ("p(95)!=75", (75, 80, 200)),
    ],
)
def test_what_is_farther_on_the_wrong_side_is_worse(expression: str, from_worst_to_best: tuple[float, ...]) -> None:
    verdicts = [verdict_on("http_req_duration", expression, value) for value in from_worst_to_best]
    for number, verdict in enumerate(verdicts):
        assert [is_worse(verdict, other) for other in verdicts] == [n > number for n in range(len(verdicts))]


@st.composite
def measured(draw: st.DrawFn) -> tuple[Threshold, float]:
    threshold = replace(draw(thresholds()), stretch=False, window=None)
    metric = find_metric(threshold.metric)
    assert metric is not None
    value = draw(st.floats(0, 1) if metric.kind == "rate" else FLOATS)
    near = draw(st.sampled_from([None, 1 - 1e-15, 1 - 1e-9, 1 - 1e-4, 1.0, 1 + 1e-4, 1 + 1e-9, 1 + 1e-15]))
    if near is not None and abs(threshold.limit * near) < 1e300:
        value = threshold.limit * near
    return threshold, value


@given(measured())
def test_the_shown_value_has_the_same_relation_to_the_shown_limit_as_the_verdict(
    case: tuple[Threshold, float],
) -> None:
    threshold, value = case
    line = describe(judge(threshold, Constant(value), generator_limited=False))
    mark, metric, aggregation, shown, unit, sign, limit, unit_of_limit = shown_in(line)
    scale = 100 if unit == "%" else 1
    assert (metric, aggregation, sign) == (threshold.metric_text, str(threshold.aggregation), threshold.operator)
    assert HOLDS[sign](Decimal(shown), Decimal(limit)) == (mark == "✓") == HOLDS[sign](value, threshold.limit)
    assert unit == unit_of_limit == ("%" if scale == 100 else threshold.unit)
    assert Decimal(limit) == Decimal(repr(threshold.limit)) * scale
    assert float(Decimal(shown) / scale) == pytest.approx(value, rel=0.05)


def shown_in(line: str) -> tuple[str, ...]:
    match = LINE.fullmatch(line)
    assert match is not None
    return match.groups()


@given(st.integers(0, 10**7), st.integers(1, 10**7))
def test_a_share_is_shown_as_all_or_nothing_only_when_it_is(part: int, whole: int) -> None:
    share = min(part, whole) / whole
    line = describe(verdict_on("checks", "rate>0.5", share))
    assert ("=100%" in line) == (share == 1)
    assert ("=0%" in line) == (share == 0)


def test_readings_are_asked_once_for_what_the_threshold_names() -> None:
    asked: list[tuple[str, Tags, Aggregation]] = []

    class Recorder:
        def read(self, metric: str, tags: Tags, aggregation: Aggregation) -> float | None:
            asked.append((metric, tags, aggregation))
            return 1.0

    readings: Readings = Recorder()
    judge(parse_threshold("checks{tool:add}", "rate>0.5"), readings, generator_limited=False)
    assert asked == [("checks", (("tool", "add"),), Aggregation("rate"))]


def test_a_metric_that_does_not_exist_cannot_be_described() -> None:
    threshold = Threshold("nosuch", (), Aggregation("rate"), "<", 1)
    with pytest.raises(ValueError, match='^"nosuch" is not a metric'):
        describe(Verdict(threshold, 1, "fail"))
