"""Names for calls, by which a server that knows them can tell which one it got."""


class CallKeys:
    """`<run>/<tool>/<n>`, where n counts the calls of that tool from 1 in the order in which they are begun.

    >>> keys = CallKeys("r1")
    >>> keys.next("add"), keys.next("divide"), keys.next("add")
    ('r1/add/1', 'r1/divide/1', 'r1/add/2')
    """

    __slots__ = ("_counts", "_run_id")

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._counts: dict[str, int] = {}

    def next(self, tool: str) -> str:
        """The key of the next call of `tool`."""
        self._counts[tool] = n = self._counts.get(tool, 0) + 1
        return f"{self._run_id}/{tool}/{n}"
