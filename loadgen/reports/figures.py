"""Which charts the data of a run is enough for, and what each shows in words; the page's script draws them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from formats.durations import format_duration

from .markup import Markup, element, section
from .units import clock, milliseconds, size

_WIDE = 100
_Values = Sequence[float | None]


def time_charts(document: Mapping[str, Any]) -> Markup:
    """Everything over time; nothing without a timeline."""
    timeline = document.get("timeline")
    if not timeline or not timeline["at_seconds"]:
        return Markup()
    charts = [
        _figure("rate", "Rate", "calls per second", _rate(timeline)),
        _figure(
            "latency", "Response time", f"milliseconds, percentiles of every {_interval(timeline)}", _latency(timeline)
        ),
        _figure("errors", "Errors", "failed calls per second, by type", _errors(timeline)),
        _figure("users", "Virtual users", "at work", _users(timeline)),
        _figure("memory", "Server memory", "resident", _memory(timeline)),
    ]
    hint = element("p", "Drag over a chart to zoom all of them, double-click to see everything.", class_="hint")
    return section("Over time", hint, *charts, name="time") if any(charts) else Markup()


def distribution_chart(document: Mapping[str, Any]) -> Markup:
    """How response times are distributed; nothing without any."""
    bins = document.get("distribution")
    if not bins or not sum(bins["count"]):
        return Markup()
    times = document["response_time"]
    said = [
        f"{name} {milliseconds(times[key])} ms"
        for name, key in (("median", "median"), ("p95", "p95"), ("p99", "p99"), ("highest", "maximum"))
        if times[key] is not None
    ]
    chart = _figure(
        "distribution", "All calls", "response time in ms, logarithmic", ", ".join(said) or "see the tables"
    )
    return section("Latency distribution", chart, name="latency")


def _figure(name: str, title: str, unit: str, summary: str) -> Markup:
    """A place for a chart; nothing when there is nothing to say about it."""
    if not summary:
        return Markup()
    caption = element("figcaption", element("h3", title, " ", element("small", unit)), element("p", summary))
    plot = element("div", class_="plot", role="img", aria_label=f"Chart. {title}, {unit}: {summary}.")
    return element("figure", caption, plot, data_chart=name)


def _known(values: _Values) -> list[float]:
    return [value for value in values if value is not None]


def _peak(timeline: Mapping[str, Any], values: _Values) -> tuple[float, str]:
    """The highest value and when it was."""
    highest, at = max(
        (value, -at) for at, value in zip(timeline["at_seconds"], values, strict=True) if value is not None
    )
    return highest, clock(-at)


def _rate(timeline: Mapping[str, Any]) -> str:
    calls, seconds = timeline["calls"], timeline["seconds"]
    if not sum(calls):
        return ""
    least = timeline["interval_seconds"] / 2 if len(seconds) > 1 else 0  # a few calls decide the rate of an instant
    rates = [n / each if each >= least else None for n, each in zip(calls, seconds, strict=True)]
    highest, at = _peak(timeline, rates)
    said = f"mean {sum(calls) / sum(seconds):,.0f}/s, highest {highest:,.0f}/s at {at}"
    dropped = sum(_known(timeline["dropped"]))
    return f"{said}, {dropped:,} iterations dropped" if dropped else said


def _interval(timeline: Mapping[str, Any]) -> str:
    return format_duration(round(timeline["interval_seconds"], 1))


def _latency(timeline: Mapping[str, Any]) -> str:
    return ", ".join(_highest_percentiles(timeline))


def _highest_percentiles(timeline: Mapping[str, Any]) -> Iterator[str]:
    for name in ("p50", "p95", "p99"):
        if _known(timeline[name]):
            highest, at = _peak(timeline, timeline[name])
            yield f"{name} up to {highest:,.{0 if highest >= _WIDE else 1}f} ms at {at}"


def _errors(timeline: Mapping[str, Any]) -> str:
    totals = {label: sum(_known(counts)) for label, counts in timeline["errors"].items()}
    ranked = sorted(((count, label) for label, count in totals.items() if count), key=lambda pair: -pair[0])
    return ", ".join(f"{label} {count:,}" for count, label in ranked)


def _users(timeline: Mapping[str, Any]) -> str:
    if not any(_known(timeline["vus"])):
        return ""
    highest, at = _peak(timeline, timeline["vus"])
    said = f"up to {highest:,} from {at}"
    sessions = _known(timeline["server_sessions"])
    return f"{said}; the server had up to {max(sessions):,.0f} sessions" if sessions else said


def _memory(timeline: Mapping[str, Any]) -> str:
    values = _known(timeline["server_memory_bytes"])
    if not values:
        return ""
    return f"{size(values[0])} at the start, {size(values[-1])} at the end, {size(max(values))} at most"
