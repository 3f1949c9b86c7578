"""`mcp-serve faults`, and the flags about faults: each has its effect, each mistake is a sentence."""

import json
import os
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from formats.fixtures import bundled_fixtures
from servers import app, cli
from servers.commands import faults
from servers.config import CalculatorConfig, ServerConfig, is_loopback
from servers.faults import calibrate, remote
from servers.faults.journal import Journal
from servers.testing import RunningServer, running_server
from tests.support.control import DEFECTS, ask, eventually
from tests.support.raw_mcp import MODERN, RawClient
from tests.support.served import served
from tests.support.wire_metrics import sample

ADD = {"a": 1, "b": 2}


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MCP_SERVE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A profile in a file: add gets 503."""
    path = tmp_path / "profile.yaml"
    path.write_text(json.dumps(DEFECTS))
    return path


@pytest.fixture(scope="module")
def calculator() -> Iterator[RunningServer]:
    with running_server("calculator") as server:
        yield server


def run(*argv: str) -> int:
    return cli.main(["faults", *argv])


def status(server: RunningServer) -> int:
    return RawClient(server.url, MODERN).call("add", ADD).status


@pytest.mark.parametrize(
    ("name", "value"),
    [("faults", "garbage"), ("seed", 7), ("journal", "j.jsonl"), ("admin_port", 1), ("admin_token", "secret")],
)
def test_every_flag_has_a_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: Any) -> None:
    found: list[ServerConfig] = []
    monkeypatch.setattr(cli, "_serve", found.append)
    assert cli.main(["calculator", f"--{name.replace('_', '-')}", str(value)]) == 0
    monkeypatch.setenv(f"MCP_SERVE_{name.upper()}", str(value))
    assert cli.main(["calculator"]) == 0
    assert found == [CalculatorConfig.model_validate({name: value})] * 2


def test_the_server_says_what_it_breaks_and_where_it_is_controlled(profile: Path, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    argv = ["--faults", str(profile), "--journal", str(journal), "--seed", "9", "--admin-port", "0"]
    with served("calculator", *argv, "--admin-token", "s3cret") as server:
        assert server.process.stdout is not None
        lines = [server.process.stdout.readline() for _ in range(3)]
        assert lines[2] == f"faults: 1 rule of {profile}\n"
        url = lines[1].removeprefix("control API ").strip().removesuffix("/_testbed")
        assert RawClient(server.url, MODERN).call("add", ADD).status == 503
        state = ask(url, "GET", "faults", headers={"Authorization": "Bearer s3cret"}).json
        assert (state["seed"], state["profile"]["rules"]) == (9, DEFECTS["rules"])
        assert ask(url, "GET", "faults").status == 401
        assert server.stop() == ""
    assert json.loads(journal.read_text("utf-8"))["rule"] == "no-add"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_a_server_that_others_can_reach_wants_a_token(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["calculator", "--host", host]) == 2
    assert capsys.readouterr().err == (
        f"mcp-serve: --host {host} can be reached by others, who could then inject faults through the control API: "
        "give --admin-token, too\n"
    )
    assert CalculatorConfig(host=host, admin_token="t").host == host
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost", "LOCALHOST."])
def test_loopback_needs_none(host: str) -> None:
    assert CalculatorConfig(host=host).admin_token is None


@pytest.mark.parametrize("token", ["", "two words", "naïve", "a\nb"])
def test_a_token_is_what_a_header_can_hold(token: str) -> None:
    with pytest.raises(ValidationError, match="letters, digits and signs without blanks"):
        CalculatorConfig(admin_token=token)
    assert "secret" not in repr(CalculatorConfig(admin_token="secret"))


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--faults", "flaky"], "mcp-serve: flaky: there is no such file, and no bundled one of that name in faults"),
        (["--journal", "/none/j"], "mcp-serve: /none/j: cannot be written: No such file or directory"),
        (["--seed", "x"], "mcp-serve: --seed should be a valid integer"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_starts(
    argv: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["calculator", *argv]) == 2
    assert capsys.readouterr().err.startswith(sentence)


def test_a_profile_that_is_wrong_is_told_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("version: 1\nrules:\n  - name: r\n    match: {tool: ad}\n    do: [{htp: {status: 503}}]\n")
    assert cli.main(["calculator", "--faults", str(path)]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"mcp-serve: {path}:4: rules[0].match.tool matches no tool of this server")
    assert second.startswith(f"mcp-serve: {path}:5: rules[0].do[0].htp is not known (did you mean http?)")


def test_one_port_is_not_for_two_things(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli.main(["calculator", "--port", "8123", "--admin-port", "8123"]) == 2
    assert capsys.readouterr().err == "mcp-serve: --port and --admin-port should differ, got 8123 for both\n"
    monkeypatch.setenv("MCP_SERVE_ADMIN_PORT", "8100")
    assert cli.main(["calculator", "--host", "0.0.0.0"]) == 2
    said = capsys.readouterr().err
    assert "give --admin-token, too; --port and --admin-port should differ, got 8100 for both" in said
    assert CalculatorConfig(port=0, admin_port=0).admin_port == 0, "two free ports are two ports"


def test_an_admin_port_that_is_taken_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert cli.main(["calculator", "--port", "0", "--admin-port", port]) == 2
    assert capsys.readouterr().err == f"mcp-serve: cannot listen on 127.0.0.1:{port}: address already in use.\n"


def test_a_running_server_is_told_shown_paused_and_cleared(
    calculator: RunningServer, profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = ["--url", calculator.url]
    assert ask(calculator, "POST", "reset").status == 200
    assert run("apply", str(profile), *url, "--seed", "3", "--ttl", "5m") == 0
    said = capsys.readouterr().out
    assert "1 rule, seed 3, ends in 4m59" in said or "1 rule, seed 3, ends in 5m" in said
    assert said.endswith(": no-add.\n")
    assert status(calculator) == 503
    assert run("pause", *url) == 0
    assert ", paused: no-add.\n" in capsys.readouterr().out
    assert status(calculator) == 200
    assert run("resume", "--url", calculator.base_url) == 0
    eventually(lambda: ask(calculator, "GET", "faults").json["rules"][0]["injected"], 1)
    capsys.readouterr()
    assert run("show", *url) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[1:] == [
        "rule    effects       matched  took effect",
        "no-add  http_status         1            1",
    ]
    assert run("show", *url, "--json") == 0
    assert json.loads(capsys.readouterr().out)["seed"] == 3
    assert run("journal", *url, "--where", "tool=add", "--where", "counted=true") == 0
    (record,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert record["rule"] == "no-add"
    assert run("journal", *url, "--after", str(record["sequence"])) == 0
    assert capsys.readouterr().out == ""
    assert run("clear", *url) == 0
    assert capsys.readouterr().out.endswith(": no faults.\n")
    assert status(calculator) == 200


def test_the_journal_can_be_followed(calculator: RunningServer, profile: Path) -> None:
    assert run("apply", str(profile), "--url", calculator.url) == 0
    command = [sys.executable, "-m", "servers", "faults", "journal", "--follow", "--url", calculator.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as follower:
        try:
            assert follower.stdout is not None
            assert status(calculator) == 503
            first = json.loads(follower.stdout.readline())
            while first["rule"] != "no-add":
                first = json.loads(follower.stdout.readline())
        finally:
            follower.terminate()


def test_what_the_journal_has_no_more_is_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], profile: Path
) -> None:
    monkeypatch.setattr(app, "Journal", partial(Journal, 5))
    with running_server("calculator", faults=profile) as server:
        for _ in range(12):
            assert status(server) == 503
        eventually(lambda: ask(server, "GET", "journal", after=11).json["records"] != [], True)
        lost = "mcp-serve: 7 records are no longer in memory, which has the last 10,000\n"
        assert run("journal", "--url", server.url) == 0
        printed = capsys.readouterr()
        assert [json.loads(line)["sequence"] for line in printed.out.splitlines()] == [8, 9, 10, 11, 12]
        assert printed.err == lost
        assert run("journal", "--url", server.url, "--after", "6") == 0
        assert capsys.readouterr().err == lost.replace("7 records are", "1 record is")
        assert run("journal", "--url", server.url, "--after", "7") == 0
        assert capsys.readouterr().err == ""
        command = [sys.executable, "-m", "servers", "faults", "journal", "--follow", "--url", server.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as follower:
            try:
                assert follower.stdout is not None
                assert follower.stderr is not None
                assert json.loads(follower.stdout.readline())["sequence"] == 8
                server.stop()
                out, said = follower.stdout.read(), follower.stderr.read()  # what was read ahead, too
                follower.wait(60)
            finally:
                follower.kill()
        assert [json.loads(line)["sequence"] for line in out.splitlines()] == [9, 10, 11, 12]
        assert (said, follower.returncode) == (lost, 0)


@pytest.mark.parametrize(
    ("argv", "sentences"),
    [
        (
            ["apply", "nothing"],
            ["nothing: there is no such file, and no bundled one of that name in faults (bundled: "],
        ),
        (["apply", "garbage", "--ttl", "soon"], ["--ttl should be a duration such as 500ms, 30s or 1m30s"]),
        (["apply", "garbage", "--ttl", "-5s"], ['--ttl should not be negative, got "-5s"']),
        (["apply", "garbage", "--ttl", "0"], ['--ttl should be more than 0, got "0"']),
        (["apply", "garbage", "--ttl", "25h"], ['--ttl should be a duration of a day or less, got "25h"']),
        (["show", "--url", "ftp://x"], ["--url should be one such as http://127.0.0.1:8000, got ftp://x"]),
        (["journal", "--where", "tool"], ["--where should be FIELD=VALUE, got tool"]),
        (["journal", "--where", "=add"], ["--where should be FIELD=VALUE, got =add"]),
        (
            ["journal", "--where", "limit=5"],
            ["--where limit=5: a record has no limit; it has sequence, time, generation"],
        ),
        (["journal", "--where", "after=5"], ["--where after=5: a record has no after (did you mean --after?); it has"]),
        (
            ["journal", "--where", "tol=add", "--where", "tool=add", "--where", "tool=divide"],
            [
                "--where tol=add: a record has no tol (did you mean tool?); it has sequence, ",
                "--where tool=divide: tool is given twice, and a record has one",
            ],
        ),
        (["journal", "--after", "-1"], ['--after should be greater than or equal to 0, got "-1"']),
        (["explain", "garbage", "--calls", "0"], ["--calls should be greater than or equal to 1"]),
        (["pausee"], ["pausee is not a command (did you mean pause?); the commands are apply, "]),
    ],
)
def test_a_mistake_is_a_sentence(argv: list[str], sentences: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*argv) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == len(sentences)
    for line, sentence in zip(said, sentences, strict=True):
        assert line.startswith(f"mcp-serve: {sentence}")


def test_a_refusal_names_the_file_and_the_line(
    calculator: RunningServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("version: 1\nrules:\n  - name: r\n    do: [{http: {status: 70}}]\n    wen: {}\n")
    assert run("apply", str(path), "--url", calculator.url) == 2
    said = capsys.readouterr().err
    assert f"mcp-serve: {path}:4: rules[0].do[0].http.status " in said
    assert f"mcp-serve: {path}:5: rules[0].wen is not known (did you mean when?)" in said


def test_nobody_there_is_exit_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for command in COMMANDS:
        assert run(*command, "--url", f"http://127.0.0.1:{port}") == 3
        assert capsys.readouterr().err == f"mcp-serve: http://127.0.0.1:{port} does not answer: connection refused\n"


COMMANDS = (["show"], ["clear"], ["pause"], ["resume"], ["journal"], ["journal", "--follow"], ["apply", "garbage"])


def test_what_is_no_testbed_is_exit_code_2_and_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with plain_server(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\nConnection: close\r\n\r\nNot Found") as url:
        for command in COMMANDS:
            assert run(*command, "--url", url) == 2
            said = capsys.readouterr().err
            assert said.startswith(f"mcp-serve: {url} has no control API: it answers 404 to /_testbed/")
            assert said.count("\n") == 1


def test_a_server_that_hangs_is_exit_code_3_and_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "PATIENCE", 1.0)
    with plain_server(None) as url:
        for command in COMMANDS:
            assert run(*command, "--url", url) == 3
            assert capsys.readouterr().err == f"mcp-serve: {url} does not answer: it takes longer than 1 s\n"


@contextmanager
def plain_server(answer: bytes | None) -> Iterator[str]:
    """A server that says `answer` to everybody and closes the connection, or never says anything; its URL."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            if answer is None:
                over.wait(60)
            else:
                self.wfile.write(answer)

    over = threading.Event()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            over.set()
            server.shutdown()


def test_a_token_is_given_by_flag_or_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_server("calculator", admin_token="s3cret") as server:
        for command in COMMANDS:
            assert run(*command, "--url", server.url) == 2
            wanted = f"mcp-serve: {server.base_url} wants its --admin-token (or MCP_SERVE_ADMIN_TOKEN)\n"
            assert capsys.readouterr().err == wanted
            assert run(*command, "--url", server.url, "--admin-token", "wrong") == 2
            assert capsys.readouterr().err == wanted.replace("its", "another")
        assert run("show", "--url", server.url, "--admin-token", "s3cret") == 0
        monkeypatch.setenv("MCP_SERVE_ADMIN_TOKEN", "s3cret")
        assert run("show", "--url", server.url) == 0


def test_the_presets_are_listed_in_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("presets") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == list(bundled_fixtures("faults"))
    assert all(len(line.split()) > 4 for line in lines if not line.startswith(" "))
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(("server", "tool"), [("payments", "verify_payment"), ("calculator", "divide")])
def test_explain_needs_no_server(server: str, tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "flaky-network", "--calls", "50", "--seed", "7", "--server", server) == 0
    said = capsys.readouterr().out
    assert said.startswith("Seed 7; 50 calls of each tool")
    assert tool in said


def test_explain_names_the_server_that_a_profile_is_for(profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", str(profile)) == 2
    assert capsys.readouterr().err.splitlines() == [
        (
            f"mcp-serve: {profile}:1: rules[0].match.tool matches no tool of this server; "
            "it has create_payment, verify_payment, get_wallet_balance"
        ),
        f"mcp-serve: {profile} can be used with --server calculator",
    ]
    assert run("explain", str(profile), "--server", "calculator") == 0
    profile.write_text("version: 2\nrules: []\n")
    assert run("explain", str(profile)) == 2
    assert capsys.readouterr().err == f"mcp-serve: {profile}:1: version should be 1, got 2\n"


def test_a_server_of_the_tests_takes_a_profile_as_it_would_stand_in_the_file(profile: Path) -> None:
    for given in (DEFECTS, profile, str(profile)):
        with running_server("calculator", faults=given, seed=4) as server:
            assert status(server) == 503
            assert ask(server, "GET", "faults").json["seed"] == 4


def test_injected_faults_are_counted_by_type_and_tool_from_zero(calculator: RunningServer) -> None:
    assert ask(calculator, "PUT", "faults", preset="deploy-rollover").status == 200
    url = calculator.base_url
    assert sample(url, "mcp_fault_injected_total", fault_type="session_expire") == 0
    assert sample(url, "mcp_fault_active", fault_rule="draining") == 0, "its window has not begun"
    slow = {"name": "slow", "do": [{"latency": {"distribution": "fixed", "delay": "30ms"}}]}
    assert ask(calculator, "PUT", "faults", {"version": 1, "rules": [slow]}).status == 200
    assert sample(url, "mcp_fault_active", fault_type="latency_fixed", fault_rule="slow") == 1
    before = sample(url, "mcp_fault_injected_total", fault_type="latency_fixed", gen_ai_tool_name="add")
    delayed = sample(url, "mcp_fault_injected_delay_seconds_total", gen_ai_tool_name="add")
    client = RawClient(calculator.url, MODERN)
    for _ in range(3):
        client.call("add", ADD)
        client.call("made-up", ADD)

    def counted() -> tuple[float, float]:
        kind = "latency_fixed"
        return (
            sample(url, "mcp_fault_injected_total", fault_type=kind, gen_ai_tool_name="add"),
            sample(url, "mcp_fault_injected_total", fault_type=kind, gen_ai_tool_name="_other"),
        )

    eventually(counted, (before + 3, 3))
    counted_delay = sample(url, "mcp_fault_injected_delay_seconds_total", gen_ai_tool_name="add") - delayed
    assert counted_delay >= 3 * (0.03 - 0.002)  # the achieved time: event loops round their timers to the millisecond
    assert ask(calculator, "POST", "faults/pause").status == 200
    assert sample(url, "mcp_fault_active", fault_rule="slow") == 0
    assert ask(calculator, "POST", "faults/resume").status == 200
    assert ask(calculator, "DELETE", "faults").status == 200


def test_calibration_ends_with_99_when_a_row_misses_its_goal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(calibrate, "CASES", calibrate.CASES[:1])
    monkeypatch.setattr(calibrate, "SECONDS", 0.2)
    monkeypatch.setattr(calibrate, "GOAL_MS", 1000.0)
    assert faults.calibrate() == 0
    monkeypatch.setattr(calibrate, "GOAL_MS", 0.0)
    assert faults.calibrate() == 99
    lines = capsys.readouterr().out.splitlines()
    assert [line.endswith("!") for line in lines if line.startswith("fixed")] == [False, True]
