"""Values with places for other values: `"${arguments.amount}"` is the amount, `"pay_${uuid}"` a text with an id in it.

A place names a value and, after dots, the way into it: members of objects by name, elements of arrays by number. `$${`
is the text `${`. Keys of objects are taken as they are.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_PIECE = re.compile(r"\$\$\{|\$\{(?P<place>[^{}]*)\}|\$\{")
_PLACE = re.compile(r"[A-Za-z_][\w-]*(\.[^.{}\s]+)*")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")

Lookup = Callable[["Place"], Any]
"""The value that a place stands for."""


@dataclass(frozen=True)
class Place:
    """Where a value is put."""

    name: str
    """What is named."""
    steps: tuple[str, ...] = ()
    """The way into it."""

    def __str__(self) -> str:
        return "${" + ".".join((self.name, *self.steps)) + "}"

    def into(self, value: Any) -> Any:
        """What `steps` lead to in `value`, None when that is nothing."""
        for step in self.steps:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and _INDEX.fullmatch(step) and int(step) < len(value):
                value = value[int(step)]
            else:
                return None
        return value


Piece = str | Place
_Compiled = Callable[[Lookup], Any]


class Template:
    """A JSON value in whose texts there may be places.

    Raises:
        ValueError: a text cannot be read; the end of a sentence, which names the text's place in the value.
    """

    def __init__(self, value: Any) -> None:
        self.places: tuple[tuple[str, Place], ...] = tuple(_places(value, ""))
        """Every place, with where in the value it stands: `.items[0].id`, empty for the value itself."""
        self._render = _compiled(value)

    def render(self, lookup: Lookup) -> Any:
        """The value, each place filled in: one that is a whole text keeps its type, in a longer text it is text."""
        return self._render(lookup)


def _places(value: Any, where: str) -> Iterator[tuple[str, Place]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _places(each, f"{where}.{key}")
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from _places(each, f"{where}[{at}]")
    elif isinstance(value, str):
        try:
            pieces = _pieces(value)
        except ValueError as error:
            raise ValueError(f"{where.removeprefix('.') or 'the text'} {error}") from error
        yield from ((where, piece) for piece in pieces if isinstance(piece, Place))


def _pieces(text: str) -> list[Piece]:
    """`text` as what stands there and the places between.

    >>> _pieces("pay_${uuid}")
    ['pay_', Place(name='uuid', steps=())]

    Raises:
        ValueError: a place has no end, or no name.
    """
    pieces: list[Piece] = []
    end = 0
    for found in _PIECE.finditer(text):
        pieces.append(text[end : found.start()])
        end = found.end()
        if found.group() == "$${":
            pieces.append("${")
            continue
        if found["place"] is None:
            raise ValueError("has ${ without }; $${ is the text")
        if not _PLACE.fullmatch(found["place"]):
            raise ValueError(f"has {found.group()}, which is no name with steps such as ${{arguments.amount}}")
        name, *steps = found["place"].split(".")
        pieces.append(Place(name, tuple(steps)))
    pieces.append(text[end:])
    return [piece for piece in pieces if piece != ""]


def _compiled(value: Any) -> _Compiled:
    if isinstance(value, dict):
        members = [(key, _compiled(each)) for key, each in value.items()]
        return lambda lookup: {key: render(lookup) for key, render in members}
    if isinstance(value, list):
        elements = [_compiled(each) for each in value]
        return lambda lookup: [render(lookup) for render in elements]
    if not isinstance(value, str):
        return lambda _: value
    pieces = _pieces(value)
    if len(pieces) == 1 and isinstance(pieces[0], Place):
        whole = pieces[0]
        return lambda lookup: lookup(whole)
    return lambda lookup: "".join(as_text(lookup(piece)) if isinstance(piece, Place) else piece for piece in pieces)


def as_text(value: Any) -> str:
    """A value inside a text: text as it is, nothing for null, else JSON.

    >>> as_text(True), as_text(None), as_text("x")
    ('true', '', 'x')
    """
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
