"""Heads of replies that have been parsed before: bytes that are the same mean the same, and need no parser."""

from collections.abc import Mapping

_LONGEST = 1024
_MOST = 16
_END = b"\r\n\r\n"

Headers = Mapping[bytes, bytes]


class KnownHeads:
    """The heads of one connection's replies; those with a Content-Length that came whole, in one piece.

    A server's heads differ by their Date and Content-Length alone, so that few are new. At most 16 KiB are kept.
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[int, Headers, int]] = {}

    def read(self, data: bytes) -> tuple[int, Headers, bytes] | None:
        """Status, headers and body of the reply that `data` is; None unless it is one whole reply of a known head."""
        end = data.find(_END) + len(_END)
        known = self._known.get(data[:end])
        if known is None or len(data) != end + known[2]:
            return None
        return known[0], known[1], data[end:]

    def learn(self, data: bytes, status: int, headers: Headers) -> None:
        """A parser read `data` as one whole reply after which the connection stays open."""
        end = data.find(_END) + len(_END)
        length = len(data) - end
        if end > _LONGEST or b"transfer-encoding" in headers or headers.get(b"content-length") != b"%d" % length:
            return
        if len(self._known) == _MOST:
            self._known.clear()
        self._known[data[:end]] = status, headers, length
