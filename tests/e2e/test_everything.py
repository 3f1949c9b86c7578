"""A capture of a server that is not ours, and that does most of what servers may do."""

from pathlib import Path

import pytest

from formats.contract import read_contract
from loadgen.cli import main
from tests.support.everything import everything

HANDSHAKE = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")


def test_a_server_that_has_everything_is_captured_the_same_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    with everything(SESSION_TOKEN="s3cret") as url:
        for file in (one, two):
            assert main(["contract", "capture", "--url", url, "--out", str(file), "--timeout", "6"]) == 0
    told = capsys.readouterr().err
    assert one.read_bytes() == two.read_bytes()
    contract = read_contract(one)
    assert contract.server.name == "mcp-servers/everything"
    assert contract.protocol_versions == HANDSHAKE
    assert list(contract.capabilities) == ["handshake"]
    assert contract.instructions is not None
    listed = (contract.tools, contract.resources, contract.resource_templates, contract.prompts)
    assert [len(entries) for entries in listed] == [13, 7, 2, 4]

    kinds = {example.name: example.expect.kind for example in contract.examples}
    assert kinds["echo 1"] == "result"
    assert kinds["echo, bad arguments"] == "tool_error"
    assert kinds["get-resource-reference 1"] == "fits"  # it has the time of day in its text
    assert kinds["prompt simple-prompt"] == "result"
    assert sum(name.startswith("resource ") for name in kinds) == 7
    called = {example.tool for example in contract.examples}
    assert "gzip-file-as-resource" not in called  # which is not annotated read-only, and fetches from the network

    assert told.count("trigger-long-running-operation 1 is no example, and no more calls of it are made: ") == 2
    assert "trigger-long-running-operation" not in called
    assert "s3cret" in one.read_text(encoding="utf-8")
    assert "Recorded answers: echo (4), get-annotated-message (4), get-env (1), " in told
    assert f"secrets too: look through {one} before you share it." in told
