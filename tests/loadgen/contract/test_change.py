from loadgen.contract.change import Change, counted, ordered


def test_of_two_changes_that_say_the_same_the_worse_one_counts() -> None:
    mild, bad = Change("compatible", "a", "is gone"), Change("breaking", "a", "is gone")
    assert ordered([mild, bad, mild]) == (bad,)


def test_the_worst_come_first_and_then_the_places_in_order() -> None:
    changes = [
        Change("compatible", "a", "x"),
        Change("review", "b", "x"),
        Change("unknown", "z", "x"),
        Change("unknown", "c", "x"),
    ]
    assert [change.where for change in ordered(changes)] == ["c", "z", "b", "a"]


def test_each_kind_is_counted_also_when_there_is_none() -> None:
    assert counted([Change("review", "a", "x")]) == {"breaking": 0, "unknown": 0, "review": 1, "compatible": 0}
