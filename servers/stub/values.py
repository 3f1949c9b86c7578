"""Values that a stub makes up: drawn, and proven to fit their schema."""

from hashlib import blake2b
from typing import Any

from jsonschema_rs import canonical

from formats.draw import Draw
from formats.schema_values import draw_value

from .schemas import Check

DRAWS = 32
"""How often a value is drawn until one fits."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def canonical_text(value: Any) -> str:
    """One text for all JSON that is equal: order of keys and kind of number (1, 1.0) do not count."""
    try:
        return canonical.json.to_string(value)
    except (ValueError, TypeError):  # NaN, or nested too deeply: equal to what is written the same
        return repr(value)


class Key:
    """What values are drawn from: the seed, whom they are for, and what was asked, at most a hash long.

    >>> Key(1, "add", '{"a":1}') == Key(1, "add", '{"a":1}')
    True
    """

    __slots__ = ("_parts",)

    def __init__(self, seed: int, *asked: str) -> None:
        self._parts = (seed, blake2b("\x1f".join(asked).encode(errors="replace"), digest_size=16).hexdigest())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self._parts == other._parts

    def __hash__(self) -> int:
        return hash(self._parts)

    def draw(self, schema: Any, *what: int | str) -> Any:
        """A value that may fit `schema`; `what` tells apart those for one key."""
        return draw_value(schema, *self._parts, *what)

    def fitting(self, schema: Any, check: Check, *what: int | str) -> tuple[Any, ...]:
        """The first value of `DRAWS` that fits; empty when none does."""
        drawn = (self.draw(schema, *what, attempt) for attempt in range(DRAWS))
        return next(((value,) for value in drawn if check.is_met(value)), ())

    def word(self, *what: int | str) -> str:
        """Eight letters."""
        draw = Draw(*self._parts, *what)
        return "".join(_LETTERS[draw.below(len(_LETTERS))] for _ in range(8))

    def uuid(self, *what: int | str) -> str:
        """An id."""
        return Draw(*self._parts, *what).uuid()
