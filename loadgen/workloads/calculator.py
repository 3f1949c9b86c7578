"""The calculator's load: 40 % add, 30 % subtract, 20 % multiply, 10 % divide, each result known exactly."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..call import ToolCall
from ..client.session import Tool
from ..draw import Words
from .need import need

_OPERATIONS: dict[str, Callable[[float, float], float]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
}
_MIX = ("add",) * 4 + ("subtract",) * 3 + ("multiply",) * 2 + ("divide",)
_LARGEST = 100_000  # hundredths


class CalculatorWorkload:
    """A `Workload`: operands from -1000.00 to 1000.00, the second one never zero."""

    tools = tuple(_OPERATIONS)
    mix = "add 40 %, subtract 30 %, multiply 20 %, divide 10 %"

    def __init__(self, seed: int) -> None:
        self._words = Words(seed, "calculator")

    def choose(self, tools: Sequence[Tool]) -> tuple[str, ...]:
        """See `PlannedWorkload`."""
        return need(self.tools, tools, "calculator")

    def next_call(self, n: int) -> ToolCall:
        """See `Workload`; depends on seed and `n` alone."""
        rest, turn = divmod(self._words[n], len(_MIX))
        rest, first = divmod(rest, 2 * _LARGEST + 1)
        rest, size = divmod(rest, _LARGEST)
        tool = _MIX[turn]
        a, b = (first - _LARGEST) / 100, (size + 1 if rest % 2 else -size - 1) / 100
        return ToolCall(tool, {"a": a, "b": b}, {"result": _OPERATIONS[tool](a, b)})

    def find_fault(self, call: ToolCall, content: Mapping[str, Any]) -> str | None:
        """See `Workload`: the result is the float that IEEE 754 arithmetic gives, to the last bit."""
        got, expected = content.get("result"), call.expected["result"]
        if isinstance(got, (int, float)) and not isinstance(got, bool) and got == expected:
            return None
        return f"{call.tool}({call.arguments['a']}, {call.arguments['b']}) is {expected!r}, but the reply says {got!r}"

    def take_in(self, call: ToolCall, content: Mapping[str, Any]) -> None:
        """See `Workload`; no call needs what another one gave."""
