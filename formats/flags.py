"""A command line over cyclopts whose complaints come all at once, a sentence each.

Flags are the fields of a frozen pydantic model; cyclopts finds them (and the environment), pydantic judges them.
"""

import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches

from cyclopts import App, CycloptsError, ValidationError
from pydantic import ValidationError as PydanticValidationError

from .errors import InvalidInput, complaint

USAGE = 2
"""Exit code for a command line or configuration that cannot be used."""


def run_command(app: App, argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` (default: the process's) names; its return value is the exit code.

    Bad flags, bad environment variables and `InvalidInput` from the command itself go to stderr, a sentence a line,
    and give exit code 2.
    """
    tokens = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(app, tokens)
    except InvalidInput as error:
        name = " ".join(app.name)
        for problem in error.problems:
            print(f"{name}: {problem}", file=sys.stderr)
        return USAGE


def _dispatch(app: App, tokens: list[str]) -> int:
    unknown = _unknown_flags(app, tokens)
    try:
        command, bound, _ = app.parse_args(tokens, exit_on_error=False, print_error=False)
    except ValidationError as error:
        cause = error.__cause__ or error.__context__
        if not isinstance(cause, PydanticValidationError):
            raise InvalidInput([*unknown, _one_line(error)]) from error
        raise InvalidInput([*unknown, *(f"{_flag(e['loc'])} {complaint(e)}" for e in cause.errors())]) from error
    except CycloptsError as error:
        raise InvalidInput(unknown or [_one_line(error)]) from error
    if unknown:
        raise InvalidInput(unknown)
    action: Callable[..., int | None] = command
    return action(*bound.args, **bound.kwargs) or 0


def _unknown_flags(app: App, tokens: Sequence[str]) -> list[str]:
    """A sentence for every `--flag` that the command which `tokens` name does not have, with the nearest it has."""
    names, commands, _ = app.parse_commands(tokens)
    command = commands[-1]
    known = {flag for argument in command.assemble_argument_collection() for flag in argument.names}
    known |= {*command.help_flags, *app.help_flags, *app.version_flags, "--"}
    given = (token.split("=", 1)[0] for token in tokens if token.startswith("--"))
    problems = []
    for flag in given:
        if flag not in known:
            near = get_close_matches(flag, known, 1)
            problems.append(f"{flag} is not known" + (f" (did you mean {near[0]}?)" if near else ""))
    return problems


def _flag(loc: tuple[int | str, ...]) -> str:
    return "--" + str(loc[0]).replace("_", "-") if loc else "the command line"


def _one_line(error: CycloptsError) -> str:
    return " ".join(str(error).split())
