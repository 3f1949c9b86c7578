"""A load while known calls are made: the plan runs through the Engine at the same time."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from ..client.endpoint import Endpoint
from ..clock import SystemClock
from ..contract.finding import Finding
from ..contract.song import Miss
from ..engine import Engine
from ..interruption import Interruption
from ..outputs.console import Silence
from ..plan import Plan
from ..reports.verdict import verdict_sentence


class LoadMeanwhile:
    """A `Disturbance`: the run of `plan`. Its own criteria are told, and decide nothing."""

    def __init__(self, plan: Plan, endpoint: Endpoint, *, send_keys: bool) -> None:
        self._plan = replace(plan, send_keys=send_keys)
        self._endpoint = endpoint
        self._calls = 0

    async def run(self, begun: asyncio.Event) -> str:
        """See `Disturbance`."""
        engine = Engine(self._plan, lambda _: self._endpoint.connect(), SystemClock(), Silence())
        begun.set()
        result = await engine.run(Interruption())
        self._calls = result.measured.calls
        return f"load {self._plan.name}, {result.measured.calls:,} calls: {verdict_sentence(result)}"

    async def findings(self, misses: Sequence[Miss]) -> Sequence[Finding]:
        """See `Disturbance`: a load may cost answers, and changes none."""
        found = [] if self._calls else [Finding("check.unproven", "during-load", "the load made no calls")]
        return found + [
            miss.as_finding("meanwhile.failed" if miss.kind == "failed" else "meanwhile.wrong") for miss in misses
        ]
