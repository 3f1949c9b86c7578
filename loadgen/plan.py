"""One run as it was asked for."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from .call import ToolCall
from .clock import AlarmClock
from .outcome import Outcome
from .tally import Tally
from .targets import Target
from .vu import Workload


class User(Protocol):
    """What an executor sees of a virtual user."""

    def iterate(self, n: int, due: float | None = None) -> Coroutine[Any, Any, Outcome]:
        """Make the `n`-th call of the run; in an open model it is `due` at its scheduled moment, else now."""
        ...

    def abandon(self, n: int, due: float) -> None:
        """Account for the `n`-th call of the run, which was due at `due` and will not be made."""
        ...


class Pool(Protocol):
    """What an executor sees of all virtual users."""

    def user(self, index: int) -> User:
        """The user number `index`, from 0; made now if need be."""
        ...


@dataclass(frozen=True, slots=True)
class Floor:
    """What an executor works with; once `stopping()`, it begins no more."""

    pool: Pool
    clock: AlarmClock
    stopping: Callable[[], bool]
    tally: Tally


class Executor(Protocol):
    """Says when calls are made, and by how many users; its `str` describes that to people."""

    @property
    def vus(self) -> int:
        """How many virtual users have their session open before the load begins."""
        ...

    @property
    def max_vus(self) -> int:
        """How many virtual users there can be."""
        ...

    def progress(self, calls: int, seconds: float) -> float:
        """The share of the run that is over, from 0 to 1, after `calls` and `seconds`."""
        ...

    async def run(self, floor: Floor) -> None:
        """Make the calls; return when none is under way any more."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """A run to make.

    `name` is the workload's and the server's, `mix` says to people which calls it makes. `tools` are those that the
    target must have, `setup` calls to make first, outside the counts and the clock. `timeout` limits each request, in
    seconds; `min_success` is the gate in per cent; `command` are the words of a command line that repeats the run.
    What is due in the first `warm_up_seconds`, and the first `warm_up_iterations`, run but are not counted. With
    `send_keys` each call carries its name, for a server that takes it.
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
    warm_up_seconds: float = 0.0
    warm_up_iterations: int = 0
    send_keys: bool = False
