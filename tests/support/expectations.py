"""Whether a server answers the examples of a contract as they expect."""

from collections.abc import Mapping
from typing import Any

from jsonschema_rs import validator_for

from formats.contract import Contract, Expectation, error_text, essence
from formats.json_pointer import find_at
from loadgen.client import Endpoint, RpcError, RpcResult, Session, initialize_session
from loadgen.client.dialogue import request


async def unmet(contract: Contract, url: str, protocol: str) -> dict[str, str]:
    """Why, by the name of the example that the server at `url` does not answer as it should."""
    transport = Endpoint(url).connect()
    session = await initialize_session(transport, 30.0, protocol=protocol)
    assert isinstance(session, Session)
    faults = {}
    for example in contract.examples:
        said = await request(session, example.method, example.params)
        output_schema = (contract.tool(example.tool or "") or {}).get("outputSchema")
        faults[example.name] = fault(example.expect, said, output_schema)
    await transport.close()
    return {name: why for name, why in faults.items() if why is not None}


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
    where, schema = ("/structuredContent", output_schema) if expect.fits is True else ("", expect.fits)
    return None if fits(said.result, where, schema) else f"unfit: {said.result}"


def fits(result: Mapping[str, Any], pointer: str, schema: Any) -> bool:
    try:
        return bool(validator_for(schema).is_valid(find_at(result, pointer)))
    except LookupError:
        return False
