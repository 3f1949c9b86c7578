"""Ways to change what a good server sends: when, and into what."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.support.broken_server import Asked, Bend, GoodServer, Sent, refusal

When = Callable[[GoodServer, Asked, Sent], bool]
Do = Callable[[Sent], object]


def on(when: When, do: Do) -> Bend:
    """Do that to what is sent, when it is so."""

    def bend(server: GoodServer, asked: Asked, sent: Sent) -> Sent | None:
        if not when(server, asked, sent):
            return None
        changed = do(sent)
        return changed if isinstance(changed, Sent) else None

    return bend


def method(*names: str) -> When:
    return lambda _, asked, __: asked.method in names


def call(tool: str, **arguments: Any) -> When:
    """A good call of that tool."""
    return lambda _, asked, sent: (
        asked.params.get("name") == tool
        and not sent.is_error
        and bool(sent.result)
        and arguments.items() <= asked.arguments.items()
    )


def both(*whens: When) -> When:
    return lambda *given: all(when(*given) for when in whens)


def either(*whens: When) -> When:
    return lambda *given: any(when(*given) for when in whens)


def header(name: str, value: str | None = None) -> When:
    """A request with that header."""
    return lambda _, asked, __: asked.http.headers.get(name) == value if value else name in asked.http.headers


def refused(_: GoodServer, __: Asked, sent: Sent) -> bool:
    return sent.is_error


def code(number: int, *statuses: int) -> When:
    return lambda _, __, sent: sent.code == number and (not statuses or sent.status in statuses)


def status(number: int) -> When:
    return lambda _, __, sent: sent.status == number


def old(_: GoodServer, asked: Asked, __: Sent) -> bool:
    return not asked.modern


def body(*parts: bytes) -> When:
    return lambda _, asked, __: asked.http.method == "POST" and any(part in asked.http.body for part in parts)


def result(**changes: Any) -> Do:
    """Members of the result; None takes one away."""

    def do(sent: Sent) -> None:
        for name, value in changes.items():
            sent.result.pop(name, None) if value is None else sent.result.update({name: value})

    return do


def send(status: int = 200, message: Any = None, **more: Any) -> Do:
    return lambda _: Sent(status, message, **more)


def error(number: int, status: int = 200) -> Do:
    return lambda sent: refusal(status, number, (sent.message or {}).get("id", 1))


def answer(value: dict[str, Any]) -> Do:
    """That result instead of whatever came."""

    def do(sent: Sent) -> Sent:
        request_id = sent.message.get("id", 1) if isinstance(sent.message, dict) else 1
        return Sent(200, {"jsonrpc": "2.0", "id": request_id, "result": value}, headers=sent.headers)

    return do


def member(**changes: Any) -> Do:
    """Members of the message; None takes one away."""

    def do(sent: Sent) -> None:
        for name, value in changes.items():
            sent.message.pop(name, None) if value is None else sent.message.update({name: value})

    return do


def tool_entry(tool_name: str, /, **changes: Any) -> Do:
    """Members of an entry of tools/list."""

    def do(sent: Sent) -> None:
        tools = [{**tool, **changes} if tool["name"] == tool_name else tool for tool in sent.result["tools"]]
        sent.result["tools"] = tools

    return do


def meta(sent: Sent) -> None:
    sent.result.pop("_meta", None)


def every_second(server: GoodServer, asked: Asked, sent: Sent) -> Sent | None:
    """tools/list forgets a tool every second time."""
    if asked.method != "tools/list" or asked.params.get("cursor") or not sent.result:
        return None
    server.state["lists"] = server.state.get("lists", 0) + 1
    if server.state["lists"] % 2 == 0:
        sent.result["tools"] = sent.result["tools"][1:]
    return None


def not_first(server: GoodServer, asked: Asked, _: Sent) -> bool:
    """A method that was asked for before in that era."""
    seen: set[object] = server.state.setdefault("seen", set())
    key = asked.method, asked.modern
    known = key in seen
    seen.add(key)
    return known


def leaves(_: GoodServer, asked: Asked, __: Sent) -> bool:
    """The end of a session."""
    return asked.http.method == "DELETE"


def counts_mistakes(server: GoodServer, _: Asked, sent: Sent) -> Sent | None:
    """Arguments that do not fit are refused, and stored all the same."""
    server.stored += sent.is_error
    return None


def coerces(server: GoodServer, asked: Asked, _: Sent) -> Sent | None:
    """Takes "2" for 2."""
    times = asked.arguments.get("times") if isinstance(asked.arguments, dict) else None
    if asked.params.get("name") != "echo" or not isinstance(times, str) or not times.isdecimal():
        return None
    arguments = {**asked.arguments, "times": int(times)}
    message = {**asked.message, "params": {**asked.params, "arguments": arguments}}
    return server._answer(Asked(replace(asked.http, body=json.dumps(message).encode())))


def keeps_replies_by_id(server: GoodServer, asked: Asked, sent: Sent) -> Sent | None:
    """An id that was used before, in a session or on a connection, gets the reply that it got then."""
    if asked.method != "tools/call" or not isinstance(asked.message, dict):
        return None
    key = asked.http.headers.get("mcp-session-id") or asked.http.connection, asked.message.get("id")
    known: Sent = server.state.setdefault(key, sent)  # type: ignore[call-overload]  # any key will do
    return known


def at_once(server: GoodServer, asked: Asked) -> bool:
    """Whether the calls come over several connections at the same time."""
    last: list[int] = server.state.setdefault("last", [])
    if asked.method == "tools/call":
        last.append(asked.http.connection)
    return len({*last[-6:]}) > 3


def mixes_up(server: GoodServer, asked: Asked, sent: Sent) -> Sent | None:
    """Calls at once get the result of the call before."""
    before = server.state.get("before")
    server.state["before"] = sent.result
    if at_once(server, asked) and before and sent.result:
        return answer(before)(sent)  # type: ignore[return-value]  # it is a Sent
    return None


def fails_at_once(server: GoodServer, asked: Asked, _: Sent) -> Sent | None:
    """Calls at once get 500."""
    return Sent(500) if at_once(server, asked) else None


def ends_all_sessions(server: GoodServer, asked: Asked, _: Sent) -> None:
    """DELETE of one session ends the others, too."""
    if asked.http.method == "DELETE":
        server.sessions.clear()


def asks_for_sessions(_: GoodServer, asked: Asked, sent: Sent) -> Sent | None:
    """Echoes a session id in the modern era."""
    if asked.modern and "mcp-session-id" in asked.http.headers:
        sent.headers["Mcp-Session-Id"] = asked.http.headers["mcp-session-id"]
    return None


def no_cursors(server: GoodServer, asked: Asked, sent: Sent) -> Sent | None:
    """Lists of one page, given whole whatever the cursor."""
    server.page = 9
    if sent.code == -32602 and "cursor" in asked.params:
        request = {**asked.message, "params": {key: each for key, each in asked.params.items() if key != "cursor"}}
        return server._answer(Asked(replace(asked.http, body=json.dumps(request).encode())))
    return None


def names_session(session_id: str) -> Do:
    return lambda sent: sent.headers.update({"Mcp-Session-Id": session_id})


def hangs(sent: Sent) -> None:
    sent.hangs = True
