"""One run as it was asked for."""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .accounting import Tap
from .call import ToolCall
from .client.session import PROTOCOL, Tool
from .clock import AlarmClock
from .finding import Finding
from .outcome import Outcome
from .result import RunResult
from .tally import Tally
from .targets import Target
from .thresholds import Threshold
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


def _no_accounts() -> Tap:
    raise LookupError("this floor has no accounts")


@dataclass(frozen=True, slots=True)
class Floor:
    """What an executor works with; once `stopping()`, it begins no more.

    `tap` lets it look at what was measured, `announce` names the phase that begins now, `found` takes what it found.
    """

    pool: Pool
    clock: AlarmClock
    stopping: Callable[[], bool]
    tally: Tally
    tap: Callable[[], Tap] = _no_accounts
    announce: Callable[[str], None] = lambda _: None
    found: Callable[[Finding], None] = lambda _: None


class PlannedWorkload(Workload, Protocol):
    """What a plan asks of its workload before the run."""

    @property
    def mix(self) -> str:
        """Which tools are called how often, for people; known once they are chosen."""
        ...

    def choose(self, tools: Sequence[Tool]) -> tuple[str, ...]:
        """The tools that the run calls, of those that the target has.

        Raises:
            NothingMeasured: what it needs is not there.
        """
        ...


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

    def rate_at(self, seconds: float) -> float | None:
        """Calls per second that are due `seconds` into the run; None in a closed model."""
        ...

    def progress(self, calls: int, seconds: float) -> float:
        """The share of the run that is over, from 0 to 1, after `calls` and `seconds`."""
        ...

    @property
    def phases(self) -> Sequence[tuple[str, float, float]]:
        """Named parts that are known beforehand: name, start and end in seconds from its start."""
        ...

    async def run(self, floor: Floor) -> None:
        """Make the calls; return when none is under way any more."""
        ...


class Analysis(Protocol):
    """Looks at a run when it is over."""

    def find(self, result: RunResult) -> Iterable[Finding]:
        """What there is to say about it."""
        ...


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of load within a plan.

    It begins `delay` seconds after the scenario named `after` is over, or after the run has begun. `setup` are calls to
    make before the run, outside the counts and the clock. With `new_sessions` each iteration has a session of its own.
    Thresholds select scenarios by `tags`, and by `scenario:NAME`.
    """

    name: str
    executor: Executor
    workload: PlannedWorkload
    setup: tuple[ToolCall, ...] = ()
    after: str | None = None
    delay: float = 0.0
    new_sessions: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """A run to make.

    `name` is the workload's and the server's, or the plan file's. `timeout` limits each request, in seconds;
    `min_success` is a gate in per cent, None without one; `command` are the words of a command line that repeats the
    run. What is due in the first `warm_up_seconds`, and the first `warm_up_iterations`, run but are not counted. With
    `send_keys` each call carries its name, for a server that takes it. `protocol` is a version, or auto; `retry_lost`
    is for the modern era. `scale` is what the durations of a plan file were multiplied by. Criteria on
    `operation_*_ms` are meant for each tool that the run calls. Every `tick` seconds a line of figures is kept.
    Before the load the cheapest request is timed `round_trips` times.
    """

    name: str
    url: str
    seed: int
    run_id: str
    timeout: float
    min_success: float | None
    scenarios: tuple[Scenario, ...]
    targets: tuple[Target, ...]
    command: tuple[str, ...]
    warm_up_seconds: float = 0.0
    warm_up_iterations: int = 0
    send_keys: bool = False
    protocol: str = PROTOCOL
    retry_lost: bool = False
    description: str = ""
    scale: float = 1.0
    thresholds: tuple[Threshold, ...] = ()
    analyses: tuple[Analysis, ...] = ()
    tick: float = 1.0
    round_trips: int = 0
