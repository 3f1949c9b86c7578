"""What a workload for one kind of server needs of it."""

from collections.abc import Sequence

from ..client.session import Tool
from ..errors import NothingMeasured


def need(wanted: Sequence[str], tools: Sequence[Tool], kind: str) -> tuple[str, ...]:
    """All of `wanted`.

    Raises:
        NothingMeasured: the target has not all of them; the sentence asks whether it is a `kind` server.
    """
    known = {tool.name for tool in tools}
    missing = [name for name in wanted if name not in known]
    if missing:
        has = ", ".join(sorted(known)) or "no tools"
        raise NothingMeasured(f"the server has no {', '.join(missing)} (it has {has}); is that a {kind} server?")
    return tuple(wanted)
