"""Known calls while something else goes on, a load or faults: they keep their answers, or it can be explained."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from ...call_keys import CallKeys
from ...client.session import CALL_KEY_HEADER
from ..finding import Finding
from ..notes import Notes
from ..song import Miss, Song, find_songs, sing
from ..target import Target

_PAUSE = 0.02
"""Seconds between two calls: they are samples, and no load of their own."""
_SINGERS = 3
"""In each version."""
_MOST = 20_000


class Disturbance(Protocol):
    """Something that goes on while known calls are made."""

    async def run(self, begun: asyncio.Event) -> str:
        """Let it go on until it is over; `begun` is set when it has an effect. What it was, as a sentence."""
        ...

    async def findings(self, misses: Sequence[Miss]) -> Sequence[Finding]:
        """What there is to say about calls that were not answered as they should be."""
        ...


async def check_meanwhile(target: Target, notes: Notes, disturbance: Disturbance, run_id: str) -> None:
    """Sing all songs of all eras in turn, for as long as the disturbance goes on."""
    songs: dict[str, list[Song]] = {}
    for opened in target.opened.values():
        async with target.client(opened.version) as client:
            songs[opened.version] = await find_songs(target, opened, client, notes)
    if not any(songs.values()):
        sentence = "there is no call whose answer is known and that changes nothing, so none was made meanwhile"
        notes.find("check.unproven", "meanwhile", sentence)
        return
    before = notes.done
    misses: list[Miss] = []
    keys, begun = CallKeys(run_id), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        going = group.create_task(disturbance.run(begun))
        going.add_done_callback(lambda _: begun.set())
        singers = [
            group.create_task(_sing(target, notes, version, sung, keys, begun, going, misses))
            for version, sung in songs.items()
            for _ in range(_SINGERS if sung else 0)
        ]
        await going
        await asyncio.wait(singers)
    found = await disturbance.findings(misses)
    counts = f"{notes.done - before:,} known calls meanwhile, {len(misses):,} not answered as when nothing happens"
    notes.remark(f"{going.result()}; {counts}")
    for finding in found:
        notes.find(finding.code, finding.where, finding.sentence)


async def _sing(
    target: Target,
    notes: Notes,
    version: str,
    songs: Sequence[Song],
    keys: CallKeys,
    begun: asyncio.Event,
    going: "asyncio.Task[str]",
    misses: list[Miss],
) -> None:
    await begun.wait()
    for n in range(_MOST):
        if going.done():
            return
        song = songs[n % len(songs)]
        key = keys.next(song.key_name)
        miss = await sing(target, version, song, key, {CALL_KEY_HEADER: key})
        notes.did()
        if miss is not None:
            misses.append(miss)
        await target.clock.sleep(_PAUSE)
