"""Calls by tool and outcome: the finest figures that a run keeps. What is told of many cells is their merge."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .metrics import Trend
from .outcome import Cancelled, Category, Connect, Failure, HttpStatus, Reset, SessionLost, Timeout, Tls
from .result import Check, ErrorKind, OutcomeResult, ToolResult

OK = "ok"
_ORDER = list(Category)
_NO_200 = (Connect, Tls, Reset, Timeout, HttpStatus, SessionLost)


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


def call_checks(cells: Iterable[Cell]) -> tuple[Check, ...]:
    """What should hold for every call that came to an end; whether a reply is valid is asked of those with status 200.

    Valid is what fits JSON-RPC, MCP and the tool's outputSchema, is no error, and holds the right values as far as the
    workload knows them.
    """
    ended = [cell for cell in cells if cell.ended]
    answered = [cell for cell in ended if not isinstance(cell.failure, _NO_200)]
    return (
        _check("tool call: status is 200", answered, ended),
        _check("tool call: response is valid", [cell for cell in answered if cell.failure is None], answered),
    )


def opening_checks(openings: Iterable[Cell], with_header: int | None) -> tuple[Check, ...]:
    """What should hold for every `initialize`; `with_header` replies named a session, None where servers name none."""
    cells = [cell for cell in openings if cell.ended]
    answered = [cell for cell in cells if not isinstance(cell.failure, _NO_200)]
    status = _check("initialize: status is 200", answered, cells)
    if with_header is None:
        return (status,)
    total = sum(cell.calls for cell in answered)
    return (status, Check("initialize: has session header", with_header, total - with_header))


def _check(name: str, good: Iterable[Cell], of: Iterable[Cell]) -> Check:
    passes = sum(cell.calls for cell in good)
    return Check(name, passes, sum(cell.calls for cell in of) - passes)


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
