"""What two answers to one call allow to expect of the next, as a contract writes it. Pure."""

from collections.abc import Mapping
from typing import Any

import orjson

from formats.contract import error_text, essence
from formats.errors import InvalidInput
from formats.json_file import parse_json

from ...client.messages import RpcResult
from ...outcome import Failure, RpcError
from .calls import MOST_BYTES, Call
from .shape import shape_of

Said = RpcResult | Failure


class NoExampleError(Exception):
    """The answers promise nothing; the message is the end of a sentence whose subject is the example's name."""


def expect(call: Call, first: Said, second: Said, *, fits_schema: bool) -> dict[str, Any]:
    """What `call` has to be answered with.

    Args:
        call: what was called, twice.
        first: the answer.
        second: the other one, from another session.
        fits_schema: whether the tool has an outputSchema, and the answers fit it.

    Raises:
        NoExampleError: nothing can be expected.
    """
    for said in (first, second):
        if not isinstance(said, RpcResult | RpcError):
            raise NoExampleError(f"was not answered: {said.detail}")
    if isinstance(first, RpcError) and isinstance(second, RpcError):
        if first.code != second.code:
            raise NoExampleError(f"was answered with the errors {first.code} and {second.code}")
        return {"error": {"code": first.code}}
    if not (isinstance(first, RpcResult) and isinstance(second, RpcResult)):
        raise NoExampleError("was answered with a result and with an error")
    if call.subject == "tool":
        failed = [said.result.get("isError") is True for said in (first, second)]
        if any(failed):
            if not all(failed):
                raise NoExampleError("was answered with a result and with a tool error")
            return {"tool_error": _common_text(first.result, second.result)}
        if call.misfit:
            raise NoExampleError("was answered as if its arguments fitted the inputSchema")
    return _of_results(essence(first.result), essence(second.result), fits_schema=fits_schema)


def _of_results(first: Mapping[str, Any], second: Mapping[str, Any], *, fits_schema: bool) -> dict[str, Any]:
    if _is_binary(first) or _is_binary(second):
        raise NoExampleError("was answered with bytes, not with text")
    if first != second:
        return {"fits": True if fits_schema else shape_of([first, second])}
    _check(first)
    return {"result": first}


def _common_text(first: Mapping[str, Any], second: Mapping[str, Any]) -> str | bool:
    text = error_text(first)
    if not text or text != error_text(second):
        return True
    _check({"text": text})
    return text


def _is_binary(result: Mapping[str, Any]) -> bool:
    """Whether a resource that was read is no text."""
    contents = result.get("contents")
    return isinstance(contents, list) and any(isinstance(part, dict) and "blob" in part for part in contents)


def _check(value: Mapping[str, Any]) -> None:
    """See that a file can hold `value`, and that it does not swell it."""
    try:
        text = orjson.dumps(value)
        parse_json(text.decode(), "it", dict[str, Any])
    except (InvalidInput, orjson.JSONEncodeError) as error:
        raise NoExampleError(f"was answered with what no file can hold: {str(error).removeprefix('it: ')}") from error
    if len(text) > MOST_BYTES:
        raise NoExampleError(f"was answered with {len(text):,} bytes, more than {MOST_BYTES:,}")
