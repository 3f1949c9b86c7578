import pytest

from loadgen.cells import Cell, call_checks, errors, opening_checks, outcomes, tools
from loadgen.outcome import (
    Cancelled,
    CheckFailed,
    Connect,
    ContentType,
    Failure,
    HttpStatus,
    Parse,
    Reset,
    RpcError,
    SchemaViolation,
    SessionLost,
    SseProtocol,
    Timeout,
    Tls,
    ToolError,
)
from loadgen.result import Check


def cell(failure: Failure | None, calls: int = 1, tool: str = "add") -> Cell:
    return Cell(tool, "ok" if failure is None else failure.label, failure, was_sent=True, calls=calls)


@pytest.mark.parametrize(
    "failure",
    [Connect("x"), Tls("x"), Reset("x"), Timeout("x", "total"), HttpStatus("x", 503), SessionLost("x")],
)
def test_without_status_200_nothing_is_asked_of_the_reply(failure: Failure) -> None:
    assert call_checks([cell(failure, 3)]) == (
        Check("tool call: status is 200", 0, 3),
        Check("tool call: response is valid", 0, 0),
    )


@pytest.mark.parametrize(
    "failure",
    [
        ContentType("x"),
        Parse("x"),
        SseProtocol("x"),
        RpcError("x", -32602),
        ToolError("x"),
        SchemaViolation("x"),
        CheckFailed("x"),
    ],
)
def test_with_status_200_a_reply_can_still_be_wrong(failure: Failure) -> None:
    assert call_checks([cell(failure, 2), cell(None, 5)]) == (
        Check("tool call: status is 200", 7, 0),
        Check("tool call: response is valid", 5, 2),
    )


def test_a_cancelled_call_is_not_checked() -> None:
    assert [(check.passes, check.fails) for check in call_checks([cell(Cancelled("x"), 9)])] == [(0, 0), (0, 0)]


def test_session_headers_are_asked_for_only_where_the_server_names_sessions() -> None:
    openings = [cell(None, 4), cell(HttpStatus("x", 503), 2)]
    assert opening_checks(openings, None) == (Check("initialize: status is 200", 4, 2),)
    assert opening_checks(openings, 3) == (
        Check("initialize: status is 200", 4, 2),
        Check("initialize: has session header", 3, 1),
    )


def test_cells_add_up_by_tool_by_outcome_and_by_error() -> None:
    cells = [cell(None, 5), cell(ToolError("no"), 2), cell(None, 7, "divide"), cell(ToolError("never"), 1, "divide")]
    assert [(each.tool, each.calls, each.ok, each.outcomes) for each in tools(cells)] == [
        ("add", 7, 5, (("ok", 5), ("tool_error", 2))),
        ("divide", 8, 7, (("ok", 7), ("tool_error", 1))),
    ]
    assert [(each.label, each.calls) for each in outcomes(cells)] == [("ok", 12), ("tool_error", 3)]
    assert [(each.label, each.count, each.example) for each in errors(cells)] == [("tool_error", 3, "no")]
