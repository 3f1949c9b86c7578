"""Chance on the fault plane: numbers that depend on nothing but their key, so that concurrency cannot reorder them."""

from functools import lru_cache
from hashlib import blake2b

_BITS = 53
_SCALE = 2.0**-_BITS


class Draws:
    """All draws of one rule for one tool, one for each n and salt. The seed, rule and tool are hashed once."""

    __slots__ = ("_hasher",)

    def __init__(self, seed: int, rule: str, tool: str) -> None:
        self._hasher = blake2b(digest_size=8)
        for part in (str(seed), rule, tool):
            encoded = part.encode("utf-8", "surrogatepass")
            self._hasher.update(b"%d:" % len(encoded) + encoded)  # no two keys have the same bytes

    def draw(self, n: int, salt: str = "") -> float:
        """A number from 0 up to, but never, 1; each as likely as the others."""
        hasher = self._hasher.copy()
        hasher.update(f"{n}:{salt}".encode())
        return (int.from_bytes(hasher.digest(), "big") >> (64 - _BITS)) * _SCALE


@lru_cache(maxsize=1024)
def _draws(seed: int, rule: str, tool: str) -> Draws:
    return Draws(seed, rule, tool)


def draw(seed: int, rule: str, tool: str, n: int, salt: str = "") -> float:
    """The number from [0, 1) that belongs to the `n`-th call of `tool` under `rule`; another one for each `salt`.

    >>> draw(42, "slow", "add", 7) == draw(42, "slow", "add", 7)
    True
    """
    return _draws(seed, rule, tool).draw(n, salt)
