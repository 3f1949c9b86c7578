"""What a schema says to people and models and no validator checks: descriptions, titles, examples, defaults.

A model goes by these words when it chooses a tool and its arguments, so new ones are an instruction that nobody has
read yet.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .change import Change
from .difference import same
from .place import member
from .schema.keywords import ANNOTATIONS, DRAFT_2020_ANNOTATIONS, SCHEMA, SCHEMA_LISTS, SCHEMA_MAPS, TEXTS
from .text_diff import text_change
from .values import shown

_DEFINITIONS = ("$defs", "definitions")


def word_changes(old: Any, new: Any, where: str) -> Iterator[Change]:
    """The annotations that are not the same at the same place, all of kind review.

    Raises:
        RecursionError: it is nested too deeply.
    """
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return
    for keyword in sorted({*old, *new}):
        if _is_annotation(keyword):
            yield from _keyword(keyword, old, new, member(where, keyword))
    before = dict(_parts(old, where))
    for place, part in _parts(new, where):
        if place in before:
            yield from word_changes(before[place], part, place)
        else:
            yield from _new_words(part, place)


def texts_in(schema: Any) -> Iterator[str]:
    """The texts of a schema, without titles, which mostly repeat names."""
    if isinstance(schema, Mapping):
        yield from (schema[key] for key in TEXTS if key != "title" and isinstance(schema.get(key), str))
        for _, part in _parts(schema, ""):
            yield from texts_in(part)


def _keyword(keyword: str, old: Mapping[str, Any], new: Mapping[str, Any], where: str) -> Iterator[Change]:
    if keyword not in new:
        yield Change("review", where, f"is gone: {shown(old[keyword])}")
    elif keyword in TEXTS and isinstance(new[keyword], str):
        if not same(old.get(keyword), new[keyword]):
            yield text_change(old.get(keyword), new[keyword], where)
    elif keyword not in old:
        yield Change("review", where, f"is new: {shown(new[keyword])}")
    elif not same(old[keyword], new[keyword]):
        yield Change("review", where, f"went from {shown(old[keyword])} to {shown(new[keyword])}")


def _new_words(schema: Any, where: str) -> Iterator[Change]:
    """The texts of a schema that is new; a title that only repeats its name is none."""
    if not isinstance(schema, Mapping):
        return
    for keyword in TEXTS:
        if keyword in schema and not (keyword == "title" and _plain(schema[keyword]) == _plain(where)):
            yield from _keyword(keyword, {}, schema, member(where, keyword))
    for place, part in _parts(schema, where):
        yield from _new_words(part, place)


def _plain(text: Any) -> str:
    return re.sub(r"[\W_]", "", re.split(r"[.\[]", str(text))[-1]).lower()


def _is_annotation(keyword: str) -> bool:
    return keyword in ANNOTATIONS or keyword in DRAFT_2020_ANNOTATIONS or keyword.startswith("x-")


def _parts(schema: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    """The schemas in `schema`, with their places."""
    for keyword, value in schema.items():
        if keyword == "properties" and isinstance(value, Mapping):
            yield from ((member(where, name), each) for name, each in value.items())
        elif keyword in _DEFINITIONS and isinstance(value, Mapping):
            yield from ((member(f"{where}.$defs", name), each) for name, each in value.items())
        elif keyword == "items" and not isinstance(value, list):
            yield f"{where}[]", value
        elif keyword in ("items", "prefixItems") and isinstance(value, list):
            yield from ((f"{where}[{number}]", each) for number, each in enumerate(value))
        elif keyword == "additionalProperties":
            yield f"{where}.*", value
        elif keyword in SCHEMA or keyword == "additionalItems":
            yield member(where, keyword), value
        elif keyword in SCHEMA_LISTS and isinstance(value, list):
            yield from ((f"{where}.{keyword}[{number}]", each) for number, each in enumerate(value))
        elif keyword in SCHEMA_MAPS and isinstance(value, Mapping):
            yield from ((member(f"{where}.{keyword}", name), each) for name, each in value.items())
