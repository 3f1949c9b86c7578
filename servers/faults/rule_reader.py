"""What the shape of a profile alone cannot tell: the effects of its rules, and values that do not go together."""

from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from formats.known_keys import KnownKeys
from formats.nearest import did_you_mean
from formats.problems import Problem, problems_of

from .exchange import Effect, OfEras
from .match import METHODS, Match
from .when import When

AnyModel = TypeVar("AnyModel", bound=BaseModel)

_EMPTY = "has no value: give it one, or leave it out"
_NOT_DETERMINISTIC = "depends on order or time, which deterministic: true rules out"


class RuleReader:
    """Reads the effects of one document, as it was written, whatever that is, and finds its problems.

    Args:
        effects: what can stand under `do`: settings by key, anything that pydantic reads into an `Effect`.
        tools: names of all tools that the server has.
        folder: where the files are that settings name; None: they may name none.
    """

    def __init__(self, effects: Mapping[str, Any], tools: Collection[str], folder: Path | None) -> None:
        self._adapters = {key: TypeAdapter[Any](shape) for key, shape in effects.items()}
        self._tools = tools
        self._context = {"folder": folder}
        self._made: dict[tuple[int, int], Effect] = {}
        self._keys: dict[str, KnownKeys] = {}

    def effects_of(self, rule: int) -> tuple[Effect, ...]:
        """What the rule of this index does; once `find_problems` has found none."""
        return tuple(effect for (index, _), effect in self._made.items() if index == rule)

    def find_problems(self, document: object) -> Iterator[Problem]:
        """What is wrong with effects, and with values that do not go together."""
        profile = document if isinstance(document, dict) else {}
        rules = profile.get("rules")
        deterministic = profile.get("deterministic") is True
        names: dict[object, int] = {}
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            if not isinstance(rule, dict):
                continue
            match, when = _typed(Match, rule.get("match", {})), _typed(When, rule.get("when", {}))
            found = (
                *_problems_of(rule, "match", match, deterministic=deterministic),
                *_problems_of(rule, "when", when, deterministic=deterministic),
                *self._match_problems(match, when),
                *self._effect_problems(index, rule.get("do"), match, deterministic=deterministic),
            )
            yield from ((("rules", index, *place), problem) for place, problem in found)
            name = rule.get("name")
            if isinstance(name, str) and names.setdefault(name, index) != index:
                yield ("rules", index, "name"), f"{name} is the name of rules[{names[name]}] already"

    def _match_problems(self, match: Match | None, when: When | None) -> Iterator[Problem]:
        if match is None:
            return
        pattern = match.tool
        if pattern is not None and not any(fnmatchcase(tool, pattern) for tool in self._tools):
            yield ("match", "tool"), f"matches no tool of this server{self._there_are(pattern)}"
        bucket = when.bucket if when is not None else None
        if bucket is not None and bucket.per == "session" and match.eras == {"modern"}:
            yield ("when", "bucket", "per"), "cannot be session in the modern era, which has no sessions"

    def _effect_problems(self, rule: int, do: object, match: Match | None, *, deterministic: bool) -> Iterator[Problem]:
        for number, item in enumerate(do if isinstance(do, list) else ()):
            if not isinstance(item, dict) or len(item) != 1:
                continue
            ((key, settings),) = item.items()
            place = ("do", number, str(key))
            yield from (((*place, *inner), problem) for inner, problem in self._read(rule, number, key, settings))
            effect = self._made.get((rule, number))
            if effect is None:
                continue
            if match is not None:
                yield from ((place, problem) for problem in _contradictions(effect, match))
            tool = getattr(getattr(effect, "root", None), "listed_tool", "*")
            if tool not in ("*", *self._tools):
                yield place, f"is about a tool that this server does not have{self._there_are(tool)}"
            depends: tuple[str, ...] = getattr(effect, "order_or_time", ())
            if deterministic and depends:
                yield place, _NOT_DETERMINISTIC

    def _there_are(self, given: str) -> str:
        there_are = f"it has {', '.join(self._tools)}" if self._tools else "it has none"
        return f"{did_you_mean(given, self._tools)}; {there_are}"

    def _read(self, rule: int, number: int, key: object, settings: object) -> Iterator[Problem]:
        adapter = self._adapters.get(key) if isinstance(key, str) else None
        if adapter is None:
            yield (), f"is not known{did_you_mean(str(key), self._adapters)}; there are {', '.join(self._adapters)}"
            return
        try:
            self._made[rule, number] = adapter.validate_python(settings, context=self._context)
        except ValidationError as error:
            yield from problems_of(error.errors(), settings, self._known(str(key)))

    def _known(self, effect: str) -> KnownKeys:
        if effect not in self._keys:  # made once: a profile may have thousands of mistakes
            self._keys[effect] = KnownKeys.of(self._adapters[effect])
        return self._keys[effect]


def _typed(shape: type[AnyModel], value: object) -> AnyModel | None:
    """None where `value` does not fit, which others say."""
    try:
        return shape.model_validate(value)
    except ValidationError:
        return None


def _problems_of(
    rule: Mapping[Any, Any], key: str, part: Match | When | None, *, deterministic: bool
) -> Iterator[Problem]:
    """What is wrong with `match` or `when` for itself."""
    if part is None:
        return
    yield from (((key, *place), problem) for place, problem in part.problems())
    yield from (((key, empty), _EMPTY) for empty, value in rule.get(key, {}).items() if value is None)
    if deterministic:
        yield from (((key, condition), _NOT_DETERMINISTIC) for condition in part.order_or_time)


def _contradictions(effect: Effect, match: Match) -> Iterator[str]:
    """Why the effect could never act on a call that the rule is for."""
    if isinstance(effect, OfEras) and match.eras and not (eras := effect.eras()) & match.eras:
        yield f"acts on requests of the {' or '.join(sorted(eras))} era only, which this rule does not match"
    methods = _methods_of(effect)
    if methods and not any(match.can_be(method) for method in methods):
        yield f"acts on {' or '.join(sorted(methods))} only, which this rule does not match"


def _methods_of(effect: Effect) -> Collection[str]:
    """The methods that an effect says it acts on; empty: all of them."""
    methods = getattr(getattr(effect, "root", effect), "methods", METHODS)
    return methods if isinstance(methods, frozenset) else ()
