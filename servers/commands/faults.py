"""`mcp-serve faults`: the faults of a running server, and what profiles would do without one."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from textwrap import fill
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from cyclopts import App, Parameter
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from formats.durations import DAY, format_duration, parse_duration
from formats.errors import InvalidInput
from formats.fixtures import bundled_fixtures, find_fixture
from formats.nearest import did_you_mean
from formats.stdio import say
from formats.text_file import read_text

from ..config import LARGEST_SEED, CalculatorConfig, PaymentsConfig, ServerConfig, StubConfig, Token
from ..errors import NoAnswer

NO_ANSWER = 3
MISSED = 99
MOST_CALLS = 100_000

app = App(
    name="faults",
    help="Faults of a running server: put a profile in place, look, clear; and what a profile would do.",
    help_epilogue=(
        "Exit codes: 0 done; 2 flags or files that cannot be used, or the server refused; 3 the server did not answer; "
        "99 calibrate missed its goal; 130 interrupted."
    ),
)

_Profile = Annotated[str, Parameter(help="A YAML file, or the name of a preset (mcp-serve faults presets).")]
_Seed = Annotated[
    int | None,
    Field(ge=-LARGEST_SEED, le=LARGEST_SEED),
    Parameter(help="Seed of the faults, instead of the profile's own."),
]
_COLUMNS = 80


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RemoteOptions(_Options):
    """Which server is asked."""

    url: Annotated[str, Parameter(help="The server; its path may be that of the MCP endpoint.")] = (
        "http://127.0.0.1:8000"
    )
    admin_token: Annotated[
        Token | None, Field(repr=False), Parameter(help="What the server was given as --admin-token.")
    ] = None


class ApplyOptions(RemoteOptions):
    """What is put in place, and for how long."""

    seed: _Seed = None
    ttl: Annotated[
        str | None, Parameter(help="The profile ends by itself after so long, such as 30s; apply it again to go on.")
    ] = None

    @field_validator("ttl")
    @classmethod
    def _be_a_duration(cls, given: str | None) -> str | None:
        if given is not None and parse_duration(given, DAY) == 0:
            raise ValueError("should be more than 0")
        return given


class ShowOptions(RemoteOptions):
    """How it is shown."""

    as_json: Annotated[bool, Parameter(name="--json", negative="", help="What the control API says, as JSON.")] = False


class JournalOptions(RemoteOptions):
    """Which records."""

    where: Annotated[
        tuple[str, ...],
        Parameter(help="FIELD=VALUE that records must have, such as tool=add or counted=true.", negative=""),
    ] = ()
    after: Annotated[int | None, Field(ge=0), Parameter(help="Only records with a sequence above this.")] = None
    follow: Annotated[bool, Parameter(negative="", help="Go on with the records that are still to come.")] = False

    def filters(self, fields: Collection[str]) -> dict[str, str]:
        """By field; a record has these `fields`.

        Raises:
            InvalidInput: one of them is no FIELD=VALUE, or about something that a record does not have.
        """
        problems = []
        filters: dict[str, str] = {}
        for given in self.where:
            field, equals, value = given.partition("=")
            if not equals or not field:
                problems.append(f"--where should be FIELD=VALUE, got {given}")
            elif field not in fields:
                near = " (did you mean --after?)" if field == "after" else did_you_mean(field, fields)
                problems.append(f"--where {given}: a record has no {field}{near}; it has {', '.join(fields)}")
            elif field in filters:
                problems.append(f"--where {given}: {field} is given twice, and a record has one")
            filters[field] = value
        if problems:
            raise InvalidInput(problems)
        return filters


class ExplainOptions(_Options):
    """How many calls of which server."""

    calls: Annotated[int, Field(ge=1, le=MOST_CALLS), Parameter(help="How many calls of each tool.")] = 100
    seed: _Seed = None
    server: Annotated[Literal["payments", "calculator", "stub"], Parameter(help="Whose tools are called.")] = "payments"
    contract: Annotated[
        str | None, Field(min_length=1), Parameter(help="Of a stub: a JSON file, or a bundled name.")
    ] = None

    @model_validator(mode="after")
    def _know_the_stub(self) -> Self:
        if self.server == "stub" and self.contract is None:
            raise ValueError("--contract is required with --server stub")
        return self

    @property
    def config(self) -> ServerConfig:
        """Of that server."""
        if self.server == "stub":
            return StubConfig(contract=self.contract or "")
        return PaymentsConfig() if self.server == "payments" else CalculatorConfig()


@app.command
def apply(
    profile: _Profile,
    /,
    *,
    options: Annotated[ApplyOptions, Parameter(name="*")] = ApplyOptions(),  # noqa: B008 - frozen
) -> int:
    """Put a fault profile in place on a running server, instead of the one that is there."""
    from ..faults.profile import LARGEST  # noqa: PLC0415 - as below

    path = find_fixture("faults", profile)
    text = read_text(path, LARGEST)
    return _ask(options, lambda remote: remote.apply(text, str(path), options.seed, options.ttl))


@app.command
def show(*, options: Annotated[ShowOptions, Parameter(name="*")] = ShowOptions()) -> int:  # noqa: B008 - frozen
    """Show the profile in place: which rules, and how often each was matched and took effect."""
    return _ask(options, lambda remote: remote.show(), _as_json if options.as_json else _described)


@app.command
def clear(*, options: Annotated[RemoteOptions, Parameter(name="*")] = RemoteOptions()) -> int:  # noqa: B008 - frozen
    """Take all faults away."""
    return _ask(options, lambda remote: remote.clear())


@app.command
def pause(*, options: Annotated[RemoteOptions, Parameter(name="*")] = RemoteOptions()) -> int:  # noqa: B008 - frozen
    """Hold all faults back until `resume`; the profile stays."""
    return _ask(options, lambda remote: remote.pause())


@app.command
def resume(*, options: Annotated[RemoteOptions, Parameter(name="*")] = RemoteOptions()) -> int:  # noqa: B008 - frozen
    """Inject faults again."""
    return _ask(options, lambda remote: remote.resume())


@app.command
def journal(*, options: Annotated[JournalOptions, Parameter(name="*")] = JournalOptions()) -> int:  # noqa: B008 - frozen
    """Print what was really injected, a record a line, as JSON."""
    from ..faults.journal import FIELDS, KEEP  # noqa: PLC0415 - as below

    filters, after = options.filters(FIELDS), options.after or 0
    lost = 0

    def count(records: int) -> None:
        nonlocal lost
        lost += records
        if options.follow:
            tell()

    def tell() -> None:
        nonlocal lost
        if lost:
            noun = "record is" if lost == 1 else "records are"
            say(f"mcp-serve: {lost:,} {noun} no longer in memory, which has the last {KEEP:,}\n", sys.stderr)
        lost = 0

    async def print_all(remote: Any) -> dict[str, Any]:
        read = remote.follow if options.follow else remote.journal
        async for record in read(filters, after, count):
            if not _print(json.dumps(record)):
                break
        tell()
        return {}

    return _ask(options, print_all, lambda _: "")


@app.command
def explain(
    profile: _Profile,
    /,
    *,
    options: Annotated[ExplainOptions, Parameter(name="*")] = ExplainOptions(),  # noqa: B008 - frozen
) -> int:
    """Say which of so many calls of each tool each rule hits; needs no server."""
    from ..app import tool_names  # noqa: PLC0415 - FastMCP takes a second to import; --help should not wait for it
    from ..faults.effects import EFFECTS  # noqa: PLC0415 - as above
    from ..faults.explain import explain as explained  # noqa: PLC0415 - as above
    from ..faults.profile import read_profile  # noqa: PLC0415 - as above

    tools = tool_names(options.config)
    others = {"payments": PaymentsConfig(), "calculator": CalculatorConfig()}

    def is_for(server: str) -> bool:
        try:
            read_profile(profile, EFFECTS, tool_names(others[server]))
        except InvalidInput:
            return False
        return True

    try:
        found = read_profile(profile, EFFECTS, tools, options.seed)
    except InvalidInput as error:
        hints = [f"{profile} can be used with --server {server}" for server in others if is_for(server)]
        raise InvalidInput([*error.problems, *hints]) from error
    say(explained(found, tools, options.calls), sys.stdout)
    return 0


@app.command
def presets() -> int:
    """List the bundled profiles."""
    from ..app import tool_names  # noqa: PLC0415 - as above
    from ..faults.effects import EFFECTS  # noqa: PLC0415 - as above
    from ..faults.profile import read_profile  # noqa: PLC0415 - as above

    tools = tool_names(PaymentsConfig())
    names = list(bundled_fixtures("faults"))
    width = max(map(len, names), default=0) + 2
    described = [(name, read_profile(name, EFFECTS, tools).description) for name in names]
    lines = [fill(f"{name:{width}}{text}", _COLUMNS, subsequent_indent=" " * width) + "\n" for name, text in described]
    say("".join(lines), sys.stdout)
    return 0


@app.command
def calibrate() -> int:
    """Compare planned with achieved delays, at 1,000 calls a second on a server of its own.

    Half a minute. Delays that are off by more than 2 ms at p99 are marked and give exit code 99.
    """
    from ..faults import calibrate as calibration  # noqa: PLC0415 - as above

    async def run() -> bool:
        say(f"{calibration.heading()}\n", sys.stdout)
        with _calculator() as url:
            parts = urlsplit(url)
            rows = []
            async for row in calibration.calibrate(url, parts.hostname or "", parts.port or 0):
                say(f"{calibration.render(row)}\n", sys.stdout)
                rows.append(row)
        return all(row.within for row in rows)

    try:
        within = asyncio.run(run())
    except NoAnswer as error:
        say(f"mcp-serve: {error}\n", sys.stderr)
        return NO_ANSWER
    return 0 if within else MISSED


@contextmanager
def _calculator() -> Iterator[str]:
    """A calculator in a process of its own, and its URL.

    Raises:
        NoAnswer: it did not start.
    """
    command = [sys.executable, "-m", "servers", "calculator", "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MCP_SERVE_")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:  # noqa: S603 - this program
        try:
            found = re.search(r"http://\S+/mcp", process.stdout.readline() if process.stdout else "")
            if found is None:
                raise NoAnswer("the calculator of the calibration did not start.")
            yield found.group()
        finally:
            process.terminate()


Ask = Callable[[Any], Awaitable[dict[str, Any]]]


def _ask(options: RemoteOptions, question: Ask, render: Callable[[dict[str, Any]], str] | None = None) -> int:
    """Ask the server and print what it says; returns the exit code."""
    from ..faults.remote import Remote  # noqa: PLC0415 - as above

    remote = Remote(options.url, options.admin_token)

    async def ask() -> dict[str, Any]:
        return await question(remote)

    try:
        answer = asyncio.run(ask())
    except NoAnswer as error:
        say(f"mcp-serve: {error}\n", sys.stderr)
        return NO_ANSWER
    say((render or _summed_up)(answer), sys.stdout)
    return 0


def _as_json(state: dict[str, Any]) -> str:
    return json.dumps(state, indent=2, ensure_ascii=False) + "\n"


def _head(state: dict[str, Any]) -> str:
    """What is in place, as the beginning of a sentence."""
    rules, until = state["rules"], state["expires_in_seconds"]
    noun = "rule" if len(rules) == 1 else "rules"
    ends = f", ends in {format_duration(float(round(until)))}" if until is not None else ""
    paused = ", paused" if state["paused"] else ""
    what = f"{len(rules)} {noun}, seed {state['seed']}{ends}" if rules else "no faults"
    return f"Generation {state['generation']}: {what}{paused}"


def _summed_up(state: dict[str, Any]) -> str:
    """One line."""
    names = ", ".join(rule["name"] for rule in state["rules"])
    return f"{_head(state)}: {names}.\n" if names else f"{_head(state)}.\n"


def _described(state: dict[str, Any]) -> str:
    """The summary, and a table of the rules."""
    if not state["rules"]:
        return _summed_up(state)
    rows = [("rule", "effects", "matched", "took effect")]
    rows += [
        (rule["name"], ", ".join(rule["effects"]), str(rule["matched"]), str(rule["injected"]))
        for rule in state["rules"]
    ]
    name, effects = (max(len(row[column]) for row in rows) for column in (0, 1))
    table = [f"{row[0]:{name}}  {row[1]:{effects}}  {row[2]:>8}  {row[3]:>11}\n" for row in rows]
    return f"{_head(state)}.\n{''.join(table)}"


def _print(line: str) -> bool:
    """Whether somebody still reads."""
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except OSError:
        say("", sys.stdout)
        return False
    return True
