"""The calculator's load: 40 % add, 30 % subtract, 20 % multiply, 10 % divide, each result known exactly."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from formats.draw import Words

from ..call import ToolCall
from ..client.session import Tool
from .mix import in_words, turns
from .need import need

_OPERATIONS: dict[str, Callable[[float, float], float]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
}
MIX: Mapping[str, int] = {"add": 40, "subtract": 30, "multiply": 20, "divide": 10}
Numbers = Literal["small", "large", "decimals", "negatives"]


@dataclass(frozen=True, slots=True)
class _Range:
    """Operands: the whole numbers from `least` to `most`, divided by `parts`."""

    least: int
    most: int
    parts: int


_EVERYDAY = _Range(-100_000, 100_000, 100)  # -1000.00 to 1000.00
_RANGES: dict[Numbers, _Range] = {  # so far from the largest float that no result overflows
    "small": _Range(-100, 100, 1),
    "large": _Range(-(10**12), 10**12, 1),
    "decimals": _Range(-10_000_000, 10_000_000, 10_000),  # -1000 to 1000 in steps of 0.0001
    "negatives": _Range(-100_000, -1, 100),  # -1000.00 to -0.01
}
NUMBERS: tuple[Numbers, ...] = get_args(Numbers)


class CalculatorWorkload:
    """A `Workload`: operands from -1000.00 to 1000.00, or of the range `numbers`, the second one never zero.

    `mix` says how often each operation is made relative to the others; None: 40, 30, 20 and 10.
    """

    tools = tuple(_OPERATIONS)

    def __init__(self, seed: int, mix: Mapping[str, int] | None = None, numbers: Numbers | None = None) -> None:
        self._firsts, self._seconds = Words(seed, "calculator"), Words(seed, "calculator", "second")
        self._turns = turns(mix or MIX)
        self._called = tuple(mix or MIX)
        drawn_from = _EVERYDAY if numbers is None else _RANGES[numbers]
        self._least, self._parts = drawn_from.least, drawn_from.parts
        self._count = drawn_from.most - drawn_from.least + 1
        self._skips_zero = drawn_from.least <= 0 <= drawn_from.most
        self._seconds_count = self._count - self._skips_zero
        self._one_word = self._count * self._count * len(self._turns) < 1 << 60

    @property
    def mix(self) -> str:
        """See `PlannedWorkload`."""
        return in_words(self._turns)

    def choose(self, tools: Sequence[Tool]) -> tuple[str, ...]:
        """See `PlannedWorkload`."""
        return need(self._called, tools, "calculator")

    def next_call(self, n: int) -> ToolCall:
        """See `Workload`; depends on seed and `n` alone."""
        rest, turn = divmod(self._firsts[n], len(self._turns))
        rest, first = divmod(rest, self._count)
        second = (rest if self._one_word else self._seconds[n]) % self._seconds_count
        tool, parts = self._turns[turn], self._parts
        a, b = first + self._least, second + self._least
        if b >= 0 and self._skips_zero:
            b += 1
        if parts > 1:
            return self._call(tool, a / parts, b / parts)
        return self._call(tool, a, b)

    def find_fault(self, call: ToolCall, content: Mapping[str, Any]) -> str | None:
        """See `Workload`: the result is the float that IEEE 754 arithmetic gives, to the last bit."""
        got, expected = content.get("result"), call.expected["result"]
        if isinstance(got, (int, float)) and not isinstance(got, bool) and got == expected:
            return None
        return f"{call.tool}({call.arguments['a']}, {call.arguments['b']}) is {expected!r}, but the reply says {got!r}"

    def take_in(self, call: ToolCall, content: Mapping[str, Any]) -> None:
        """See `Workload`; no call needs what another one gave."""

    @staticmethod
    def _call(tool: str, a: float, b: float) -> ToolCall:
        # Whole operands are sent as such, but the arithmetic is that of floats: their product may need more digits.
        return ToolCall(tool, {"a": a, "b": b}, {"result": _OPERATIONS[tool](float(a), float(b))})
