"""Baseline against current: may they be compared, what differs, and which limits are broken."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from formats.errors import InvalidInput

from .limit import Limit, Verdict, judge, unsuited
from .rows import Row, kinds, rows
from .run import Run, Side


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides, what differs between them, and what became of the limits; every report is a function of it."""

    baseline: Side
    current: Side
    rows: tuple[Row, ...]
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether no limit is broken, and every one could be judged."""
        return all(verdict.status == "pass" for verdict in self.verdicts)

    @property
    def one_run_each(self) -> bool:
        """Whether there are no intervals."""
        return len(self.baseline.runs) == len(self.current.runs) == 1

    @property
    def runs(self) -> tuple[Run, ...]:
        """Of both sides."""
        return *self.baseline.runs, *self.current.runs


def compare(
    baseline: Side,
    current: Side,
    limits: Sequence[Limit] = (),
    *,
    different_plans: bool = False,
    interrupted_runs: bool = False,
) -> Comparison:
    """All figures of both sides.

    Raises:
        InvalidInput: these runs should not be compared, or a limit is about what cannot be; a sentence for each.
    """
    runs = (*baseline.runs, *current.runs)
    differing, stopped = _differing(runs), [run.cut_short for run in runs if run.cut_short]
    problems = []
    if differing and not different_plans:
        problems.append(f"these are runs of different plans: {differing}; --different-plans compares them all the same")
    if stopped and not interrupted_runs:
        problems.append(f"{', '.join(stopped)}; --interrupted-runs compares what there is")
    known = kinds(runs)
    complaints = {limit: unsuited(limit, known) for limit in limits}
    problems += [f"--fail-on: {complaint}" for complaint in complaints.values() if complaint]
    if problems:
        raise InvalidInput(problems)
    figures, limited = rows(baseline, current), baseline.limited or current.limited
    return Comparison(
        baseline,
        current,
        figures,
        tuple(judge(limit, figures, generator_limited=limited) for limit in limits),
        tuple(_notes(baseline, current, differing, stopped)),
    )


def _differing(runs: Sequence[Run]) -> str:
    """What is not the same in all of the runs, each with the first two values and where they stand."""
    first, found = runs[0], []
    for name, value in first.identity.items():
        other = next((run for run in runs if run.identity[name] != value), None)
        if other is not None:
            found.append(f'{name} is "{value}" in {first.file} and "{other.identity[name]}" in {other.file}')
    return ", ".join(found)


def _notes(baseline: Side, current: Side, differing: str, stopped: Sequence[str]) -> Iterator[str]:
    counts = len(baseline.runs), len(current.runs)
    if counts == (1, 1):
        yield "One run each: no interval, so nothing here says how much of a difference is chance."
    elif 1 in counts:
        single = "baseline" if counts[0] == 1 else "current"
        yield f"The {single} side is one run; it is taken to vary as much as those of the other side do."
    if differing:
        yield f"Different plans: {differing}."
    if stopped:
        yield f"{', '.join(stopped)}: figures up to then."
    for name, side in (("baseline", baseline), ("current", current)):
        yield from _generator_limited(name, side.runs)
    both = {run.run_id for run in baseline.runs} & {run.run_id for run in current.runs}
    if both:
        yield f"The same on both sides: run {', '.join(sorted(both))}."


def _generator_limited(name: str, runs: Iterable[Run]) -> Iterator[str]:
    for run in runs:
        if run.generator is not None and run.limited:
            yield (
                f"generator_limited ({name}, {run.file}): {run.generator.reason or 'no reason given'}. Differences in "
                "latency and rate are not the server's alone."
            )
