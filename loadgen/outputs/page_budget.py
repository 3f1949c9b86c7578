"""How much of a run a page has room for: 1,500 lines, so that neither the run nor Prometheus suffers from it.

Nothing is shown in part: what there is no room for is counted under another name, or its scenario waits for its turn.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from .series import FAILED_OTHERWISE, LAG_SECONDS, OPERATION_SECONDS, OTHER

MOST_LINES = 1_500
MOST_OPERATIONS = 38
"""Histograms of the operations of one scenario; what comes after them is counted as `OTHER`."""
_FOR_THE_REST = 200
"""Lines for the process, the run, and its criteria."""
_HISTOGRAM, _LAG = len(OPERATION_SECONDS) + 3, len(LAG_SECONDS) + 3
_GAUGES = 24
Operation = tuple[str, str, str]
"""The method, the tool and the error type of some requests."""


class Wanting(Protocol):
    """A scenario that wants to be on the page."""

    @property
    def name(self) -> str:
        """Its name in the plan."""
        ...

    @property
    def tools(self) -> Sequence[str]:
        """Those that it calls."""
        ...

    @property
    def started(self) -> bool:
        """Whether its clock runs, or has run."""
        ...

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        ...

    @property
    def phases_now(self) -> Mapping[str, bool]:
        """Its phases, as far as they are known, and whether each goes on."""
        ...


AnyWanting = TypeVar("AnyWanting", bound=Wanting)


@dataclass(slots=True)
class Operations:
    """The names under which the operations of one scenario are counted, which stay the same as long as it runs."""

    names: dict[Operation, Operation] = field(default_factory=dict)

    def name(self, operation: Operation) -> Operation:
        """The name of `operation`; one for all that come when there is no room any more."""
        known = self.names.get(operation)
        if known is None:
            method, _, error = operation
            is_full = len(set(self.names.values())) >= MOST_OPERATIONS
            known = (method, OTHER, FAILED_OTHERWISE if error else "") if is_full else operation
            self.names[operation] = known
        return known


def on_page(
    scenarios: Iterable[AnyWanting], operations: Mapping[str, Operations], most_lines: float = MOST_LINES
) -> list[AnyWanting]:
    """The scenarios that there is room for: those under way, then those to come, then those that have been.

    So of scenarios in turn each is there before it begins, and for a while after its end. One is there always.
    """
    wanting = list(scenarios)
    in_turn = [each for each in wanting if each.started and not each.over]
    in_turn += [each for each in wanting if not each.started]
    in_turn += [each for each in reversed(wanting) if each.over]
    room, chosen = most_lines - _FOR_THE_REST - len(wanting), set[str]()
    for scenario in in_turn:
        room -= _lines(scenario, operations.get(scenario.name))
        if chosen and room < 0:
            break
        chosen.add(scenario.name)
    return [each for each in wanting if each.name in chosen]


def _lines(scenario: Wanting, operations: Operations | None) -> int:
    known = len(set(operations.names.values())) if operations is not None else 0
    histograms = max(known, min(len(scenario.tools), MOST_OPERATIONS)) + 1
    return (histograms + 1) * _HISTOGRAM + _LAG + _GAUGES + len(scenario.phases_now)
