import gc

import pytest

from loadgen.heap import frozen_heap


def test_what_exists_already_is_left_alone_while_it_lasts() -> None:
    with frozen_heap():
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0


def test_it_ends_also_when_the_run_fails() -> None:
    with pytest.raises(LookupError), frozen_heap():
        raise LookupError
    assert gc.get_freeze_count() == 0
