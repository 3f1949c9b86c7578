import pytest

from loadgen.comparison.compare import Comparison, compare
from loadgen.comparison.limit import parse_limit
from loadgen.comparison.run import Generator, PlanName, Side
from loadgen.reports.compare_text import render_comparison_text
from loadgen.reports.compare_words import number, signed
from tests.support.sides import METRICS, run, side


def compared(baseline: Side, current: Side, *limits: str) -> Comparison:
    return compare(baseline, current, [parse_limit(limit) for limit in limits])


def text(baseline: Side, current: Side, *limits: str, every_metric: bool = False) -> str:
    return render_comparison_text(compared(baseline, current, *limits), every_metric=every_metric)


SEVERAL = side(10, 10.1, 9.9, name="before"), side(14, 14.1, 13.9, name="after")


def figures(report: str, metric: str, aggregation: str) -> list[str]:
    after = report.split(f"\n{metric} (")[1].splitlines()
    return next(line for line in after if line.startswith(f"  {aggregation} ")).split()[1:]


def test_a_figure_has_both_sides_the_difference_per_cent_and_intervals() -> None:
    report = text(*SEVERAL)
    assert figures(report, "mcp_tool_call_duration_ms", "p(95)") == [
        *["10.00", "14.00", "+4.00", "±", "0.227", "+40.0", "%"],
        *["[+37.3,", "+42.8]", "*"],
    ]


def test_with_one_run_each_there_is_no_word_of_significance() -> None:
    report = text(side(10, name="a"), side(14, name="b"))
    assert figures(report, "mcp_tool_call_duration_ms", "p(95)") == ["10.00", "14.00", "+4.00", "+40.0", "%"]
    assert "One run each: no interval" in report
    assert "*" not in report
    assert "±" not in report


def test_shares_are_in_per_cent_and_their_change_in_percentage_points() -> None:
    worse = METRICS | {"http_req_failed": {"rate": 0.011, "passes": 11, "fails": 989}}
    report = text(side(10, name="a"), Side("b", (run("b", worse),)))
    assert figures(report, "http_req_failed", "rate") == ["0.100", "1.100", "+1.00", "+1,000", "%"]
    assert "percentage points" in report


def test_only_what_matters_most_is_listed_unless_all_is_wanted() -> None:
    short, long = text(*SEVERAL), text(*SEVERAL, every_metric=True)
    assert "\niterations" not in short
    assert "1 more metrics: --verbose lists them." in short
    assert "\niterations" in long
    assert "\niterations" in text(*SEVERAL, "iterations:rate<-5%")


@pytest.mark.parametrize(
    ("limit", "lines"),
    [
        (
            "p95>+10%",
            [
                "FAIL  mcp_tool_call_duration_ms: p(95) > +10%",
                "      +40.0 % [+37.3, +42.8]: the whole interval is beyond the limit",
            ],
        ),
        (
            "p95>+5ms",
            [
                "PASS  mcp_tool_call_duration_ms: p(95) > +5ms",
                "      +4.00 ms [+3.77, +4.23]: not beyond the limit",
            ],
        ),
        (
            "mcp_session_creation_ms:avg>+5ms",
            [
                "FAIL  mcp_session_creation_ms: avg > +5ms",
                "      no data on either side, or not in every run",
            ],
        ),
    ],
)
def test_a_limit_is_shown_with_what_was_judged(limit: str, lines: list[str]) -> None:
    assert "\n".join(lines) in text(*SEVERAL, limit)


def test_a_difference_that_may_be_chance_says_what_to_do() -> None:
    report = text(side(10, 10.1, 9.9, name="a"), side(9, 12, 15, name="b"), "p95>+10%")
    assert "beyond the limit, but the interval is not, so it may be chance: make more runs" in " ".join(report.split())
    assert report.endswith("PASS: 1 of 1 limit kept\n")


def test_one_run_each_says_that_the_difference_itself_was_judged() -> None:
    report = text(side(10, name="a"), side(12, name="b"), "p95>+10%")
    assert "      +20.0 %: one run each: no interval, the difference itself was judged\n" in report
    assert report.endswith("FAIL: 1 of 1 limit not kept\n")


def test_a_difference_close_to_its_limit_is_not_shown_as_the_limit() -> None:
    assert "+10.001 %: one run each" in text(side(10, name="a"), side(11.0001, name="b"), "p95>+10%")


def test_without_limits_the_last_line_says_that_nothing_was_judged() -> None:
    assert text(*SEVERAL).endswith("\nNo limit was given (--fail-on): nothing was judged\n")


def test_what_one_side_lacks_is_named() -> None:
    report = text(side(10, None, name="a"), side(10, 11, name="b"))
    assert figures(report, "mcp_tool_call_duration_ms", "p(95)") == ["no", "data", "10.50"]
    joined = " ".join(report.split())
    assert "No data on the baseline side, or not in every run of it: mcp_tool_call_duration_ms (p(95))." in joined


def test_a_limited_generator_is_noted_and_fails_a_limit_of_latency() -> None:
    limited = Generator(limited=True, reason="it was late")
    report = text(side(10, name="a"), side(10, name="b", generator=limited), "p95>+10%")
    assert "generator_limited (current, b0.json): it was late." in report
    assert report.endswith("FAIL: 1 of 1 limit not kept\n")


def test_the_heading_names_the_plan_with_its_scale() -> None:
    plan = PlanName(name="load", scale=0.02)
    report = text(side(10, name="a", plan=plan), side(11, name="b", plan=plan))
    assert report.splitlines()[1] == "MCP load comparison: load, scale 0.02"


def test_no_line_is_wider_than_80_columns() -> None:
    wide: dict[str, dict[str, float | None]] = {
        f"operation_{'x' * 90}_ms": {"avg": 3e14, "med": 1e-9, "p(90)": 123456, "p(95)": 99999, "p(99)": 0.0001},
    }
    other: dict[str, dict[str, float | None]] = {
        name: {key: value and value * 3.14159 for key, value in values.items()} for name, values in wide.items()
    }
    before, after = (
        Side("s" * 99, (run("a", metrics, mix="m " * 60), run("b", metrics, mix="m " * 60)))
        for metrics in (wide, other)
    )
    assert max(map(len, text(before, after, "p95>+1%").splitlines())) <= 80


@pytest.mark.parametrize(
    ("value", "shown", "as_difference"),
    [
        (0, "0", "0"),
        (9.9996, "10.00", "+10.0"),
        (12.3456, "12.35", "+12.3"),
        (1234.5, "1,234", "+1,234"),
        (0.01234, "0.012", "+0.012"),
        (0.0001234, "1.2e-04", "+1.2e-04"),
        (12345.6, "12.35k", "+12.3k"),
        (1.5e15, "1,500T", "+1,500T"),
    ],
)
def test_numbers_are_short(value: float, shown: str, as_difference: str) -> None:
    assert (number(value), signed(value)) == (shown, as_difference)
    if value:
        assert signed(-value) == as_difference.replace("+", "-")
