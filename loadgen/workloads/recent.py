"""What a run remembers of its own making."""

from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """The newest `limit` items, in a ring: adding and picking take the same time however many there are."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: list[T] = []
        self._oldest = 0

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: T) -> None:
        """Remember `item`, in place of the oldest one when there are `limit`."""
        if len(self._items) < self._limit:
            self._items.append(item)
        else:
            self._items[self._oldest] = item
            self._oldest = (self._oldest + 1) % self._limit

    def __getitem__(self, index: int) -> T:
        return self._items[index]
