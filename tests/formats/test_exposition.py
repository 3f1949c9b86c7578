"""Held against the client library: what Prometheus reads from a page is the same."""

import math
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from formats.exposition import is_openmetrics, page_of

ACCEPTS = ["", "text/plain", "application/openmetrics-text; version=1.0.0"]
VALUES = (0.0, 1.0, 0.1, 1e-9, 123456789.0, 1.5e22, math.inf, -math.inf, math.nan)


def shown(families: Iterable[Metric]) -> list[tuple[Any, ...]]:
    """What a parser has read, in a form in which NaN is like NaN."""
    return [
        (family.name, family.type, family.documentation, sample.name, sample.labels, repr(sample.value))
        for family in families
        for sample in family.samples
    ]


@pytest.fixture
def registry() -> CollectorRegistry:
    disable_created_metrics()  # type: ignore[no-untyped-call]  # not annotated there; no page here has them
    made = CollectorRegistry()
    calls = Counter("calls_total", "Calls,\nof all \\ kinds.", ("tool",), registry=made)
    for tool in ("add", 'with "quotes"', "back\\slash", "two\nlines", "ümlaut {}", ""):
        calls.labels(tool).inc(2)
    level = Gauge("level", "A level.", ("of",), registry=made)
    for value in VALUES:
        level.labels(repr(value)).set(value)
    Gauge("alone", "A gauge without labels.", registry=made).set(3)
    times = Histogram("seconds", "Some times.", ("b", "a"), buckets=(0.001, 0.5, 300.0), registry=made)
    for seconds in (0.0005, 0.5, 1e6):
        times.labels("x", "y").observe(seconds)
    Info("build", "Versions.", registry=made).info({"version": "1.2", "sdk": "3"})
    ProcessCollector(registry=made)
    GCCollector(registry=made)
    return made


@pytest.mark.parametrize("accept", ACCEPTS)
def test_a_page_says_what_that_of_the_library_says(registry: CollectorRegistry, accept: str) -> None:
    encode, content_type = choose_encoder(accept)
    openmetrics = is_openmetrics(content_type)
    assert openmetrics == ("openmetrics" in accept)
    parse = parse_openmetrics if openmetrics else parse_text
    frozen = list(registry.collect())  # the CPU time of a process is another one at each look
    ours = page_of(frozen, openmetrics=openmetrics)
    assert shown(parse(ours)) == shown(parse(encode(Frozen(frozen)).decode()))
    assert ours.endswith("# EOF\n") == openmetrics


@given(st.dictionaries(st.sampled_from("abc"), st.text(), min_size=1), st.floats())
def test_whatever_a_label_and_a_value_are_they_are_read_as_they_were(labels: dict[str, str], value: float) -> None:
    family = Metric("m", "A metric.", "gauge")
    family.add_sample("m", labels, value)
    parsed = parse_openmetrics(page_of([family], openmetrics=True))  # type: ignore[no-untyped-call]  # of the library
    ((*_, read_labels, read_value),) = shown(parsed)
    assert read_labels == labels
    assert float(read_value) == value or math.isnan(value)


class Frozen:
    """A collector of what was collected before."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families
