"""A JSON Schema of either draft in one form: that of 2020-12, without annotations, references by name.

In this form a schema is false or a mapping of keywords ({} accepts everything). What no value is refused for is left
out, so that schemas of the same text accept the same. `$ref` stands alone in its schema and names an entry of
`definitions`. A keyword that is not understood is kept under its name with `?` in front.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from ..place import member
from .canonical import canonical, settled
from .draft_07 import of_2020
from .keywords import (
    FRAME,
    NOT_UNDERSTOOD,
    PLAIN,
    SCHEMA,
    SCHEMA_LISTS,
    SCHEMA_MAPS,
    UNEVALUATED,
    is_annotation,
)

Schema = bool | dict[str, Any]
_REFERENCE = re.compile(r'\{"\$ref": "#/\$defs/([^"]*)"\}')
_NOT_FOLLOWED = re.compile(rf'"{re.escape(NOT_UNDERSTOOD)}\$(ref|dynamicRef|recursiveRef)": ')
"""Begins a reference that is kept as it was written, wherever it leads."""
_LEADING = frozenset({"$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef"})
"""Keywords by which such a reference may lead to a place in its own document."""


@dataclass(frozen=True, slots=True)
class Document:
    """One schema with all that it refers to; `places` says where in it people find a definition, as far as they do.

    `written` is all of it as text, word for word, if references that are not followed may lead to places in it.
    """

    root: Schema
    definitions: Mapping[str, Schema]
    places: Mapping[str, str]
    written: str
    _texts: dict[str, str] = field(default_factory=dict, compare=False)

    def signature(self, schema: Schema) -> str:
        """A text that is the same for another schema, of any document, only if both accept the same."""
        text = _text(schema)
        whole = "\n".join([text, *(f"{name} {self._text_of(name)}" for name in sorted(self._reached(text)))])
        return f"{whole}\n{self.written}" if _NOT_FOLLOWED.search(whole) else whole

    def reachable(self, schema: Schema) -> dict[str, Schema]:
        """The definitions that `schema` refers to, directly or by way of others."""
        return {name: self.definitions[name] for name in self._reached(_text(schema))}

    def _reached(self, text: str) -> set[str]:
        found: set[str] = set()
        pending = self._references(text)
        while pending:
            name = pending.pop()
            found.add(name)
            pending |= self._references(self._text_of(name)) - found
        return found

    def _text_of(self, name: str) -> str:
        if name not in self._texts:
            self._texts[name] = _text(self.definitions[name])
        return self._texts[name]

    def _references(self, text: str) -> set[str]:
        """Names in the text of a schema; one that is only in an enum of mappings does no harm."""
        return {name for name in _REFERENCE.findall(text) if name in self.definitions}


def read_document(raw: Mapping[str, Any] | bool, *, draft_07: bool) -> Document:
    """The schema `raw`, which is valid for its draft and not deeper than Python recurses."""
    reading = _Reading(raw, draft_07=draft_07)
    root = reading.schema(raw)
    return Document(root, reading.definitions, reading.places, _text(raw) if reading.leads_back else "")


def inner(schema: Schema) -> list[Schema]:
    """The schemas directly in `schema`."""
    if not isinstance(schema, dict):
        return []
    found: list[Schema] = []
    for keyword, value in schema.items():
        if keyword in SCHEMA:
            found.append(value)
        elif keyword in SCHEMA_LISTS:
            found += value
        elif keyword in SCHEMA_MAPS:
            found += value.values()
    return found


def _text(schema: Mapping[str, Any] | bool) -> str:
    return json.dumps(schema, sort_keys=True)


class _Reading:
    def __init__(self, raw: Mapping[str, Any] | bool, *, draft_07: bool) -> None:
        self._raw = raw
        self._draft_07 = draft_07
        self._has_inner_id, self._looks_on, self.leads_back = _traits(raw)
        self.definitions: dict[str, Schema] = {}
        self.places: dict[str, str] = {}

    def schema(self, raw: Any) -> Schema:
        if not isinstance(raw, dict):
            return {} if raw else False
        if self._draft_07:
            if "$ref" in raw:  # what stands beside it does not count
                return self._reference(raw["$ref"])
            raw = of_2020(raw)
        made = dict(self._keyword(keyword, value) for keyword, value in raw.items() if self._counts(keyword))
        made, conjuncts = settled(made, looks_on=self._looks_on)
        if "$ref" in made:
            conjuncts.append(self._reference(made.pop("$ref")))
        if not made and len(conjuncts) == 1:
            only: Schema = conjuncts[0]
            return only
        return {**made, "allOf": conjuncts} if conjuncts else made

    def _counts(self, keyword: str) -> bool:
        return keyword not in FRAME and not is_annotation(keyword, draft_07=self._draft_07)

    def _keyword(self, keyword: str, value: Any) -> tuple[str, Any]:
        if keyword in SCHEMA:
            return keyword, self.schema(value)
        if keyword in SCHEMA_LISTS:
            return keyword, [self.schema(each) for each in value]
        if keyword in SCHEMA_MAPS:
            return keyword, {name: self.schema(each) for name, each in value.items()}
        if keyword in PLAIN:
            return keyword, canonical(value)
        return NOT_UNDERSTOOD + keyword.removeprefix(NOT_UNDERSTOOD), canonical(value)

    def _reference(self, written: str) -> Schema:
        """A schema for what `written` refers to."""
        pointer = unquote(written[1:]) if written.startswith("#") else "elsewhere"
        found, target = (False, None) if self._has_inner_id else _resolve(self._raw, pointer)
        if not found:
            return {f"{NOT_UNDERSTOOD}$ref": written}
        name = re.sub(r"[^A-Za-z0-9]", lambda match: f"_{ord(match[0]):x}_", pointer)
        if name not in self.definitions:
            self.definitions[name] = {}  # so that what refers to itself ends
            named = re.fullmatch(r"/(?:\$defs|definitions)/([^/]+)", pointer)
            if named or not pointer:
                self.places[name] = f".$defs{member('', _unescaped(named[1]))}" if named else ""
            self.definitions[name] = self.schema(target)
        return {"$ref": f"#/$defs/{name}"}


def _traits(raw: Any) -> tuple[bool, bool, bool]:
    """Whether there is an `$id` below the root, which changes what references mean; an unevaluated...; a `_LEADING`."""
    has_inner_id = looks_on = leads_back = False
    pending = [(raw, True)]
    while pending:
        value, is_root = pending.pop()
        if isinstance(value, dict):
            has_inner_id |= not is_root and isinstance(value.get("$id"), str)
            looks_on |= bool(UNEVALUATED & value.keys())
            leads_back |= bool(_LEADING & value.keys())
            pending += [(each, False) for each in value.values()]
        elif isinstance(value, list):
            pending += [(each, False) for each in value]
    return has_inner_id, looks_on, leads_back


def _resolve(root: Any, pointer: str) -> tuple[bool, Any]:
    """Whether there is a schema at `pointer`, and which."""
    target = root
    if pointer and not pointer.startswith("/"):
        return False, None
    for step in pointer.split("/")[1:]:
        key = _unescaped(step)
        if isinstance(target, dict) and key in target:
            target = target[key]
        elif isinstance(target, list) and key.isdecimal() and int(key) < len(target):
            target = target[int(key)]
        else:
            return False, None
    return isinstance(target, (dict, bool)), target


def _unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")
