import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from loadgen.cli import main
from servers.testing import running_server

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("SERVER_URL", "API_BASE_URL", "LOAD_TEST_CONCURRENT", "LOAD_TEST_TOTAL", "LOAD_TEST_TIMEOUT")
    for name in names:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def payments_url() -> Iterator[str]:
    with running_server("payments") as server:
        yield server.url


def shown(report: str, label: str) -> str:
    match = re.search(rf"^{re.escape(label)}: +(.*)$", report, re.MULTILINE)
    assert match is not None, report
    return match[1]


def test_a_quick_mixed_run_passes_and_reports(payments_url: str, capsys: Captured) -> None:
    assert main(["payments", "--url", payments_url, "--quick", "--mixed", "--seed", "7"]) == 0
    report = capsys.readouterr().out
    assert shown(report, "Total Requests") == "100"
    assert shown(report, "Failed") == "0"
    assert shown(report, "Seed") == "7"
    assert report.endswith("PASS: success rate 100.00 % >= 99.9 % (--min-success)\n")


def test_a_calculator_run_passes(capsys: Captured) -> None:
    with running_server("calculator") as server:
        assert main(["calculator", "--url", server.url, "--vus", "2", "--duration", "200ms"]) == 0
    assert shown(capsys.readouterr().out, "Load") == "2 virtual users for 200ms (closed model)"


def test_the_url_may_lack_its_path(payments_url: str, capsys: Captured) -> None:
    base = payments_url.removesuffix("/mcp")
    assert main(["payments", "--url", base, "--total", "5"]) == 0
    assert shown(capsys.readouterr().out, "URL") == payments_url


def test_variables_are_read(payments_url: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_BASE_URL", payments_url)
    monkeypatch.setenv("LOAD_TEST_TOTAL", "12")
    monkeypatch.setenv("LOAD_TEST_CONCURRENT", "3")
    monkeypatch.setenv("LOAD_TEST_TIMEOUT", "7")
    assert main(["payments", "--quick"]) == 0
    report = capsys.readouterr().out
    assert shown(report, "Load") == "12 calls by 3 virtual users (closed model)"
    assert shown(report, "Timeout") == "7s"


def test_flags_beat_variables_and_server_url_beats_api_base_url(
    payments_url: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    monkeypatch.setenv("SERVER_URL", payments_url)
    monkeypatch.setenv("API_BASE_URL", f"http://127.0.0.1:{free_port}")
    monkeypatch.setenv("LOAD_TEST_TOTAL", "500")
    assert main(["payments", "--total", "6", "--concurrent", "2"]) == 0
    assert shown(capsys.readouterr().out, "Load") == "6 calls by 2 virtual users (closed model)"


def test_the_report_is_saved_as_json(payments_url: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    assert main(["payments", "--url", payments_url, "--total", "5", "--json", str(path)]) == 0
    document = json.loads(path.read_bytes())
    assert document["version"] == 1
    assert document["requests"]["total"] == document["metrics"]["http_reqs"]["count"] == 5


def test_verbose_lists_every_metric(payments_url: str, capsys: Captured) -> None:
    assert main(["payments", "--url", payments_url, "--total", "5", "-v"]) == 0
    assert "mcp_session_creation_ms" in capsys.readouterr().out


def test_a_file_that_cannot_be_written_stops_before_any_load(
    payments_url: str, tmp_path: Path, capsys: Captured
) -> None:
    assert main(["payments", "--url", payments_url, "--json", str(tmp_path / "none" / "x")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("cannot be written: No such file or directory\n")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("command", ["payments", "calculator"])
def test_a_server_that_cannot_be_reached_is_said_once_with_what_to_check(
    command: str, free_port: int, capsys: Captured
) -> None:
    assert main([command, "--url", f"http://127.0.0.1:{free_port}"]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        f"mcp-load: http://127.0.0.1:{free_port}/mcp cannot be reached: no connection to 127.0.0.1:{free_port}: "
        f"Connection refused. Is the server running (start one with: mcp-serve {command}), and is the URL right?\n"
    )


def test_every_bad_flag_is_named_at_once(capsys: Captured) -> None:
    bad = [
        "--url",
        "nowhere",
        "--total",
        "0",
        "--concurrent",
        "x",
        "--timeout",
        "0",
        "--min-success",
        "101",
        "--sed",
        "1",
    ]
    assert main(["payments", *bad]) == 2
    complaints = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in complaints] == [
        "--sed",
        "--url",
        "--timeout",
        "--min-success",
        "--total",
        "--concurrent",
    ]
    assert "did you mean --seed?" in complaints[0]


def test_a_bad_variable_is_named(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOAD_TEST_TOTAL", "many")
    assert main(["payments"]) == 2
    assert capsys.readouterr().err.startswith("mcp-load: LOAD_TEST_TOTAL should be a valid integer")


@pytest.mark.parametrize("flags", [["--only", "create"], ["--only", "verify", "--mixed"], ["5"]])
def test_flags_that_make_no_sense_are_refused(flags: list[str], capsys: Captured) -> None:
    assert main(["payments", *flags]) == 2
    assert capsys.readouterr().err != ""


def test_the_version_is_that_of_the_distribution(capsys: Captured) -> None:
    assert main(["--version"]) == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", capsys.readouterr().out)


@pytest.mark.parametrize("command", ["payments", "calculator"])
def test_help_names_every_flag_with_its_default(command: str, capsys: Captured) -> None:
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    flags = {
        "payments": ["--total", "--concurrent", "--mixed", "--only", "--quick"],
        "calculator": ["--vus", "--duration"],
    }
    for flag in ("--url", "--timeout", "--seed", "--min-success", "--json", "--verbose", "-v", *flags[command]):
        assert flag in text


@contextmanager
def server_process() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A payments server of its own, and its URL."""
    command = [sys.executable, "-m", "servers", "payments", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = re.search(r"http://\S+", server.stdout.readline())
            assert url is not None
            yield server, url[0]
        finally:
            server.kill()


def load_process(url: str, *flags: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "loadgen", "payments", "--url", url, "--concurrent", "5", *flags]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_calls(url: str) -> None:
    """Return when the server has answered a call of the run."""
    metrics = url.removesuffix("/mcp") + "/metrics"
    counted = re.compile(rb'_count\{error_type="",gen_ai_tool_name="create_payment"[^}]*\} [1-9]')
    while not counted.search(urlopen(metrics).read()):
        pass


def test_killing_the_server_mid_run_gives_a_report_with_the_errors_and_exit_99() -> None:
    with server_process() as (server, url), load_process(url, "--total", "50000") as run:
        wait_for_calls(url)
        server.kill()
        report, errors = run.communicate(timeout=60)
    assert run.returncode == 99
    assert "Traceback" not in errors
    assert shown(report, "Total Requests") == "50,000"
    assert re.search(r"^Connection +[\d,]+$", report, re.MULTILINE)
    assert "Connection refused" in report
    assert report.splitlines()[-1].startswith("FAIL: success rate ")


def test_ctrl_c_ends_the_run_with_a_report_marked_as_interrupted_and_exit_130(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    flags = ("--total", "1000000", "--json", str(path))
    with server_process() as (_, url), load_process(url, *flags) as run:
        wait_for_calls(url)
        run.send_signal(signal.SIGINT)
        report, errors = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "Traceback" not in errors
    assert "INTERRUPTED" in report
    assert shown(report, "Failed") == "0"
    assert json.loads(path.read_bytes())["interrupted"] is True


def test_a_reader_that_goes_away_costs_neither_the_exit_code_nor_a_traceback(payments_url: str) -> None:
    with load_process(payments_url, "--total", "5") as run:
        assert run.stdout is not None
        run.stdout.close()
        assert run.stderr is not None
        assert "Traceback" not in run.stderr.read()
    assert run.returncode == 0
