"""How a draft goes out: its head, its pieces at their moments, and its end."""

from starlette.types import Message, Scope, Send

from ..wire.connection import CannotWriteRaw, Connection, connection_of
from .draft import Draft, Headers, Piece
from .exchange import ClientGone, Clock
from .waits import Wait

_WITHOUT_BODY = (204, 304)


class Delivery:
    """The reply to one request.

    Args:
        scope: of the request.
        send: its ASGI `send`.
        clock: for how long pieces were held back.
        wait: of the request.
    """

    def __init__(self, scope: Scope, send: Send, clock: Clock, wait: Wait) -> None:
        self.sent = 0
        """Bytes of the body."""
        self.held = 0.0
        """Seconds for which pieces were really held back."""
        self.began = False
        """Something of the reply is on the wire, or its absence is what was asked for."""
        self.left_waiting = False
        """The client left while a piece was held back, without the whole response."""
        self.cut_off = False
        """The server ended a reply that hung."""
        self._connection = _connection(scope)
        self._send = send
        self._clock = clock
        self._wait = wait

    @property
    def gone(self) -> bool:
        """Whether the client left before its reply was complete."""
        return self._connection.gone if self._connection is not None else self._wait.gone

    @property
    def is_raw(self) -> bool:
        """Whether this server can write what `needs_raw`."""
        return self._connection is not None

    async def hand_on(self, message: Message) -> None:
        """An ASGI `send`, for a reply that goes out as it comes."""
        self.began = self.began or not self.gone
        self.sent += len(message.get("body", b""))
        await self._send(message)

    async def deliver(self, draft: Draft) -> None:
        """Write all of it.

        Raises:
            ClientGone: nobody waits for it any more.
            CannotWriteRaw: this server cannot write it.
        """
        if self.gone:
            raise ClientGone
        self.began = True
        if draft.status:
            await self._send({"type": "http.response.start", "status": draft.status, "headers": _headers(draft)})
            if draft.ending == "complete" and not _lies(draft):
                await self._write_whole(draft)
                return
            await self._write_pieces(draft)
        await self._end(draft)

    async def _write_whole(self, draft: Draft) -> None:
        *pieces, last = draft.pieces or [Piece(b"")]
        for piece in pieces:
            await self._hold(piece.wait, draft)
            await self._write(piece.data, more=True)
        await self._hold(last.wait, draft)
        await self._write(last.data, more=draft.is_stream)
        if draft.is_stream:
            await self._write(b"")

    async def _write_pieces(self, draft: Draft) -> None:
        """Write them so that uvicorn takes the reply for unfinished, however long it was said to be."""
        left = _length(draft)
        for piece in draft.pieces:
            await self._hold(piece.wait, draft)
            await self._write(piece.data[:left], more=True)
            if left is not None:
                beyond, left = piece.data[left:], max(0, left - len(piece.data))
                if beyond and self._connection is not None:
                    await self._connection.write_raw(beyond)
                    self.sent += len(beyond)

    async def _write(self, body: bytes, *, more: bool = False) -> None:
        if self.gone:
            raise ClientGone
        await self._send({"type": "http.response.body", "body": body, "more_body": more})
        self.sent += len(body)

    async def _hold(self, seconds: float, draft: Draft) -> None:
        if not seconds:
            return
        began = self._clock.now()
        try:
            await self._wait.sleep(seconds)
        except ClientGone:
            # Who has read the whole response may leave before the stream ends.
            self.left_waiting = self.sent < len(draft.body.rstrip(b"\r\n"))
            raise
        finally:
            self.held += self._clock.now() - began

    async def _end(self, draft: Draft) -> None:
        connection = self._connection
        if connection is None:
            raise CannotWriteRaw("this reply needs raw bytes")
        match draft.ending:
            case "reset":
                await connection.reset()
            case "hang":
                await self._wait.hang(draft.hang_seconds)
                self.cut_off = True
                if self._wait.released:
                    await connection.reset()
                else:
                    connection.close()
            case "complete" if draft.declared_length is not None and draft.declared_length <= draft.length:
                connection.finish()
            case _:
                connection.close()


def needs_raw(draft: Draft) -> bool:
    """Whether it is more, or less, than what ASGI can say."""
    return draft.ending != "complete" or _lies(draft)


def _lies(draft: Draft) -> bool:
    return draft.declared_length is not None and draft.declared_length != draft.length


def _connection(scope: Scope) -> Connection | None:
    try:
        return connection_of(scope)
    except CannotWriteRaw:
        return None


def _length(draft: Draft) -> int | None:
    """The Content-Length that the reply will have; None: it comes in chunks, or has no body by its status."""
    if draft.declared_length is not None:
        return draft.declared_length
    if draft.ending != "complete" or draft.is_stream or draft.status in _WITHOUT_BODY:
        return None  # without a length, what is broken off would be a whole reply
    return draft.length


def _headers(draft: Draft) -> Headers:
    length = _length(draft)
    return draft.headers if length is None else [*draft.headers, (b"content-length", b"%d" % length)]
