"""What a rule can do: one class per fault, and the keys by which a profile names their families."""

from collections.abc import Mapping
from typing import Any

from .capacity import Capacity
from .http import Http
from .jsonrpc import Jsonrpc
from .latency import Latency
from .result import Result
from .session import Session
from .sse import Sse

EFFECTS: Mapping[str, type[Any]] = {
    "latency": Latency,
    "capacity": Capacity,
    "http": Http,
    "sse": Sse,
    "jsonrpc": Jsonrpc,
    "result": Result,
    "session": Session,
}
"""By the key under `do`: what reads its settings into an `Effect`."""
