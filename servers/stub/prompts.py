"""The prompts of a contract."""

from collections.abc import Mapping
from typing import Any

from mcp_types import INVALID_PARAMS

from formats.contract import Contract

from .examples import Examples
from .made import prompt_result
from .outcome import Failure, Outcome
from .values import Key, canonical_text

_METHOD = "prompts/get"


class Prompts:
    """Those of one server."""

    def __init__(self, contract: Contract, examples: Examples, seed: int) -> None:
        self._entries = {str(entry["name"]): entry for entry in contract.prompts}
        self._examples = examples
        self._seed = seed

    def get(self, name: str, arguments: Mapping[str, Any]) -> Outcome:
        """What is answered to who asks for the prompt `name`."""
        example = self._examples.at(_METHOD, name, arguments)
        if example is not None:
            return example
        if name not in self._entries:
            return Failure(INVALID_PARAMS, f"Unknown prompt: {name!r}")
        missing = [argument for argument in _required(self._entries[name]) if argument not in arguments]
        if missing:
            return Failure(INVALID_PARAMS, "; ".join(f"{argument} is required" for argument in missing))
        return prompt_result(self._entries[name], Key(self._seed, _METHOD, name, canonical_text(arguments)))


def _required(entry: Mapping[str, Any]) -> list[str]:
    listed = entry.get("arguments")
    arguments = listed if isinstance(listed, list) else []
    return [str(each["name"]) for each in arguments if isinstance(each, dict) and each.get("required") is True]
