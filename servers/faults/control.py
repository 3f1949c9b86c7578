"""What can be done to a running server's faults; the control API without HTTP."""

import asyncio
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Any

import yaml
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from formats.errors import InvalidInput, complaint
from formats.fixtures import bundled_fixtures
from formats.strict_yaml import repeated_keys

from ..errors import ControlRefused
from ..wire.call import CALL_KEY_META, PROTOCOL_VERSIONS, Call, parse_call
from .journal import Journal, RuleCount
from .match import era_of
from .model import NO_FAULTS, Profile
from .plane import Plane
from .profile import parse_profile, read_profile, refuse_tricks

BODY = "body"
"""What complaints call the profile in a request."""

_EMPTY = {"version": 1, "rules": []}
_NEVER = RuleCount()
_SENTENCE = re.compile(r"[^:]*(?::(?P<line>\d+))?: (?P<what>.*)", re.DOTALL)
_KEY = re.compile(r"[A-Za-z_][\w.\[\]-]*")
_CLIENT_INFO = "io.modelcontextprotocol/clientInfo"


class Control:
    """Changes and describes the faults of one server. Lives in its event loop.

    Args:
        plane: what is in place.
        journal: what was injected.
        tools: names of the server's tools.
        effects: what can stand under `do`.
        changed: called with each profile that is put in place.
        forget: called at a reset, for what the server itself remembers.
    """

    def __init__(
        self,
        plane: Plane,
        journal: Journal,
        tools: Collection[str],
        effects: Mapping[str, Any],
        changed: Callable[[Profile], None] = lambda _: None,
        forget: Callable[[], None] = lambda: None,
    ) -> None:
        self.plane = plane
        self.journal = journal
        self.tools = tools
        self.effects = effects
        self.changed = changed
        self.forget = forget
        self._before: Mapping[str, RuleCount] = {}
        """Counts of the rules when the profile was put in place: earlier ones may have had rules of the same names."""

    def state(self) -> dict[str, Any]:
        """The profile in place, and how it fares."""
        plane = self.plane
        profile = plane.profile
        return {
            "generation": plane.generation,
            "paused": plane.paused,
            "elapsed_seconds": round(plane.elapsed, 3),
            "expires_in_seconds": None if plane.expires_in is None else round(plane.expires_in, 3),
            "seed": profile.seed,
            "rules": [
                {
                    "name": rule.name,
                    "effects": [effect.fault_type() for effect in rule.do],
                    "order_or_time": list(rule.order_or_time),
                    **self._counts(rule.name),
                }
                for rule in profile.rules
            ],
            "profile": dict(profile.document) or _EMPTY,
        }

    def _counts(self, rule: str) -> dict[str, int]:
        now, before = self.journal.by_rule.get(rule, _NEVER), self._before.get(rule, _NEVER)
        return {"matched": now.matched - before.matched, "injected": now.counted - before.counted}

    async def replace(self, text: str, seed: int | None, ttl: float | None, expected: Collection[int] | None) -> None:
        """Put the profile in `text`, YAML or JSON, in place.

        Args:
            text: the profile.
            seed: instead of its own.
            ttl: seconds after which it ends by itself.
            expected: generations of which one must still be in place; None: any.

        Raises:
            ControlRefused: it cannot be used, or another profile was put in place meanwhile.
        """
        self.check(expected)
        profile = await asyncio.to_thread(self._read, text, seed)
        self._put(profile, ttl, expected)

    async def merge(self, text: str, seed: int | None, ttl: float | None, expected: Collection[int] | None) -> None:
        """Merge the rules in `text` by their names into the profile in place; as `replace`, which begins it anew.

        A rule that is known gets the keys that are given, null takes a key away, `do: null` the rule; others are added
        at the end. Without `ttl` it ends when it would have ended.
        """
        self.check(expected)
        generation = self.plane.generation
        profile = await asyncio.to_thread(self._merged, text, seed)
        if ttl is None:
            ttl = self.plane.expires_in
        self._put(profile, ttl, (generation,) if expected is None else expected)

    async def apply(self, preset: str, seed: int | None, ttl: float | None, expected: Collection[int] | None) -> None:
        """Put a bundled profile in place; as `replace`."""
        self.check(expected)
        if preset not in bundled_fixtures("faults"):
            names = ", ".join(bundled_fixtures("faults")) or "none"
            raise ControlRefused(404, "not_found", "preset", f"there is no preset of that name; they are {names}")
        profile = await asyncio.to_thread(self._read_preset, preset, seed)
        self._put(profile, ttl, expected)

    def clear(self, expected: Collection[int] | None) -> None:
        """No faults any more.

        Raises:
            ControlRefused: another profile was put in place meanwhile.
        """
        self._put(NO_FAULTS, None, expected)

    def reset(self) -> None:
        """Begin anew: counts, times, queues, journal, and what the server itself can forget."""
        self.forget()
        self.plane.reset()
        self.journal.reset()
        self._before = {}

    def check(self, expected: Collection[int] | None) -> None:
        """Refuse when none of these generations is in place."""
        generation = self.plane.profile and self.plane.generation  # asking for the profile ends one that is over
        if expected is not None and generation not in expected:
            raise ControlRefused(409, "conflict", "If-Match", f"generation {generation} is in place by now")

    def preview(self, document: object) -> dict[str, Any]:
        """What would befall a call, if it came next. Nothing is counted.

        Raises:
            ControlRefused: it is no description of a call.
        """
        try:
            call = _CallKeys.model_validate(document).call()
        except ValidationError as error:
            problems = [(".".join(map(str, e["loc"])), complaint(e)) for e in error.errors()]
            raise _refusal(400, "invalid", problems) from error
        return {
            "generation": self.plane.generation,
            "paused": self.plane.paused,
            "hits": [
                {
                    "rule": hit.rule.name,
                    "effect": hit.effect.fault_type(),
                    "phase": hit.effect.phase(),
                    "n": hit.n,
                    "draw": hit.draw,
                    "expected": hit.effect.expects(call),
                    "order_or_time": list(hit.rule.order_or_time),
                }
                for hit in self.plane.preview(call)
            ],
        }

    async def presets(self) -> list[dict[str, Any]]:
        """The bundled profiles."""
        return await asyncio.to_thread(lambda: self._presets)

    @cached_property
    def _presets(self) -> list[dict[str, Any]]:
        profiles = {name: self._read_preset(name, None) for name in bundled_fixtures("faults")}
        return [
            {"name": name, "description": profile.description, "rules": [rule.name for rule in profile.rules]}
            for name, profile in profiles.items()
        ]

    def _read(self, text: str, seed: int | None) -> Profile:
        yaml_text = as_yaml(text)
        try:
            return parse_profile(yaml_text, BODY, self.effects, self.tools, seed)
        except InvalidInput as error:
            problems = [_split(problem, lines=yaml_text == text) for problem in error.problems]
            raise _refusal(400, "invalid_profile", problems) from error

    def _read_preset(self, name: str, seed: int | None) -> Profile:
        try:
            return read_profile(name, self.effects, self.tools, seed)
        except InvalidInput as error:
            raise _refusal(
                400, "invalid_profile", [_split(problem, lines=False) for problem in error.problems]
            ) from error

    def _merged(self, text: str, seed: int | None) -> Profile:
        changes = _document(text)
        base = dict(self.plane.profile.document) or _EMPTY
        return self._read(json.dumps(_merge(base, changes), default=str, skipkeys=True), seed)

    def _put(self, profile: Profile, ttl: float | None, expected: Collection[int] | None) -> None:
        self.check(expected)
        self.plane.swap(profile, ttl)
        self._before = {rule: replace(count) for rule, count in self.journal.by_rule.items()}
        self.changed(profile)


class _CallKeys(BaseModel):
    """A call as a person describes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str = "tools/call"
    tool: str | None = None
    arguments: dict[str, Any] = {}
    protocol: str = HANDSHAKE_PROTOCOL_VERSIONS[-1]
    session: str | None = None
    client: str | None = None
    headers: dict[str, str] = {}
    key: str | None = None
    """The client's name for the call, `<run>/<tool>/<n>`."""

    @field_validator("protocol", mode="before")
    @classmethod
    def _be_known(cls, given: object) -> object:
        version = given.isoformat() if isinstance(given, date) else given  # YAML reads 2025-11-25 as a date
        if version not in PROTOCOL_VERSIONS:
            raise ValueError(f"should be one of {', '.join(PROTOCOL_VERSIONS)}")
        return version

    def call(self) -> Call:
        """What the wire would make of it."""
        params: dict[str, Any] = {"_meta": {}}
        if self.method == "tools/call":
            params |= {"name": self.tool, "arguments": self.arguments}
        if self.client is not None:
            params["_meta"][_CLIENT_INFO] = params["clientInfo"] = {"name": self.client}
        if self.key is not None:
            params["_meta"][CALL_KEY_META] = self.key
        if self.method == "initialize":
            params["protocolVersion"] = self.protocol
        headers = {"mcp-protocol-version": self.protocol} if self.method != "initialize" else {}
        if self.session is not None and era_of(self.protocol) == "handshake":
            headers["mcp-session-id"] = self.session
        headers |= {name.lower(): value for name, value in self.headers.items()}
        message = {"jsonrpc": "2.0", "id": 1, "method": self.method, "params": params}
        sent = [
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in headers.items()
        ]
        try:
            body = json.dumps(message, default=str, skipkeys=True)
        except (ValueError, RecursionError) as error:
            raise ControlRefused(400, "invalid", "arguments", "arguments cannot be written as JSON") from error
        return parse_call(sent, body.encode())


def document_of(text: str) -> object:
    """JSON, or else YAML, as plain values.

    Raises:
        ControlRefused: it is neither.
    """
    return _document(text)


def _document(text: str) -> Any:
    found, document = _from_json(text)
    if found:
        return document
    try:
        refuse_tricks(text, "the body")
        twice = [f"the body: {key.value} is given twice" for key in repeated_keys(yaml.compose(text, yaml.SafeLoader))]
        document = yaml.safe_load(text)
    except InvalidInput as error:
        raise ControlRefused(400, "invalid", "", "; ".join(error.problems)) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(getattr(error, "problem", None) or "nothing that can be read").split())
        raise ControlRefused(400, "invalid", "", f"neither JSON nor YAML: {reason}") from error
    if twice:
        raise ControlRefused(400, "invalid", "", "; ".join(twice))
    return document


def as_yaml(text: str) -> str:
    """What YAML reads as the same: some JSON (tabs, 1e-7, escaped halves of characters) is none."""
    found, document = _from_json(text)
    return _dump(document) if found else text


def _from_json(text: str) -> tuple[bool, Any]:
    try:
        return True, json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return False, None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key is given twice")  # YAML's reader says where
    return dict(pairs)


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _dump(document: Any) -> str:
    try:
        return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ControlRefused(400, "invalid", "", "is nested too deeply, or holds what cannot be written") from error


def _merge(base: Mapping[str, Any], changes: Any) -> Any:
    if not isinstance(changes, dict):
        return changes
    merged = {**base, **{key: value for key, value in changes.items() if key != "rules"}}
    merged = {key: value for key, value in merged.items() if value is not None}
    given = changes.get("rules", [])
    if not isinstance(given, list):
        return {**merged, "rules": given}
    rules = {rule["name"]: rule for rule in base.get("rules", ())}
    nameless = []
    for change in given:
        name = change.get("name") if isinstance(change, dict) else None
        if not isinstance(name, str):
            nameless.append(change)
        elif name in rules or change.get("do", "") is not None:
            both = {**rules.get(name, {}), **change}
            rules[name] = {key: value for key, value in both.items() if value is not None or key == "do"}
    kept = [rule for rule in rules.values() if rule.get("do", "") is not None]
    return {**merged, "rules": [*kept, *nameless]}


def _split(problem: str, *, lines: bool) -> tuple[str, str]:
    """A sentence of the parser, `body:3: rules[0].name is required`, as the key and the sentence without the file."""
    found = _SENTENCE.fullmatch(problem)
    if found is None:
        return "", problem
    key = found["what"].partition(" ")[0]
    line = f"line {found['line']}: " if lines and found["line"] else ""
    return (key if _KEY.fullmatch(key) and key != "the" else ""), line + found["what"]


def _refusal(status: int, error: str, problems: list[tuple[str, str]]) -> ControlRefused:
    field, reason = problems[0]
    return ControlRefused(status, error, field, reason, problems)
