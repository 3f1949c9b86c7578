import pytest

from servers.wire.reply import error_type_of


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b'{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":false}}', ""),
        (200, b'{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":true}}', "tool_error"),
        (200, b'{"jsonrpc":"2.0","id":1,"result":{"content":[], "isError" : true}}', "tool_error"),
        (200, b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"x"}}', "-32601"),
        (400, b'{"jsonrpc":"2.0","id":1,"error":{"code":-32020,"message":"x"}}', "-32020"),
        (200, b'event: message\r\ndata: {"id":1,"error":{"code":-32602,"message":"x"}}\r\n\r\n', "-32602"),
        (200, b'event: message\r\ndata: {"id":1,"result":{"isError":true}}\r\n\r\n', "tool_error"),
        (200, b'{"result":{"content":[{"text":"\\"error\\""}],"isError":false}}', ""),
        (200, b'{"result":{"structuredContent":{"isError":true,"error":"no"},"isError":false}}', ""),
        (202, b"", ""),
        (413, b"Request body too large", "413"),
        (406, b"", "406"),
        (500, b'"error"', "500"),
        (200, b'event: message\r\ndata: {"id":1,\r\ndata: "error":{"code":-1,"message":"x"}}\r\n\r\n', "-1"),
        (200, b"", ""),
        (0, b"", "cancelled"),
    ],
)
def test_a_reply_tells_what_went_wrong(status: int, body: bytes, expected: str) -> None:
    assert error_type_of(status, body, is_stream=b"data:" in body) == expected


def test_a_stream_that_ended_without_an_answer_was_cancelled() -> None:
    assert error_type_of(200, b"", is_stream=True) == "cancelled"
