"""The control API: HTTP under /_testbed/, above everything that faults could hit."""

import hmac
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from formats.durations import parse_duration
from formats.nearest import did_you_mean

from ..errors import ControlRefused
from .control import Control
from .journal import FIELDS, Record, Subscription
from .latency import LONGEST
from .profile import LARGEST

PREFIX = "/_testbed"
MOST_RECORDS = 1_000
"""Records of the journal in one answer."""

_LARGEST_SEED = 2**63
_MOST_DIGITS = 18
_RECORDS = 100
_STREAMS = {"jsonl": "application/x-ndjson", "sse": "text/event-stream"}
_ETAG = re.compile(r'"?(\d{1,18})"?')
_CHANGES = ("ttl", "seed")
_PAGING = ("after", "limit", "stream")
_KINDS = {400: "invalid", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


class Admin:
    """ASGI layer: answers what is under /_testbed/, and hands everything else on.

    Args:
        app: the layers below.
        control: what it is about.
        token: what requests need as a bearer token; None: nothing.
    """

    def __init__(self, app: ASGIApp, control: Control, token: str | None = None) -> None:
        self.app = app
        self.ports: set[int] = set()
        """TCP ports on which there is nothing but the control API."""
        self._api = _Api(control)
        self._authorization = None if token is None else f"Bearer {token}".encode()

    def close(self) -> None:
        """The server stops: end the streams of the journal."""
        for subscription in self._api.following:
            subscription.close()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """ASGI entry point. No coroutine of its own: each call would pay for it."""
        if scope["type"] != "http" or not (scope["path"].startswith(PREFIX) or self.ports):
            return self.app(scope, receive, send)
        path: str = scope["path"]
        if path != PREFIX and not path.startswith("/_testbed/") and not self._is_own_port(scope):
            return self.app(scope, receive, send)
        return self._control(scope, receive, send)

    async def _control(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._admits(scope):
            await self._api.app(scope, receive, send)
        else:
            reason = "give the server's --admin-token as Authorization: Bearer"
            refusal = ControlRefused(
                401, "unauthorized", "Authorization", reason, headers={"WWW-Authenticate": "Bearer"}
            )
            await _answer_refusal(refusal)(scope, receive, send)

    def _is_own_port(self, scope: Scope) -> bool:
        return bool(self.ports) and scope["server"] is not None and scope["server"][1] in self.ports

    def _admits(self, scope: Scope) -> bool:
        if self._authorization is None:
            return True
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        return len(given) == 1 and hmac.compare_digest(_with_scheme(given[0]), self._authorization)


def _with_scheme(value: bytes) -> bytes:
    """The header as `Admin` expects it: the scheme's name is in any case."""
    scheme, _, token = value.partition(b" ")
    return b"Bearer " + token.strip() if scheme.lower() == b"bearer" else value


class _Api:
    """The routes."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.following: set[Subscription] = set()
        routes = [
            _route("/faults", GET=self.show, PUT=self.replace, PATCH=self.merge, DELETE=self.clear),
            _route("/faults/pause", POST=self.pause),
            _route("/faults/resume", POST=self.resume),
            _route("/faults/explain", POST=self.explain),
            _route("/presets", GET=self.presets),
            _route("/journal", GET=self.journal),
            _route("/reset", POST=self.reset),
        ]
        self.app = Starlette(routes=routes, exception_handlers={HTTPException: _answer_http_error})
        self.app.router.redirect_slashes = False

    async def show(self, request: Request) -> Response:
        """GET faults."""
        _parameters(request)
        return self._state()

    async def replace(self, request: Request) -> Response:
        """PUT faults: a profile in the body, or a preset's name."""
        given = _parameters(request, *_CHANGES, "preset")
        seed, ttl, expected = _seed(given), _ttl(given), _expected(request)
        text = await _text(request)
        if "preset" not in given:
            await self.control.replace(text, seed, ttl, expected)
        elif text:
            raise ControlRefused(400, "invalid", "preset", "give either a preset or a body")
        else:
            await self.control.apply(given["preset"], seed, ttl, expected)
        return self._state()

    async def merge(self, request: Request) -> Response:
        """PATCH faults."""
        given = _parameters(request, *_CHANGES)
        seed, ttl, expected = _seed(given), _ttl(given), _expected(request)
        await self.control.merge(await _text(request), seed, ttl, expected)
        return self._state()

    async def clear(self, request: Request) -> Response:
        """DELETE faults."""
        _parameters(request)
        self.control.clear(_expected(request))
        return self._state()

    async def pause(self, request: Request) -> Response:
        """POST faults/pause."""
        _parameters(request)
        self.control.check(_expected(request))
        self.control.plane.pause()
        return self._state()

    async def resume(self, request: Request) -> Response:
        """POST faults/resume."""
        _parameters(request)
        self.control.check(_expected(request))
        self.control.plane.resume()
        return self._state()

    async def explain(self, request: Request) -> Response:
        """POST faults/explain."""
        _parameters(request)
        return _json(self.control.preview(await _text(request)))

    async def presets(self, request: Request) -> Response:
        """GET presets."""
        _parameters(request)
        return _json({"presets": await self.control.presets()})

    async def reset(self, request: Request) -> Response:
        """POST reset."""
        _parameters(request)
        self.control.check(_expected(request))
        self.control.reset()
        return self._state()

    async def journal(self, request: Request) -> Response:
        """GET journal: a page, or the stream of all records that are still to come."""
        given = _parameters(request, *_PAGING, *FIELDS)
        filters = {name: value for name, value in given.items() if name in FIELDS}
        after, limit = _number(given, "after", 0, 10**_MOST_DIGITS), _number(given, "limit", 1, MOST_RECORDS)
        kind = given.get("stream")
        if kind is not None and kind not in _STREAMS:
            raise ControlRefused(400, "invalid", "stream", f"stream should be {' or '.join(_STREAMS)}")
        if kind is not None and limit is not None:
            raise ControlRefused(400, "invalid", "limit", "a stream has no limit")
        if kind is not None and request.method == "GET":
            records = self._follow(filters, after, kind)
            return StreamingResponse(records, media_type=_STREAMS[kind], headers={"Cache-Control": "no-store"})
        page = self.control.journal.page(filters, after or 0, limit or _RECORDS)
        counts = self.control.journal.by_outcome
        return _json(
            {
                "records": [asdict(record) for record in page.records],
                "next_after": page.next_after,
                "more": page.more,
                "lost": page.lost,
                "outcomes": [{"kind": k, "expected": o, "count": n} for (k, o), n in sorted(counts.items())],
            }
        )

    async def _follow(self, filters: Mapping[str, str], after: int | None, kind: str) -> AsyncIterator[str]:
        """Every record from now on; those that the ring has after `after` come first."""
        journal = self.control.journal
        with journal.subscribe() as subscription, self._open(subscription):
            seen = after
            while seen is not None:
                page = journal.page(filters, seen, MOST_RECORDS)
                for record in page.records:
                    yield _framed(record, kind)
                seen = page.next_after if page.more else None
            caught_up = 0 if after is None else page.next_after
            missed = 0
            yield ": the journal\n\n" if kind == "sse" else ""
            async for record in subscription:
                if record.sequence > caught_up and _passes(record, filters):
                    yield _framed(record, kind)
                if subscription.missed > missed:
                    missed = subscription.missed
                    yield _framed({"missed": missed}, kind)

    @contextmanager
    def _open(self, subscription: Subscription) -> Iterator[None]:
        self.following.add(subscription)
        try:
            yield
        finally:
            self.following.discard(subscription)

    def _state(self) -> Response:
        state = self.control.state()
        return _json(state, headers={"ETag": f'"{state["generation"]}"'})


def _route(path: str, **handlers: Callable[[Request], Awaitable[Response]]) -> Route:
    """One route for all methods of a path, so that a 405 names them all."""

    async def answer(request: Request) -> Response:
        try:
            return await handlers["GET" if request.method == "HEAD" else request.method](request)
        except ControlRefused as refusal:
            return _answer_refusal(refusal)
        except ClientDisconnect:
            return Response()  # nobody is left to read it

    return Route(PREFIX + path, answer, methods=list(handlers))


def _passes(record: Record, filters: Mapping[str, str]) -> bool:
    return all(_shown(getattr(record, name)) == value for name, value in filters.items())


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _framed(what: Record | Mapping[str, Any], kind: str) -> str:
    data = what.as_json() if isinstance(what, Record) else json.dumps(what)
    return f"data: {data}\n\n" if kind == "sse" else f"{data}\n"


def _json(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    body = json.dumps(content, default=str, skipkeys=True) + "\n"
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")


def _answer_refusal(refusal: ControlRefused) -> Response:
    content: dict[str, Any] = {"error": refusal.error, "field": refusal.field, "reason": refusal.reason}
    if len(refusal.problems) > 1:
        content["problems"] = [{"field": field, "reason": reason} for field, reason in refusal.problems]
    return _json(content, refusal.status, refusal.headers)


async def _answer_http_error(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses: paths and methods."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    reason = f"there is no {request.method} {request.url.path}"
    return _answer_refusal(ControlRefused(status, _KINDS.get(status, "refused"), "", reason, headers=headers))


def _parameters(request: Request, *known: str) -> dict[str, str]:
    """The query's, each known and given once."""
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            raise ControlRefused(400, "invalid", name, f"{name} is not known{did_you_mean(name, known)}")
        if name in given:
            raise ControlRefused(400, "invalid", name, f"{name} is given twice")
        given[name] = value
    return given


def _ttl(given: Mapping[str, str]) -> float | None:
    if "ttl" not in given:
        return None
    try:
        seconds = parse_duration(given["ttl"])
    except ValueError as error:
        raise ControlRefused(400, "invalid", "ttl", f"ttl {error}") from error
    if not 0 < seconds <= LONGEST:
        raise ControlRefused(400, "invalid", "ttl", "ttl should be more than 0 and a day at most")
    return seconds


def _seed(given: Mapping[str, str]) -> int | None:
    return _number(given, "seed", 1 - _LARGEST_SEED, _LARGEST_SEED - 1)


def _number(given: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    if name not in given:
        return None
    text = given[name]
    number = int(text) if re.fullmatch(r"-?[0-9]{1,19}", text) else most + 1
    if not least <= number <= most:
        raise ControlRefused(400, "invalid", name, f"{name} should be a whole number from {least} to {most}")
    return number


def _expected(request: Request) -> list[int] | None:
    """The generations that the request is meant for; None: any."""
    tags = [tag.strip() for value in request.headers.getlist("if-match") for tag in value.split(",")]
    if not tags or "*" in tags:
        return None
    found = [_ETAG.fullmatch(tag) for tag in tags]
    return [int(match[1]) for match in found if match]


async def _text(request: Request) -> str:
    """The body, bounded."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise ControlRefused(413, "too_large", "", f"the body should have at most {LARGEST:,} bytes")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ControlRefused(400, "invalid", "", "the body is not UTF-8 text") from error
