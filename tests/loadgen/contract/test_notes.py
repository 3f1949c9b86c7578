"""What a check writes down: bounded, and the same only once."""

from loadgen.contract.finding import Finding
from loadgen.contract.notes import Notes


def test_the_same_at_the_same_place_is_counted() -> None:
    notes = Notes()
    for n in range(3):
        notes.find("rpc.id", "here", f"sentence {n}")
    notes.find("rpc.id", "there", "sentence")
    assert notes.findings == (
        Finding("rpc.id", "here", "sentence 0 (so 3 times)"),
        Finding("rpc.id", "there", "sentence"),
    )


def test_more_places_than_anybody_reads_are_only_counted() -> None:
    notes = Notes()
    for n in range(1000):
        notes.find("rpc.id", f"place {n}", "sentence")
    assert len(notes.findings) == 26
    assert notes.findings[-1].sentence == "the same in 975 more places"


def test_what_is_left_out_is_said_once() -> None:
    notes = Notes()
    notes.skip("no sessions")
    notes.skip("no sessions")
    assert notes.skipped == ["no sessions"]
