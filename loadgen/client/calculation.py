"""One calculation in one call, for scripts that want a number and no outcomes."""

from ..errors import ExitCode, LoadError
from ..outcome import Failure, Ok, SchemaViolation
from .endpoint import Endpoint
from .session import AUTO, Session, call_tool, delete_session, initialize_session

_SECONDS = 30.0


class CallFailed(LoadError):  # noqa: N818 - named after its cause
    """A call that had to succeed did not; `outcome` says how it failed, the message is its sentence."""

    exit_code = ExitCode.GATE_FAILED

    def __init__(self, outcome: Failure) -> None:
        self.outcome = outcome
        super().__init__(outcome.detail)


async def perform_calculation(url: str, operation: str, a: float, b: float, *, within: float = _SECONDS) -> float:
    """Have a calculator server work out `operation` of `a` and `b`, over a connection and session of its own.

    Args:
        url: the endpoint, such as http://127.0.0.1:8100/mcp.
        operation: a tool that takes numbers `a` and `b` and answers `{"result": number}`: add, subtract, multiply,
            divide.
        a: the first number.
        b: the second number.
        within: how long each request may take, in seconds.

    Raises:
        CallFailed: no connection, no session, a refusal such as a division by zero, or an answer that is no number.
        InvalidInput: `url` is not one.
    """
    transport = Endpoint(url).connect()
    try:
        session = await initialize_session(transport, within, protocol=AUTO)
        if not isinstance(session, Session):
            raise CallFailed(session)
        outcome = await call_tool(session, operation, {"a": a, "b": b})
        await transport.settle()
        await delete_session(session)
    finally:
        await transport.close()
    if not isinstance(outcome, Ok):
        raise CallFailed(outcome)
    content = outcome.result.get("structuredContent")
    result = content.get("result") if isinstance(content, dict) else None
    if isinstance(result, bool) or not isinstance(result, int | float):
        raise CallFailed(SchemaViolation("the result has no number"))
    return float(result)
