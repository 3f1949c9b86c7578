"""What a profile would do, without a server: which of so many calls of each tool each rule hits."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import zip_longest

from formats.errors import InvalidInput

from .draw import Draws
from .match import METHODS, TOOLS_CALL, Match
from .model import Profile, Rule
from .plane import WHEN

MOST_CALLS = 100_000
OTHER_METHODS = "(other methods)"
"""Stands for the tool where a rule is for every request."""

_SHOWN = 12


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
    """`forecast` as a table for people.

    Raises:
        InvalidInput: so many calls cannot be worked out.
    """
    rows = [("rule", "tool", "hits", "calls", "")]
    rows += (
        (f.rule, f.tool, _number(f), _listed(f.hits, calls), "; ".join(_notes(f)))
        for f in forecast(profile, tools, calls)
    )
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    head = f"Seed {profile.seed}; {calls:,} {'call' if calls == 1 else 'calls'} of each tool, numbered from 1."
    return "\n".join([head, *(lines if profile.rules else ["No rules: nothing is hit."])]) + "\n"


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
    return f"{len(found.hits):,}" if found.certain else f"<= {len(found.hits):,}"


def _listed(hits: Sequence[int] | None, calls: int) -> str:
    """The numbers of the calls, neighbours as a range."""
    if hits is None:
        return "drawn by method"
    if not hits:
        return "none"
    if len(hits) == calls:
        return "all"
    ranges: list[list[int]] = []
    for n in hits:
        if ranges and ranges[-1][1] == n - 1:
            ranges[-1][1] = n
        elif len(ranges) > _SHOWN:
            break
        else:
            ranges.append([n, n])
    spelled = [f"{low}" if low == high else f"{low}{'-' if high > low + 1 else ' '}{high}" for low, high in ranges]
    return " ".join([*spelled[:_SHOWN], *(["…"] if len(spelled) > _SHOWN else [])])


def _notes(found: Forecast) -> Iterator[str]:
    if found.only_if:
        yield f"only calls with the right {', '.join(found.only_if)}"
    if found.order_or_time:
        yield f"depends on order or time: {', '.join(found.order_or_time)}"
    if found.unless:
        yield f"unless hit by {', '.join(found.unless)}"
