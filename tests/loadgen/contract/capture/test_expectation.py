from typing import Any

import pytest

from loadgen.client.messages import RpcResult
from loadgen.contract.capture.calls import MOST_BYTES, Call
from loadgen.contract.capture.expectation import NoExampleError, Said, expect
from loadgen.outcome import HttpStatus, Reset, RpcError

CALL = Call("add 1", "tool", "add", {"a": 1})
MISFIT = Call("add, bad arguments", "tool", "add", {"a": "x"}, misfit=True)
READ = Call("resource test://a", "resource", "test://a")
THREE = RpcResult({"content": [{"type": "text", "text": "3"}], "isError": False, "_meta": {"at": 1}})
FOUR = RpcResult({"content": [{"type": "text", "text": "4"}]})
REFUSED = RpcResult({"content": [{"type": "text", "text": "no"}, {"type": "text", "text": "way"}], "isError": True})
REFUSED_AGAIN = RpcResult({"content": [{"type": "text", "text": "no, at noon"}], "isError": True})
SILENT = RpcResult({"content": [], "isError": True})


def test_the_same_answer_twice_is_expected_word_for_word_without_what_is_about_the_exchange() -> None:
    again = RpcResult({**THREE.result, "_meta": {"at": 2}, "resultType": "complete"})
    assert expect(CALL, THREE, again, fits_schema=True) == {"result": {"content": [{"type": "text", "text": "3"}]}}


def test_different_answers_have_to_fit_the_output_schema_that_they_fit() -> None:
    assert expect(CALL, THREE, FOUR, fits_schema=True) == {"fits": True}


def test_different_answers_without_a_schema_have_to_be_of_one_shape() -> None:
    part = {"type": "object", "properties": {"text": {"type": "string"}, "type": {"type": "string"}}}
    content = {"type": "array", "items": {**part, "required": ["text", "type"]}, "minItems": 1}
    shape = {"type": "object", "properties": {"content": content}, "required": ["content"]}
    assert expect(CALL, THREE, FOUR, fits_schema=False) == {"fits": shape}


@pytest.mark.parametrize("call", [CALL, MISFIT])
def test_a_tool_error_is_expected_with_its_text_when_that_stays(call: Call) -> None:
    assert expect(call, REFUSED, REFUSED, fits_schema=False) == {"tool_error": "no\nway"}
    assert expect(call, REFUSED, REFUSED_AGAIN, fits_schema=False) == {"tool_error": True}
    assert expect(call, SILENT, SILENT, fits_schema=False) == {"tool_error": True}


@pytest.mark.parametrize("call", [CALL, MISFIT, READ])
def test_an_error_of_json_rpc_is_expected_by_its_code(call: Call) -> None:
    assert expect(call, RpcError("no", -32602), RpcError("NO", -32602), fits_schema=False) == {
        "error": {"code": -32602}
    }


@pytest.mark.parametrize(
    ("call", "first", "second", "why"),
    [
        (CALL, THREE, REFUSED, "was answered with a result and with a tool error"),
        (CALL, THREE, RpcError("no", -32602), "was answered with a result and with an error"),
        (CALL, RpcError("no", -32602), RpcError("no", -32603), "was answered with the errors -32602 and -32603"),
        (CALL, Reset("the connection was closed"), THREE, "was not answered: the connection was closed"),
        (CALL, THREE, HttpStatus("status 500", 500), "was not answered: status 500"),
        (MISFIT, THREE, THREE, "was answered as if its arguments fitted the inputSchema"),
        (
            READ,
            RpcResult({"contents": [{"blob": "YQ=="}]}),
            RpcResult({"contents": [{"blob": "YQ=="}]}),
            "was answered w",
        ),
    ],
)
def test_answers_that_promise_nothing_are_no_example(call: Call, first: Said, second: Said, why: str) -> None:
    with pytest.raises(NoExampleError, match=why):
        expect(call, first, second, fits_schema=False)


def of(content: Any) -> RpcResult:
    return RpcResult({"content": content})


def test_what_is_too_long_is_no_example() -> None:
    long = of(["x" * MOST_BYTES])
    with pytest.raises(NoExampleError, match="was answered with 65,552 bytes, more than 65,536"):
        expect(CALL, long, long, fits_schema=False)


def test_what_is_too_deep_for_a_file_is_no_example() -> None:
    deep: Any = 1
    for _ in range(150):
        deep = [deep]
    with pytest.raises(NoExampleError, match="was answered with what no file can hold: cannot be used: it is nested"):
        expect(CALL, of(deep), of(deep), fits_schema=False)


def test_the_schema_of_a_tool_is_not_asked_for_when_the_answer_stays() -> None:
    assert expect(CALL, THREE, THREE, fits_schema=False) == {"result": {"content": [{"type": "text", "text": "3"}]}}
