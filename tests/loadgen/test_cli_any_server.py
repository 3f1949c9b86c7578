"""`mcp-load tool` and `mcp-load tools`, and how every load command reaches its server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadgen.cli import main
from servers.testing import running_server

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_server("calculator") as server:
        yield server.url


def test_one_tool_is_called_with_the_arguments_given_and_the_report_saved(
    url: str, tmp_path: Path, capsys: Captured
) -> None:
    out = tmp_path / "out.json"
    argv = ["tool", "add", "--url", url, "--args", '{"a": 1, "b": 2}', "--total", "20", "--vus", "2"]
    assert main([*argv, "--out", f"json={out}"]) == 0
    report = capsys.readouterr().out
    assert "MCP 2026-07-28" in report
    assert """mcp-load tool add --url""" in report
    metrics = json.loads(out.read_text())["metrics"]
    assert metrics["http_reqs"]["count"] == 20
    assert set(metrics["operation_add_ms"]) == {"count", "avg", "min", "med", "max", "p(90)", "p(95)", "p(99)"}
    assert metrics["operation_add_ms"]["p(99)"] is None
    assert metrics["checks"]["rate"] == 1.0


def test_all_read_only_tools_are_called_with_drawn_arguments(url: str, capsys: Captured) -> None:
    assert main(["tools", "--url", url, "--total", "40", "--vus", "2", "--seed", "3", "--min-success", "50"]) == 0
    assert "add 25 %, subtract 25 %, multiply 25 %, divide 25 %" in capsys.readouterr().out


def test_tools_are_named_with_weights(url: str, capsys: Captured) -> None:
    assert main(["tools", "--url", url, "--tool", "add=3", "--tool", "multiply", "--total", "20"]) == 0
    assert "add 75 %, multiply 25 %" in capsys.readouterr().out


def test_a_rate_makes_an_open_model(url: str, tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "out.json"
    argv = ["tool", "add", "--url", url, "--args", '{"a":1,"b":2}', "--rate", "100", "--duration", "300ms"]
    assert main([*argv, "--max-vus", "20", "--json", str(out)]) == 0
    assert "100 calls per second for 300ms" in capsys.readouterr().out
    assert json.loads(out.read_text())["requests"]["due"] == 30


@pytest.mark.parametrize("transport", ["raw", "aiohttp"])
@pytest.mark.parametrize("protocol", ["auto", "2025-06-18", "2025-11-25", "2026-07-28"])
def test_every_transport_speaks_every_protocol(url: str, transport: str, protocol: str, capsys: Captured) -> None:
    argv = ["calculator", "--url", url, "--vus", "2", "--duration", "100ms"]
    assert main([*argv, "--transport", transport, "--protocol", protocol]) == 0
    spoken = "2026-07-28" if protocol == "auto" else protocol
    assert f"MCP {spoken}" in capsys.readouterr().out


def test_header_and_bearer_are_sent(url: str) -> None:
    argv = ["calculator", "--url", url, "--vus", "1", "--duration", "100ms"]
    assert main([*argv, "--header", "Origin: http://evil.example"]) == 3  # which the server's guard refuses
    assert main([*argv, "--bearer", "token"]) == 0


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--header", "no colon"], "--header cannot be sent: the header 'no colon' is not of the form 'name: value'"),
        (["--insecure"], "--insecure is for https"),
        (["--cacert", "/gone.pem"], "--cacert is for https"),
        (["--proxy", "http://127.0.0.1:1"], "--proxy wants --transport aiohttp"),
        (["--transport", "carrier"], "--transport should be 'raw' or 'aiohttp'"),
        (["--protocol", "2024"], "--protocol should be"),
        (["--metrics-port", "70000"], "--metrics-port should be less than or equal to 65535"),
    ],
)
def test_a_connection_that_cannot_be_made_is_refused_before_any_socket_opens(
    flags: list[str], problem: str, capsys: Captured
) -> None:
    assert main(["calculator", "--url", "http://127.0.0.1:1", *flags]) == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (["tool", "add", "--args", "["], "--args should be a JSON object"),
        (["tool", "add", "--args", "[]"], "--args should be a JSON object"),
        (["tool", "add", "--rate", "5", "--total", "5"], "--rate cannot go together with --total"),
        (["tool", "add", "--max-vus", "5"], "--max-vus is for --rate only"),
        (["tool", "add", "--rate", "5", "--vus", "9", "--max-vus", "5"], "--max-vus should be --vus or more"),
        (["tool", "add", "--out", "xml=f"], "--out should be json=FILE"),
        (["tools", "--tool", "add=0"], "--tool should be NAME or NAME=WEIGHT"),
    ],
)
def test_flags_that_make_no_sense_are_refused(argv: list[str], problem: str, capsys: Captured) -> None:
    assert main(argv) == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (["tool", "nope"], "the server has no nope; it has add, divide, multiply, subtract"),
        (["tool", "add", "--args", '{"a": "x"}'], "the arguments given do not fit the inputSchema of add"),
        (["payments"], "the server has no create_payment, verify_payment, get_wallet_balance"),
    ],
)
def test_a_server_that_cannot_be_called_so_is_exit_code_3(
    url: str, argv: list[str], problem: str, capsys: Captured
) -> None:
    assert main([*argv, "--url", url]) == 3
    assert problem in capsys.readouterr().err
