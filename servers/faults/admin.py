"""The control API: HTTP under /_testbed/, above everything that faults could hit."""

import hmac
import json
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

from formats.errors import shown
from formats.nearest import did_you_mean

from ..errors import ControlRefused
from ..wire.call import MCP_PATH
from .control import Control
from .journal import FIELDS, Subscription
from .journal_stream import FRAMES, MOST_RECORDS, follow
from .profile import LARGEST
from .query import filters_of, generations_of, number_of, parameters, seed_of, ttl_of

PREFIX = "/_testbed"

_LARGEST_SEQUENCE = 10**18
_RECORDS = 100
_NOT_FOUND = 404
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
        path: str = scope.get("path", "")
        if (path == MCP_PATH and not self.ports) or scope["type"] != "http":
            return self.app(scope, receive, send)
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
        parameters(request)
        return self._state()

    async def replace(self, request: Request) -> Response:
        """PUT faults: a profile in the body, or a preset's name."""
        given = parameters(request, *_CHANGES, "preset")
        seed, ttl, expected = seed_of(given), ttl_of(given), generations_of(request)
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
        given = parameters(request, *_CHANGES)
        seed, ttl, expected = seed_of(given), ttl_of(given), generations_of(request)
        await self.control.merge(await _text(request), seed, ttl, expected)
        return self._state()

    async def clear(self, request: Request) -> Response:
        """DELETE faults."""
        parameters(request)
        self.control.clear(generations_of(request))
        return self._state()

    async def pause(self, request: Request) -> Response:
        """POST faults/pause."""
        parameters(request)
        self.control.check(generations_of(request))
        self.control.plane.pause()
        return self._state()

    async def resume(self, request: Request) -> Response:
        """POST faults/resume."""
        parameters(request)
        self.control.check(generations_of(request))
        self.control.plane.resume()
        return self._state()

    async def explain(self, request: Request) -> Response:
        """POST faults/explain."""
        parameters(request)
        return _json(self.control.preview(await _text(request)))

    async def presets(self, request: Request) -> Response:
        """GET presets."""
        parameters(request)
        return _json({"presets": await self.control.presets()})

    async def reset(self, request: Request) -> Response:
        """POST reset."""
        parameters(request)
        self.control.check(generations_of(request))
        self.control.reset()
        return self._state()

    async def journal(self, request: Request) -> Response:
        """GET journal: a page, or the stream of all records that are still to come."""
        given = parameters(request, *_PAGING, *FIELDS)
        filters = filters_of(given)
        after = number_of(given, "after", 0, _LARGEST_SEQUENCE)
        limit = number_of(given, "limit", 1, MOST_RECORDS)
        kind = given.get("stream")
        if kind is not None and kind not in FRAMES:
            raise ControlRefused(400, "invalid", "stream", f"stream should be {' or '.join(FRAMES)}, got {shown(kind)}")
        if kind is not None and limit is not None:
            raise ControlRefused(400, "invalid", "limit", "a stream has no limit")
        if kind is not None and request.method == "GET":
            return self._stream(kind, filters, after)
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

    def _stream(self, kind: str, filters: Mapping[str, str], after: int | None) -> Response:
        media_type, framed, opening = FRAMES[kind]
        journal = self.control.journal

        async def parts() -> AsyncIterator[str]:
            with journal.subscribe() as subscription, self._open(subscription):
                begin = journal.last if after is None else after
                yield opening
                async for told in follow(journal, subscription, filters, begin):
                    yield framed(told)

        return StreamingResponse(parts(), media_type=media_type, headers={"Cache-Control": "no-store"})

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
    status = error.status_code if isinstance(error, HTTPException) else _NOT_FOUND
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    paths = [route.path for route in request.app.routes]
    near = did_you_mean(request.url.path, paths) if status == _NOT_FOUND else f"; there is {headers.get('Allow')}"
    reason = f"there is no {request.method} {request.url.path}{near}"
    return _answer_refusal(ControlRefused(status, _KINDS.get(status, "refused"), "", reason, headers=headers))


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
