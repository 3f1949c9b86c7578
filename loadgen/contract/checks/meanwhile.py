"""Known calls while something else goes on, a load or faults: they keep their answers, or it can be explained."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple, Protocol

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


class _Missed(NamedTuple):
    """A call in that version, and what became of it."""

    version: str
    song: Song
    miss: Miss


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
    missed: list[_Missed] = []
    keys, begun = CallKeys(run_id), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        going = group.create_task(disturbance.run(begun))
        going.add_done_callback(lambda _: begun.set())
        singers = [
            group.create_task(_sing(target, notes, version, sung, keys, begun, going, missed))
            for version, sung in songs.items()
            for _ in range(_SINGERS if sung else 0)
        ]
        await going
        await asyncio.wait(singers)
    made = notes.done - before
    counts = f"{made:,} known calls meanwhile, {len(missed):,} not answered as when nothing happens"
    notes.remark(f"{going.result()}; {counts}")
    if not made:
        notes.find("check.unproven", "meanwhile", "it was over before a call whose answer is known could be made")
    lasting = await _lasting(target, missed)
    for each in lasting.values():
        notes.find("meanwhile.changed", each.where, f"{each.sentence}; so it is now, when nothing happens any more")
    others = [each.miss for each in missed if each.miss.kind != "wrong" or each.song not in lasting]
    for finding in await disturbance.findings(others):
        notes.find(finding.code, finding.where, finding.sentence)


async def _lasting(target: Target, missed: Sequence[_Missed]) -> dict[Song, Miss]:
    """The songs with wrong answers that are answered wrongly now, too: a load may have changed what they are about."""
    wrong = {song: (version, miss.key) for version, song, miss in missed if miss.kind == "wrong"}
    now = {song: await sing(target, version, song, key, {}) for song, (version, key) in wrong.items()}
    return {song: miss for song, miss in now.items() if miss is not None and miss.kind == "wrong"}


async def _sing(
    target: Target,
    notes: Notes,
    version: str,
    songs: Sequence[Song],
    keys: CallKeys,
    begun: asyncio.Event,
    going: "asyncio.Task[str]",
    missed: list[_Missed],
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
            missed.append(_Missed(version, song, miss))
        await target.clock.sleep(_PAUSE)
