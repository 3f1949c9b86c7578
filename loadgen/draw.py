"""Chance without a generator: numbers that depend on nothing but their key, so that concurrency cannot reorder them."""

from hashlib import blake2b
from uuid import UUID


class Draw:
    """A short run of numbers drawn from `key`: 512 bits, used up from the low end.

    >>> Draw(7, "payments", 1).below(100) == Draw(7, "payments", 1).below(100)
    True
    """

    __slots__ = ("_bits",)

    def __init__(self, *key: int | str) -> None:
        digest = blake2b("\x1f".join(map(str, key)).encode(), digest_size=64).digest()
        self._bits = int.from_bytes(digest, "big")

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
