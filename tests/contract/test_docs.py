"""docs/contracts.md: its commands run, its file is one, its tables are complete."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from formats.contract import Contract, Example, Expectation, parse_contract
from formats.contract_responses import ErrorTemplate, Response
from loadgen.options.capture import CaptureOptions
from loadgen.options.contract_check import ContractCheckOptions
from servers.config import ServerConfig, StubConfig
from servers.testing import running_server
from tests.support.served import served

PAGE = (Path(__file__).parents[2] / "docs" / "contracts.md").read_text(encoding="utf-8")
COMMANDS = "".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL))
BIN = Path(sys.executable).parent


@pytest.fixture
def calculator() -> Iterator[str]:
    with running_server("calculator") as server:
        yield server.url


def test_its_commands_run_one_after_another(calculator: str, tmp_path: Path) -> None:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    for line in COMMANDS.replace("http://127.0.0.1:8100", calculator).splitlines():
        if line.startswith("mcp-serve "):  # which goes on until it is stopped
            continue
        done = subprocess.run(
            shlex.split(line),
            cwd=tmp_path,
            env=os.environ | {"PATH": path},
            check=False,
            capture_output=True,
            text=True,
            timeout=80,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    written = ["again.json", "calculator.json", "check.json", "check.xml"]
    assert sorted(path.name for path in tmp_path.iterdir()) == written


def test_its_stand_ins_start() -> None:
    lines = [shlex.split(line) for line in COMMANDS.splitlines() if line.startswith("mcp-serve stub ")]
    assert len(lines) == 2
    for _, *argv in lines:
        with served(*("calculator" if word.endswith(".json") else word for word in argv)) as server:
            assert server.said.startswith("calculator MCP server: ")


def test_its_file_is_a_contract() -> None:
    text = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0]
    contract = parse_contract(text, "the page")
    assert {example.expect.kind for example in contract.examples} == {"tool_error", "match"}
    assert json.loads(text)["version"] == 1


def test_its_tables_have_every_key_kind_and_flag() -> None:
    first_cells = " ".join(re.findall(r"^\| ([^|]*) \|", PAGE, re.MULTILINE))
    keys = {*Contract.model_fields, *Expectation.model_fields}
    fields = {*CaptureOptions.model_fields, *ContractCheckOptions.model_fields}
    flags = {f"--{name.replace('_', '-')}" for name in fields} - {"--read"} | {"--no-read"}
    flags = flags - {"--json-file", "--verbose"} | {"--json"}
    assert {word for word in keys | flags if f"`{word}`" not in first_cells} == set()
    assert {word for word in Example.model_fields if f"`{word}`" not in PAGE} == set()


def test_its_tables_have_every_key_of_responses_and_flag_of_the_stand_in() -> None:
    first_cells = " ".join(re.findall(r"^\| ([^|]*) \|", PAGE, re.MULTILINE))
    own = StubConfig.model_fields.keys() - ServerConfig.model_fields.keys()
    flags = {f"--{name.replace('_', '-')}" for name in own}
    assert {word for word in {*Response.model_fields} | flags if f"`{word}`" not in first_cells} == set()
    assert {word for word in ErrorTemplate.model_fields if f"`{word}`" not in PAGE} == set()
