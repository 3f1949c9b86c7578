"""The parts of the HTML report that are words and tables; each is empty when the run has nothing for it."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from formats.durations import format_duration

from .markup import Markup, breakable, element, joined, section, table
from .units import (
    decimal,
    exact,
    milliseconds,
    percent,
    size,
    target,
    threshold_limit,
    threshold_measured,
    threshold_name,
)

_MARKS = {"pass": "✓", "met": "✓", "info": "·", "fail": "✗", "missed": "✗"}
_TIMES = ("minimum", "average", "median", "p90", "p95", "p99", "maximum")
_TIME_HEADS = ("min", "avg", "med", "p90", "p95", "p99", "max")


def tiles(document: Mapping[str, Any]) -> Markup:
    """The few figures that everybody asks for."""
    requests, times = document["requests"], document["response_time"]
    vus = (document.get("metrics") or {}).get("vus", {}).get("max")
    shown = [
        ("Calls", f"{requests['total']:,}", ""),
        ("Rate", decimal(requests["per_second"], 0 if requests["per_second"] >= 100 else 1), "/s"),  # noqa: PLR2004 - digits
        ("Succeeded", *percent(requests["successful"], requests["total"]).split(" ")),
        ("Failed", f"{requests['failed']:,}", ""),
        *(
            (name, milliseconds(times[key]), "ms")
            for name, key in (("Median", "median"), ("p95", "p95"), ("p99", "p99"))
        ),
        *([("Users", f"{vus:,}", "")] if vus is not None else []),
        *([("Unfinished", f"{requests['unfinished']:,}", "")] if requests["unfinished"] else []),
        *([("Dropped", f"{requests['dropped']:,}", "")] if requests["dropped"] else []),
    ]
    parts = [
        element("div", element("dt", name), element("dd", value, element("small", f" {unit}") if unit else ""))
        for name, value, unit in shown
    ]
    return element("dl", *parts, class_="tiles")


def criteria(document: Mapping[str, Any]) -> Markup:
    """Thresholds: what was wanted and what was measured, stretch goals last."""
    thresholds = sorted(document.get("thresholds") or (), key=lambda each: bool(each["stretch"]))
    rows = [
        [
            status(each["status"], stretch=each["stretch"]),
            _criterion(threshold_name(each)),
            threshold_measured(each),
            threshold_limit(each),
        ]
        for each in thresholds
    ]
    required = [each for each in thresholds if not each["stretch"]]
    met = sum(each["status"] == "pass" for each in required)
    caption = f"{met} of {len(required)} criteria met"
    return section("Criteria", table(caption, ["", "criterion", "measured", "limit"], rows, words=2), name="criteria")


def _criterion(name: str) -> Markup:
    """Metric and expression, apart, and with places to break a long name."""
    metric, _, expression = name.rpartition(": ")
    return joined([element("code", breakable(metric)), " ", element("code", expression, class_="expression")])


def status(word: str, *, stretch: bool = False) -> Markup:
    """A mark with a word: colour alone says nothing to some people, and nothing on paper."""
    mark = _MARKS.get(word, "✗")
    if stretch:
        met = word == "pass"
        return element("span", f"{mark if met else '·'} stretch{'' if met else ', not met'}", class_="status stretch")
    kind = {"✓": "pass", "·": "info"}.get(mark, "fail")
    return element("span", f"{mark} {word}", class_=f"status {kind}")


def findings(document: Mapping[str, Any]) -> Markup:
    """What the run found out beyond its criteria."""
    rows = [
        [
            status(each["status"], stretch=bool(each.get("stretch"))),
            each["name"],
            each["sentence"],
            target(each) if each["target"] is not None else "",
        ]
        for each in document.get("findings") or ()
    ]
    return section(
        "Findings",
        table("What the run found out", ["", "finding", "in words", "target"], rows, words=4),
        name="findings",
    )


def tools(document: Mapping[str, Any]) -> Markup:
    """Calls and response times of each tool."""
    rows = [
        [
            element("code", name),
            f"{tool['total']:,}",
            f"{tool['failed']:,}",
            percent(tool["successful"], tool["total"]),
            *(milliseconds(tool["response_time"][key]) for key in _TIMES),
        ]
        for name, tool in document["tools"].items()
    ]
    heads = ["tool", "calls", "failed", "succeeded", *_TIME_HEADS]
    return section("Tools", table("Response times in ms, from due", heads, rows), name="tools")


def scenarios(document: Mapping[str, Any]) -> Markup:
    """The plan's scenarios, if there are several: one is the run itself."""
    listed = document.get("scenarios") or ()
    rows = [
        [
            each["name"],
            each["load"],
            format_duration(each["start_seconds"]),
            format_duration(each["duration_seconds"]),
            f"{each['requests']['total']:,}",
            f"{each['requests']['failed']:,}",
            f"{each['requests']['dropped']:,}",
            decimal(each["requests"]["per_second"], 1),
        ]
        for each in listed
        if len(listed) > 1
    ]
    heads = ["scenario", "load", "start", "duration", "calls", "failed", "dropped", "per second"]
    return section("Scenarios", table("In the order of the plan", heads, rows, words=2), name="scenarios")


def checks(document: Mapping[str, Any]) -> Markup:
    """What was checked of replies."""
    rows = [
        [
            status("fail" if each["fails"] else "pass" if each["passes"] else "no data"),
            each["name"],
            f"{each['passes']:,}",
            f"{each['fails']:,}",
            percent(each["passes"], each["passes"] + each["fails"]),
        ]
        for each in document.get("checks") or ()
    ]
    heads = ["", "check", "passed", "failed", "share"]
    return section("Checks", table("Of every reply", heads, rows, words=2), name="checks")


def errors(document: Mapping[str, Any]) -> Markup:
    """Kinds of failed calls, with an example of each."""
    failed = document["requests"]["failed"]
    rows = [
        [
            element("code", each["label"]),
            each["category"],
            element("span", each["example"], class_="example"),
            f"{each['count']:,}",
            percent(each["count"], document["requests"]["total"], decimals=4),
        ]
        for each in document["errors"]
    ]
    heads = ["type", "category", "first example", "calls", "of all"]
    listed = table("Kinds of failed calls", heads, rows, words=3)
    return section("Errors", listed or element("p", "No errors." if not failed else "No details."), name="errors")


def targets(document: Mapping[str, Any]) -> Markup:
    """Speed that the workload's tools are meant to reach; for information."""
    rows = [
        [
            status(each["status"])
            if each["status"] != "not offered"
            else element("span", "· not offered", class_="status"),
            element("code", each["tool"]),
            each["criterion"],
            "n/a" if each["measured"] is None else f"{decimal(each['measured'])} {each['unit']}",
            f"{'≥' if each['criterion'] == 'rate' else '<'} {exact(each['limit'])} {each['unit']}",
        ]
        for each in document["targets"]
    ]
    heads = ["", "tool", "criterion", "measured", "target"]
    caption = "For information: they do not set the exit code"
    return section("Targets", table(caption, heads, rows, words=3), name="targets")


def notes(document: Mapping[str, Any]) -> Markup:
    """What the run has to say about its own figures."""
    lines = [element("li", note) for note in document["notes"]]
    return section("Notes", element("ul", *lines) if lines else "", name="notes")


def metrics(document: Mapping[str, Any]) -> Markup:
    """Every metric, folded away; those of each scenario, too, when there are several."""
    listed = document.get("scenarios") or ()
    parts = [_metrics("Every metric", document.get("metrics") or {})]
    parts += [_metrics(f"Scenario {each['name']}", each["metrics"]) for each in listed if len(listed) > 1]
    return section("Metrics", *parts, name="metrics")


def _metrics(title: str, values: Mapping[str, Mapping[str, float | None]]) -> Markup:
    if not values:
        return Markup()
    keys = ("min", "avg", "med", "p(90)", "p(95)", "p(99)", "max")
    trends = [
        [element("code", breakable(name)), f"{each['count']:,}", *(milliseconds(each[key]) for key in keys)]
        for name, each in values.items()
        if "avg" in each
    ]
    others = [
        [element("code", breakable(name)), *_other(name, each)] for name, each in values.items() if "avg" not in each
    ]
    shown = (
        table("Trends in ms", ["metric", "count", *keys], trends),
        table("Counters, rates and gauges", ["metric", "value", "", ""], others),
    )
    return element("details", element("summary", f"{title} ({len(values)})"), *shown)


def _other(name: str, values: Mapping[str, float | None]) -> tuple[str, str, str]:
    """A metric that is no trend, in three cells."""
    if "passes" in values:
        share, passes, fails = values["rate"], values["passes"], values["fails"]
        return f"{share:.4%}" if share is not None else "n/a", f"{passes:,} true", f"{fails:,} false"
    if "count" in values:
        count, rate = values["count"], values["rate"]
        shown = size if name.startswith("data_") else exact
        return (
            shown(count or 0),
            "" if rate is None else f"{size(rate) if name.startswith('data_') else decimal(rate)}/s",
            "",
        )
    value, low, high = values.get("value"), values.get("min"), values.get("max")
    return tuple(  # type: ignore[return-value]  # of three
        "n/a" if each is None else f"{word}{exact(each)}" for word, each in (("", value), ("min ", low), ("max ", high))
    )


def environment(document: Mapping[str, Any]) -> Markup:
    """What somebody needs to know to get the same figures, and the command to try."""
    parts = joined(
        element("div", element("dt", name), element("dd", value)) for name, value in _facts(document) if value
    )
    command = shlex.join(document["command"])
    repeat = element(
        "div",
        element("pre", element("code", command), tabindex="0", aria_label="Command to repeat the run"),
        element("button", "Copy", type="button", data_copy=command),
        class_="command",
    )
    return section(
        "Environment", element("dl", parts, class_="facts"), element("h3", "To repeat it"), repeat, name="environment"
    )


def _facts(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    made = document.get("environment") or {}
    yield "mcp-testbed", str(made.get("mcp_testbed", ""))
    yield "Python", str(made.get("python", ""))
    yield "Platform", str(made.get("platform", ""))
    yield "CPUs", str(made.get("cpus", ""))
    generator = document["generator"] or {}
    if generator.get("cpu_share") is not None:
        yield "Generator CPU", f"{generator['cpu_share']:.0%} of one core"
    if generator and generator["loop_lag"]["p99"] is not None:
        yield "Generator lag", f"p99 {milliseconds(generator['loop_lag']['p99'])} ms"
    sessions = document["sessions"] or {"opened": 0, "failed": 0, "lost": 0, "unfinished": 0}
    troubles = (("failed", "failed to open"), ("lost", "lost"), ("unfinished", "not ended"))
    more = "".join(f", {sessions[key]:,} {what}" for key, what in troubles if sessions[key])
    yield "Sessions", f"{sessions['opened']:,} opened{more}"
    yield "Timeout", format_duration(document["timeout_seconds"])
    yield "Seed", str(document["seed"])
    yield "Run", document["run_id"]
