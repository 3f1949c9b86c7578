"""`mcp-serve stub` stands in for the servers of the bundled contracts, and of any that is captured."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from formats.contract import Contract, contract_text, parse_contract, read_contract
from formats.fixtures import find_fixture
from loadgen.cli import main
from loadgen.contract.surface_diff import diff_surfaces
from servers.testing import RunningServer, running_server
from tests.contract.refresh import SERVERS
from tests.support.everything import everything
from tests.support.raw_mcp import HANDSHAKE, RawClient
from tests.support.stub_contract import SAMPLE

PAGE = (Path(__file__).parents[2] / "docs" / "contracts.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=SERVERS)
def bundled(request: pytest.FixtureRequest) -> Iterator[tuple[Contract, RunningServer]]:
    """A bundled contract and the stand-in that it makes, by name."""
    with running_server("stub", contract=request.param) as server:
        yield read_contract(find_fixture("contracts", request.param, ".json")), server


def test_a_stand_in_passes_the_check_of_its_contract(
    bundled: tuple[Contract, RunningServer], request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.params["bundled"]
    flags = ["--contract", name, "--seed", "1", "--fail-on", "should"]
    assert main(["contract", "check", "--url", bundled[1].url, *flags]) == 0


def test_a_capture_of_a_stand_in_is_the_contract(bundled: tuple[Contract, RunningServer], tmp_path: Path) -> None:
    contract, server = bundled
    file = tmp_path / "again.json"
    assert main(["contract", "capture", "--url", server.url, "--examples", "0", "--out", str(file)]) == 0
    assert file.read_text() == contract_text(contract.model_copy(update={"examples": ()}))


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The URL of a server of others, and the file with its contract."""
    file = tmp_path_factory.mktemp("everything") / "everything.json"
    with everything() as url:
        tool = ["--tool", "get-structured-content", "--timeout", "4"]
        assert main(["contract", "capture", "--url", url, "--out", str(file), *tool]) == 0
        yield url, file


def test_a_server_that_has_everything_can_be_stood_in_for(captured: tuple[str, Path], tmp_path: Path) -> None:
    _, file = captured
    again = tmp_path / "again.json"
    contract = read_contract(file)
    with running_server("stub", contract=file) as server:
        assert main(["contract", "capture", "--url", server.url, "--examples", "0", "--out", str(again)]) == 0
        assert main(["contract", "check", "--url", server.url, "--contract", str(file), "--seed", "1"]) == 0
    same: dict[str, Any] = {"protocol_versions": (), "capabilities": {}, "examples": ()}
    assert contract_text(read_contract(again).model_copy(update=same)) == contract_text(
        contract.model_copy(update=same)
    )
    claimed = read_contract(again).capabilities["handshake"]
    assert claimed == {name: what for name, what in contract.capabilities["handshake"].items() if name != "tasks"}


def test_a_server_that_has_everything_is_found_to_be_what_the_page_says(
    captured: tuple[str, Path], tmp_path: Path
) -> None:
    url, file = captured
    report = tmp_path / "check.json"
    flags = ["--contract", str(file), "--seed", "1", "--timeout", "3", "--json", str(report)]
    assert main(["contract", "check", "--url", url, *flags]) == 99
    document = json.loads(report.read_text())
    found = {finding["code"]: finding["level"] for finding in document["findings"]}
    rows = re.findall(
        r"^\| `([a-z.-]+)` \| (must|should|info) \|", PAGE.partition("The server itself,")[2], re.MULTILINE
    )
    assert {code: level for code, level in found.items() if not code.startswith("fastmcp.")} == dict(rows)
    assert any(code.startswith("fastmcp.") for code in found)


def test_rules_of_a_stand_in_are_no_change_of_what_the_server_does() -> None:
    contract = Contract.model_validate(SAMPLE)
    assert diff_surfaces(contract.model_copy(update={"responses": ()}), contract) == ()


def test_the_responses_of_the_page_do_what_it_says() -> None:
    (rules,) = re.findall(r'```json\n("responses".*?)```', PAGE, re.DOTALL)
    number, text = {"type": "number"}, {"type": "string"}
    tools = [
        {"name": "create_order", "inputSchema": {"type": "object", "properties": {"amount": number}}},
        {"name": "get_order", "inputSchema": {"type": "object", "properties": {"id": text}}},
    ]
    head = {"version": 1, "server": {"name": "orders"}, "protocol_versions": [HANDSHAKE], "tools": tools}
    contract = {**head, **json.loads(f"{{{rules}}}")}
    parse_contract(json.dumps(contract), "the page")
    with running_server("stub", contract=contract) as server:
        raw = RawClient(server.url, HANDSHAKE)
        assert raw.call("create_order", {"amount": 10_001}).refusal == "limit_exceeded: 10001 is too much."
        order = raw.call("create_order", {"amount": 50}).message["result"]["structuredContent"]
        assert (order["status"], order["amount"]) == ("open", 50)
        found = raw.call("get_order", {"id": order["id"]}).message["result"]["structuredContent"]
        assert found == {"id": order["id"], "status": "open", "amount": 50}
        assert raw.call("get_order", {"id": "x"}).refusal == "not_found: there is no order x."
