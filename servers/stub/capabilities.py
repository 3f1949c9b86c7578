"""What a stub says that it can: of what the server said, in each era, all that the stub really does."""

from collections.abc import Mapping
from typing import Any, get_args

from formats.contract import Contract, Entry, Era

ERAS: tuple[Era, ...] = get_args(Era)

_PARTS: dict[str, frozenset[str]] = {
    "completions": frozenset(),
    "logging": frozenset(),
    "prompts": frozenset({"listChanged"}),
    "resources": frozenset({"listChanged", "subscribe"}),
    "tools": frozenset({"listChanged"}),
}
"""Capabilities that a stub has, and the parts of them."""
_EXTENSIONS = "extensions"
_APPS = "io.modelcontextprotocol/ui"
"""An extension that is nothing but entries and resources, which a stub has as the server does."""
_REASONS = {
    "tasks": "a stand-in runs no tasks",
    "experimental": "a stand-in does not know what experiments mean",
}
_UNKNOWN = "a stand-in does not know what it means"


class Capabilities:
    """Those of one contract, and the methods that come with them."""

    def __init__(self, contract: Contract) -> None:
        self.limitations: dict[str, str] = {}
        """What the server said and the stub does not: reasons by place, `capabilities.tasks`."""
        self._claims = {era: self._claimed(_said(contract, era)) for era in ERAS}
        self._has = {
            "tools": bool(contract.tools),
            "resources": bool(contract.resources or contract.resource_templates),
            "prompts": bool(contract.prompts),
        }
        for example in contract.examples:
            self._has[example.method.partition("/")[0]] = True

    def of(self, era: Era) -> Entry:
        """What is said in `era`."""
        return self._claims[era]

    def serves(self, method: str, era: Era) -> bool:
        """Whether `method` is answered in `era`: methods of what a server has not are unknown to it."""
        claims = self._claims[era]
        match method:
            case "resources/subscribe" | "resources/unsubscribe":
                resources = claims.get("resources")
                return isinstance(resources, dict) and resources.get("subscribe") is True
            case "completion/complete":
                return "completions" in claims
            case "logging/setLevel":
                return "logging" in claims
        feature = method.partition("/")[0]
        return feature not in self._has or feature in claims or self._has[feature]

    def _claimed(self, said: Mapping[str, Any]) -> Entry:
        claims: Entry = {}
        for name, value in said.items():
            if name in _PARTS:
                claims[name] = self._kept(f"capabilities.{name}", value, _PARTS[name], _UNKNOWN)
            elif name == _EXTENSIONS:
                kept = self._kept(f"capabilities.{name}", value, frozenset({_APPS}), "a stand-in has no such extension")
                claims |= {name: kept} if kept else {}
            else:
                self.limitations[f"capabilities.{name}"] = _REASONS.get(name, _UNKNOWN)
        return claims

    def _kept(self, place: str, value: Any, parts: frozenset[str], reason: str) -> Any:
        if not isinstance(value, dict):
            return {}
        self.limitations |= {f"{place}.{part}": reason for part in value if part not in parts}
        return {part: each for part, each in value.items() if part in parts}


def _said(contract: Contract, era: Era) -> Mapping[str, Any]:
    """What the server said; what it said in the other era when it does not serve this one."""
    said = contract.capabilities
    if said:
        return said.get(era) or next(iter(said.values()))
    lists = {
        "tools": contract.tools,
        "resources": contract.resources or contract.resource_templates,
        "prompts": contract.prompts,
    }
    return {name: {} for name, entries in lists.items() if entries}
