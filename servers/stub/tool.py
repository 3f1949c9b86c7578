"""One tool of a contract, in the form that answers its calls on the fast lane and behind FastMCP alike."""

import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic_core import from_json, to_json

from formats.contract import UNCOMPARED

from ..wire.compiled import Answer
from .made import ToolResults
from .memory import Memory
from .outcome import Failure, Outcome, refused
from .rules import Rules
from .schemas import CannotUse, Check
from .values import Key, canonical_text

_log = logging.getLogger(__name__)

_MOST_REMEMBERED, _LONGEST_REMEMBERED = 1024, 1024
"""How many answers of one tool are remembered, and how many bytes of arguments those are for have."""
_APART = UNCOMPARED | {"isError"}
"""Members of a result that are written around it, or are about the exchange."""

NO_ANSWER = "no_answer"
"""What the text begins with where no result could be made up that keeps what the tool promises."""


class StubTool:
    """One tool.

    Args:
        entry: of the tool, as the server listed it.
        results: what it answers when nobody wrote that down.
        examples: how calls are answered, by the canonical text of their arguments.
        rules: how others are.
        memory: the server's.
        seed: of what is made up.
    """

    def __init__(
        self,
        entry: Mapping[str, Any],
        results: ToolResults,
        examples: Mapping[str, Outcome],
        rules: Rules,
        memory: Memory,
        seed: int,
    ) -> None:
        self.name = str(entry["name"])
        self.meta: dict[str, Any] = {"fastmcp": {"wrap_result": True}} if results.is_wrapped else {}
        """`_meta` of each result that is no error."""
        self.fault: str | None = None
        """Why its inputSchema cannot be used, so that any arguments do."""
        self._results = results
        self._examples = examples
        self._rules = rules
        self._memory = memory
        self._seed = seed
        self._is_told = False
        """That there is not always a result."""
        self._input: Check | None = None
        try:
            self._input = Check(entry["inputSchema"])
        except CannotUse as error:
            self.fault = f"the inputSchema cannot be used, any arguments are taken: {error}"
        self._remembered = lru_cache(_MOST_REMEMBERED)(self._answer_to)

    async def answer(self, arguments: dict[str, Any]) -> Answer:
        """What a call is answered with.

        Raises:
            MCPError: the answer is a JSON-RPC error.
        """
        if self._rules.are_pure:
            written = to_json(arguments, inf_nan_mode="constants")
            if len(written) <= _LONGEST_REMEMBERED:
                answer = self._remembered(written)
            else:
                answer = _written(self._outcome(arguments, 0))
        else:
            answer = _written(self._outcome(arguments, self._memory.count(self.name)))
        if isinstance(answer, Failure):
            raise answer.exception()
        return answer

    def _answer_to(self, written: bytes) -> Answer | Failure:
        return _written(self._outcome(from_json(written), 0))

    def _outcome(self, arguments: Mapping[str, Any], n: int) -> Outcome:
        """What becomes of the `n`-th call."""
        canonical = canonical_text(arguments)
        example = self._examples.get(canonical)
        if example is not None:
            return example
        problems = "" if self._input is None else self._input.problems(arguments, "arguments")
        if problems:
            return refused(f"invalid_arguments: {problems}.")
        by_rule = self._rules.answer(self.name, arguments, n)
        if by_rule is not None:
            return by_rule
        made = self._results.make(Key(self._seed, "tools/call", self.name, canonical))
        return self._unanswered() if made is None else made

    def _unanswered(self) -> Outcome:
        if not self._is_told:
            self._is_told = True
            _log.error("nothing that fits the outputSchema of %s was found for some arguments", self.name)
        return refused(f"{NO_ANSWER}: nothing that fits the outputSchema of {self.name} was found.")


def _written(outcome: Outcome) -> Answer | Failure:
    if isinstance(outcome, Failure):
        return outcome
    is_error = outcome.get("isError") is True
    members = {key: value for key, value in outcome.items() if key not in _APART}
    return Answer(to_json(members or {"content": []}, inf_nan_mode="null")[1:-1], is_error)
