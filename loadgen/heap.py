"""Garbage collection that does not stall a run."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def frozen_heap() -> Iterator[None]:
    """While this lasts, the collector leaves alone what exists already: schemas, modules, everything set up before.

    A full collection would walk through all of that, and calls would wait. What a run makes is still collected.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
