"""What changed in lists of entries: resources, resource templates and prompts, as the server's lists give them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .change import Change
from .difference import same
from .place import member
from .text_diff import text_change
from .values import became

Entry = Mapping[str, Any]
Diff = Callable[[Entry, Entry, str], Iterator[Change]]
_TEXTS = ("title", "description")
_FLEETING = frozenset({"size", "annotations"})
"""Keys of a resource that change with its content: how long it is, when it was modified."""


def diff_entries(
    old: Sequence[Entry],
    new: Sequence[Entry],
    key: str,
    where: str,
    diff: Diff,
) -> Iterator[Change]:
    """The entries that are gone or new, by their `key`, and what `diff` says of those on both sides."""
    before, after = ({str(entry[key]): entry for entry in side} for side in (old, new))
    for name in sorted({*before, *after}):
        place = member(where, name)
        if name not in after:
            yield Change("breaking", place, "is gone")
        elif name not in before:
            yield from _new(after[name], place)
        else:
            yield from diff(before[name], after[name], place)


def diff_resource(old: Entry, new: Entry, where: str) -> Iterator[Change]:
    """What changed in a resource or a template."""
    yield from _texts(old, new, where)
    for key in sorted({*old, *new} - {*_TEXTS}):
        before, after = old.get(key), new.get(key)
        if same(before, after):
            continue
        said = became(before, after)
        if key == "mimeType" and before is not None and after is not None:
            yield Change("breaking", member(where, key), f"{said}: clients read it as what it was")
        else:
            fine = key in _FLEETING or (key == "mimeType" and before is None)
            yield Change("compatible" if fine else "review", member(where, key), said)


def diff_prompt(old: Entry, new: Entry, where: str) -> Iterator[Change]:
    """What changed in a prompt. It has the arguments that it names, and no others."""
    yield from _texts(old, new, where)
    before, after = (_arguments(side) for side in (old, new))
    for name in sorted({*before, *after}):
        place = member(f"{where}.arguments", name)
        if name not in after:
            yield Change("breaking", place, "is gone")
        elif name not in before:
            required = after[name].get("required") is True
            told = "is new, and required" if required else "is new, and optional"
            yield Change("breaking" if required else "compatible", place, told)
            yield from _texts({}, after[name], place)
        else:
            yield from _texts(before[name], after[name], place)
            yield from _required(before[name], after[name], place)
    for key in sorted({*old, *new} - {*_TEXTS, "arguments"}):
        if not same(old.get(key), new.get(key)):
            yield Change("review", member(where, key), became(old.get(key), new.get(key)))


def _new(entry: Entry, where: str) -> Iterator[Change]:
    yield Change("compatible", where, "is new")
    yield from _texts({}, entry, where)


def _texts(old: Entry, new: Entry, where: str) -> Iterator[Change]:
    for key in _TEXTS:
        if not same(old.get(key), new.get(key)):
            yield text_change(old.get(key), new.get(key), member(where, key))


def _arguments(prompt: Entry) -> dict[str, Entry]:
    given = prompt.get("arguments")
    listed = [each for each in given if isinstance(each, Mapping)] if isinstance(given, list) else []
    return {str(each.get("name")): each for each in listed}


def _required(old: Entry, new: Entry, where: str) -> Iterator[Change]:
    before, after = (side.get("required") is True for side in (old, new))
    if before != after:
        yield Change("breaking" if after else "compatible", where, f"is {'required' if after else 'optional'} now")
