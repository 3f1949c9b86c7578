"""A command line over cyclopts whose complaints come all at once, a sentence each.

Flags are the fields of a frozen pydantic model; cyclopts finds them (and the environment), pydantic judges them.
"""

import os
import re
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise

from cyclopts import App, ArgumentCollection, CycloptsError, ValidationError
from cyclopts.config import Env
from pydantic import ValidationError as PydanticValidationError
from pydantic_core import ErrorDetails

from .errors import InvalidInput, complaint
from .nearest import did_you_mean
from .stdio import say

USAGE = 2
"""Exit code for a command line or configuration that cannot be used."""


def run_command(app: App, argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` (default: the process's) names; its return value is the exit code.

    Bad flags, bad environment variables and `InvalidInput` from the command itself go to stderr, a sentence a line,
    and give exit code 2.
    """
    tokens = _with_values(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(app, tokens)
    except InvalidInput as error:
        name = " ".join(app.name)
        say("".join(f"{name}: {problem}\n" for problem in error.problems), sys.stderr)
        return USAGE


def _with_values(tokens: Sequence[str]) -> list[str]:
    """`--ttl -5s` as `--ttl=-5s`: cyclopts takes what begins with a minus for a flag, unless it is a number."""
    joined: list[str] = []
    for token in tokens:
        flag = joined[-1] if joined else ""
        if re.fullmatch(r"-[0-9.]+[a-z][0-9a-z.]*", token) and re.fullmatch(r"--[a-z][a-z-]*", flag):
            joined[-1] = f"{flag}={token}"
        else:
            joined.append(token)
    return joined


def _dispatch(app: App, tokens: list[str]) -> int:
    names, commands, rest = app.parse_commands(tokens)
    if {*names} & {*app.help_flags, *app.version_flags}:  # these are commands of their own
        app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
        return 0
    command = commands[-1]
    if command.default_command is None:
        return _no_command(app, names, rest)
    arguments = command.assemble_argument_collection()
    problems: list[str] = []
    try:
        action, bound, unused, _ = app.parse_known_args(tokens)
        problems = _unused(unused, arguments)
    except ValidationError as error:
        cause = error.__cause__ or error.__context__
        configs = [config for config in app.config or () if isinstance(config, Env)]
        found = cause.errors() if isinstance(cause, PydanticValidationError) else []
        problems = [_sentence(e, arguments, tokens, configs) for e in found] or [_one_line(error)]
        problems = [*_unknown_flags(rest, arguments), *problems]
    except CycloptsError as error:
        problems = _unknown_flags(rest, arguments) or [_one_line(error)]
    if problems:
        raise InvalidInput(problems)
    run: Callable[..., int | None] = action
    return run(*bound.args, **bound.kwargs) or 0


def _no_command(app: App, names: Sequence[str], rest: Sequence[str]) -> int:
    """No command was named below `names`: help when nothing was given, else a complaint with the nearest command."""
    if not rest:
        app.help_print(list(names))
        return USAGE
    for name in names:
        app = app[name]
    known = [name for name in app if not name.startswith("-")]
    raise InvalidInput(
        [f"{rest[0]} is not a command{did_you_mean(rest[0], known)}; the commands are {', '.join(known)}"]
    )


def _unused(tokens: Sequence[str], arguments: ArgumentCollection) -> list[str]:
    """A sentence for every token that nothing took."""
    known = _names(arguments)
    stray = [
        token
        for before, token in pairwise(["", *tokens])
        # A known flag stands behind "--". A word after an unknown one may have been meant as its value.
        if _flag(token) in known or not (token.startswith("-") or before.startswith("-"))
    ]
    return [*_unknown_flags(tokens, arguments), *(f"{token!r} is not expected here" for token in stray)]


def _unknown_flags(tokens: Sequence[str], arguments: ArgumentCollection) -> list[str]:
    """A sentence for every flag among `tokens` that is none of `arguments`, with the nearest that is."""
    known = _names(arguments)
    given = (_flag(token) for token in tokens if re.match(r"--?[A-Za-z]", token))
    return [f"{flag} is not known{did_you_mean(flag, known)}" for flag in given if flag not in known]


def _names(arguments: ArgumentCollection) -> list[str]:
    return [flag for argument in arguments for flag in argument.names]


def _flag(token: str) -> str:
    return token.split("=", 1)[0]


def _sentence(error: ErrorDetails, arguments: ArgumentCollection, tokens: Sequence[str], configs: Sequence[Env]) -> str:
    if error["loc"]:
        return f"{_source(error['loc'], arguments, tokens, configs)} {complaint(error)}"
    return error["msg"].removeprefix("Value error, ")  # about several flags, which it names


def _source(
    loc: tuple[int | str, ...], arguments: ArgumentCollection, tokens: Sequence[str], configs: Sequence[Env]
) -> str:
    """Where a person wrote the value: the flag, or the environment variable when the flag was not given."""
    flag = "--" + str(loc[0]).replace("_", "-")
    argument = next((argument for argument in arguments if flag in argument.names), None)
    if argument is None or any(_flag(token) in argument.names for token in tokens):
        return flag
    prefixed = (f"{config.prefix}{flag[2:].replace('-', '_').upper()}" for config in configs)
    variables = (*(argument.parameter.env_var or ()), *prefixed)
    return next((variable for variable in variables if variable in os.environ), flag)


def _one_line(error: CycloptsError) -> str:
    error.verbose = False  # verbose ones show Python
    return " ".join(str(error).split())
