from loadgen.comparison.compare import compare
from loadgen.comparison.limit import parse_limit
from loadgen.reports.compare_markdown import render_comparison_markdown
from tests.support.sides import METRICS, run, side

SEVERAL = side(10, 10.1, 9.9, name="before"), side(14, 14.1, 13.9, name="after")


def test_verdict_and_limits_come_before_the_figures() -> None:
    report = render_comparison_markdown(compare(*SEVERAL, [parse_limit("p95>+10%"), parse_limit("rate<-5%")]))
    assert report.startswith("### MCP load comparison: calculator\n\n**FAIL: 1 of 2 limits not kept**\n")
    assert "| ✗ | `mcp_tool_call_duration_ms: p(95) > +10%` | +40.0 % \\[+37.3, +42.8\\]: the whole interval" in report
    assert "| ✓ | `http_reqs: rate < -5%` | 0 % \\[0, 0\\]: not beyond the limit |" in report
    assert "| p(95) | 10.00 | 14.00 | +4.00 | ± 0.227 | **+40.0 %** | [+37.3, +42.8] |" in report


def test_every_row_of_a_table_has_its_columns() -> None:
    for comparison in (compare(*SEVERAL), compare(side(10, name="a"), side(11, name="b"))):
        report = render_comparison_markdown(comparison, every_metric=True)
        (width,) = {line.count("|") for line in report.splitlines() if line.startswith("|")}
        assert width == (7 if comparison.one_run_each else 9)


def test_all_metrics_are_folded_away() -> None:
    short, long = (render_comparison_markdown(compare(*SEVERAL), every_metric=every) for every in (False, True))
    assert "`iterations`" not in short
    assert "<details><summary>All metrics</summary>\n\n| metric" in long
    assert "`iterations`" in long


def test_no_word_of_a_server_is_markup() -> None:
    odd = METRICS | {"operation_a|b`c_ms": METRICS["http_req_duration"]}
    side_of = side(10, server="<img src=x> @all [x](y)")
    side_of = type(side_of)("a|b", (run("r", odd, server="<img src=x> @all [x](y)"),))
    report = render_comparison_markdown(compare(side_of, side_of))
    assert "`operation_a\\|b'c_ms`" in report
    assert "<img" not in report.replace("\\<img", "")
    assert "@all" not in report
    assert "](" not in report.replace("\\]", "")
