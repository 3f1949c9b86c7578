"""Changes of some rules of a profile (`PATCH`), and the way back from what is wrong with the result. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from formats.errors import Finding, InvalidDocument
from formats.nearest import did_you_mean

_RULE = re.compile(r"rules\[(\d+)\](.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Merged:
    """A profile with changes in it."""

    document: Any
    origins: Sequence[int | None] = ()
    """For each of its rules: which of the rules in the changes it comes from; None: from none of them."""
    known: Sequence[str] = ()
    """Names of the rules before."""

    def as_written(self, finding: Finding) -> Finding:
        """What is wrong with the document, as a finding about the changes, as far as they are what it is about."""
        found = _RULE.fullmatch(finding.way)
        if found is None or not isinstance(self.document, dict):
            return finding
        number = int(found[1])
        rule, origin = self.document["rules"][number], self.origins[number]
        name = rule.get("name") if isinstance(rule, dict) else None
        if origin is None:
            return replace(finding, what=f"{finding.what} (in the rule {name} that is in place)")
        what = finding.what
        if found[2] == ".do" and isinstance(name, str) and name not in self.known:
            what += f": no rule is named {name} yet{did_you_mean(name, self.known)}"
        return replace(finding, way=f"rules[{origin}]{found[2]}", what=what)


def merge(base: Mapping[str, Any], changes: Any) -> Merged:
    """`base` with `changes` in it: keys that are given replace, null takes a key away; rules are merged by name.

    A rule that is known gets the keys that are given, null takes a key away, `do: null` the rule; others are added at
    the end. What has a wrong type is left as it is.

    Raises:
        InvalidDocument: two changes are for the same rule, or one takes away a rule that there is not.
    """
    if not isinstance(changes, dict):
        return Merged(changes)
    merged = {**base, **{key: value for key, value in changes.items() if key != "rules"}}
    merged = {key: value for key, value in merged.items() if value is not None}
    given = changes.get("rules", [])
    if not isinstance(given, list):
        return Merged({**merged, "rules": given})
    rules: dict[str, Any] = {rule["name"]: rule for rule in base.get("rules", ())}
    known = tuple(rules)
    _refuse_what_names_no_rule(given, known)
    origins: dict[str, int] = {}
    nameless = []
    for number, change in enumerate(given):
        name = change.get("name") if isinstance(change, dict) else None
        if not isinstance(name, str):
            nameless.append((number, change))
            continue
        origins[name] = number
        both = {**rules.get(name, {}), **change}
        rules[name] = {key: value for key, value in both.items() if value is not None or key == "do"}
    kept = [(origins.get(name), rule) for name, rule in rules.items() if rule.get("do", "") is not None]
    numbered = (*kept, *nameless)
    return Merged({**merged, "rules": [rule for _, rule in numbered]}, [number for number, _ in numbered], known)


def _refuse_what_names_no_rule(given: Sequence[Any], known: Sequence[str]) -> None:
    findings: list[Finding] = []
    first: dict[str, int] = {}
    for number, change in enumerate(given):
        name = change.get("name") if isinstance(change, dict) else None
        if not isinstance(name, str):
            continue
        way = f"rules[{number}].name"
        if first.setdefault(name, number) != number:
            findings.append(Finding(way, f"{name} is the name of rules[{first[name]}] already"))
        elif change.get("do", "") is None and name not in known:
            findings.append(Finding(way, f"names no rule that could be taken away{did_you_mean(name, known)}"))
    if findings:
        raise InvalidDocument("body", findings)
