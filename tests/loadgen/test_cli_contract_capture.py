"""`mcp-load contract capture` as people use it: both reference servers, files, messages, exit codes."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from formats.contract import read_contract
from loadgen.cli import main
from servers.testing import running_server

Captured = pytest.CaptureFixture[str]
EVERY = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    with running_server("payments", response="sse") as payments, running_server("calculator") as calculator:
        yield {"payments": payments.url, "calculator": calculator.url}


@pytest.mark.parametrize(("server", "read_only"), [("payments", 2), ("calculator", 4)])
def test_two_captures_of_a_server_are_equal_to_the_byte(
    urls: dict[str, str], server: str, read_only: int, tmp_path: Path, capsys: Captured
) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    assert main(["contract", "capture", "--url", urls[server], "--out", str(one)]) == 0
    assert main(["contract", "capture", "--url", urls[server], "-o", str(two), "--transport", "aiohttp"]) == 0
    assert one.read_bytes() == two.read_bytes()
    contract = read_contract(one)
    assert contract.server.name == server
    assert contract.protocol_versions == EVERY
    assert set(contract.capabilities) == {"handshake", "modern"}
    assert {example.expect.kind for example in contract.examples} == {"result", "tool_error"}
    assert len(contract.examples) == 4 * read_only
    told = capsys.readouterr().err
    assert f"{server} speaks {', '.join(EVERY)}; " in told
    assert f"They are as the server gave them, secrets too: look through {one} before you share it." in told


def test_the_standard_output_is_the_contract_and_nothing_else(urls: dict[str, str], capsys: Captured) -> None:
    assert main(["contract", "capture", "--url", urls["calculator"], "--examples", "1", "--seed", "7"]) == 0
    out, told = capsys.readouterr()
    document = json.loads(out)
    assert [example["name"] for example in document["examples"]][:2] == ["add 1", "add, bad arguments"]
    assert told == (
        f"calculator speaks {', '.join(EVERY)}; 4 tools, 0 resources, 0 resource templates, 0 prompts, 8 examples.\n"
        "Recorded answers: add (2), divide (2), multiply (2), subtract (2).\n"
        "They are as the server gave them, secrets too: look through the contract before you share it.\n"
    )


def test_no_examples_are_wanted(urls: dict[str, str], capsys: Captured) -> None:
    assert main(["contract", "capture", "--url", urls["calculator"], "--examples", "0"]) == 0
    out, told = capsys.readouterr()
    assert "examples" not in json.loads(out)
    assert told.endswith(", 0 examples.\n")


def test_a_tool_that_writes_is_called_when_it_is_named(urls: dict[str, str], capsys: Captured) -> None:
    argv = ["contract", "capture", "--url", urls["payments"], "--tool", "create_payment", "--examples", "1"]
    assert main(argv) == 0
    examples = {example["name"]: example for example in json.loads(capsys.readouterr().out)["examples"]}
    assert examples["create_payment 1"]["expect"] == {"fits": True}
    assert list(examples["create_payment, bad arguments"]["expect"]) == ["tool_error"]


def test_another_seed_makes_other_calls(urls: dict[str, str], capsys: Captured) -> None:
    def called(*flags: str) -> Any:
        assert main(["contract", "capture", "--url", urls["calculator"], "--examples", "1", *flags]) == 0
        return [example.get("arguments") for example in json.loads(capsys.readouterr().out)["examples"]]

    assert called() == called("--seed", "1") != called("--seed", "2")


def test_examples_of_the_file_are_kept_when_that_is_wanted(
    urls: dict[str, str], tmp_path: Path, capsys: Captured
) -> None:
    file = tmp_path / "c.json"
    hand_made = {"name": "mine", "tool": "add", "arguments": {"a": 1, "b": 2}, "expect": {"fits": True}}
    tool = {"name": "add", "inputSchema": {}, "outputSchema": {}}
    old = {"server": {"name": "old"}, "protocol_versions": ["2025-11-25"], "tools": [tool], "examples": [hand_made]}
    file.write_text(json.dumps(old))
    assert main(["contract", "capture", "--url", urls["calculator"], "--out", str(file), "--keep-examples"]) == 0
    new = json.loads(file.read_text())
    assert new["server"]["name"] == "calculator"
    assert new["examples"] == [hand_made]
    assert capsys.readouterr().err.endswith(", 1 example.\n")


def test_examples_of_tools_that_are_gone_cannot_be_kept(urls: dict[str, str], tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "c.json"
    assert main(["contract", "capture", "--url", urls["payments"], "--out", str(file)]) == 0
    before = file.read_text()
    assert main(["contract", "capture", "--url", urls["calculator"], "--out", str(file), "--keep-examples"]) == 2
    assert f"mcp-load: {file}: examples should call tools of the contract; get_wallet_balance 1 calls" in (
        capsys.readouterr().err
    )
    assert file.read_text() == before


def test_a_file_is_only_replaced_by_a_whole_contract(tmp_path: Path, capsys: Captured, free_port: int) -> None:
    file = tmp_path / "c.json"
    file.write_text("precious")
    assert main(["contract", "capture", "--url", f"http://127.0.0.1:{free_port}", "--out", str(file)]) == 3
    assert "cannot be reached: no connection to" in capsys.readouterr().err
    assert file.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_keeps_its_permissions_and_a_link_what_it_points_to(urls: dict[str, str], tmp_path: Path) -> None:
    file, link = tmp_path / "c.json", tmp_path / "link.json"
    file.write_text("{}")
    file.chmod(0o640)
    link.symlink_to(file)
    assert main(["contract", "capture", "--url", urls["calculator"], "--examples", "0", "--out", str(link)]) == 0
    assert link.is_symlink()
    assert read_contract(file).server.name == "calculator"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert sorted(tmp_path.iterdir()) == [file, link]


def test_a_device_is_written_to(urls: dict[str, str]) -> None:
    assert main(["contract", "capture", "--url", urls["calculator"], "--examples", "0", "--out", os.devnull]) == 0


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--out", "/"], "--out / cannot be written: it is a folder"),
        (
            ["--out", "/no/such/folder/c.json"],
            "--out /no/such/folder/c.json cannot be written: No such file or directory",
        ),
        (["--examples", "21"], '--examples should be less than or equal to 20, got "21"'),
        (["--examples", "-1"], '--examples should be greater than or equal to 0, got "-1"'),
        (["--url", "example.com"], "--url should be a URL such as http://127.0.0.1:8000"),
        (["--insecure"], "--insecure is for https, and the URL is"),
        (["--timeout", "0"], "--timeout should be greater than 0"),
        (["--vus", "3"], "--vus is not known"),
        (["--exampels", "3"], "--exampels is not known (did you mean --examples?)"),
        (["--keep-examples"], "--keep-examples takes the examples from the file: it wants --out FILE"),
        (
            ["--keep-examples", "--out", "gone.json", "--no-read", "--tool", "a"],
            "--keep-examples takes the examples from the file: it cannot go together with --tool, --no-read",
        ),
        (["--keep-examples", "--out", "gone.json"], "gone.json: cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_is_sent(
    flags: list[str], problem: str, capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["contract", "capture", *flags]) == 2
    assert f"mcp-load: {problem}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_tool_that_is_not_there_is_said(urls: dict[str, str], capsys: Captured) -> None:
    assert main(["contract", "capture", "--url", urls["calculator"], "--tool", "sqrt"]) == 3
    out, told = capsys.readouterr()
    assert out == ""
    assert told == "mcp-load: the server has no sqrt; it has add, divide, multiply, subtract\n"


def test_headers_are_sent_and_are_not_in_the_contract(urls: dict[str, str], capsys: Captured) -> None:
    argv = ["contract", "capture", "--url", urls["calculator"]]
    assert main([*argv, "--header", "Origin: http://evil.example"]) == 3  # which the server's guard refuses
    capsys.readouterr()
    assert main([*argv, "--bearer", "s3cret", "--header", "X-Team: blue"]) == 0
    out = capsys.readouterr().out
    assert "s3cret" not in out
    assert "blue" not in out
