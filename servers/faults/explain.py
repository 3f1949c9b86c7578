"""What a profile would do, without a server: which of so many calls of each tool each rule hits."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from textwrap import wrap

from formats.errors import InvalidInput

from .armed import WHEN
from .draw import Draws
from .match import METHODS, TOOLS_CALL, Match
from .model import Profile, Rule

MOST_CALLS = 100_000
OTHER_METHODS = "(other methods)"
"""Stands for the tool where a rule is for every request."""

_COLUMNS = 80
_ROOM = 30


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one rule does to the calls 1, 2, … of one tool (or of one method that is no tool call)."""

    rule: str
    tool: str
    hits: tuple[int, ...] | None
    """The calls that it hits as far as their keys decide; None: not worked out."""
    only_if: tuple[str, ...] = ()
    """Conditions on what stands in the call: a call that does not fulfil them is not hit."""
    order_or_time: tuple[str, ...] = ()
    """Conditions that depend on what else goes on: fewer may be hit than `hits` says."""
    unless: tuple[str, ...] = ()
    """Exclusive rules above it that may keep it from a call."""

    @property
    def certain(self) -> bool:
        """Whether exactly these calls are hit."""
        return not (self.only_if or self.order_or_time or self.unless or self.hits is None)


def forecast(profile: Profile, tools: Collection[str], calls: int) -> list[Forecast]:
    """What each rule does to `calls` calls of each of `tools`, in the order of the profile.

    Raises:
        InvalidInput: so many calls cannot be worked out.
    """
    if not 1 <= calls <= MOST_CALLS:
        raise InvalidInput([f"calls should be from 1 to {MOST_CALLS:,}, got {calls:,}"])
    found: list[Forecast] = []
    taken: dict[str, set[int]] = {}
    unless: dict[str, tuple[str, ...]] = {}
    for rule in profile.rules:
        for tool in _targets(rule.match, tools):
            known = tool != OTHER_METHODS
            hits = tuple(_hits(rule, profile.seed, tool, calls, taken.get(tool, set()))) if known else None
            found.append(Forecast(rule.name, tool, hits, rule.match.content, rule.order_or_time, unless.get(tool, ())))
            if rule.exclusive and not (rule.match.content or rule.order_or_time or hits is None):
                taken.setdefault(tool, set()).update(hits)
            elif rule.exclusive:
                unless[tool] = (*unless.get(tool, ()), rule.name)
    return found


def explain(profile: Profile, tools: Collection[str], calls: int) -> str:
    """`forecast` for people, in 80 columns: what each rule does, on what it depends, which calls it hits.

    Raises:
        InvalidInput: so many calls cannot be worked out.
    """
    found = forecast(profile, tools, calls)
    lines = [f"Seed {profile.seed}; {calls:,} {'call' if calls == 1 else 'calls'} of each tool, numbered from 1."]
    if not profile.rules:
        lines.append("No rules: nothing is hit.")
    tool_width = max((len(f.tool) for f in found), default=0)
    number_width = max((len(_number(f)) for f in found), default=0)
    for rule in profile.rules:
        lines += ["", *_filled(f"{rule.name}: {', '.join(effect.fault_type() for effect in rule.do)}", "")]
        by_notes: dict[tuple[str, ...], list[Forecast]] = {}
        for each in found:
            if each.rule == rule.name:
                by_notes.setdefault(tuple(_notes(each, rule)), []).append(each)
        for notes, rows in by_notes.items():
            lines += _filled(" ".join(notes), "  ")
            for row in rows:
                start = f"  {row.tool:{tool_width}}  {_number(row):{number_width}}  "
                lines.append(start + _listed(row.hits, calls, max(_ROOM, _COLUMNS - len(start))))
    return "\n".join(lines) + "\n"


def _filled(text: str, indent: str) -> list[str]:
    """`text` in lines of 80 columns; a long word stays whole."""
    return wrap(
        text,
        _COLUMNS,
        initial_indent=indent,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _targets(match: Match, tools: Collection[str]) -> Iterator[str]:
    if match.can_be(TOOLS_CALL):
        yield from (tool for tool in tools if match.tool is None or fnmatchcase(tool, match.tool))
    if match.method is not None:
        yield from (method for method in METHODS if method != TOOLS_CALL and match.can_be(method))
    elif match.tool is None and not {"arguments", "attempt"} & {*match.content}:
        yield OTHER_METHODS


def _hits(rule: Rule, seed: int, tool: str, calls: int, taken: Collection[int]) -> Iterator[int]:
    counts = rule.when.counter()
    probability = rule.when.probability
    draws = Draws(seed, rule.name, tool)
    for n in range(1, calls + 1):
        if counts(n) and n not in taken and (probability is None or draws.draw(n, WHEN) < probability):
            yield n


def _number(found: Forecast) -> str:
    if found.hits is None:
        return "?"
    return f"{len(found.hits):,}" if found.certain or not found.hits else f"at most {len(found.hits):,}"


def _listed(hits: Sequence[int] | None, calls: int, room: int = _COLUMNS) -> str:
    """The numbers of the calls, neighbours as a range; as many as there is room for."""
    if hits is None:
        return "each method has draws of its own"
    if not hits:
        return "none"
    if len(hits) == calls:
        return "all"
    listed = ""
    for part in _ranges(hits):
        if len(listed) + len(part) > room:
            while len(listed) + len("…") > room:
                listed = listed[: listed.rstrip().rindex(" ") + 1]
            return f"{listed}…"
        listed += f"{part} "
    return listed.rstrip()


def _ranges(hits: Sequence[int]) -> Iterator[str]:
    low = high = hits[0]
    for n in (*hits[1:], 0):
        if n == high + 1:
            high = n
            continue
        yield from (f"{low}-{high}",) if high > low + 1 else map(str, range(low, high + 1))
        low = high = n


def _notes(found: Forecast, rule: Rule) -> Iterator[str]:
    """Full sentences."""
    match = rule.match
    of = (f" of the {match.era} era" if match.era else "") + (f" of version {match.protocol}" if match.protocol else "")
    others = [key for key in found.only_if if key not in ("era", "protocol")]
    if found.only_if:
        yield f"Only calls{of}{' with the right ' if others else ''}{' and '.join(others)}."
    if found.order_or_time:
        yield f"Depends on order or time: {', '.join(found.order_or_time)}."
    if found.unless:
        *before, last = found.unless
        yield f"Not the calls that {', '.join(before)}{' or ' if before else ''}{last} hits."
    for effect in rule.do:
        if depends := getattr(effect, "order_or_time", ()):
            yield f"What {effect.fault_type()} does depends on order or time: {', '.join(depends)}."
