"""Faults on purpose while known calls are made; what the journal says was done to a call explains its failure."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from formats.errors import InvalidInput

from ..clock import Clock
from .control import Control
from .finding import Finding
from .song import Miss

_SPARE = 30.0
"""Seconds after which the faults would end by themselves, if nobody ended them: a dead man's switch."""
_LOOKS, _BETWEEN = 20, 0.1
"""At the journal, which has a record a moment after the reply is over."""


class FaultsMeanwhile:
    """A `Disturbance`: the profile `text`, which complaints call `name`, in place for `seconds`.

    `run_id` begins the keys of the calls that are made meanwhile.
    """

    def __init__(self, control: Control, name: str, text: str, seconds: float, run_id: str, clock: Clock) -> None:
        self._control = control
        self._name = name
        self._text = text
        self._seconds = seconds
        self._run_id = run_id
        self._clock = clock
        self._before = 0

    async def check(self) -> None:
        """Make sure, before anything is checked, that the server takes the profile and has none in place.

        Raises:
            InvalidInput: it does not, or has one.
        """
        state = await self._control.state()
        rules = _rules(state)
        if rules:
            known = ", ".join(str(rule.get("name")) for rule in rules)[:200]
            ends = "mcp-serve faults clear ends them"
            raise InvalidInput([f"--during-faults would replace the faults that are in place ({known}); {ends}"])
        try:
            await self._control.put(self._text, _SPARE)
        except InvalidInput as error:
            raise InvalidInput([f"--during-faults {self._name}: {problem}" for problem in error.problems]) from error
        await self._control.clear()

    async def run(self, begun: asyncio.Event) -> str:
        """See `Disturbance`; however it ends, the faults are taken away."""
        self._before = await self._control.last_record()
        try:
            state = await self._control.put(self._text, self._seconds + _SPARE)
            begun.set()
            await self._clock.sleep(self._seconds)
        finally:
            await asyncio.shield(self._control.clear())
        return f"faults of {self._name}, {len(_rules(state))} rules, for {self._seconds:g} s"

    async def findings(self, misses: Sequence[Miss]) -> Sequence[Finding]:
        """See `Disturbance`; a good answer to another question is never explained."""
        found = [miss.as_finding("meanwhile.wrong") for miss in misses if miss.kind == "wrong"]
        left = [miss for miss in misses if miss.kind != "wrong"]
        records, lost = await self._records()
        for _ in range(_LOOKS):
            left = [miss for miss in left if not any(explains(each, miss) for each in records.get(miss.key, ()))]
            if not left:
                break
            await self._clock.sleep(_BETWEEN)
            records, lost = await self._records()
        if left and lost:
            told = f"{len(left)} failed calls are in no record of the journal, which lost {lost} that were older"
            return [*found, Finding("check.unproven", "during-faults", told)]
        if not records:
            found.append(Finding("check.unproven", "during-faults", "no fault hit any of the known calls"))
        return [*found, *(miss.as_finding("meanwhile.unexplained") for miss in left)]

    async def _records(self) -> tuple[Mapping[str, list[Mapping[str, Any]]], int]:
        """Those about calls of this check, by the keys of the calls, and how many records are lost."""
        records, lost = await self._control.records(self._before)
        found: dict[str, list[Mapping[str, Any]]] = {}
        for record in records:
            key = str(record.get("call_key"))
            if key.startswith(f"{self._run_id}/"):
                found.setdefault(key, []).append(record)
        return found, lost


def _rules(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rules = state.get("rules")
    return [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []


def explains(record: Mapping[str, Any], miss: Miss) -> bool:
    """Whether what the journal says was done to a call accounts for its failure.

    What is only slow accounts for a time-out and nothing else.
    """
    if record.get("call_key") != miss.key:
        return False
    return miss.timed_out or (record.get("counted") is True and record.get("expected") is not None)
