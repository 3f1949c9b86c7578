"""Calls at the same time: each gets its own answer, over several sessions, and over several connections of one."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

from formats.contract import essence

from ..answer import Answer, fault_of_id, fault_of_response
from ..canary import Canary, find_canaries
from ..client import Client, no_answer
from ..difference import first_difference, same
from ..notes import Notes
from ..target import Target

_SESSIONS, _CONNECTIONS = 3, 3
_ROUNDS = 2
_FEWEST = 2


async def check_concurrency(target: Target, notes: Notes) -> None:
    """In each era: every canary several times, its turns shifted from client to client, all clients at once."""
    for opened in target.opened.values():
        async with target.client(opened.version) as client:
            canaries = await find_canaries(target, opened, client, notes)
        if len(canaries) < _FEWEST:
            sentence = "no two read-only calls have each an answer of its own, so that a mistaken one would be seen"
            notes.find("check.unproven", f"{opened.version}: tools/call at once", sentence)
            continue
        async with AsyncExitStack() as stack:
            groups = [
                await stack.enter_async_context(target.clients(opened.version, _CONNECTIONS)) for _ in range(_SESSIONS)
            ]
            clients = [client for group in groups for client in group]
            for turn in range(_ROUNDS):
                async with asyncio.TaskGroup() as group:
                    for n, each in enumerate(clients):
                        shifted = canaries[(n + turn) % len(canaries) :] + canaries[: (n + turn) % len(canaries)]
                        group.create_task(_sing(each, notes, shifted, canaries))


async def _sing(client: Client, notes: Notes, turns: Sequence[Canary], canaries: Sequence[Canary]) -> None:
    for canary in turns:
        where = f"{client.version}: tools/call {canary.call.tool} at once"
        fault = await sing(client, canary, canaries)
        notes.did()
        if fault is not None:
            notes.find(*_found(fault, where))


def _found(fault: tuple[bool, str], where: str) -> tuple[str, str, str]:
    return ("concurrency.cross-talk" if fault[0] else "concurrency.wrong"), where, fault[1]


async def sing(client: Client, canary: Canary, canaries: Sequence[Canary]) -> tuple[bool, str] | None:
    """Make the call; None when it is answered as when it is alone, else whether it got another one's, and how."""
    request_id = next(client.speech.ids)
    answer = await client.probe.send(client.speech.request("tools/call", canary.call.params, request_id))
    if not isinstance(answer, Answer) or answer.cut is not None:
        return False, f"{canary.call}: {no_answer(answer.cut if isinstance(answer, Answer) else answer)}"
    fault = fault_of_id(answer, request_id)
    if fault is not None:
        return True, f"{canary.call}: {fault}"
    fault = fault_of_response(answer, request_id)
    if fault is not None or answer.result is None:
        return False, f"{canary.call}: {fault or f'got {answer}'}"
    got = essence(answer.result)
    found = first_difference(canary.answer, got)
    if found is None:
        return None
    owner = next((other.call for other in canaries if same(other.answer, got)), None)
    if owner is not None:
        return True, f"{canary.call} got the answer to {owner}"
    return False, f"{canary.call} has another answer than alone, at {found}"
