""".env.example has every variable that something reads, and the defaults that the code has."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from cyclopts import App
from cyclopts.config import Env
from pydantic import BaseModel

from loadgen.cli import app as load
from loadgen.options.payments import PaymentsOptions
from loadgen.options.run import _Variables
from servers.cli import app as serve
from servers.commands.faults import ExplainOptions, JournalOptions, RemoteOptions, ShowOptions
from servers.config import PaymentsConfig, StubConfig
from tests.deployment.tool import ROOT

TEXT = (ROOT / ".env.example").read_text()
VARIABLES: dict[str, str] = dict(re.findall(r"^# ([A-Z_]+)=(.*)$", TEXT, re.MULTILINE))


def commands(app: App) -> Iterator[App]:
    for name in app:
        if not name.startswith("-"):
            command = app[name]
            if command.default_command is not None:
                yield command
            yield from commands(command)


def prefix(app: App) -> str:
    (env,) = (config for config in app.config or () if isinstance(config, Env))
    return env.prefix


def of_serve() -> set[str]:
    flags = {
        name
        for command in commands(serve)
        for argument in command.assemble_argument_collection()
        for name in argument.names
        if re.match("--[a-z]", name) and not name.startswith("--no-")
    }
    return {prefix(serve) + flag[2:].replace("-", "_").upper() for flag in flags}


def of_load() -> set[str]:
    named = {
        variable
        for command in commands(load)
        for argument in command.assemble_argument_collection()
        for variable in argument.parameter.env_var or ()
    }
    return named | {str(field.alias) for field in _Variables.model_fields.values()}


def of_compose() -> set[str]:
    return set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))


def test_every_variable_is_there_once_and_no_other() -> None:
    assert len(of_serve()) > 15
    assert len(of_load()) > 7
    assert set(VARIABLES) == of_serve() | of_load() | of_compose()
    assert len(re.findall(r"^# [A-Z_]+=", TEXT, re.MULTILINE)) == len(VARIABLES)


def test_it_changes_nothing_as_it_stands() -> None:
    assert [line for line in TEXT.splitlines() if line and not line.startswith("#")] == []


MODELS: tuple[tuple[type[BaseModel], str], ...] = (
    (PaymentsConfig, "MCP_SERVE_"),
    (RemoteOptions, "MCP_SERVE_"),
    (ShowOptions, "MCP_SERVE_"),
    (JournalOptions, "MCP_SERVE_"),
    (ExplainOptions, "MCP_SERVE_"),
)


@pytest.mark.parametrize(("model", "start"), MODELS, ids=lambda each: getattr(each, "__name__", each))
def test_what_stands_there_is_the_default(model: type[BaseModel], start: str) -> None:
    given: dict[str, Any] = {}
    for name in model.model_fields:
        value = VARIABLES.get(start + name.removeprefix("as_").upper(), "")
        if value:
            given[name] = value
    assert given
    assert model.model_validate(given) == model.model_validate({})


def test_what_stands_there_for_a_stub_is_its_default() -> None:
    given = {name: VARIABLES[f"MCP_SERVE_{name.upper()}"] for name in ("answers_seed", "keep")}
    assert StubConfig.model_validate({"contract": "x", **given}) == StubConfig(contract="x")


def test_the_load_is_the_default_one() -> None:
    names = ("timeout", "total", "concurrent")
    given = PaymentsOptions.model_validate({name: VARIABLES[f"LOAD_TEST_{name.upper()}"] for name in names}).plan()
    default = PaymentsOptions().plan()
    assert (given.timeout, given.scenarios[0].executor) == (default.timeout, default.scenarios[0].executor)


def test_the_values_of_compose_are_its_own_defaults() -> None:
    found = dict(re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", (ROOT / "docker-compose.yml").read_text()))
    assert found.pop("MCP_SERVE_ADMIN_TOKEN") == "testbed"
    assert found == {name: VARIABLES[name] for name in found}
