"""Plan files: found, read strictly, and checked for everything that can be wrong with them before a run begins."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from formats.errors import InvalidInput
from formats.fixtures import find_fixture
from formats.known_keys import Location
from formats.nearest import did_you_mean
from formats.problems import Problem
from formats.strict_yaml import load_yaml

from .finding import Goal
from .plan_keys import (
    EXECUTORS,
    SETTINGS,
    WORKLOADS,
    CriterionKeys,
    PlanKeys,
    ScenarioKeys,
    WorkloadName,
    as_criterion,
)
from .suite import LONGEST_NAME, TOOLS, Part, Suite, called_by, parts_of, strange
from .thresholds import Threshold, parse_threshold

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_ABOUT_A_STAGE = re.compile(r"(duration|target) of stage (\d+) (.*)")
_RESERVED_TAGS = ("tool", "scenario", "outcome", "expected_response", "phase")
_HIGHER_IS_BETTER = ("breaking-point", "uptime")


def load_suite(name_or_path: str) -> Suite:
    """The plan meant by `name_or_path`: a bundled one by its name, else a file.

    Raises:
        InvalidInput: there is no such file, or it cannot be used; every problem with file, line and key.
    """
    path = find_fixture("scenarios", name_or_path)
    keys = load_yaml(path, PlanKeys, find_problems)
    targets = keys.targets.model_dump(by_alias=True, exclude_none=True)
    outputs = keys.outputs.model_dump(by_alias=True, exclude_none=True)
    return Suite(
        name=path.stem,
        path=path,
        description=keys.description,
        workload=keys.workload,
        protocol=keys.protocol,
        timeout=keys.timeout,
        warm_up=keys.warm_up,
        keys=keys.scenarios,
        thresholds=tuple(_threshold(metric, item) for metric, items in keys.thresholds.items() for item in items),
        find=keys.find,
        targets={name: Goal(**goal) for name, goal in targets.items()},
        outputs={kind: Path(file) for kind, file in outputs.items()},
    )


def find_problems(document: object) -> Iterator[Problem]:
    """What is wrong with values that do not go together, in a document as it was written, whatever that is.

    Values of wrong types are left to the models.
    """
    plan = _mapping(document)
    workload = plan.get("workload")
    known = workload if isinstance(workload, str) and workload in WORKLOADS else None
    written = _mapping(plan.get("scenarios"))
    scenarios = {name: _mapping(keys) for name, keys in written.items() if isinstance(name, str)}
    for name, keys in scenarios.items():
        for place, problem in _scenario_problems(name, keys, known):
            yield ("scenarios", name, *place), problem
    yield from _orders(scenarios)
    parts = _all_parts(scenarios, known)
    yield from _overlaps(parts)
    yield from _criteria_problems(_mapping(plan.get("thresholds")), parts, known)
    yield from _find_problems(plan, scenarios)


def _scenario_problems(name: str, keys: Mapping[str, Any], workload: WorkloadName | None) -> Iterator[Problem]:
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        yield (), f"should have a name of letters, digits, _ and -, at most {LONGEST_NAME} of them"
    executor = keys.get("executor")
    kind = EXECUTORS.get(executor) if isinstance(executor, str) else None
    if kind is not None:
        for key in keys:
            if key in SETTINGS and key not in kind.keys:
                near = did_you_mean(key, kind.keys)
                yield (key,), f"is no key of {kind.name}{near}; it has {', '.join(kind.keys)}"
        missing = [key for key in kind.needed if keys.get(key) is None]
        yield from (((key,), f"is required for {kind.name}") for key in missing)
        if not missing:
            yield from _refusals(keys)
    yield from _mix_problems(keys, workload)
    yield from _foreign_keys(keys, workload)
    for tag in _mapping(keys.get("tags")):
        if not isinstance(tag, str) or not _NAME.fullmatch(tag) or tag in _RESERVED_TAGS:
            reserved = ", ".join(_RESERVED_TAGS)
            yield ("tags", str(tag)), f"should be a word of letters, digits, _ and -, and none of {reserved}"


def _refusals(keys: Mapping[str, Any]) -> Iterator[Problem]:
    """What the executor says to its settings, once each of them is of the right type."""
    own = {key: value for key, value in keys.items() if key in SETTINGS or key == "executor"}
    try:
        ScenarioKeys.model_validate(own).build()
    except ValidationError:
        return
    except InvalidInput as error:
        for problem in error.problems:
            subject, _, predicate = problem.partition(" ")
            stage = _ABOUT_A_STAGE.fullmatch(problem)
            if stage is not None:
                yield ("stages", int(stage[2]) - 1, stage[1]), stage[3]
            elif subject in own:
                yield (subject,), predicate
            else:
                yield (), f"cannot be used: {problem}"


def _mix_problems(keys: Mapping[str, Any], workload: WorkloadName | None) -> Iterator[Problem]:
    if workload is None or not TOOLS[workload]:
        return
    for tool in _mapping(keys.get("mix")):
        if tool not in TOOLS[workload]:
            near = did_you_mean(str(tool), TOOLS[workload])
            yield ("mix", str(tool)), f"is no tool of {workload}{near}; it has {', '.join(TOOLS[workload])}"


def _foreign_keys(keys: Mapping[str, Any], workload: WorkloadName | None) -> Iterator[Problem]:
    """Keys for another workload, or that do not go together."""
    for key, owner in (("numbers", "calculator"), ("arguments", "generic"), ("setup", "payments")):
        if keys.get(key) is not None and workload not in (None, owner):
            yield (key,), f"is for the workload {owner} only, and this one is {workload}"
    each = keys.get("each")
    if each == "tool-and-numbers" and workload not in (None, "calculator"):
        yield ("each",), f"tool-and-numbers is for the workload calculator only, and this one is {workload}"
    if each == "tool-and-numbers" and keys.get("numbers") is not None:
        yield ("numbers",), "cannot go together with each: tool-and-numbers, which takes every range"
    if isinstance(keys.get("arguments"), dict):
        try:
            orjson.dumps(keys["arguments"])
        except TypeError:  # orjson's own error is one
            yield ("arguments",), "should be values that JSON has"


def _orders(scenarios: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """Scenarios that wait for one that there is not, or for themselves."""
    after = {name: keys.get("after") for name, keys in scenarios.items()}
    for name, first in after.items():
        before = first
        if not isinstance(before, str):
            continue
        if before not in after:
            known = f"{did_you_mean(before, tuple(after))}; there are {', '.join(after)}"
            yield ("scenarios", name, "after"), f"names no scenario of this plan{known}"
            continue
        way = [name]
        while isinstance(before, str) and before in after and before not in way:
            way.append(before)
            before = after[before]
        if before == name:
            circle = " after ".join([*way, name])
            yield ("scenarios", name, "after"), f"goes round in a circle: {circle}"


def _all_parts(
    scenarios: Mapping[str, Mapping[str, Any]], workload: WorkloadName | None
) -> dict[str, tuple[Part, ...]]:
    """The scenarios that are made of each one, as far as can be told."""
    parts = {}
    for name, keys in scenarios.items():
        asked = {key: keys[key] for key in ("mix", "numbers", "each") if keys.get(key) is not None}
        try:
            typed = ScenarioKeys.model_validate({"executor": "constant-vus", **asked})
        except ValidationError:
            typed = ScenarioKeys(executor="constant-vus")
        parts[name] = parts_of(name, typed, workload, workload) if workload is not None else (Part(name, None, None),)
    return parts


def _overlaps(parts: Mapping[str, Sequence[Part]]) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for name, made in parts.items():
        for part in made:
            if part.name in owners:
                yield (
                    ("scenarios", name),
                    f"overlaps with {owners[part.name]}: both make a scenario named {part.name}",
                )
            elif len(part.name) > LONGEST_NAME >= len(name):
                yield ("scenarios", name), f"makes a scenario named {part.name}, longer than {LONGEST_NAME} characters"
                break
            owners.setdefault(part.name, name)


def _criteria_problems(
    thresholds: Mapping[Any, Any], parts: Mapping[str, Sequence[Part]], workload: WorkloadName | None
) -> Iterator[Problem]:
    every = list(chain.from_iterable(parts.values()))
    names = [part.name for part in every]
    called = called_by(every, workload) if workload is not None and TOOLS[workload] else None
    for metric, items in thresholds.items():
        if not isinstance(metric, str) or not isinstance(items, list):
            continue
        seen: list[Threshold] = []
        for number, item in enumerate(items):
            place: Location = ("thresholds", metric, number)
            try:
                threshold = _threshold(metric, CriterionKeys.model_validate(as_criterion(item)))
            except ValidationError:
                continue
            except ValueError as error:
                yield place, f"cannot be used: {error}"
                continue
            if threshold in seen:
                yield place, "stands there twice"
            elif workload is not None and names:
                yield from ((place, f"cannot be judged: {problem}") for problem in strange(threshold, called, names))
            seen.append(threshold)


def _find_problems(plan: Mapping[str, Any], scenarios: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    found = plan.get("find")
    asked = found if isinstance(found, list) else []
    searching = [keys for keys in scenarios.values() if keys.get("executor") == "breaking-point"]
    if "breaking-point" in asked and not searching:
        yield ("find",), "names breaking-point, and no scenario has that executor"
    for number, name in enumerate(asked):
        if name in asked[:number]:
            yield ("find", number), f"names {name} twice"
    targets = _mapping(plan.get("targets"))
    if "breaking-point" in targets and searching and all(keys.get("of") == "rate" for keys in searching):
        yield ("targets", "breaking-point"), "is in virtual users, and every search of this plan has of: rate"
    for name, goal in targets.items():
        target, stretch = _mapping(goal).get("target"), _mapping(goal).get("stretch")
        if isinstance(name, str) and name not in asked:
            yield ("targets", name), "is no target of an analysis that find names"
        if isinstance(target, (int, float)) and isinstance(stretch, (int, float)):
            harder = stretch > target if name in _HIGHER_IS_BETTER else stretch < target
            if not harder:
                yield ("targets", str(name), "stretch"), f"should be harder to reach than the target, {target}"


def _threshold(metric: str, keys: CriterionKeys) -> Threshold:
    return parse_threshold(
        metric,
        keys.threshold,
        abort_on_fail=keys.abort_on_fail,
        delay_abort_eval=keys.delay_abort_eval,
        window=keys.window,
        stretch=keys.stretch,
    )


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, dict) else {}
