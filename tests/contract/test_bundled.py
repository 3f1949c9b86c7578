"""The bundled contracts are those of both servers as they are, and their examples hold."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema_rs import validator_for

from formats.contract import Contract, Expectation, contract_text, error_text, essence, read_contract
from formats.fixtures import bundled_fixtures, find_fixture
from formats.json_pointer import find_at
from loadgen.cli import main
from loadgen.client import Endpoint, RpcError, RpcResult, Session, initialize_session
from loadgen.client.dialogue import request
from servers.testing import running_server
from tests.contract.refresh import CONTRACTS, SERVERS


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    with running_server("payments") as payments, running_server("calculator") as calculator:
        yield {"payments": payments.url, "calculator": calculator.url}


def bundled(name: str) -> Contract:
    return read_contract(find_fixture("contracts", name, ".json"))


def test_there_is_one_for_each_server() -> None:
    assert sorted(bundled_fixtures("contracts", ".json")) == sorted(SERVERS)


@pytest.mark.parametrize("name", SERVERS)
def test_it_is_canonical_and_what_the_server_offers_today(name: str, urls: dict[str, str], tmp_path: Path) -> None:
    """`make contracts` refreshes it when the server was changed on purpose."""
    file = tmp_path / "now.json"
    assert main(["contract", "capture", "--url", urls[name], "--examples", "0", "--out", str(file)]) == 0
    contract = bundled(name)
    assert (CONTRACTS / f"{name}.json").read_text(encoding="utf-8") == contract_text(contract)
    assert contract_text(contract.model_copy(update={"examples": ()})) == file.read_text(encoding="utf-8")


def fault(expect: Expectation, said: object, output_schema: Any) -> str | None:
    """Why an answer is not what is expected."""
    if expect.error is not None:
        return None if isinstance(said, RpcError) and said.code == expect.error.code else f"no such error: {said}"
    if not isinstance(said, RpcResult):
        return str(said)
    if expect.tool_error is not None:
        return None if error_text(said.result) == expect.tool_error else f"another error: {said.result}"
    if expect.result is not None:
        return None if essence(said.result) == expect.result else f"another result: {said.result}"
    if expect.match is not None:
        return next(
            (pointer for pointer, schema in expect.match.items() if not fits(said.result, pointer, schema)), None
        )
    return None if fits(said.result, "/structuredContent", output_schema) else f"unfit: {said.result}"


def fits(result: Mapping[str, Any], pointer: str, schema: Any) -> bool:
    try:
        return bool(validator_for(schema).is_valid(find_at(result, pointer)))
    except LookupError:
        return False


@pytest.mark.parametrize("protocol", ["2025-06-18", "2025-11-25", "2026-07-28"])
@pytest.mark.parametrize("name", SERVERS)
async def test_its_examples_hold_in_both_eras_and_again(name: str, protocol: str, urls: dict[str, str]) -> None:
    contract = bundled(name)
    transport = Endpoint(urls[name]).connect()
    session = await initialize_session(transport, 30.0, protocol=protocol)
    assert isinstance(session, Session)
    faults = {}
    for example in contract.examples:
        said = await request(session, example.method, example.params)
        output_schema = (contract.tool(example.tool or "") or {}).get("outputSchema")
        faults[example.name] = fault(example.expect, said, output_schema)
    await transport.close()
    assert {name: why for name, why in faults.items() if why is not None} == {}


@pytest.mark.parametrize("name", SERVERS)
def test_every_tool_has_examples_of_success_and_of_refusal(name: str) -> None:
    contract = bundled(name)
    kinds = {(example.tool, example.expect.kind == "tool_error") for example in contract.examples}
    assert {(str(tool["name"]), refused) for tool in contract.tools for refused in (True, False)} <= kinds
    assert {example.expect.kind for example in bundled("payments").examples} == set(Expectation.model_fields)


def test_the_payments_of_the_seed_file_are_all_looked_up() -> None:
    seed = yaml.safe_load(find_fixture("seeds", "payments").read_text(encoding="utf-8"))
    looked_up = {example.arguments.get("payment_id") for example in bundled("payments").examples}
    assert {payment["payment_id"] for payment in seed["payments"]} <= looked_up
