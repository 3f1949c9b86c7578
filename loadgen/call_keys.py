"""Names for calls, by which a server that knows them can tell which one it got."""

from urllib.parse import quote


class CallKeys:
    """`<run>/<tool>/<n>`, where n counts the calls of that tool from 1 in the order in which they are begun.

    A header carries them, so a name with more than printable ASCII is percent-encoded.

    >>> keys = CallKeys("r1")
    >>> keys.next("add"), keys.next("divide"), keys.next("add")
    ('r1/add/1', 'r1/divide/1', 'r1/add/2')
    >>> keys.next("größe")
    'r1/gr%C3%B6%C3%9Fe/1'
    """

    __slots__ = ("_counts", "_run_id")

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._counts: dict[str, int] = {}

    def next(self, tool: str) -> str:
        """The key of the next call of `tool`."""
        self._counts[tool] = n = self._counts.get(tool, 0) + 1
        name = tool if tool.isascii() and tool.isprintable() else quote(tool)
        return f"{self._run_id}/{name}/{n}"
