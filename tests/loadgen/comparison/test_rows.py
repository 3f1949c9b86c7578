from loadgen.comparison.rows import Row, rows
from loadgen.comparison.run import Side
from tests.support.sides import METRICS, run, side


def row(found: tuple[Row, ...], metric: str, aggregation: str) -> Row:
    (one,) = [row for row in found if (row.metric, row.aggregation) == (metric, aggregation)]
    return one


def test_every_type_has_the_figures_that_are_compared() -> None:
    found = [(row.metric, row.aggregation, row.unit) for row in rows(side(10), side(11))]
    trend = [("avg", "ms"), ("med", "ms"), ("p(90)", "ms"), ("p(95)", "ms"), ("p(99)", "ms")]
    assert found == [
        ("http_reqs", "rate", "/s"),
        ("http_req_failed", "rate", ""),
        *(("http_req_duration", *each) for each in trend),
        *(("mcp_tool_call_duration_ms", *each) for each in trend),
        ("iterations", "rate", "/s"),
    ]


def test_each_run_gives_one_figure() -> None:
    one = row(rows(side(10, 12), side(13, 14, 15)), "mcp_tool_call_duration_ms", "p(95)")
    assert (one.baseline, one.current) == (11, 14)
    assert one.estimate is not None
    assert one.estimate.interval is not None


def test_a_figure_that_one_run_lacks_is_no_figure_of_its_side() -> None:
    one = row(rows(side(10, None), side(13, 14)), "mcp_tool_call_duration_ms", "p(95)")
    assert (one.baseline, one.current, one.estimate, one.one_sided) == (None, 13.5, None, True)


def test_a_metric_of_one_side_has_a_row() -> None:
    more = METRICS | {"operation_add_ms": METRICS["http_req_duration"]}
    one = row(rows(side(10), Side("new", (run(metrics=more),))), "operation_add_ms", "avg")
    assert (one.baseline, one.current, one.one_sided) == (None, 5, True)


def test_a_metric_of_another_type_on_the_other_side_is_no_data() -> None:
    other = METRICS | {"http_reqs": METRICS["http_req_failed"]}
    one = row(rows(side(10), Side("odd", (run(metrics=other),))), "http_reqs", "rate")
    assert one.estimate is None
