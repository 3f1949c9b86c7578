"""`mcp-load contract check` and `contract codes`: exit codes, sentences, files."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree as ET

import pytest

from formats.contract import contract_text, read_contract
from formats.fixtures import find_fixture
from loadgen.cli import main
from servers.testing import RunningServer, running_server
from tests.support.bends import answer, body, call, hangs, method, on, send
from tests.support.broken_server import GoodServer, serving, structured
from tests.support.control import ask

Captured = pytest.CaptureFixture[str]
NO_ADD = {"name": "no-add", "match": {"tool": "add"}, "do": [{"http": {"status": 503}}]}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server("calculator") as running:
        yield running


@contextmanager
def small(server: GoodServer, folder: Path) -> Iterator[list[str]]:
    """A small server in a thread; the command that checks it against its contract."""
    file = folder / "contract.json"
    file.write_text(contract_text(server.contract()))
    started, stop = threading.Event(), threading.Event()
    urls: list[str] = []

    async def serve() -> None:
        async with serving(server) as url:
            urls.append(url)
            started.set()
            while not stop.is_set():  # noqa: ASYNC110 - set by another thread
                await asyncio.sleep(0.01)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    try:
        assert started.wait(20)
        yield ["contract", "check", "--url", urls[0], "--contract", str(file), "--seed", "7"]
    finally:
        stop.set()
        thread.join(20)


def test_a_server_that_keeps_its_contract_passes_and_the_reports_are_saved(
    server: RunningServer, tmp_path: Path, capsys: Captured
) -> None:
    saved, page = tmp_path / "check.json", tmp_path / "check.xml"
    argv = ["contract", "check", "--url", server.url, "--contract", "calculator", "--seed", "7", "--timeout", "60s"]
    assert main([*argv, "--fail-on", "should", "--json", str(saved), "--out", f"junit={page}"]) == 0
    out = capsys.readouterr().out
    assert "Server     calculator" in out
    assert out.splitlines()[-1].startswith("PASS: the server keeps the contract")
    document = json.loads(saved.read_text())
    assert document["seed"] == 7
    assert document["command"] == ["mcp-load", *argv[:-1], "1m", "--fail-on", "should"]
    assert ET.parse(page).getroot().attrib["failures"] == "0"


def test_a_finding_of_the_level_that_is_asked_for_is_exit_code_99(tmp_path: Path, capsys: Captured) -> None:
    with small(GoodServer(on(body(b'"id":null'), send(202)), eras=("2025-11-25",)), tmp_path) as argv:
        assert main([*argv, "--timeout", "60s"]) == 0
        assert main([*argv, "--timeout", "60s", "--fail-on", "info"]) == 99
    assert "FAIL: 1 finding of level info or worse" in capsys.readouterr().out.splitlines()[-1]


def test_a_broken_contract_is_exit_code_99(tmp_path: Path, capsys: Captured) -> None:
    with small(GoodServer(on(call("echo"), answer(structured({"echo": "no"})))), tmp_path) as argv:
        assert main(argv) == 99
    assert "- examples.twice: /structuredContent/echo is not as expected" in capsys.readouterr().out


def test_a_server_that_hangs_on_one_request_is_checked_to_the_end(tmp_path: Path, capsys: Captured) -> None:
    with small(GoodServer(on(method("prompts/get"), hangs)), tmp_path) as argv:
        assert main([*argv, "--timeout", "1s"]) == 99
    out = capsys.readouterr().out
    assert "server.no-answer: A request gets no reply" in out
    assert "not made to its end" not in out


def test_a_deadline_that_is_over_is_no_pass(tmp_path: Path, capsys: Captured) -> None:
    with small(GoodServer(on(method("ping"), hangs), eras=("2025-11-25",)), tmp_path) as argv:
        assert main([*argv, "--deadline", "3s", "--timeout", "100s"]) == 3
    out = capsys.readouterr().out
    assert "INCOMPLETE: not checked to the end: " in " ".join(out.split())
    assert "the time of --deadline was over" in out


def test_nobody_listening_is_exit_code_3(free_port: int, capsys: Captured) -> None:
    assert main(["contract", "check", "--url", f"http://127.0.0.1:{free_port}", "--contract", "calculator"]) == 3
    assert "cannot be reached: no connection to 127.0.0.1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "problems"),
    [
        (["--contract", "calculater"], ["calculater: there is no such file, and no bundled one of that name"]),
        (["--contract", "calculator", "--timeout", "0"], ["--timeout should be greater than 0"]),
        (["--contract", "calculator", "--deadline", "0", "--seed", "-1"], ["--deadline should be", "--seed should be"]),
        (["--contract", "calculator", "--fail-on", "bad"], ["--fail-on should be 'must', 'should' or 'info'"]),
        (["--contract", "calculator", "--out", "html=x"], ["--out should be json=FILE or junit=FILE"]),
        (["--contract", "calculator", "--out", "json=a", "--json", "b"], ["--out and --json name one report, once"]),
        (["--contract", "calculator", "--json", "/none/b"], ["--json /none/b cannot be written"]),
        (["--contract", "calculator", "--scale", "0.1"], ["--scale and --workload are for --during-load"]),
        (["--contract", "calculator", "--faults-for", "1s"], ["--faults-for is for --during-faults"]),
        (["--contract", "calculator", "--during-load", "quik"], ["quik: there is no such file"]),
        (["--contract", "calculator", "--during-load", "quick", "--scale", "2"], ["--scale should be"]),
        (["--contract", "calculator", "--during-faults", "flaky"], ["flaky: there is no such file"]),
        (["--contract", "calculator", "--faults-for", "2h"], ["--faults-for should be less than or equal to 3600"]),
        (["--contract", "calculator", "--cacert", "/none.pem"], ["--cacert is for https"]),
        ([], ["--contract"]),
    ],
)
def test_what_cannot_be_used_is_refused_before_a_socket_opens(
    flags: list[str], problems: list[str], capsys: Captured
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        assert main(["contract", "check", "--url", url, *flags]) == 2
        with pytest.raises(BlockingIOError):
            listening.accept()
    complaints = capsys.readouterr().err
    assert all(problem in complaints for problem in problems), complaints


def test_a_contract_that_is_none_is_told_with_its_place(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "bad.json").write_text('{"server": {"name": "x"}, "protocol_versions": ["2025-11-25"], "tool": []}')
    assert main(["contract", "check", "--url", "http://127.0.0.1:1", "--contract", str(tmp_path / "bad.json")]) == 2
    assert "tool is not known (did you mean tools?)" in capsys.readouterr().err


def test_faults_are_for_a_server_that_has_them(tmp_path: Path, capsys: Captured) -> None:
    with small(GoodServer(), tmp_path) as argv:
        assert main([*argv, "--during-faults", "flaky-network"]) == 2
    assert "--during-faults is for an mcp-serve" in capsys.readouterr().err


def test_faults_that_the_journal_explains_are_no_findings_and_are_gone_afterwards(
    server: RunningServer, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "mine.yaml").write_text(json.dumps({"version": 1, "rules": [NO_ADD]}))
    argv = ["contract", "check", "--url", server.url, "--contract", "calculator"]
    assert main([*argv, "--during-faults", str(tmp_path / "mine.yaml"), "--faults-for", "1s"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "during-faults: faults of" in told
    assert "meanwhile, 0 not answered" not in told
    assert ask(server, "GET", "faults").json["rules"] == []


def test_a_profile_that_is_none_is_refused_in_the_words_of_the_server(
    server: RunningServer, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "bad.yaml").write_text("version: 1\nrules:\n  - name: x\n")
    argv = ["contract", "check", "--url", server.url, "--contract", "calculator"]
    assert main([*argv, "--during-faults", str(tmp_path / "bad.yaml")]) == 2
    assert f"--during-faults {tmp_path / 'bad.yaml'}: " in capsys.readouterr().err
    assert ask(server, "GET", "faults").json["rules"] == []


def test_known_calls_keep_their_answers_during_a_load(server: RunningServer, capsys: Captured) -> None:
    argv = ["contract", "check", "--url", server.url, "--contract", "calculator", "--during-load", "quick"]
    assert main([*argv, "--scale", "0.02"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "during-load: load quick, " in told
    assert "meanwhile, 0 not answered as when nothing happens" in told


def test_a_load_that_the_server_has_no_tools_for_is_no_pass(server: RunningServer, capsys: Captured) -> None:
    argv = ["contract", "check", "--url", server.url, "--contract", "calculator", "--during-load", "quick"]
    assert main([*argv, "--scale", "0.02", "--workload", "payments"]) == 3
    assert "the server has no create_payment" in " ".join(capsys.readouterr().out.split())


def test_ctrl_c_takes_the_faults_away_and_tells_what_was_found(tmp_path: Path) -> None:
    profile = tmp_path / "mine.yaml"
    profile.write_text(json.dumps({"version": 1, "rules": [NO_ADD]}))
    command = [sys.executable, "-m", "loadgen", "contract", "check", "--contract", "calculator", "--faults-for", "60s"]
    with running_server("calculator") as fresh:
        argv = [*command, "--url", fresh.url, "--during-faults", str(profile)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            deadline = time.monotonic() + 60
            while not ask(fresh, "GET", "journal", kind="call").json["records"]:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            os.kill(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (130, "")
        assert "INTERRUPTED" in out
        assert ask(fresh, "GET", "faults").json["rules"] == []


def test_the_codes_are_listed(capsys: Captured) -> None:
    assert main(["contract", "codes"]) == 0
    out = capsys.readouterr().out
    assert out.index("MUST") < out.index("SHOULD") < out.index("INFO")
    assert "examples.mismatch" in out


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("calculator", {"response": "json"}),
        ("calculator", {"response": "sse", "lane": False}),
        ("payments", {"response": "json", "lane": False}),
        ("payments", {"response": "sse"}),
    ],
)
def test_our_own_servers_have_no_findings_but_those_of_fastmcp(
    name: Literal["calculator", "payments"], options: dict[str, Any], tmp_path: Path, capsys: Captured
) -> None:
    saved = tmp_path / "check.json"
    with running_server(name, **options) as running:
        argv = ["contract", "check", "--url", running.url, "--contract", name, "--timeout", "60s"]
        assert main([*argv, "--fail-on", "should", "--json", str(saved)]) == 0, capsys.readouterr().out
    document = json.loads(saved.read_text())
    assert {each["code"].partition(".")[0] for each in document["findings"]} == {"fastmcp"}
    assert document["protocol_versions"] == list(
        read_contract(find_fixture("contracts", name, ".json")).protocol_versions
    )
