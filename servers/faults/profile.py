"""Fault profiles as people write them, read strictly: all problems at once, each with file, line and key."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from formats.errors import Finding, InvalidDocument
from formats.fixtures import find_fixture
from formats.strict_yaml import parse_yaml
from formats.text_file import read_text

from .match import Match
from .model import Profile, Rule
from .rule_reader import RuleReader
from .when import When

LARGEST = 100_000
"""Characters of a profile."""
MOST_VALUES = 8_000
"""Keys and values of a profile; to complain about more of them takes seconds, in which a server serves nobody."""

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_DEEPEST = 40
_LARGEST_SEED = 2**63


class _Keys(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("should have 1 to 80 letters, digits, dots, - and _")
    return value


def _one_line(value: str) -> str:
    if "\n" in value:
        raise ValueError("should be one line")
    return value


def _effects(value: object) -> object:
    if value in ([], (), None):
        raise ValueError("should have an effect, such as {http: {status: 503}}")
    return value


def _one_effect(value: dict[str, Any]) -> dict[str, Any]:
    if len(value) != 1:
        raise ValueError("should be one effect, such as {http: {status: 503}}")
    return value


class _RuleKeys(_Keys):
    name: Annotated[str, AfterValidator(_name)]
    match: Match = Match()
    when: When = When()
    do: Annotated[
        tuple[Annotated[dict[str, Any], AfterValidator(_one_effect)], ...],
        BeforeValidator(_effects),
    ]
    exclusive: Annotated[bool, Field(strict=True)] = False


class _ProfileKeys(_Keys):
    version: Annotated[Literal[1], BeforeValidator(lambda value: "true" if value is True else value)]
    description: Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_one_line)] = ""
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
        InvalidInput: there is no such file.
        InvalidDocument: it cannot be used; one sentence for each problem.
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
        InvalidDocument: it cannot be used; one sentence for each problem.
    """
    refuse_tricks(text, name)
    reader = RuleReader(effects, tools, folder)
    keys = parse_yaml(text, name, _ProfileKeys, reader.find_problems, dict.fromkeys(effects, "do"))
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
        InvalidDocument: with a finding for each.
    """
    if len(text) > LARGEST:
        raise InvalidDocument(name, [Finding("", f"should have at most {LARGEST:,} characters, has {len(text):,}")])
    findings: list[Finding] = []
    values = depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            values += isinstance(event, yaml.NodeEvent)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            excess = "is nested too deeply" if depth > _DEEPEST else ""
            if values > MOST_VALUES:
                excess = f"has more than {MOST_VALUES:,} keys and values up to here"
            if problem := excess or _trick(event):
                findings.append(Finding("", problem, event.start_mark.line + 1 if event.start_mark else None))
            if excess:
                break
    except (yaml.YAMLError, ValueError, RecursionError):
        return  # the reader says so
    if findings:
        raise InvalidDocument(name, findings)


def _trick(event: yaml.Event) -> str:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        return "anchors and aliases (& and *) are not read: write it out, or quote it"
    if tag := getattr(event, "tag", None):
        return f"tags such as {tag} are not read"
    if isinstance(event, yaml.ScalarEvent) and any("\ud800" <= c <= "\udfff" for c in event.value):
        return "half a character (a lone surrogate) is not read"
    return ""
