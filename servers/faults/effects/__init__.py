"""What a rule can do: one class per fault, and the keys by which a profile names their families."""

from collections.abc import Mapping
from typing import Any

from .capacity import Capacity
from .http import Http
from .latency import Latency

EFFECTS: Mapping[str, type[Any]] = {"latency": Latency, "capacity": Capacity, "http": Http}
"""By the key under `do`: what reads its settings into an `Effect`."""
