"""Results that nobody wrote down: what a tool, a resource or a prompt answers by its entry in the contract alone."""

import base64
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from .places import moved
from .schemas import CannotUse, Check
from .values import Key

TEXT = {
    "type": "object",
    "required": ["type", "text"],
    "properties": {"type": {"const": "text"}, "text": {"type": "string"}},
}
_WRAPPED = "x-fastmcp-wrap-result"
_TEXTUAL = ("application/javascript", "application/toml", "application/x-yaml", "application/yaml")
"""Types beside text/… that are text as it stands."""


class ToolResults:
    """What one tool answers, by its outputSchema if it has one.

    Args:
        entry: of the tool.
    """

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self.name = str(entry["name"])
        self.output = entry.get("outputSchema")
        self.fault: str | None = None
        """Why its outputSchema cannot be kept, None when it can."""
        self.is_wrapped = isinstance(self.output, dict) and self.output.get(_WRAPPED) is True
        """Whether the answer is the member `result` of the structuredContent, as FastMCP wraps what is no object."""
        self._check: Check | None = None
        if self.output is not None:
            try:
                self._check = Check(self.output)
            except CannotUse as error:
                self.fault = f"the outputSchema cannot be used: {error}"

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of its results."""
        properties: dict[str, Any] = {"content": {"type": "array", "items": TEXT, "minItems": 1, "maxItems": 1}}
        if self.output is not None:
            properties["structuredContent"] = moved(self.output, "#/properties/structuredContent")
        return {"type": "object", "required": list(properties), "properties": properties}

    def make(self, key: Key, attempt: int = 0) -> dict[str, Any] | None:
        """A result, a function of `key` and `attempt`; None when none was found that fits the outputSchema."""
        if self.output is None:
            return _result(f"{self.name}: {key.word('text', attempt)}")
        found = () if self._check is None else key.fitting(self.output, self._check, "output", attempt)
        return self.of(found[0]) if found else None

    def of(self, structured: Any) -> dict[str, Any]:
        """The result with this structuredContent, whose JSON is its text."""
        return {**_result(self.text_of(structured)), "structuredContent": structured}

    def text_of(self, structured: Any) -> str:
        """What servers write beside a structuredContent for clients that read none."""
        wrapped = self.is_wrapped and isinstance(structured, dict) and "result" in structured
        shown = structured["result"] if wrapped else structured
        return shown if isinstance(shown, str) and wrapped else to_json(shown).decode()

    def finished(self, result: dict[str, Any]) -> dict[str, Any]:
        """`result` with the text of its structuredContent."""
        return {**result, **self.of(result["structuredContent"])} if "structuredContent" in result else result

    def is_kept_by(self, result: Mapping[str, Any]) -> bool:
        """Whether `result` keeps what the tool promises."""
        if self._check is None:
            return True
        return "structuredContent" in result and self._check.is_met(result["structuredContent"])

    def problems(self, result: Mapping[str, Any]) -> str:
        """What of the tool's promise `result` does not keep, in clauses; empty when it keeps it."""
        if self._check is None:
            return ""
        if "structuredContent" not in result:
            return "it has no structuredContent"
        return self._check.problems(result["structuredContent"], "structuredContent")


def _result(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], "isError": False}


def read_result(uri: str, entry: Mapping[str, Any], key: Key, attempt: int = 0) -> dict[str, Any]:
    """What a read of `uri` gives, in the kind that `entry` (of a resource or a template) says."""
    kind = entry.get("mimeType")
    name = str(entry.get("title") or entry.get("name") or uri)
    content: dict[str, Any] = {"uri": uri}
    if isinstance(kind, str):
        content["mimeType"] = kind
    return {
        "contents": [content | _body(kind if isinstance(kind, str) else "text/plain", name, key.word("text", attempt))]
    }


def read_schema(uri: str) -> dict[str, Any]:
    """Of such results."""
    content = {"required": ["uri"], "properties": {"uri": {"const": uri}, "text": {"type": "string"}}}
    contents = {"type": "array", "minItems": 1, "maxItems": 1, "items": {"type": "object", **content}}
    return {"type": "object", "required": ["contents"], "properties": {"contents": contents}}


def _body(kind: str, name: str, word: str) -> dict[str, str]:
    bare = kind.partition(";")[0].strip().lower()
    text = f"{name}: {word}"
    if bare == "application/json" or bare.endswith("+json"):
        return {"text": to_json({"name": name, "value": word}).decode()}
    if bare in ("text/html", "application/xhtml+xml") or bare.endswith("+html"):
        return {"text": f"<!doctype html><title>{_escaped(name)}</title><p>{_escaped(text)}</p>"}
    if bare.endswith(("/xml", "+xml")):
        return {"text": f"<text>{_escaped(text)}</text>"}
    if bare.startswith("text/") or bare in _TEXTUAL:
        return {"text": text}
    return {"blob": base64.b64encode(text.encode()).decode()}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def prompt_result(entry: Mapping[str, Any], key: Key, attempt: int = 0) -> dict[str, Any]:
    """The one message of a prompt."""
    text = f"{entry.get('title') or entry['name']}: {key.word('text', attempt)}"
    described = {"description": entry["description"]} if isinstance(entry.get("description"), str) else {}
    return {**described, "messages": [{"role": "user", "content": {"type": "text", "text": text}}]}


PROMPT_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["messages"],
    "properties": {
        "messages": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {
                "type": "object",
                "required": ["role", "content"],
                "properties": {"role": {"enum": ["user", "assistant"]}, "content": TEXT},
            },
        }
    },
}
