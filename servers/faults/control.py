"""What can be done to a running server's faults; the control API without HTTP."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from formats.errors import InvalidDocument
from formats.fixtures import bundled_fixtures
from formats.nearest import did_you_mean

from ..errors import ControlRefused
from .body import BODY, as_yaml, dumped, profile_of, read_body, refusal
from .call_keys import CallKeys
from .journal import Journal, RuleCount
from .model import NO_FAULTS, Profile
from .patch import merge
from .plane import Plane
from .profile import parse_profile, read_profile

_EMPTY = {"version": 1, "rules": []}
_NEVER = RuleCount()


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

        Without `ttl` it ends when it would have ended.
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
            names = tuple(bundled_fixtures("faults"))
            near = f"{did_you_mean(preset, names)}; they are {', '.join(names)}"
            raise ControlRefused(404, "not_found", "preset", f"preset {preset} is not known{near}")
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

    def preview(self, text: str) -> dict[str, Any]:
        """What would befall the call that `text` describes, if it came next. Nothing is counted.

        Raises:
            ControlRefused: it is no description of a call.
        """
        call = read_body(text, CallKeys).call()
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
        except InvalidDocument as error:
            raise refusal(error.findings, "invalid_profile", lines=yaml_text == text) from error

    def _read_preset(self, name: str, seed: int | None) -> Profile:
        try:
            return read_profile(name, self.effects, self.tools, seed)
        except InvalidDocument as error:
            raise refusal(error.findings, "invalid_profile", lines=False) from error

    def _merged(self, text: str, seed: int | None) -> Profile:
        try:
            merged = merge(dict(self.plane.profile.document) or _EMPTY, profile_of(text))
        except InvalidDocument as error:
            raise refusal(error.findings, "invalid_profile") from error
        profile = dumped(merged.document)
        try:
            return parse_profile(profile, BODY, self.effects, self.tools, seed)
        except InvalidDocument as error:
            findings = [merged.as_written(found) for found in error.findings]
            raise refusal(findings, "invalid_profile", lines=False) from error

    def _put(self, profile: Profile, ttl: float | None, expected: Collection[int] | None) -> None:
        self.check(expected)
        self.plane.swap(profile, ttl)
        self._before = {rule: replace(count) for rule, count in self.journal.by_rule.items()}
        self.changed(profile)
