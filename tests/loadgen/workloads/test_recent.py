from hypothesis import given
from hypothesis import strategies as st

from loadgen.workloads.recent import Recent


@given(st.lists(st.integers()), st.integers(min_value=1, max_value=5))
def test_it_holds_the_newest_items_and_never_more_than_the_limit(items: list[int], limit: int) -> None:
    recent: Recent[int] = Recent(limit)
    for item in items:
        recent.add(item)
    assert sorted(recent[i] for i in range(len(recent))) == sorted(items[-limit:])
