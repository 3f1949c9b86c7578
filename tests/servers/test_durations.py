"""Held against the client library's histogram: what a scrape says is the same."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from servers.durations import Durations

BOUNDS = (0.001, 0.5, 2.0)
NAME, TOLD, LABELS = "seconds", "Some times.", ("tool", "error_type")


@given(st.lists(st.tuples(st.sampled_from(["add", "divide"]), st.sampled_from([*BOUNDS, 0.0, 0.4, 1e9]))))
def test_it_counts_as_the_library_does(observed: list[tuple[str, float]]) -> None:
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    library = Histogram(NAME, TOLD, LABELS, buckets=BOUNDS, registry=theirs)
    made = Durations(NAME, TOLD, LABELS, BOUNDS)
    ours.register(made)
    for tool, seconds in observed:
        library.labels(tool, "").observe(seconds)
        made.labels(tool, "").observe(seconds)
    (expected,), (found,) = theirs.collect(), ours.collect()
    assert (found.name, found.type, found.documentation) == (expected.name, expected.type, expected.documentation)
    kept = [sample for sample in expected.samples if not sample.name.endswith("_created")]
    assert [(sample.name, sample.labels, sample.value) for sample in found.samples] == [
        (sample.name, sample.labels, sample.value) for sample in kept
    ]


def test_a_series_that_was_asked_for_begins_at_zero_and_is_known() -> None:
    made = Durations(NAME, TOLD, LABELS, BOUNDS)
    assert ("add", "") not in made
    made.labels("add", "")
    assert ("add", "") in made
    assert len(made) == 1
    ((family,),) = (made.collect(),)
    assert {sample.value for sample in family.samples} == {0}
