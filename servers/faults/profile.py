"""Fault profiles as people write them, read strictly: all problems at once, each with file, line and key."""

import re
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, cast

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import ErrorDetails

from formats.errors import InvalidInput, complaint
from formats.fixtures import find_fixture
from formats.nearest import did_you_mean
from formats.strict_yaml import Location, Problem, parse_yaml, property_names
from formats.text_file import read_text

from .exchange import Effect, OfEras
from .match import METHODS, Match
from .model import Profile, Rule
from .when import When

AnyModel = TypeVar("AnyModel", bound=BaseModel)

LARGEST = 100_000
"""Characters of a profile."""
MOST_VALUES = 8_000
"""Keys and values of a profile; to complain about more of them takes seconds, in which a server serves nobody."""

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_DEEPEST = 40
_NOT_DETERMINISTIC = "depends on order or time, which deterministic: true rules out"
_LARGEST_SEED = 2**63


class _Keys(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("should have 1 to 80 letters, digits, dots, - and _")
    return value


def _one_effect(value: dict[str, Any]) -> dict[str, Any]:
    if len(value) != 1:
        raise ValueError("should be one effect, such as {http: {status: 503}}")
    return value


class _RuleKeys(_Keys):
    name: Annotated[str, AfterValidator(_name)]
    match: Match = Match()
    when: When = When()
    do: Annotated[tuple[Annotated[dict[str, Any], AfterValidator(_one_effect)], ...], Field(min_length=1)]
    exclusive: Annotated[bool, Field(strict=True)] = False


class _ProfileKeys(_Keys):
    version: Annotated[Literal[1], BeforeValidator(lambda value: "true" if value is True else value)]
    description: Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\n]*$")] = ""
    seed: Annotated[int, Field(strict=True, gt=-_LARGEST_SEED, lt=_LARGEST_SEED)] = 0
    deterministic: Annotated[bool, Field(strict=True)] = False
    rules: Annotated[tuple[_RuleKeys, ...], Field(max_length=200)]


def read_profile(
    source: str | Path, effects: Mapping[str, Any], tools: Collection[str], seed: int | None = None
) -> Profile:
    """The profile in a file, or the bundled one of that name.

    Args:
        source: a path, or the bare name of a preset.
        effects: what can stand under `do`: settings by key, anything that pydantic reads into an `Effect`.
        tools: names of all tools that the server has.
        seed: beats the file's.

    Raises:
        InvalidInput: there is no such file, or it cannot be used; one sentence for each problem.
    """
    path = source if isinstance(source, Path) else find_fixture("faults", source)
    return parse_profile(read_text(path, LARGEST), str(path), effects, tools, seed, path.parent)


def parse_profile(
    text: str,
    name: str,
    effects: Mapping[str, Any],
    tools: Collection[str],
    seed: int | None = None,
    folder: Path | None = None,
) -> Profile:
    """The profile in `text`, YAML or JSON; complaints call it `name`.

    Without `folder` it cannot read files besides itself.

    Raises:
        InvalidInput: it cannot be used; one sentence for each problem.
    """
    refuse_tricks(text, name)
    reader = _Reader(effects, tools, folder)
    keys = parse_yaml(text, name, _ProfileKeys, reader.find_problems)
    rules = tuple(
        Rule(name=rule.name, match=rule.match, when=rule.when, do=reader.effects_of(index), exclusive=rule.exclusive)
        for index, rule in enumerate(keys.rules)
    )
    profile = Profile(
        rules=rules,
        seed=keys.seed,
        deterministic=keys.deterministic,
        description=keys.description,
        document=yaml.safe_load(text),
    )
    return profile.with_seed(seed)


def refuse_tricks(text: str, name: str) -> None:
    """Look for what YAML can do besides mappings, lists and plain values, and for what makes it slow to read.

    Raises:
        InvalidInput: one sentence for each find.
    """
    if len(text) > LARGEST:
        raise InvalidInput([f"{name}: should have at most {LARGEST:,} characters, has {len(text):,}"])
    problems: list[str] = []
    values = depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            values += isinstance(event, yaml.NodeEvent)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            excess = "is nested too deeply" if depth > _DEEPEST else ""
            if values > MOST_VALUES:
                excess = f"has more than {MOST_VALUES:,} keys and values up to here"
            if problem := excess or _trick(event):
                line = "" if event.start_mark is None else f"{event.start_mark.line + 1}:"
                problems.append(f"{name}:{line} {problem}")
            if excess:
                break
    except (yaml.YAMLError, ValueError, RecursionError):
        return  # the reader says so
    if problems:
        raise InvalidInput(problems)


def _trick(event: yaml.Event) -> str:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        return "anchors and aliases (& and *) are not read: write it out, or quote it"
    if tag := getattr(event, "tag", None):
        return f"tags such as {tag} are not read"
    if isinstance(event, yaml.ScalarEvent) and any("\ud800" <= c <= "\udfff" for c in event.value):
        return "half a character (a lone surrogate) is not read"
    return ""


class _Reader:
    """Finds what the shape alone cannot tell, in a document as it was written, whatever that is."""

    def __init__(self, effects: Mapping[str, Any], tools: Collection[str], folder: Path | None) -> None:
        self._adapters = {key: TypeAdapter[Any](shape) for key, shape in effects.items()}
        self._tools = tools
        self._context = {"folder": folder}
        self._made: dict[tuple[int, int], Effect] = {}

    def effects_of(self, rule: int) -> tuple[Effect, ...]:
        """What the rule of this index does; once `find_problems` has found none."""
        return tuple(effect for (index, _), effect in self._made.items() if index == rule)

    def find_problems(self, document: object) -> Iterator[Problem]:
        """What is wrong with effects, and with values that do not go together."""
        profile = document if isinstance(document, dict) else {}
        rules = profile.get("rules")
        names: dict[object, int] = {}
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            if not isinstance(rule, dict):
                continue
            for place, problem in self._rule_problems(index, rule, deterministic=profile.get("deterministic") is True):
                yield ("rules", index, *place), problem
            name = rule.get("name")
            if isinstance(name, str) and names.setdefault(name, index) != index:
                yield ("rules", index, "name"), f"{name} is the name of rules[{names[name]}] already"

    def _rule_problems(self, index: int, rule: Mapping[Any, Any], *, deterministic: bool) -> Iterator[Problem]:
        match, when = _typed(Match, rule.get("match", {})), _typed(When, rule.get("when", {}))
        for key, part in (("match", match), ("when", when)):
            if part is None:
                continue
            yield from (((key, *place), problem) for place, problem in part.problems())
            if deterministic:
                yield from (((key, condition), _NOT_DETERMINISTIC) for condition in part.order_or_time)
        if match is not None:
            yield from self._tool_problems(match)
        do = rule.get("do")
        for number, item in enumerate(do if isinstance(do, list) else ()):
            for key, settings in item.items() if isinstance(item, dict) and len(item) == 1 else ():
                place = ("do", number, str(key))
                yield from (
                    (((*place, *where)), what) for where, what in self._read_effect(index, number, key, settings)
                )
                effect = self._made.get((index, number))
                if effect is not None and match is not None:
                    yield from ((place, problem) for problem in _contradictions(effect, match))
                if deterministic:
                    yield from ((place, _NOT_DETERMINISTIC) for _ in getattr(effect, "order_or_time", ())[:1])

    def _tool_problems(self, match: Match) -> Iterator[Problem]:
        pattern = match.tool
        if pattern is not None and not any(fnmatchcase(tool, pattern) for tool in self._tools):
            there_are = f"it has {', '.join(self._tools)}" if self._tools else "it has none"
            yield ("match", "tool"), f"matches no tool of this server{did_you_mean(pattern, self._tools)}; {there_are}"

    def _read_effect(self, index: int, number: int, key: object, settings: object) -> Iterator[Problem]:
        adapter = self._adapters.get(key) if isinstance(key, str) else None
        if adapter is None:
            yield (), f"is not known{did_you_mean(str(key), self._adapters)}; there are {', '.join(self._adapters)}"
            return
        try:
            self._made[index, number] = adapter.validate_python(settings, context=self._context)
        except ValidationError as error:
            for found in error.errors():
                yield _place(settings, found), complaint(found) + _hint(found, adapter)


def _typed(shape: type[AnyModel], value: object) -> AnyModel | None:
    """None where `value` does not fit, which others say."""
    try:
        return shape.model_validate(value)
    except ValidationError:
        return None


def _place(settings: object, error: ErrorDetails) -> Location:
    """Where the error is in `settings`, without the names that pydantic gives to the members of a union."""
    node, place = settings, []
    for step in error["loc"]:
        inside = (isinstance(node, dict) and step in node) or (
            isinstance(node, (list, tuple)) and isinstance(step, int) and step < len(node)
        )
        if inside:
            node = cast("Any", node)[step]
            place.append(step)
    if error["type"] in ("missing", "extra_forbidden") and error["loc"][-1] not in place[-1:]:
        place.append(error["loc"][-1])
    return tuple(place)


def _hint(error: ErrorDetails, adapter: TypeAdapter[Any]) -> str:
    if error["type"] != "extra_forbidden":
        return ""
    try:
        schema = adapter.json_schema()
    except PydanticUserError:
        return ""
    return did_you_mean(str(error["loc"][-1]), sorted(property_names(schema)))


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
