"""A calculator that leaks a known number of bytes per call, per second, or none, and says so on /metrics.

    with leaky(bytes_per_second=2000) as url:
        ...

It really keeps the bytes. Its `process_resident_memory_bytes` is computed, though, since the real one is that of the
test process as well: a base, the bytes leaked so far in whole pages, and seeded noise. So the slope is known: an hour
leaks 3,600 times `bytes_per_second`, and `bytes_per_call` times the calls.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

from loadgen.clock import Clock, SystemClock
from tests.support.calculator_app import CalculatorApp, served

BASE_BYTES = 50_000_000
PAGE_BYTES = 4096
NOISE_BYTES = 20_000.0


class Leaky:
    """The model; `work` is one call."""

    def __init__(
        self,
        clock: Clock,
        bytes_per_call: int = 0,
        bytes_per_second: float = 0.0,
        noise_bytes: float = NOISE_BYTES,
        seed: int = 1,
    ) -> None:
        self._clock = clock
        self._began = clock.now()
        self._bytes_per_call = bytes_per_call
        self._bytes_per_second = bytes_per_second
        self._noise_bytes = noise_bytes
        self._chance = random.Random(seed)
        self._kept: list[bytes] = []
        self._leaked_by_time = 0
        self.leaked = 0

    async def work(self) -> None:
        self._keep(self._bytes_per_call)

    def resident_bytes(self) -> int:
        """What /metrics says now."""
        due = int((self._clock.now() - self._began) * self._bytes_per_second) - self._leaked_by_time
        self._leaked_by_time += due
        self._keep(due)
        noise = self._chance.gauss(0, self._noise_bytes)
        return BASE_BYTES + self.leaked // PAGE_BYTES * PAGE_BYTES + int(noise)

    def _keep(self, size: int) -> None:
        self._kept.append(b"\1" * size)  # written to: untouched pages would not be resident
        self.leaked += size


@contextmanager
def leaky(
    bytes_per_call: int = 0,
    bytes_per_second: float = 0.0,
    noise_bytes: float = NOISE_BYTES,
    seed: int = 1,
    clock: Clock | None = None,
) -> Iterator[str]:
    """Serve it; gives the URL of its MCP endpoint, beside which /metrics is."""
    model = Leaky(clock or SystemClock(), bytes_per_call, bytes_per_second, noise_bytes, seed)

    def metrics() -> str:
        values = {
            "process_resident_memory_bytes": model.resident_bytes(),
            "mcp_server_active_sessions": len(app.sessions),
        }
        return "".join(f"# TYPE {name} gauge\n{name} {value}\n" for name, value in values.items())

    app = CalculatorApp(model.work, metrics)
    with served(app) as url:
        yield url
