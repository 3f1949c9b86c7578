"""Our own failures (a failed call is not one: that is an outcome), and the exit codes of `mcp-load`.

LoadError                   what stops a run before there is a report; carries the exit code
├── TargetUnreachable   3   the target never answered
├── NothingMeasured     3   it answered, but no call was measured
└── Interrupted       130   stopped by the user before any call was measured

Bad flags and unusable files are `formats.errors.InvalidInput` (2).
"""

from enum import IntEnum
from typing import ClassVar

from .outcome import printable

_LONGEST = 2_000


class ExitCode(IntEnum):
    """What the process tells its caller; the same table for every command."""

    OK = 0
    USAGE = 2
    NOTHING_MEASURED = 3
    GATE_FAILED = 99
    INTERRUPTED = 130


class LoadError(Exception):
    """The root: one sentence for the user and the exit code that goes with it."""

    exit_code: ClassVar[ExitCode]

    def __str__(self) -> str:
        return printable(super().__str__(), _LONGEST)  # parts of it come from the server


class TargetUnreachable(LoadError):  # noqa: N818 - named after its cause
    """The target did not answer the first request of the run as an MCP server."""

    exit_code = ExitCode.NOTHING_MEASURED


class NothingMeasured(LoadError):  # noqa: N818 - named after its cause
    """The target answered, but there is nothing that could be measured."""

    exit_code = ExitCode.NOTHING_MEASURED


class Interrupted(LoadError):  # noqa: N818 - named after its cause
    """The user stopped the run before any call was measured."""

    exit_code = ExitCode.INTERRUPTED
