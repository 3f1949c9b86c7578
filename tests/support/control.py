"""Requests to the control API, written by hand, and profiles for it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from servers.testing import RunningServer

ERRORS_ON_ADD = {"name": "no-add", "match": {"tool": "add"}, "do": [{"http": {"status": 503}}]}
SLOW = {"name": "slow", "do": [{"latency": {"distribution": "fixed", "delay": "20ms"}}]}
DEFECTS = {"version": 1, "seed": 5, "rules": [ERRORS_ON_ADD]}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def generation(self) -> int:
        assert self.status == 200, self.text
        assert self.headers["etag"] == f'"{self.json["generation"]}"'
        return int(self.json["generation"])


def ask(
    server: RunningServer | str,
    method: str,
    path: str,
    body: Any = None,
    /,
    headers: dict[str, str] | None = None,
    **query: Any,
) -> Answer:
    """One request; a body that is no text or bytes is sent as JSON."""
    base = server if isinstance(server, str) else server.base_url
    data = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
    connection = HTTPConnection(urlsplit(base).netloc, timeout=20)
    try:
        target = f"/_testbed/{path}" + (f"?{urlencode(query)}" if query else "")
        connection.request(method, target, data.encode() if isinstance(data, str) else data, headers or {})
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read().decode())
    finally:
        connection.close()


def eventually(say: Callable[[], Any], expected: Any) -> None:
    """A record is written when its reply is over, which the client may know a moment earlier."""
    until = time.monotonic() + 10
    while (said := say()) != expected:
        assert time.monotonic() < until, f"{said} is not {expected}"
        time.sleep(0.005)
