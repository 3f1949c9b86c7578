"""A plan file that was read: its scenarios, ready to be planned for a workload and a scale, and its criteria."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from formats.draw import Draw
from formats.errors import InvalidInput
from formats.nearest import did_you_mean

from .call import ToolCall
from .catalogue import EVERY_OPERATION
from .finding import Goal
from .plan import Executor, Scenario
from .plan_keys import Analysis, ScenarioKeys, WorkloadName, lasts, scaled
from .thresholds import Threshold
from .workloads import calculator, payments
from .workloads.calculator import NUMBERS, CalculatorWorkload, Numbers
from .workloads.generic import GenericWorkload
from .workloads.payments import Made, PaymentsWorkload, new_pool
from .workloads.recent import Recent

LONGEST_NAME = 40
TOOLS: Mapping[WorkloadName, tuple[str, ...]] = {
    "calculator": CalculatorWorkload.tools,
    "payments": PaymentsWorkload.tools,
    "generic": (),
}
"""The tools of each workload; those of the generic one are the server's."""
_OPERATION = re.compile(r"operation_(.+)_ms")
_ODD = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class Part:
    """One scenario that `each` makes of a scenario of the file, or that scenario itself."""

    name: str
    mix: Mapping[str, int] | None
    numbers: Numbers | None


@dataclass(frozen=True, slots=True)
class Suite:
    """A plan, as its file has it. `name` is the bundled plan's, or the file's without its suffix.

    `thresholds` are as written: those on `operation_*_ms` are meant for each tool that the run calls.
    """

    name: str
    path: Path
    description: str
    workload: WorkloadName
    protocol: str
    timeout: float
    warm_up: float
    keys: Mapping[str, ScenarioKeys]
    thresholds: tuple[Threshold, ...] = ()
    find: tuple[Analysis, ...] = ()
    targets: Mapping[str, Goal] = field(default_factory=dict)
    outputs: Mapping[str, Path] = field(default_factory=dict)

    def scenarios(
        self,
        seed: int,
        run_id: str,
        *,
        workload: WorkloadName | None = None,
        scale: float = 1.0,
        duration: float | None = None,
        vus: int | None = None,
        arrival_rates: bool = False,
        tools: Sequence[str] | None = None,
    ) -> tuple[Scenario, ...]:
        """What to run. All payments workloads share the payments that they make.

        Args:
            seed: what is drawn depends on it; each scenario draws for itself.
            run_id: keeps the payments of runs apart.
            workload: instead of the plan's, with its own mix; what the plan says about its own calls is left out.
            scale: shrinks stages, durations, probes and delays, and the number of payments to make first.
            duration: instead of the plan's, whose scenarios must all be constant-vus ones; so for `vus`.
            vus: see `duration`.
            arrival_rates: search for the breaking point with arrival rates instead of virtual users.
            tools: what a generic workload calls where there is no mix; None: every tool that is annotated read-only.

        Raises:
            InvalidInput: that is not possible with this plan.
        """
        chosen = workload or self.workload
        problems = [
            *self._overriding(duration, vus),
            *self._searching(arrival_rates),
            *self._misnamed(chosen),
            *([] if math.isfinite(scale) and scale > 0 else [f"scale should be more than 0, got {scale:g}"]),
            *(
                [f"{self.name} makes a scenario of each tool: name them with --tool"]
                if self._lacks(chosen, tools)
                else []
            ),
        ]
        if problems:
            raise InvalidInput(problems)
        made, last, planned = new_pool(), dict[str, str](), list[Scenario]()
        for name, parts in self.parts(chosen, tools).items():
            last[name] = parts[-1].name
        for name, keys in self.keys.items():
            after, delay = last[keys.after] if keys.after is not None else None, scaled(keys.delay, scale)
            for part in self.parts(chosen, tools)[name]:
                scenario = Scenario(
                    name=part.name,
                    executor=_built(name, keys, scale, duration, vus, arrival_rates),
                    workload=_workload(chosen, self._seed(seed, part), run_id, part, keys, tools, made),
                    after=after,
                    delay=delay,
                    new_sessions=keys.session == "iteration",
                    tags=dict(keys.tags),
                )
                planned.append(scenario)
                after, delay = part.name, 0.0
        return self._prepared(planned, chosen, scale)

    def criteria(
        self, *, workload: WorkloadName | None = None, scale: float = 1.0, tools: Sequence[str] | None = None
    ) -> tuple[Threshold, ...]:
        """The thresholds with windows and delays at `scale`.

        Raises:
            InvalidInput: one is about a tool or scenario that there is not with `workload`.
        """
        chosen = workload or self.workload
        if chosen != self.workload and not self._lacks(chosen, tools):
            called = self.called(chosen, tools) if TOOLS[chosen] else None
            names = [part.name for parts in self.parts(chosen, tools).values() for part in parts]
            problems = [
                f"{self.name} has a criterion on {threshold.metric_text}, which {chosen} has not: {problem}"
                for threshold in self.thresholds
                for problem in strange(threshold, called, names)
            ]
            if problems:
                raise InvalidInput(problems)
        return tuple(
            replace(
                threshold,
                delay_abort_eval=scaled(threshold.delay_abort_eval, scale),
                window=None if threshold.window is None else scaled(threshold.window, scale),
            )
            for threshold in self.thresholds
        )

    def warm_up_at(self, scale: float) -> float:
        """Seconds at the beginning that are not counted."""
        return scaled(self.warm_up, scale)

    def goals(self, *, workload: WorkloadName | None = None, arrival_rates: bool = False) -> Mapping[str, Goal]:
        """The targets of the analyses that hold for `workload`.

        What a server may grow by is a matter of what it keeps, so that target is left out for another workload; a
        breaking point in virtual users is none in arrival rates.
        """
        foreign = {"memory-growth"} if workload not in (None, self.workload) else set()
        foreign |= {"breaking-point"} if arrival_rates else set()
        return {name: goal for name, goal in self.targets.items() if name not in foreign}

    def parts(self, workload: WorkloadName, tools: Sequence[str] | None = None) -> dict[str, tuple[Part, ...]]:
        """The scenarios that are made of each scenario of the file."""
        taken = set(self.keys)
        return {name: parts_of(name, keys, workload, self.workload, tools, taken) for name, keys in self.keys.items()}

    def searches(self, workload: WorkloadName | None = None, tools: Sequence[str] | None = None) -> tuple[str, ...]:
        """The scenarios that search for a breaking point in virtual users; none in a plan of one scenario."""
        parts = self.parts(workload or self.workload, tools)
        if sum(map(len, parts.values())) == 1:
            return ()
        searching = [made for name, made in parts.items() if self.keys[name].counts_users_that_break]
        return tuple(part.name for part in chain.from_iterable(searching))

    def called(self, workload: WorkloadName | None = None, tools: Sequence[str] | None = None) -> tuple[str, ...]:
        """The tools that the run calls, as far as they are known; for the generic workload without `tools`: none."""
        chosen = workload or self.workload
        return called_by(chain.from_iterable(self.parts(chosen, tools).values()), chosen, tools)

    def lasts(self, scale: float = 1.0) -> float:
        """Seconds in which calls are begun, from first to last; infinite when that depends on the server."""
        ends: dict[str, float] = {}
        parts = self.parts(self.workload)
        while len(ends) < len(self.keys):
            for name, keys in self.keys.items():
                if name not in ends and (keys.after is None or keys.after in ends):
                    start = (ends[keys.after] if keys.after is not None else 0.0) + scaled(keys.delay, scale)
                    ends[name] = start + lasts(keys.build(scale=scale)) * len(parts[name])
        return max(ends.values())

    def _overriding(self, duration: float | None, vus: int | None) -> list[str]:
        others = sorted({keys.executor for keys in self.keys.values() if keys.executor != "constant-vus"})
        flags = [flag for flag, value in (("--duration", duration), ("--vus", vus)) if value is not None]
        if not others:
            return []
        return [
            f"{flag} is for plans of constant-vus scenarios only, and {self.name} has {' and '.join(others)} "
            "(--scale shortens any plan)"
            for flag in flags
        ]

    def _searching(self, arrival_rates: bool) -> list[str]:
        searches = {name: keys for name, keys in self.keys.items() if keys.levels is not None}
        if not arrival_rates:
            return []
        if not searches:
            return [f"--find-capacity is for plans with a breaking-point scenario, and {self.name} has none"]
        return [
            f"--find-capacity wants rate_levels, and the scenario {name} of {self.name} has none"
            for name, keys in searches.items()
            if keys.rate_levels is None and keys.of != "rate"
        ]

    def _misnamed(self, workload: WorkloadName) -> list[str]:
        """A workload with a mix of its own would make all scenarios the same, under names that say otherwise."""
        mixes = {tuple(sorted(keys.mix.items())) for keys in self.keys.values() if keys.mix is not None}
        if workload == self.workload or len(mixes) <= 1:
            return []
        return [f"{self.name} has scenarios for different tools of {self.workload}, so {workload} cannot replace that"]

    def _lacks(self, workload: WorkloadName, tools: Sequence[str] | None) -> bool:
        """Whether tools must be known that are not."""
        unnamed = any(
            keys.each is not None and (keys.mix is None or workload != self.workload) for keys in self.keys.values()
        )
        return workload == "generic" and not tools and unnamed

    def _seed(self, seed: int, part: Part) -> int:
        """A seed of the part's own: scenarios are numbered each from its first call, and must not draw the same."""
        return Draw(seed, "scenario", part.name).below(1 << 63)

    def _prepared(self, planned: list[Scenario], workload: WorkloadName, scale: float) -> tuple[Scenario, ...]:
        """With the calls that come first: as many as the file says, or so many that there is something to ask about."""
        if workload != "payments":
            return tuple(planned)
        counts: dict[str, int] = {}
        for name, parts in self.parts(workload).items():
            keys = self.keys[name].setup
            if keys is not None:
                counts[parts[0].name] = max(1, round(keys.payments * scale))
        prepared, is_filled = [], bool(counts)
        for scenario in planned:
            calls: tuple[ToolCall, ...] = ()
            if isinstance(scenario.workload, PaymentsWorkload) and (scenario.name in counts or not is_filled):
                calls = tuple(scenario.workload.setup_calls(counts.get(scenario.name)))
            is_filled = is_filled or bool(calls)
            prepared.append(replace(scenario, setup=calls))
        return tuple(prepared)


def called_by(parts: Iterable[Part], workload: WorkloadName, tools: Sequence[str] | None = None) -> tuple[str, ...]:
    """The tools that `parts` call, as far as they are known."""
    return tuple(dict.fromkeys(tool for part in parts for tool in part.mix or _usual(workload, tools)))


def strange(threshold: Threshold, called: Sequence[str] | None, scenarios: Sequence[str]) -> Iterator[str]:
    """What `threshold` names that a run of `scenarios` does not have; None for `called`: any tool may be."""
    tags = dict(threshold.tags)
    operation = _OPERATION.fullmatch(threshold.metric)
    about = {tags.get("tool"), operation[1] if operation and threshold.metric != EVERY_OPERATION else None}
    for tool in sorted(name for name in about if name is not None and called is not None and name not in called):
        yield f"the run calls no {tool}{did_you_mean(tool, called or ())}; it calls {', '.join(called or ())}"
    if tags.get("scenario", scenarios[0]) not in scenarios:
        near = did_you_mean(tags["scenario"], scenarios)
        yield f"there is no scenario {tags['scenario']}{near}; there are {', '.join(scenarios)}"


def parts_of(
    name: str,
    keys: ScenarioKeys,
    workload: WorkloadName,
    written_for: WorkloadName,
    tools: Sequence[str] | None = None,
    taken: set[str] | None = None,
) -> tuple[Part, ...]:
    """The scenarios that `each` makes of the scenario `name`; without it, that one alone."""
    mix = keys.mix if workload == written_for else None
    numbers = keys.numbers if workload == "calculator" else None
    if keys.each is None:
        return (Part(name, mix, numbers),)
    every_range = keys.each == "tool-and-numbers" and workload == "calculator"
    ranges: tuple[Numbers | None, ...] = NUMBERS if every_range else (numbers,)
    names = set(taken or ()) - {name}
    parts = []
    for tool in mix or _usual(workload, tools):
        for drawn in ranges:
            wanted = f"{name}-{tool}" + (f"-{drawn}" if every_range else "")
            new = _free(wanted, names) if workload == "generic" else wanted
            names.add(new)
            parts.append(Part(new, {tool: 1}, drawn))
    return tuple(parts) or (Part(name, mix, numbers),)


def _free(wanted: str, taken: set[str]) -> str:
    """A name that can be used, as near to `wanted` as possible: a server's tools may be called anything."""
    plain = _ODD.sub("_", wanted)
    names = (plain[:LONGEST_NAME], *(f"{plain[: LONGEST_NAME - 4]}-{n}" for n in range(2, 1_000)))
    return next((name for name in names if name not in taken), plain)


def _usual(workload: WorkloadName, tools: Sequence[str] | None) -> Mapping[str, int]:
    """The mix of a scenario that has none."""
    if workload == "calculator":
        return calculator.MIX
    if workload == "payments":
        return payments.MIXES["mixed"]
    return dict.fromkeys(tools or (), 1)


def _built(
    name: str, keys: ScenarioKeys, scale: float, duration: float | None, vus: int | None, arrival_rates: bool
) -> Executor:
    try:
        return keys.build(scale=scale, duration=duration, vus=vus, arrival_rates=arrival_rates)
    except InvalidInput as error:
        raise InvalidInput([f"scenario {name}: {problem}" for problem in error.problems]) from error


def _workload(
    workload: WorkloadName,
    seed: int,
    run_id: str,
    part: Part,
    keys: ScenarioKeys,
    tools: Sequence[str] | None,
    made: Recent[Made],
) -> CalculatorWorkload | PaymentsWorkload | GenericWorkload:
    mix = part.mix or _usual(workload, tools)
    if workload == "calculator":
        return CalculatorWorkload(seed, mix, part.numbers)
    if workload == "payments":
        return PaymentsWorkload(seed, run_id, mix, made)
    return GenericWorkload(seed, mix, keys.arguments)
