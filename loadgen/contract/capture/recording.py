"""Making the calls that become examples, each of them twice."""

from collections.abc import Sequence

from ...client.dialogue import request
from ...client.messages import RpcResult
from ...client.session import Session
from ...clock import Clock
from ...errors import NothingMeasured
from ...outcome import Connect, SessionLost, Timeout
from ...schemas import OutputSchemas
from .calls import Call
from .expectation import NoExampleError, Said, expect
from .source import Source
from .surface import Entries, Tell

APART = 1.1
"""Seconds between the first answers and the second ones: the time of day is another by then, to the second."""


async def record(
    source: Source, protocol: str, tools: Entries, groups: Sequence[Sequence[Call]], clock: Clock, tell: Tell
) -> list[dict[str, object]]:
    """The examples that come of the calls; what comes of none is told.

    The second calls are made in a session of their own: an answer that holds for one session only is no promise. A call
    that takes too long is the last one of its group.

    Raises:
        NothingMeasured: the server went away.
    """
    rounds = []
    for number in range(2):
        if number:
            await clock.sleep(APART)
        async with source.session(protocol, tools) as session:
            rounds.append(await _ask_all(session, groups, tell))
        groups = [[call for call in group if call.name in rounds[0]] for group in groups]
    schemas = OutputSchemas((name, entry.get("outputSchema")) for name, entry in tools.items())
    examples = []
    for call in (call for group in groups for call in group if call.name in rounds[1]):
        first, second = (answers[call.name] for answers in rounds)
        try:
            fits = _fits_schema(call, tools, schemas, (first, second), tell)
            examples.append(call.example(expect(call, first, second, fits_schema=fits)))
        except NoExampleError as why:
            tell(f"{call.name} is no example: it {why}")
    return examples


async def _ask_all(session: Session, groups: Sequence[Sequence[Call]], tell: Tell) -> dict[str, Said]:
    """The answers by the names of the calls."""
    answers: dict[str, Said] = {}
    for group in groups:
        for call in group:
            said = await request(session, call.method, call.params)
            if isinstance(said, (Connect, SessionLost)):
                raise NothingMeasured(f"the server went away before {call.name} was recorded: {said.detail}")
            if isinstance(said, Timeout):
                tell(f"{call.name} is no example, and no more calls of it are made: {said.detail}")
                break
            answers[call.name] = said
    return answers


def _fits_schema(call: Call, tools: Entries, schemas: OutputSchemas, said: Sequence[Said], tell: Tell) -> bool:
    """Whether the tool has an outputSchema that its results keep; that they do not is told."""
    if call.subject != "tool" or not isinstance(tools[call.target].get("outputSchema"), dict):
        return False
    results = [each.result for each in said if isinstance(each, RpcResult) and each.result.get("isError") is not True]
    faults = [fault for fault in (schemas.violation(call.target, result) for result in results) if fault]
    if faults:
        tell(f"{call.name}: {faults[0]}")
    return not faults
