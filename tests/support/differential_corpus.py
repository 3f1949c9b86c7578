"""What is asked of both servers: `tools/call` in every form that the wire knows, right, odd and wrong."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .differential import DELETED, FAILED, SESSION, UNKNOWN, Request
from .raw_mcp import CLIENT, ERAS, HANDSHAKE, JSON_HEADERS, MODERN, PREFIX

ABSENT: Final = object()
"""In a table of changes: leave this out."""
ADD: Mapping[str, Any] = {"a": 1, "b": 2}
LIVE = f"{SESSION}{HANDSHAKE}"

Changes = Mapping[str, Any]
_NONE: Changes = {}


@dataclass(frozen=True)
class Case:
    """Requests that are sent one after the other, to each of the two servers."""

    name: str
    requests: tuple[Request, ...]
    pipelined: bool = False
    plain: bool = field(default=False, compare=False)
    """Nothing is odd about it: the lane has to take it."""


def changed(base: Changes, changes: Changes) -> dict[str, Any]:
    return {key: value for key, value in {**base, **changes}.items() if value is not ABSENT}


def call(
    era: str,
    tool: Any = "add",
    arguments: Any = ADD,
    *,
    message: Changes = _NONE,
    params: Changes = _NONE,
    meta: Changes = _NONE,
    headers: Changes = _NONE,
    edit: Callable[[bytes], bytes] = bytes,
    **http: Any,
) -> Request:
    """A right call of `tool`, but for the changes: a key with a value, or with ABSENT; a tuple of values for a header
    that stands more than once; `edit` for the bytes of the body, `http` for the rest of the `Request`.
    """
    own: dict[str, Any] = {**JSON_HEADERS, "MCP-Protocol-Version": era}
    envelope: dict[str, Any] = {}
    if era == MODERN:
        own |= {"Mcp-Method": "tools/call"} | ({"Mcp-Name": header_value(tool)} if isinstance(tool, str) else {})
        envelope = {
            f"{PREFIX}protocolVersion": MODERN,
            f"{PREFIX}clientInfo": CLIENT,
            f"{PREFIX}clientCapabilities": {},
        }
    else:
        own["Mcp-Session-Id"] = LIVE
    envelope = changed(envelope, meta)
    content = changed(
        {"name": tool, "arguments": arguments} | ({"_meta": envelope} if envelope else {}),
        params,
    )
    whole = changed({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": content}, message)
    sent = [(n, v) for n, vs in changed(own, headers).items() for v in (vs if isinstance(vs, tuple) else (vs,))]
    return Request(tuple(sent), edit(json.dumps(whole).encode()), **http)


def header_value(text: str) -> str:
    """As a header of the modern era carries it."""
    if text.isascii() and text.isprintable() and text == text.strip():
        return text
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


def notification(era: str, method: str, params: Changes = _NONE, **more: Any) -> Request:
    """A notification in the live session, but for the changes that `call` knows."""
    base = call(era, message={"id": ABSENT, "method": method}, **more)
    content = json.loads(base.body)
    content["params"] = dict(params) | {k: v for k, v in content["params"].items() if k == "_meta"}
    named = tuple((n, method if n == "Mcp-Method" else v) for n, v in base.headers if n != "Mcp-Name")
    return Request(named, json.dumps(content).encode())


def _nested(depth: int) -> Callable[[bytes], bytes]:
    return lambda body: body.replace(b'"a": 1', b'"a": ' + b"[" * depth + b"]" * depth)


def _replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda body: body.replace(old, new)


_IDS: dict[str, Any] = {
    "an int": 7, "a str": "seven", "a str of digits": "7", "negative": -1, "big": 2**53, "huge": 2**70, "0": 0,
    "an empty str": "", "unicode": "ü☃", "a lone surrogate": "\ud800", "a float": 1.5, "a whole float": 1.0,
    "null": None, "true": True, "false": False, "a list": [1], "an object": {}, "missing": ABSENT,
}  # fmt: skip

_PLAIN: dict[str, Changes] = {
    "a plain call": {},
    "a call of a string id": {"message": {"id": "x"}},
    "a call that is refused": {"tool": "divide", "arguments": {"a": 1, "b": 0}},
    "a call of wrong arguments": {"arguments": {"a": "1"}},
}

_MESSAGES: dict[str, Changes] = {
    "jsonrpc missing": {"message": {"jsonrpc": ABSENT}},
    "jsonrpc 1.0": {"message": {"jsonrpc": "1.0"}},
    "jsonrpc a number": {"message": {"jsonrpc": 2.0}},
    "method missing": {"message": {"method": ABSENT}},
    "method null": {"message": {"method": None}},
    "method in capitals": {"message": {"method": "Tools/Call"}},
    "unknown method": {"message": {"method": "tools/burn"}},
    "params missing": {"message": {"params": ABSENT}},
    "params null": {"message": {"params": None}},
    "params a list": {"message": {"params": []}},
    "params a string": {"message": {"params": "add"}},
    "params empty": {"message": {"params": {}}},
    "an unknown member": {"message": {"extra": [1]}},
    "result beside the call": {"message": {"result": {}}},
    "error beside the call": {"message": {"error": {"code": 1, "message": "x"}}},
    "a response": {"message": {"result": {}, "method": ABSENT, "params": ABSENT}},
    "an error response": {"message": {"error": {"code": 1, "message": "x"}, "method": ABSENT, "params": ABSENT}},
    "name missing": {"params": {"name": ABSENT}},
    "name null": {"params": {"name": None}},
    "name a number": {"params": {"name": 7}},
    "name empty": {"params": {"name": ""}, "headers": {"Mcp-Name": ""}},
    "an unknown tool": {"tool": "nope"},
    "an unknown tool of unicode": {"tool": "ü☃"},
    "a tool in capitals": {"tool": "Add"},
    "a tool with a blank": {"tool": "add "},
    "arguments missing": {"params": {"arguments": ABSENT}},
    "arguments null": {"params": {"arguments": None}},
    "arguments a list": {"params": {"arguments": [1, 2]}},
    "arguments a string": {"params": {"arguments": "{}"}},
    "arguments empty": {"params": {"arguments": {}}},
    "an unknown argument": {"arguments": {"a": 1, "b": 2, "c": {"d": []}}},
    "an argument named __proto__": {"arguments": {"a": 1, "b": 2, "__proto__": 1, "": 2}},
    "an argument null": {"arguments": {"a": None, "b": 2}},
    "an argument true": {"arguments": {"a": True, "b": 2}},
    "an argument NaN": {"arguments": {"a": float("nan"), "b": 2}},
    "an argument Infinity": {"arguments": {"a": float("-inf"), "b": 2}},
    "an argument beyond floats": {"edit": _replaced(b'"a": 1', b'"a": 1e999')},
    "an argument beyond 64 bits": {"arguments": {"a": 2**80, "b": -(2**64)}},
    "an argument beyond floats as an integer": {"arguments": {"a": 10**400, "b": 1}},
    "an integer of 5000 digits": {"edit": _replaced(b'"a": 1', b'"a": ' + b"1" * 5000)},
    "the largest floats": {"arguments": {"a": 1.7976931348623157e308, "b": 5e-324}},
    "an overflow": {"arguments": {"a": 1.7976931348623157e308, "b": 1.7976931348623157e308}},
    "minus zero": {"arguments": {"a": -0.0, "b": -0.0}},
    "an inexact sum": {"arguments": {"a": 0.1, "b": 0.2}},
    "an argument of unicode": {"arguments": {"a": "ü☃\U0001f600", "b": 2}},
    "an argument of a lone surrogate": {"arguments": {"a": "\ud800", "b": 2}},
    "an argument key of a lone surrogate": {"arguments": {"a": 1, "b": 2, "\udc00": 2}},
    "an unknown param": {"params": {"extra": 1}},
    "a task asked for": {"params": {"task": {"ttl": 60}}},
    "input responses": {"params": {"inputResponses": {"x": {"action": "accept"}}}},
    "a request state": {"params": {"requestState": "v1.x"}},
    "a null request state": {"params": {"requestState": None, "inputResponses": None}},
    "a progress token": {"meta": {"progressToken": "t"}},
    "a progress token 0": {"meta": {"progressToken": 0}},
    "a progress token of a wrong type": {"meta": {"progressToken": [1]}},
    "a progress token null": {"meta": {"progressToken": None}},
    "a trace": {
        "meta": {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=b"}
    },
    "a broken trace": {"meta": {"traceparent": 7}},
    "an unknown meta key": {"meta": {"some.vendor/key": {"a": [1]}}},
    "a call key": {"meta": {"mcp-testbed/call": "run/add/1"}},
    "a call key of a wrong type": {"meta": {"mcp-testbed/call": [1]}},
    "a fastmcp meta": {"meta": {"fastmcp": {"version": "1"}}},
    "a fastmcp meta of a wrong type": {"meta": {"fastmcp": "1"}},
    "a version of a tool": {"params": {"version": "1"}},
    "meta null": {"params": {"_meta": None}},
    "meta a list": {"params": {"_meta": []}},
    "meta empty": {"params": {"_meta": {}}},
    "a related task": {"meta": {f"{PREFIX}related-task": {"taskId": "x"}}},
}

_BODIES: dict[str, Callable[[bytes], bytes]] = {
    "an empty body": lambda _: b"",
    "blanks only": lambda _: b" \r\n\t",
    "a cut body": lambda body: body[:-1],
    "something after the body": lambda body: body + b"x",
    "two messages": lambda body: body + body,
    "blanks around": lambda body: b" \r\n\t" + body + b"\n ",
    "a batch of one": lambda body: b"[" + body + b"]",
    "an empty batch": lambda _: b"[]",
    "null": lambda _: b"null",
    "a string": lambda _: b'"tools/call"',
    "a number": lambda _: b"7",
    "a byte order mark": lambda body: b"\xef\xbb\xbf" + body,
    "utf-16": lambda body: body.decode().encode("utf-16"),
    "latin-1": _replaced(b'"a": 1', b'"a": "\xfc"'),
    "a key twice": _replaced(b'"a": 1', b'"a": 1, "a": 5'),
    "an id twice": _replaced(b'"id": 1', b'"id": 1, "id": 2'),
    "a name twice": _replaced(b'"name": "add"', b'"name": "nope", "name": "add"'),
    "a method twice": _replaced(b'"method": "tools/call"', b'"method": "ping", "method": "tools/call"'),
    "params twice": _replaced(b'"params"', b'"params": {}, "params"'),
    "method escaped": _replaced(b'"method"', b'"\\u006dethod"'),
    "a tool name escaped": _replaced(b'"name": "add"', b'"name": "\\u0061dd"'),
    "single quotes": _replaced(b'"a"', b"'a'"),
    "a trailing comma": _replaced(b"}", b",}"),
    "a comment": lambda body: b"/* */" + body,
    "a control character in a string": _replaced(b'"a": 1', b'"a": "\x01"'),
    "a number with a leading zero": _replaced(b'"a": 1', b'"a": 01'),
    "a number with a plus": _replaced(b'"a": 1', b'"a": +1'),
    "a number without digits behind the point": _replaced(b'"a": 1', b'"a": 1.'),
    "nested 100 deep": _nested(100),
    "nested 190 deep": _nested(190),
    "nested 300 deep": _nested(300),
    "nested 100000 deep": _nested(100_000),
    "no blanks": lambda body: json.dumps(json.loads(body), separators=(",", ":")).encode(),
    "raw unicode": lambda body: body.replace(b'"a": 1', '"a": "ü☃"'.encode()),
    "a body of one megabyte": _replaced(b'"a": 1', b'"a": "' + b"x" * 1_000_000 + b'"'),
    "a body over the limit": _replaced(b'"a": 1', b'"a": "' + b"x" * 4_200_000 + b'"'),
}

_HEADERS: dict[str, Changes] = {
    "names in capitals": {"CONTENT-TYPE": "application/json", "Content-Type": ABSENT},
    "no content type": {"Content-Type": ABSENT},
    "content type empty": {"Content-Type": ""},
    "content type with a charset": {"Content-Type": "application/json; charset=utf-8"},
    "content type with another charset": {"Content-Type": "application/json; charset=utf-16"},
    "content type in capitals": {"Content-Type": "Application/JSON"},
    "content type jsonx": {"Content-Type": "application/jsonx"},
    "content type json-rpc": {"Content-Type": "application/json-rpc"},
    "content type text": {"Content-Type": "text/plain"},
    "content type in a list": {"Content-Type": "text/plain, application/json"},
    "content type first in a list": {"Content-Type": "application/json, text/plain"},
    "content type with blanks": {"Content-Type": "application/json  "},
    "content type with a blank before the semicolon": {"Content-Type": "application/json ;x=y"},
    "content type twice": {"Content-Type": ("application/json", "text/plain")},
    "content type twice, wrong first": {"Content-Type": ("text/plain", "application/json")},
    "no accept": {"Accept": ABSENT},
    "accept empty": {"Accept": ""},
    "accept everything": {"Accept": "*/*"},
    "accept application": {"Accept": "application/*"},
    "accept text": {"Accept": "text/*"},
    "accept both kinds of anything": {"Accept": "application/*, text/*"},
    "accept json": {"Accept": "application/json"},
    "accept events": {"Accept": "text/event-stream"},
    "accept html": {"Accept": "text/html"},
    "accept weighted": {"Accept": "application/json;q=0.5, text/event-stream;q=0.9"},
    "accept refused by weight": {"Accept": "application/json;q=0, text/event-stream;q=0"},
    "accept in capitals": {"Accept": "APPLICATION/JSON, TEXT/EVENT-STREAM"},
    "accept without blanks": {"Accept": "text/event-stream,application/json"},
    "accept with blanks": {"Accept": "  application/json ,  text/event-stream  "},
    "accept twice": {"Accept": ("application/json", "text/event-stream")},
    "accept twice, the other way": {"Accept": ("text/event-stream", "application/json")},
    "accept jsonx": {"Accept": "application/jsonx, text/event-stream"},
    "connection close": {"Connection": "close"},
    "connection keep-alive": {"Connection": "keep-alive"},
    "expect 100-continue": {"Expect": "100-continue"},
    "a call key as a header": {"Mcp-Testbed-Call": "run/add/1"},
    "last event id": {"Last-Event-ID": "7"},
    "accept encoding": {"Accept-Encoding": "gzip, br"},
    "content encoding": {"Content-Encoding": "gzip"},
    "a trace header": {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
    "authorization": {"Authorization": "Bearer x"},
    "an own origin": {"Origin": "http://127.0.0.1:1"},
    "a foreign origin": {"Origin": "http://evil.example"},
    "an origin null": {"Origin": "null"},
    "a header of latin-1": {"X-Name": "ü"},
    "a version of blanks around": {"MCP-Protocol-Version": "  {era}  "},
    "a version twice": {"MCP-Protocol-Version": ("{era}", "{era}")},
    "two versions": {"MCP-Protocol-Version": ("{era}", "2025-03-26")},
    "two versions, the other way": {"MCP-Protocol-Version": ("2025-03-26", "{era}")},
    "an unknown version first": {"MCP-Protocol-Version": ("2099-01-01", "{era}")},
    "versions in a list": {"MCP-Protocol-Version": "{era}, {era}"},
    "version empty": {"MCP-Protocol-Version": ""},
    "version unknown": {"MCP-Protocol-Version": "2099-01-01"},
    "version bogus": {"MCP-Protocol-Version": "bogus"},
    "no session": {"Mcp-Session-Id": ABSENT},
    "session empty": {"Mcp-Session-Id": ""},
    "session unknown": {"Mcp-Session-Id": UNKNOWN},
    "session of latin-1": {"Mcp-Session-Id": "ü"},
    "session with a blank": {"Mcp-Session-Id": "a b"},
    "session deleted": {"Mcp-Session-Id": DELETED},
    "session whose initialize failed": {"Mcp-Session-Id": FAILED},
    "a session twice": {"Mcp-Session-Id": (LIVE, LIVE)},
    "two sessions": {"Mcp-Session-Id": (LIVE, UNKNOWN)},
    "two sessions, the unknown first": {"Mcp-Session-Id": (UNKNOWN, LIVE)},
    "two sessions, the deleted last": {"Mcp-Session-Id": (LIVE, DELETED)},
    "an empty session first": {"Mcp-Session-Id": ("", LIVE)},
    "mcp method of another": {"Mcp-Method": "tools/list"},
    "no mcp method": {"Mcp-Method": ABSENT},
    "mcp method empty": {"Mcp-Method": ""},
    "mcp method in capitals": {"Mcp-Method": "Tools/Call"},
    "mcp method twice": {"Mcp-Method": ("tools/call", "tools/call")},
    "mcp method with blanks": {"Mcp-Method": "  tools/call  "},
    "mcp method in base64": {"Mcp-Method": "=?base64?dG9vbHMvY2FsbA==?="},
    "no mcp name": {"Mcp-Name": ABSENT},
    "mcp name of another": {"Mcp-Name": "subtract"},
    "mcp name empty": {"Mcp-Name": ""},
    "mcp name in capitals": {"Mcp-Name": "ADD"},
    "mcp name twice": {"Mcp-Name": ("add", "add")},
    "mcp name with blanks": {"Mcp-Name": "  add  "},
    "mcp name with a tab": {"Mcp-Name": "add\t"},
    "mcp name in base64": {"Mcp-Name": "=?base64?YWRk?="},
    "mcp name in base64 of another": {"Mcp-Name": "=?base64?YWRkIA==?="},
    "mcp name in base64 in capitals": {"Mcp-Name": "=?BASE64?YWRk?="},
    "mcp name in bad base64": {"Mcp-Name": "=?base64?YW?="},
    "mcp name in base64 with rubbish": {"Mcp-Name": "=?base64?Y*W-Rk?="},
    "mcp name in base64 that is no utf-8": {"Mcp-Name": "=?base64?//8=?="},
    "mcp name in base64 of nothing": {"Mcp-Name": "=?base64??="},
    "an unknown mcp param": {"Mcp-Param-Region": "west"},
    "an mcp param of an argument": {"Mcp-Param-a": "1"},
    "an mcp param twice": {"Mcp-Param-a": ("1", "2")},
}

_V, _C, _I = (f"{PREFIX}{key}" for key in ("protocolVersion", "clientCapabilities", "clientInfo"))
_ENVELOPES: dict[str, Changes] = {
    "no protocol version": {_V: ABSENT},
    "protocol version null": {_V: None},
    "protocol version a number": {_V: 7},
    "protocol version empty": {_V: ""},
    "protocol version of the other era": {_V: HANDSHAKE},
    "protocol version unknown": {_V: "2099-01-01"},
    "no capabilities": {_C: ABSENT},
    "capabilities null": {_C: None},
    "capabilities a list": {_C: []},
    "unknown capabilities": {_C: {"x": 1}},
    "capabilities of a wrong type inside": {_C: {"sampling": 7}},
    "all capabilities": {_C: {"sampling": {}, "elicitation": {}, "roots": {"listChanged": True}, "experimental": {}}},
    "capabilities that are nearly the same": {_C: {"sampling": {}, "roots": {"listChanged": 1}}},
    "tasks declared": {_C: {"extensions": {"io.modelcontextprotocol/tasks": {}}}},
    "no client info": {_I: ABSENT},
    "client info null": {_I: None},
    "client info without a version": {_I: {"name": "x"}},
    "client info a string": {_I: "x"},
    "client info with more": {_I: {"name": "x", "version": "1", "title": "X", "icons": [], "more": 1}},
    "a log level": {f"{PREFIX}logLevel": "debug"},
    "a wrong log level": {f"{PREFIX}logLevel": "loud"},
    "an unknown key of the protocol": {f"{PREFIX}other": 1},
    "a subscription id": {f"{PREFIX}subscriptionId": "x"},
}

_HTTP: dict[str, dict[str, Any]] = {
    "chunks of one byte": {"chunk": 1},
    "chunks of 50 bytes": {"chunk": 50},
    "HTTP/1.0": {"version": "HTTP/1.0"},
    "a query": {"target": "/mcp?x=1"},
    "a slash behind": {"target": "/mcp/"},
    "two slashes before": {"target": "//mcp"},
    "an escaped path": {"target": "/%6dcp"},
    "a path in capitals": {"target": "/MCP"},
    "a path of something else": {"target": "/other"},
    "an absolute target": {"target": "http://127.0.0.1/mcp"},
    "PUT": {"method": "PUT"},
    "PATCH": {"method": "PATCH"},
    "OPTIONS": {"method": "OPTIONS"},
    "HEAD": {"method": "HEAD"},
    "GET without a stream": {"method": "GET", "headers": {"Accept": "application/json"}},
    "GET without a session": {"method": "GET", "headers": {"Mcp-Session-Id": ABSENT}},
    "DELETE without a session": {"method": "DELETE", "headers": {"Mcp-Session-Id": ABSENT}},
    "DELETE of an unknown session": {"method": "DELETE", "headers": {"Mcp-Session-Id": UNKNOWN}},
    "a second host": {"headers": {"host": "evil.example"}},
}

_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")


def cases(era: str) -> list[Case]:
    """Everything that is asked of the calculator in one era."""
    found = [Case(name, (call(era, **changes),), plain=True) for name, changes in _PLAIN.items()]
    found += [Case(f"id {name}", (call(era, message={"id": value}),)) for name, value in _IDS.items()]
    found += [Case(name, (call(era, **changes),)) for name, changes in _MESSAGES.items()]
    found += [Case(f"body: {name}", (call(era, edit=edit),)) for name, edit in _BODIES.items()]
    found += [Case(f"header: {name}", (call(era, headers=_of(era, it)),)) for name, it in _HEADERS.items()]
    found += [Case(f"envelope: {name}", (call(era, meta=meta),)) for name, meta in _ENVELOPES.items()]
    found += [Case(f"http: {name}", (call(era, **http),)) for name, http in _HTTP.items()]
    found += _several_requests(era)
    return found + (_negotiated() if era == HANDSHAKE else _modern_names())


def _of(era: str, headers: Changes) -> dict[str, Any]:
    """The header changes with `{era}` filled in."""

    def filled(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(filled, value))
        return value.replace("{era}", era) if isinstance(value, str) else value

    return {name: filled(value) for name, value in headers.items()}


def _several_requests(era: str) -> list[Case]:
    plain = call(era)
    other = ERAS[1 - ERAS.index(era)]
    three = tuple(call(era, "subtract", {"a": n, "b": 1}, message={"id": 100 + n}) for n in range(3))
    wrong = call(era, edit=lambda _: b"{")
    closing = call(era, headers={"Connection": "close"})
    return [
        Case("three calls", three),
        Case("three calls pipelined", three, pipelined=True),
        Case("a wrong call pipelined between right ones", (plain, wrong, plain), pipelined=True),
        Case("a chunked body pipelined before a whole one", (call(era, chunk=7), plain), pipelined=True),
        Case("the connection is opened again after close", (closing, plain)),
        Case("an id is used again", (plain, plain)),
        Case("both eras on one connection", (plain, call(other), plain)),
        Case("list, then call", (call(era, message={"method": "tools/list"}, headers=_LISTING), plain)),
        Case("ping", (call(era, message={"method": "ping"}, headers=_PINGING),)),
        Case("an unknown id is cancelled", (notification(era, "notifications/cancelled", {"requestId": 99}), plain)),
        Case("nothing is cancelled", (notification(era, "notifications/cancelled", {}), plain)),
        Case("an unknown notification", (notification(era, "notifications/odd"), plain)),
    ]  # fmt: skip


_LISTING: Changes = {"Mcp-Method": "tools/list", "Mcp-Name": ABSENT}
_PINGING: Changes = {"Mcp-Method": "ping", "Mcp-Name": ABSENT}


def _negotiated() -> list[Case]:
    """Each handshake version as agreed, with each as the header of the call; the SDK compares them with nothing."""
    found = []
    for agreed in _VERSIONS:
        for sent in (*_VERSIONS, ABSENT):
            headers = {"Mcp-Session-Id": f"{SESSION}{agreed}", "MCP-Protocol-Version": sent}
            name = f"agreed {agreed}, sent {sent if isinstance(sent, str) else 'nothing'}"
            found.append(Case(name, (call(HANDSHAKE, headers=headers),)))
            found.append(Case(f"{name}, refused", (call(HANDSHAKE, "divide", {"a": 1, "b": 0}, headers=headers),)))
    again = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": CLIENT}
    initialize = call(HANDSHAKE, message={"method": "initialize", "params": again})
    return [
        *found,
        Case("a second initialize", (initialize, call(HANDSHAKE))),
        Case("a modern body without its header", (call(MODERN, headers={"MCP-Protocol-Version": ABSENT}),)),
    ]


def _modern_names() -> list[Case]:
    return [
        Case("a session beside", (call(MODERN, headers={"Mcp-Session-Id": LIVE}),)),
        Case("version of the header unknown, and of the body", (call(
            MODERN, headers={"MCP-Protocol-Version": "2099-01-01"}, meta={_V: "2099-01-01"}),)),
        Case("a handshake body with the modern header", (call(
            MODERN, params={"_meta": ABSENT}),)),
        Case("initialize", (call(MODERN, message={"method": "initialize"}, headers={"Mcp-Method": "initialize"}),)),
    ]  # fmt: skip
