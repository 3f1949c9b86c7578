"""Calls at the same time: each gets its own answer, over several sessions, and over several connections of one."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple

from formats.contract import essence

from ..answer import Answer, fault_of_id, fault_of_response
from ..canary import find_canaries
from ..client import Client, no_answer
from ..difference import first_difference, same
from ..notes import Notes
from ..snapshot import Canary, Snapshot
from ..target import Target

_SESSIONS, _CONNECTIONS = 3, 3
_ROUNDS = 2
_FEWEST = 2


class Fault(NamedTuple):
    """A call that was not answered as when it is alone; `mixed_up`: it got what was for another one."""

    canary: Canary
    sentence: str
    mixed_up: bool


async def check_concurrency(target: Target, notes: Notes) -> None:
    """In each era: every canary several times, its turns shifted from client to client, all clients at once."""
    for opened in target.opened.values():
        async with target.client(opened.version) as client:
            canaries = await find_canaries(target, opened, client, notes)
            if len(canaries) < _FEWEST:
                sentence = "no two read-only calls have each an answer of its own, so that a mistaken one would be seen"
                notes.find("check.unproven", f"{opened.version}: tools/call at once", sentence)
                continue
            faults = await _all_at_once(target, opened.version, canaries, notes)
            await _judge(client, notes, faults)


async def _all_at_once(target: Target, version: str, canaries: Sequence[Canary], notes: Notes) -> list[Fault]:
    faults: list[Fault] = []

    async def sing_all(client: Client, turns: Iterable[Canary]) -> None:
        for canary in turns:
            fault = await sing(client, canary, canaries)
            notes.did()
            if fault is not None:
                faults.append(fault)

    async with AsyncExitStack() as stack:
        sessions = [await stack.enter_async_context(target.clients(version, _CONNECTIONS)) for _ in range(_SESSIONS)]
        clients = [client for session in sessions for client in session]
        for turn in range(_ROUNDS):
            async with asyncio.TaskGroup() as group:
                for n, each in enumerate(clients):
                    shift = (n + turn) % len(canaries)
                    group.create_task(sing_all(each, [*canaries[shift:], *canaries[:shift]]))
    return faults


async def _judge(client: Client, notes: Notes, faults: Sequence[Fault]) -> None:
    """Note the faults, but for those of calls that are answered otherwise by now, also when they are alone."""
    before = Snapshot(list({fault.canary.call.key: fault.canary for fault in faults}.values()))
    moved = {call.key for call, _, _ in before.changed(await before.again(client, notes))}
    for fault in faults:
        where = f"{client.version}: tools/call {fault.canary.call.tool} at once"
        if fault.canary.call.key in moved:
            notes.find("check.unproven", where, f"{fault.canary.call} is answered otherwise now, alone, too")
        else:
            notes.find("concurrency.cross-talk" if fault.mixed_up else "concurrency.wrong", where, fault.sentence)


async def sing(client: Client, canary: Canary, canaries: Sequence[Canary]) -> Fault | None:
    """Make the call; None when it is answered as when it is alone."""

    def fault_of(sentence: str, *, mixed_up: bool = False) -> Fault:
        return Fault(canary, f"{canary.call}: {sentence}", mixed_up)

    request_id = next(client.speech.ids)
    answer = await client.probe.send(client.speech.request("tools/call", canary.call.params, request_id))
    if not isinstance(answer, Answer) or answer.cut is not None:
        return fault_of(no_answer(answer.cut if isinstance(answer, Answer) else answer))
    fault = fault_of_id(answer, request_id)
    if fault is not None:
        return fault_of(fault, mixed_up=True)
    fault = fault_of_response(answer, request_id)
    if fault is not None or answer.result is None:
        return fault_of(fault or f"got {answer}")
    got = essence(answer.result)
    found = first_difference(canary.answer, got)
    if found is None:
        return None
    owner = next((other.call for other in canaries if same(other.answer, got)), None)
    if owner is not None:
        return fault_of(f"got the answer to {owner}", mixed_up=True)
    return fault_of(f"another answer than alone, at {found}")
