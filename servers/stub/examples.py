"""The examples of a contract as answers: one for each thing that was asked, made at the start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from formats.contract import Contract, Example

from .expected import Subject, outcome_for
from .made import PROMPT_SCHEMA, ToolResults, prompt_result, read_result, read_schema
from .outcome import Outcome
from .schemas import Check
from .values import Key, canonical_text

Asked = tuple[str, str, str]
"""Method, name or uri, canonical text of the arguments."""


@dataclass
class Examples:
    """The answers."""

    outcomes: dict[Asked, Outcome] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    """Why an example has none, by its place in the contract."""

    def of(self, method: str, name: str) -> dict[str, Outcome]:
        """The answers for one tool or prompt, by the canonical text of its arguments."""
        return {
            arguments: outcome
            for (each_method, each_name, arguments), outcome in self.outcomes.items()
            if (each_method, each_name) == (method, name)
        }

    def at(self, method: str, name: str, arguments: Mapping[str, Any]) -> Outcome | None:
        """The answer for one call."""
        return self.outcomes.get((method, name, canonical_text(arguments)))


def answer_examples(contract: Contract, results: Mapping[str, ToolResults], seed: int) -> Examples:
    """An answer for each example of `contract` that has one, a function of it and `seed`."""
    found = Examples()
    answered: dict[Asked, str] = {}
    for example in contract.examples:
        asked, place = _asked(example), f"examples.{example.name}"
        if asked in answered:
            found.faults[place] = f"asks for the same as {answered[asked]}, which is answered"
            continue
        outcome = outcome_for(example.expect, _subject(contract, example, results, asked, seed), _key(asked, seed))
        if outcome is None:
            found.faults[place] = "no result that meets its expectation was found"
        else:
            found.outcomes[asked], answered[asked] = outcome, example.name
    return found


def _asked(example: Example) -> Asked:
    name = example.tool or example.resource or example.prompt or ""
    return example.method, name, canonical_text(example.arguments)


def _key(asked: Asked, seed: int) -> Key:
    return Key(seed, *asked)


def _subject(
    contract: Contract, example: Example, results: Mapping[str, ToolResults], asked: Asked, seed: int
) -> Subject:
    key, name = _key(asked, seed), asked[1]
    if example.resource is not None:
        entry = next((each for each in contract.resources if each["uri"] == name), {"uri": name})
        schema = read_schema(name)
        return Subject(lambda attempt: read_result(name, entry, key, attempt), schema, Check(schema).is_met)
    if example.prompt is not None:
        entry = next((each for each in contract.prompts if each["name"] == name), {"name": name})
        return Subject(lambda attempt: prompt_result(entry, key, attempt), PROMPT_SCHEMA, Check(PROMPT_SCHEMA).is_met)
    tool = results.get(name) or ToolResults({"name": name})
    return Subject(lambda attempt: tool.make(key, attempt), tool.schema, tool.is_kept_by, tool.finished)
