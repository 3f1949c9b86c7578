"""Runs the checks one after the other, each within what is left of the time, whatever the server does."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from formats.errors import InvalidInput

from ..errors import LoadError, TargetUnreachable
from .checks.concurrency import check_concurrency
from .checks.examples import check_examples
from .checks.handshake_errors import check_handshake_errors
from .checks.lifecycle import check_lifecycle
from .checks.lists import check_lists
from .checks.modern_errors import check_modern_errors
from .checks.properties import check_properties
from .checks.surface import check_surface
from .limitations import excused
from .look import look
from .notes import Notes
from .probe import ServerGoneError
from .report import CheckRun
from .target import NotOpenedError, Target


@dataclass(frozen=True, slots=True)
class Check:
    """One family of questions by its name."""

    name: str
    run: Callable[[Target, Notes], Awaitable[None]]
    lasts: float = 0.0
    """Seconds that it takes beside what is counted by the deadline; infinite when nobody knows."""


CHECKS: Sequence[Check] = (
    Check("surface", check_surface),
    Check("lists", check_lists),
    Check("examples", check_examples),
    Check("properties", check_properties),
    Check("handshake-errors", check_handshake_errors),
    Check("modern-errors", check_modern_errors),
    Check("lifecycle", check_lifecycle),
    Check("concurrency", check_concurrency),
)
"""In the order in which they are made."""
FIRST_LOOK = "first look"
_GONE = "the server was gone"
_OUT_OF_TIME = "the time of --deadline was over"


async def check_contract(
    target: Target,
    deadline: float,
    done: Callable[[CheckRun], None],
    *,
    checks: Iterable[Check] = CHECKS,
    limitations: Mapping[str, str] | None = None,
) -> None:
    """Look at the server, then make `checks`; each is told to `done` when it is over, also of those not begun.

    Args:
        target: the server, at which nobody has looked yet.
        deadline: seconds that all of it may take.
        done: takes what became of each check, in turn.
        checks: which ones.
        limitations: places at which differences are the stub's own, with the reason.

    Raises:
        TargetUnreachable: the server answers as an MCP server in no era.
    """
    until = target.clock.now() + deadline
    checks = (Check(FIRST_LOOK, look), *checks)
    gone = False
    for check in checks:
        until += check.lasts
        left = until - target.clock.now()
        if gone or left <= 0:
            done(CheckRun(check.name, 0, (), unfinished=_GONE if gone else _OUT_OF_TIME))
            continue
        run = await run_check(check, target, left)
        if not target.opened:
            raise TargetUnreachable(run.unfinished or f"{target.url} opened no session")
        gone = any(finding.code == "server.gone" for finding in run.findings)
        done(replace(run, findings=tuple(excused(run.findings, limitations or {}))))


async def run_check(check: Check, target: Target, seconds: float) -> CheckRun:
    """Make one check, in as many seconds, which may be infinitely many."""
    notes, began = Notes(), target.clock.now()
    unfinished = None
    try:
        async with asyncio.timeout(seconds if math.isfinite(seconds) else None) as limit:
            await check.run(target, notes)
    except* TimeoutError:
        if not limit.expired():
            raise
        unfinished = _OUT_OF_TIME
    except* ServerGoneError as gone:
        unfinished = _GONE
        notes.find("server.gone", check.name, f"during {check.name}: {_first(gone)}")
    except* NotOpenedError as refusal:
        unfinished = f"no session could be opened: {_first(refusal)}"
        notes.find("server.no-answer", f"{check.name}: initialize", _first(refusal))
    except* (InvalidInput, LoadError) as refusal:  # of what goes on meanwhile, of a tool that is named
        unfinished = _first(refusal)
    seconds = target.clock.now() - began
    said = tuple(notes.skipped), tuple(notes.remarks)
    return CheckRun(check.name, notes.done, notes.findings, *said, unfinished, seconds)


def _first(error: BaseException) -> str:
    """The sentence of the first error of a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)
