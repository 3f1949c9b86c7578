"""`mcp-serve`: every flag and variable reaches its setting, and every mistake is a sentence."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from formats.version import VERSION
from servers import cli
from servers.config import CalculatorConfig, PaymentsConfig, ServerConfig
from tests.support.raw_mcp import HANDSHAKE, RawClient, send


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["calculator"], CalculatorConfig(host="127.0.0.1", port=8100, response="json", grace=10, verbose=False)),
        (["payments"], PaymentsConfig(port=8000, seed_file="payments", keep=100_000)),
        (["payments", "--host", "::1", "--port=0"], PaymentsConfig(host="::1", port=0)),
        (["payments", "--response", "sse", "--grace", "1m"], PaymentsConfig(response="sse", grace=60)),
        (["payments", "--keep", "5", "--seed-file", "x.yaml"], PaymentsConfig(keep=5, seed_file="x.yaml")),
        (["calculator", "-v"], CalculatorConfig(verbose=True)),
        (["calculator", "--verbose"], CalculatorConfig(verbose=True)),
    ],
)
def test_every_flag_reaches_its_setting(served: list[ServerConfig], argv: list[str], expected: ServerConfig) -> None:
    assert cli.main(argv) == 0
    assert served == [expected]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("host", "::1"), ("port", 1), ("response", "sse"), ("grace", 2.0), ("verbose", True)],
        *[("seed_file", "x"), ("keep", 3)],
    ],
)
def test_every_flag_has_a_variable_which_the_flag_beats(
    served: list[ServerConfig], monkeypatch: pytest.MonkeyPatch, name: str, value: Any
) -> None:
    monkeypatch.setenv(f"MCP_SERVE_{name.upper()}", str(value))
    assert cli.main(["payments"]) == 0
    assert cli.main(["payments", "--port", "9"]) == 0
    assert served[0] == PaymentsConfig.model_validate({name: value})
    assert served[1].port == 9


@pytest.mark.parametrize(
    ("argv", "problems"),
    [
        (["calculator", "--port", "70000"], ['--port should be less than or equal to 65535, got "70000"']),
        (["calculator", "--response", "xml"], ["--response should be 'json' or 'sse', got \"xml\""]),
        (["calculator", "--grace", "soon"], ['--grace should be a duration such as 500ms, 30s or 1m30s, got "soon"']),
        (["calculator", "--prot", "1"], ["--prot is not known (did you mean --port?)"]),
        (["calculator", "--keep", "1"], ["--keep is not known (did you mean --seed?)"]),
        (["payments", "--keep", "0", "--port", "x", "--sed-file", "y"], [
            "--sed-file is not known (did you mean --seed-file?)",
            '--port should be a valid integer, unable to parse string as an integer, got "x"',
            '--keep should be greater than or equal to 1, got "0"',
        ]),
    ],
)  # fmt: skip
def test_all_mistakes_come_at_once_and_nothing_starts(
    served: list[ServerConfig], capsys: pytest.CaptureFixture[str], argv: list[str], problems: list[str]
) -> None:
    assert cli.main(argv) == 2
    assert sorted(capsys.readouterr().err.splitlines()) == sorted(f"mcp-serve: {problem}" for problem in problems)
    assert served == []


def test_a_bad_variable_is_named(
    served: list[ServerConfig], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MCP_SERVE_PORT", "x")
    assert cli.main(["calculator"]) == 2
    assert "MCP_SERVE_PORT" in capsys.readouterr().err
    assert served == []


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == VERSION


@contextmanager
def serving(*argv: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A real `mcp-serve` process on a free port, and its URL."""
    command = [sys.executable, "-m", "servers", *argv, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+/mcp", process.stdout.readline())
            assert "Ctrl-C stops it" in process.stdout.readline()
            assert found, process.stderr and process.stderr.read()
            yield process, found.group()
        finally:
            process.kill()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_server_cleanly_with_a_session_left_open(stop: signal.Signals) -> None:
    with serving("calculator") as (process, url):
        RawClient(url, HANDSHAKE).call("add", {"a": 1, "b": 2})
        process.send_signal(stop)
        out, err = process.communicate(timeout=15)
        assert (process.returncode, out, err) == (0, "", "")


def test_refusals_leave_no_word_on_stderr_and_verbose_tells_of_every_session() -> None:
    with serving("calculator", "-v") as (process, url):
        RawClient(url, HANDSHAKE).call("add", {"a": 1})
        process.terminate()
        log = process.communicate(timeout=15)[1]
        assert "Created new transport with session ID" in log
        assert "tools/call add: tool_error after" in log
    with serving("calculator") as (process, url):
        client = RawClient(url, HANDSHAKE)
        client.call("add", {"a": 1})
        client.call("divide", {"a": 1, "b": 0})
        process.terminate()
        assert process.communicate(timeout=15)[1] == ""


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["payments", "--seed-file", "gone.yaml"], "mcp-serve: gone.yaml: there is no such file, and no bundled one"),
        (["payments", "--seed-file", "/"], "mcp-serve: /: there is no such file"),
        (
            ["calculator", "--host", "999.1.1.1", "--admin-token", "t"],
            "mcp-serve: --host 999.1.1.1: there is no such host.",
        ),
    ],
)
def test_a_server_that_cannot_start_says_why_in_one_sentence(
    capsys: pytest.CaptureFixture[str], argv: list[str], sentence: str
) -> None:
    assert cli.main(argv) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(sentence)


def test_a_port_in_use_is_one_sentence_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert cli.main(["calculator", "--port", port]) == 2
    assert capsys.readouterr().err == f"mcp-serve: cannot listen on 127.0.0.1:{port}: address already in use.\n"


def test_another_seed_file_is_another_world(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text(
        "version: 1\ncustomers:\n  - customer_id: 6f1c1f4e-4b1f-4a52-9d43-0b7f1e7c9a10\n    wallet: {USD: 77}\n"
    )
    with serving("payments", "--seed-file", str(seed)) as (_, url):
        client = RawClient(url, HANDSHAKE)
        reply = client.call("get_wallet_balance", {"customer_id": "6f1c1f4e-4b1f-4a52-9d43-0b7f1e7c9a10"})
        assert reply.message["result"]["structuredContent"]["balances"]["USD"] == 77
        assert client.call("verify_payment", {"payment_id": "pay_seed_failed"}).refusal.startswith("payment_not_found")
        assert send(url.replace("/mcp", "/health"), "GET", {}).status == 200


def test_keep_is_how_many_payments_are_remembered() -> None:
    order = {"amount": 1, "currency": "USD", "method": "card", "customer_id": "6f1c1f4e-4b1f-4a52-9d43-0b7f1e7c9a10"}
    with serving("payments", "--keep", "1") as (_, url):
        client = RawClient(url, HANDSHAKE)
        first, second = (
            client.call("create_payment", order).message["result"]["structuredContent"]["payment_id"] for _ in range(2)
        )
        assert client.call("verify_payment", {"payment_id": first}).refusal.startswith("payment_not_found")
        assert client.call("verify_payment", {"payment_id": second}).status == 200


@pytest.mark.parametrize("module", ["servers", "loadgen"])
def test_ctrl_c_while_the_command_loads_is_exit_code_130_and_no_traceback(module: str) -> None:
    interrupt = "import builtins, sys; real = builtins.__import__\n"
    interrupt += (
        "def f(name, *rest):\n    if name == 'cyclopts': raise KeyboardInterrupt\n    return real(name, *rest)\n"
    )
    interrupt += f"builtins.__import__ = f\nfrom {module}.__main__ import main\nsys.exit(main())"
    done = subprocess.run([sys.executable, "-c", interrupt], check=False, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize("module", ["servers", "loadgen"])
def test_nothing_is_imported_before_ctrl_c_is_waited_for(module: str) -> None:
    script = f"import sys; before = set(sys.modules); import {module}.__main__; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=30)
    assert set(done.stdout.split()) == {module, f"{module}.__main__"}
