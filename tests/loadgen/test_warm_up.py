from loadgen.warm_up import WarmUp


def test_without_a_warm_up_everything_counts() -> None:
    warm_up = WarmUp()
    warm_up.start(100)
    assert not warm_up.covers(1, 100)
    assert (warm_up.excluded, warm_up.began) == (0, 100)


def test_what_is_due_in_the_first_seconds_does_not_count() -> None:
    warm_up = WarmUp(seconds=5)
    warm_up.start(100)
    assert [warm_up.covers(n, due) for n, due in [(1, 100), (2, 104.9), (3, 105)]] == [True, True, False]
    assert (warm_up.excluded, warm_up.began) == (2, 105)


def test_the_first_iterations_do_not_count_in_whatever_order_they_end() -> None:
    warm_up = WarmUp(iterations=2)
    warm_up.start(100)
    assert [warm_up.covers(n, 100 + n) for n in (3, 1, 4, 2)] == [False, True, False, True]
    assert (warm_up.excluded, warm_up.began) == (2, 103)
