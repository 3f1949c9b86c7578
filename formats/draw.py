"""Chance without a generator: numbers that depend on nothing but their key, so that concurrency cannot reorder them."""

from hashlib import blake2b
from struct import Struct
from uuid import UUID

_WORDS = Struct(">8Q")


class Draw:
    """A short run of numbers drawn from `key`: 512 bits, used up from the low end.

    >>> Draw(7, "payments", 1).below(100) == Draw(7, "payments", 1).below(100)
    True
    """

    __slots__ = ("_bits",)

    def __init__(self, *key: int | str) -> None:
        self._bits = int.from_bytes(_digest(*key), "big")

    def below(self, limit: int) -> int:
        """An integer from 0 up to `limit` - 1, each as likely as the others (while bits last)."""
        self._bits, value = divmod(self._bits, limit)
        return value

    def between(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both possible."""
        return low + self.below(high - low + 1)

    def uuid(self) -> str:
        """A random UUID (version 4) in its usual spelling."""
        return str(UUID(int=self.below(1 << 128), version=4))


class Words:
    """Endless numbers of 64 bits drawn from `key`, by index; one hash gives eight neighbours, which come cheap."""

    __slots__ = ("_block", "_key", "_words")

    def __init__(self, *key: int | str) -> None:
        self._key = key
        self._block = -1
        self._words: tuple[int, ...] = ()

    def __getitem__(self, n: int) -> int:
        block, slot = divmod(n, _WORDS.size // 8)
        if block != self._block:
            self._words = _WORDS.unpack(_digest(*self._key, block))
            self._block = block
        return self._words[slot]


def _digest(*key: int | str) -> bytes:
    return blake2b("\x1f".join(map(str, key)).encode()).digest()
