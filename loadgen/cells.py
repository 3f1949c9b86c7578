"""Calls by tool and outcome: the finest figures that a run keeps. What is told of many cells is their merge."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .metrics import Trend
from .outcome import Cancelled, Category, Failure
from .result import ErrorKind, OutcomeResult, ToolResult

OK = "ok"
_ORDER = list(Category)


@dataclass(slots=True)
class Cell:
    """The calls of one tool with one outcome: response times, from due, and service times, from sent.

    `failure` is the first one, None for ok. Calls that were never sent have cells of their own, without service times.
    """

    tool: str
    label: str
    failure: Failure | None
    was_sent: bool
    calls: int = 0
    response: Trend = field(default_factory=Trend)
    service: Trend = field(default_factory=Trend)

    @property
    def ended(self) -> bool:
        """Whether the calls came to an end; cancelled ones did not, so how long they took says nothing."""
        return not isinstance(self.failure, Cancelled)


def merged(trends: Iterable[Trend]) -> Trend:
    """One trend of all the values; `trends` stay as they are."""
    whole = Trend()
    for trend in trends:
        whole.merge(trend)
    return whole


def tools(cells: Iterable[Cell]) -> tuple[ToolResult, ...]:
    """The cells by tool, in the order of the names."""
    return tuple(
        ToolResult(
            name,
            calls=sum(cell.calls for cell in group),
            ok=sum(cell.calls for cell in group if cell.failure is None),
            response=merged(cell.response for cell in group if cell.ended).summary(),
            service=merged(cell.service for cell in group if cell.ended).summary(),
            outcomes=tuple((label, sum(cell.calls for cell in same)) for label, same in _by(group, _label)),
        )
        for name, group in _by(cells, lambda cell: cell.tool)
    )


def outcomes(cells: Iterable[Cell]) -> tuple[OutcomeResult, ...]:
    """The cells by outcome, in the order of the labels."""
    return tuple(
        OutcomeResult(
            label,
            calls=sum(cell.calls for cell in group),
            response=merged(cell.response for cell in group if cell.ended).summary(),
            service=merged(cell.service for cell in group if cell.ended).summary(),
        )
        for label, group in _by(cells, _label)
    )


def errors(cells: Iterable[Cell]) -> tuple[ErrorKind, ...]:
    """The kinds of failures in the order of their categories, each with the first one's detail."""
    kinds = [
        ErrorKind(failure.category, label, sum(cell.calls for cell in group), failure.detail)
        for label, group in _by(cells, _label)
        if (failure := group[0].failure) is not None
    ]
    return tuple(sorted(kinds, key=lambda kind: (_ORDER.index(Category(kind.category)), -kind.count, kind.label)))


def _label(cell: Cell) -> str:
    return cell.label


def _by(cells: Iterable[Cell], key: Callable[[Cell], str]) -> list[tuple[str, list[Cell]]]:
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(key(cell), []).append(cell)
    return sorted(groups.items())
