"""What changed between two versions of a tool, as tools/list gives them."""

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

from ..mirrored import Path, mirrored
from .change import Change, ordered
from .difference import same
from .hint_diff import diff_hints
from .place import member
from .schema_diff import diff_schemas
from .schema_words import texts_in
from .text_diff import text_change
from .values import became, shown

Entry = Mapping[str, Any]
_TEXTS = ("description", "title")
_READ = frozenset({*_TEXTS, "name", "inputSchema", "outputSchema", "annotations", "execution"})
_TASKS = ("forbidden", "optional", "required")


def diff_tools(old: Entry, new: Entry) -> tuple[Change, ...]:
    """The changes between two entries of a tool's name, in the order of `change.ordered`."""
    where = member("tools", str(new["name"]))
    return ordered(_changes(old, new, where))


def new_tool(tool: Entry) -> Iterator[Change]:
    """The changes that a tool brings which was not there."""
    where = member("tools", str(tool["name"]))
    yield Change("compatible", where, "is new")
    texts = [tool[key] for key in _TEXTS if isinstance(tool.get(key), str)]
    texts += [text for key in ("inputSchema", "outputSchema") for text in texts_in(tool.get(key))]
    if texts:
        more = f" and {len(texts) - 1} more" if len(texts) > 1 else ""
        yield Change("review", where, f"brings texts that no model has acted on so far: {shown(texts[0])}{more}")


def alike(one: Entry, other: Entry) -> bool:
    """Whether two tools may be the same under two names: the same schemas, which say something."""
    says_something = bool(_mapping(one, "inputSchema").get("properties"))
    return says_something and all(same(one.get(key), other.get(key)) for key in ("inputSchema", "outputSchema"))


def _changes(old: Entry, new: Entry, where: str) -> Iterator[Change]:
    for key in _TEXTS:
        if not same(old.get(key), new.get(key)):
            yield text_change(old.get(key), new.get(key), member(where, key))
    yield from diff_hints(_mapping(old, "annotations"), _mapping(new, "annotations"), member(where, "annotations"))
    yield from _tasks(old, new, member(where, "execution"))
    schemas = _mapping(old, "inputSchema"), _mapping(new, "inputSchema")
    yield from diff_schemas(*schemas, "input", member(where, "inputSchema"))
    yield from _headers(*schemas, member(where, "inputSchema"))
    yield from _output(old, new, member(where, "outputSchema"))
    for key in sorted({*old, *new} - _READ):
        if not same(old.get(key), new.get(key)):
            yield Change("review", member(where, key), became(old.get(key), new.get(key)))


def _output(old: Entry, new: Entry, where: str) -> Iterator[Change]:
    if "outputSchema" in old and "outputSchema" in new:
        yield from diff_schemas(_mapping(old, "outputSchema"), _mapping(new, "outputSchema"), "output", where)
    elif "outputSchema" in old:
        yield Change("breaking", where, "is gone: nothing says any more what results look like")
    elif "outputSchema" in new:
        yield Change("compatible", where, "is new")


def _headers(old: Entry, new: Entry, where: str) -> Iterator[Change]:
    """Arguments that modern calls have to repeat in a header now: those without it are refused (-32020)."""
    before = mirrored(old)
    for path, header in mirrored(new).items():
        if before.get(path) != header and _has(old, path):
            yield Change("breaking", reduce(member, path, where), f"has to be repeated in the header {header} now")


def _has(schema: Entry, path: Path) -> bool:
    """Whether there is an argument there."""
    name, *rest = path
    properties = _mapping(schema, "properties")
    return name in properties and (not rest or _has(_mapping(properties, name), tuple(rest)))


def _tasks(old: Entry, new: Entry, where: str) -> Iterator[Change]:
    """Whether the tool may, or has to, be called as a task."""
    before, after = (_mapping(side, "execution").get("taskSupport", "forbidden") for side in (old, new))
    if before == after:
        return
    place, said = member(where, "taskSupport"), became(before, after)
    if before not in _TASKS or after not in _TASKS:
        yield Change("unknown", place, said)
    elif after == "optional":
        yield Change("compatible", place, said)
    else:
        wrong = "as tasks" if after == "forbidden" else "without a task"
        yield Change("breaking", place, f"{said}: calls {wrong} are refused now")


def _mapping(entry: Entry, key: str) -> Entry:
    value = entry.get(key)
    return value if isinstance(value, Mapping) else {}
