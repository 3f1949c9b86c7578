"""One run as it was asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from .call import ToolCall
from .clock import Clock
from .outcome import Outcome
from .targets import Target
from .vu import Workload


class User(Protocol):
    """What an executor sees of a virtual user."""

    async def iterate(self, n: int) -> Outcome:
        """Make the `n`-th call of the run, now."""
        ...


class Executor(Protocol):
    """Says when calls are made, and by how many users; its `str` describes that to people."""

    @property
    def vus(self) -> int:
        """How many virtual users there are."""
        ...

    def progress(self, calls: int, seconds: float) -> float:
        """The share of the run that is over, from 0 to 1, after `calls` and `seconds`."""
        ...

    async def run(self, users: Sequence[User], clock: Clock, stopping: Callable[[], bool]) -> None:
        """Make the calls; once `stopping()`, begin no more, and return when those under way are over."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """A run to make.

    `name` is the workload's and the server's, `mix` says to people which calls it makes. `tools` are those that the
    target must have, `setup` calls to make first, outside the counts and the clock. `timeout` limits each request, in
    seconds; `min_success` is the gate in per cent; `command` are the words of a command line that repeats the run.
    """

    name: str
    mix: str
    url: str
    seed: int
    run_id: str
    timeout: float
    min_success: float
    executor: Executor
    workload: Workload
    tools: tuple[str, ...]
    setup: tuple[ToolCall, ...]
    targets: tuple[Target, ...]
    command: tuple[str, ...]
