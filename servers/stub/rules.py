"""The `responses` of one tool: which rule applies to a call, what it remembers, and how it answers."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from formats.contract_responses import ARGUMENTS, CALL, UUID, AnswerTemplate, Response
from formats.template import Lookup, Place, Template, as_text

from .made import ToolResults
from .memory import Memory
from .outcome import Failure, Outcome, refused
from .schemas import Check
from .values import Key

_log = logging.getLogger(__name__)


class Rules:
    """Those of one tool, the first of which that applies answers.

    Args:
        responses: the rules.
        results: of the tool.
        defaults: of its arguments, by name.
        memory: the server's.
        seed: of the ids.
    """

    def __init__(
        self,
        responses: Sequence[Response],
        results: ToolResults,
        defaults: Mapping[str, Any],
        memory: Memory,
        seed: int,
    ) -> None:
        self._rules = [_Rule(response, results) for response in responses]
        self.are_pure = not any(rule.depends_on_calls for rule in self._rules)
        """Whether the same arguments are always answered alike."""
        self._defaults = dict(defaults)
        self._memory = memory
        self._seed = seed

    def answer(self, tool: str, arguments: Mapping[str, Any], n: int) -> Outcome | None:
        """What the first rule says that applies to the `n`-th call of `tool`; None when none does."""
        given = {**self._defaults, **arguments}
        names: dict[str, Any] = {ARGUMENTS: given, CALL: {"n": n}}
        if not self.are_pure:
            names[UUID] = Key(self._seed, "uuid", tool, str(n)).uuid()
        for rule in self._rules:
            if rule.is_for(arguments):
                outcome = rule.answer(names, self._memory)
                if outcome is not None:
                    return outcome
        return None


class _Rule:
    def __init__(self, response: Response, results: ToolResults) -> None:
        self._when = None if response.when is None else Check(response.when)
        self._get = {name: Template(key) for name, key in response.get.items()}
        self._set = [(Template(key), Template(value)) for key, value in response.set.items()]
        self._answer = _Answer(response, results)
        self._missing = None if response.missing is None else _Answer(response.missing, results)
        names = {place.name for _, place in response.places()}
        self.depends_on_calls = bool(self._get or self._set or names & {CALL, UUID})
        """Whether calls with the same arguments may be answered differently."""

    def is_for(self, arguments: Mapping[str, Any]) -> bool:
        """Whether the arguments fit `when`."""
        return self._when is None or self._when.is_met(dict(arguments))

    def answer(self, known: Mapping[str, Any], memory: Memory) -> Outcome | None:
        """What it says, and what it does to `memory`; None when nothing is there and it does not say what then."""
        names = dict(known)

        def lookup(place: Place) -> Any:
            return place.into(names.get(place.name))

        for name, key in self._get.items():
            found = memory.get(as_text(key.render(lookup)))
            if not found:
                return None if self._missing is None else self._missing.render(lookup)
            names[name] = found[0]
        for key, value in self._set:
            memory.set(as_text(key.render(lookup)), value.render(lookup))
        return self._answer.render(lookup)


class _Answer:
    def __init__(self, answer: AnswerTemplate, results: ToolResults) -> None:
        self._kind = answer.kind
        self._template = Template(answer.template[answer.kind])
        self._results = results
        self._is_told = False
        """That it breaks the outputSchema: once, it may be meant."""

    def render(self, lookup: Lookup) -> Outcome:
        value = self._template.render(lookup)
        match self._kind:
            case "tool_error":
                return refused(as_text(value))
            case "error":
                return Failure(value["code"], as_text(value["message"]), value["data"])
        result: dict[str, Any] = self._results.of(value) if self._kind == "structured" else value
        if not self._is_told and result.get("isError") is not True and not self._results.is_kept_by(result):
            self._is_told = True
            name, problems = self._results.name, self._results.problems(result)
            _log.error("a response of %s breaks its outputSchema: %s; it is %.500s", name, problems, result)
        return result
