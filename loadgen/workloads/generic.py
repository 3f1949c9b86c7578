"""The load for any MCP server: its own tools, with arguments given, or drawn from each inputSchema."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from formats.draw import Words

from ..arguments import Arguments, UnusableSchemaError
from ..call import ToolCall
from ..client.session import Tool
from ..errors import NothingMeasured
from .mix import in_words, turns

_ARGUMENT_SETS = 64
"""Different arguments that are drawn for a tool before the run; calls pick among them."""


class GenericWorkload:
    """A `Workload`: tools by weight; results are checked against their outputSchema, since nothing else is known.

    Args:
        seed: what is drawn depends on it alone.
        weights: how often each tool is called relative to the others; empty: every tool that is annotated read-only.
        arguments: for all tools; None: drawn from each tool's inputSchema, 64 sets, each proven to fit it.
    """

    def __init__(self, seed: int, weights: Mapping[str, int], arguments: Mapping[str, Any] | None = None) -> None:
        self._seed = seed
        self._words = Words(seed, "generic")
        self._weights = weights
        self._given = arguments
        self._turns: tuple[str, ...] = ()
        self._sets: dict[str, list[Mapping[str, Any]]] = {}

    @property
    def mix(self) -> str:
        """Which tools are called how often, for people."""
        return in_words(self._turns)

    def choose(self, tools: Sequence[Tool]) -> tuple[str, ...]:
        """The tools of the target that the run calls; draws their arguments.

        Raises:
            NothingMeasured: there is no such tool, none that may be called unasked, or no arguments that fit.
        """
        known = {tool.name: tool for tool in tools}
        weights = self._weights or {tool.name: 1 for tool in tools if tool.annotations.get("readOnlyHint") is True}
        missing = [name for name in weights if name not in known]
        if missing:
            raise NothingMeasured(f"the server has no {', '.join(missing)}; it has {_listed(known)}")
        if not weights:
            raise NothingMeasured(
                f"no tool is annotated read-only, so none is called unasked; name some (it has {_listed(known)})"
            )
        self._turns = turns(weights)
        self._sets = {name: self._arguments(known[name]) for name in weights}
        return tuple(weights)

    def next_call(self, n: int) -> ToolCall:
        """See `Workload`; depends on seed and `n` alone."""
        rest, turn = divmod(self._words[n], len(self._turns))
        tool = self._turns[turn]
        sets = self._sets[tool]
        return ToolCall(tool, sets[rest % len(sets)], {})

    def find_fault(self, call: ToolCall, content: Mapping[str, Any]) -> str | None:
        """See `Workload`; what fits the outputSchema is right."""

    def take_in(self, call: ToolCall, content: Mapping[str, Any]) -> None:
        """See `Workload`; no call needs what another one gave."""

    def _arguments(self, tool: Tool) -> list[Mapping[str, Any]]:
        try:
            arguments = Arguments(tool.name, tool.input_schema, self._seed)
        except UnusableSchemaError as error:
            raise NothingMeasured(str(error)) from error
        if self._given is not None:
            fault = arguments.fault(self._given)
            if fault is not None:
                raise NothingMeasured(f"the arguments given do not fit the inputSchema of {tool.name}: {fault}")
            return [self._given]
        fitting: list[Mapping[str, Any]] = list(islice(arguments.fitting(), _ARGUMENT_SETS))
        if not fitting:
            raise NothingMeasured(f"no arguments that fit the inputSchema of {tool.name} could be drawn; give them")
        return fitting


def _listed(tools: Mapping[str, Tool]) -> str:
    return ", ".join(sorted(tools)) or "no tools"
