"""`mcp-serve stub`: its flags and variables, what it says, and its complaints."""

import json
from pathlib import Path

import pytest

from servers import cli
from servers.config import ServerConfig, StubConfig
from tests.support.raw_mcp import HANDSHAKE, RawClient, send
from tests.support.served import served as serving
from tests.support.stub_contract import SAMPLE


@pytest.fixture
def contract(tmp_path: Path) -> str:
    """A file with the sample."""
    path = tmp_path / "sample.json"
    path.write_text(json.dumps(SAMPLE))
    return str(path)


def test_every_flag_reaches_its_setting(served: list[ServerConfig]) -> None:
    assert cli.main(["stub", "--contract", "x.json"]) == 0
    assert cli.main(["stub", "--contract", "x", "--answers-seed", "-5", "--keep", "3", "--port", "9", "--no-lane"]) == 0
    assert served == [
        StubConfig(contract="x.json", port=8200, answers_seed=0, keep=100_000, lane=True),
        StubConfig(contract="x", port=9, answers_seed=-5, keep=3, lane=False),
    ]


def test_every_flag_has_a_variable_which_the_flag_beats(
    served: list[ServerConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("CONTRACT", "x"), ("ANSWERS_SEED", "5"), ("KEEP", "3")):
        monkeypatch.setenv(f"MCP_SERVE_{name}", value)
    assert cli.main(["stub"]) == 0
    assert cli.main(["stub", "--contract", "y", "--keep", "4"]) == 0
    assert served == [
        StubConfig(contract="x", answers_seed=5, keep=3),
        StubConfig(contract="y", answers_seed=5, keep=4),
    ]


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["stub"], 'Command "stub" parameter --contract requires an argument.'),
        (["stub", "--contract", "gone.json"], "gone.json: there is no such file, and no bundled one of that name in"),
        (["stub", "--contract", "x", "--keep", "0"], '--keep should be greater than or equal to 1, got "0"'),
        (["stub", "--contrct", "x"], "--contrct is not known (did you mean --contract?)"),
        (["faults", "explain", "garbage", "--server", "stub"], "--contract is required with --server stub"),
    ],
)
def test_a_mistake_is_a_sentence(capsys: pytest.CaptureFixture[str], argv: list[str], sentence: str) -> None:
    assert cli.main(argv) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"mcp-serve: {sentence}")


def test_every_mistake_in_a_contract_is_a_sentence_with_its_place(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "c.json"
    rules = [{"tool": "echo", "structured": "${nobody}"}, {"tool": "echo"}]
    path.write_text(json.dumps({**SAMPLE, "tols": [], "responses": rules}))
    assert cli.main(["stub", "--contract", str(path)]) == 2
    assert sorted(capsys.readouterr().err.splitlines()) == [
        f"mcp-serve: {path}: responses[0] should use known names: structured has ${{nobody}}, which is not known",
        f"mcp-serve: {path}: responses[1] should have exactly one of result, structured, tool_error, error",
        f"mcp-serve: {path}: tols is not known (did you mean tools?)",
    ]


def test_it_says_at_its_start_what_the_server_does_and_it_does_not(contract: str) -> None:
    with serving("stub", "--contract", contract) as server:
        assert "sample-server MCP server: http://127.0.0.1:" in server.said
        assert RawClient(server.url, HANDSHAKE).call("echo", {"text": "hi"}).status == 200
        limitations = json.loads(send(f"{server.base_url}/health", "GET", {}).body)["limitations"]
        log = server.stop()
    assert log.splitlines() == [f"mcp-serve: {place}: {reason}." for place, reason in limitations.items()]


def test_a_fault_profile_is_about_its_tools(contract: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    profile = tmp_path / "p.yaml"
    profile.write_text("version: 1\nrules: [{name: r, match: {tool: forecst}, do: [{http: {status: 503}}]}]\n")
    assert cli.main(["stub", "--contract", contract, "--faults", str(profile)]) == 2
    assert "forecast" in capsys.readouterr().err


def test_what_a_profile_would_do_can_be_asked_of_a_contract(contract: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["faults", "explain", "garbage", "--server", "stub", "--contract", contract]) == 0
    assert "forecast" in capsys.readouterr().out
