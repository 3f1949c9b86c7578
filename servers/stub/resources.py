"""Reads of the resources and templates of a contract."""

from typing import Any

from fastmcp.resources.template import match_uri_template
from mcp_types import INVALID_PARAMS

from formats.contract import Contract, Era

from .examples import Examples
from .made import read_result
from .outcome import Failure, Outcome
from .values import Key

_METHOD = "resources/read"
_NOT_FOUND = {"handshake": -32002, "modern": INVALID_PARAMS}
"""The code that each era's specification has for a resource that is not there."""


class Resources:
    """Those of one server."""

    def __init__(self, contract: Contract, examples: Examples, seed: int) -> None:
        self._entries = {str(entry["uri"]): entry for entry in contract.resources}
        self._templates = [(str(entry["uriTemplate"]), entry) for entry in contract.resource_templates]
        self._examples = examples
        self._seed = seed

    def read(self, uri: str, era: Era) -> Outcome:
        """What a read of `uri` is answered with."""
        example = self._examples.at(_METHOD, uri, {})
        if example is not None:
            return example
        entry = self._entry(uri)
        if entry is None:
            return Failure(_NOT_FOUND[era], f"Resource not found: {uri!r}", {"uri": uri})
        return read_result(uri, entry, Key(self._seed, _METHOD, uri))

    def _entry(self, uri: str) -> dict[str, Any] | None:
        if uri in self._entries:
            return self._entries[uri]
        fitting = (entry for template, entry in self._templates if match_uri_template(uri, template) is not None)
        return next(fitting, None)
