"""Texts that match a regular expression, as far as it is one of the usual ones.

Understood are literals, classes, escapes, groups, alternatives and repetitions of ECMA 262. What looks around or back
is passed over, and anchors are taken for granted: whether the text matches is for the caller to check.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from .draw import Draw

Ranges = list[tuple[int, int]]
_Part = Callable[["_Writer"], str]

_MORE = 3
"""How much more often than it must be something without a bound is repeated at most, while nothing longer is asked."""
_MOST_STEPS = 5_000
_DEEPEST = 50
_PRINTABLE: Ranges = [(0x20, 0x7E)]
_LETTERS, _DIGITS = [(0x61, 0x7A)], [(0x30, 0x39)]
_WORD = [*_LETTERS, (0x41, 0x5A), *_DIGITS, (0x5F, 0x5F)]
_SETS: dict[str, Ranges] = {
    "d": _DIGITS,
    "w": _WORD,
    "s": [(0x20, 0x20)],
    "D": _LETTERS,
    "W": [(0x2D, 0x2D)],
    "S": _LETTERS,
}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0"}
_SURROGATES, _LAST = range(0xD800, 0xE000), 0x10FFFF
_HEX = re.compile(r"x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}")
_TIMES = re.compile(r"\{(\d{1,6})(,(\d{1,6})?)?\}")
_GROUP = re.compile(r"\?(?:(:)|<[A-Za-z_]\w*>|(<?[=!]))?")


class _NotUnderstoodError(Exception):
    pass


def pattern_text(pattern: str, draw: Draw, least: int = 0) -> str | None:
    """A text that matches `pattern`, drawn, of about `least` characters or more where it may be; None: no idea."""
    try:
        return _Writer(draw, max(_MORE, least)).write(_parsed(pattern))
    except _NotUnderstoodError:
        return None


@lru_cache(256)
def _parsed(pattern: str) -> _Part:
    parser = _Parser(pattern)
    part = parser.alternatives(0)
    if parser.at < len(pattern):
        raise _NotUnderstoodError
    return part


class _Writer:
    """One text on its way."""

    def __init__(self, draw: Draw, more: int) -> None:
        self.draw = draw
        self.more = more
        self._steps = 0

    def write(self, part: _Part) -> str:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise _NotUnderstoodError
        return part(self)

    def one_of(self, ranges: Ranges) -> str:
        low, high = ranges[self.draw.below(len(ranges))]
        return chr(self.draw.between(low, high))


class _Parser:
    """One expression, read from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self.at = 0

    def alternatives(self, depth: int) -> _Part:
        if depth > _DEEPEST:
            raise _NotUnderstoodError
        branches = [self._sequence(depth)]
        while self._take("|"):
            branches.append(self._sequence(depth))
        if len(branches) == 1:
            return branches[0]
        return lambda writer: writer.write(branches[writer.draw.below(len(branches))])

    def _sequence(self, depth: int) -> _Part:
        parts: list[_Part] = []
        while self.at < len(self._pattern) and self._pattern[self.at] not in "|)":
            parts.append(self._repeated(self._atom(depth)))
        return lambda writer: "".join(writer.write(part) for part in parts)

    def _repeated(self, part: _Part) -> _Part:
        times = self._times()
        if times is None:
            return part
        self._take("?") or self._take("+")
        low, high = times

        def repeat(writer: _Writer) -> str:
            most = low + writer.more if high is None else min(high, low + writer.more)
            return "".join(writer.write(part) for _ in range(writer.draw.between(low, max(low, most))))

        return repeat

    def _times(self) -> tuple[int, int | None] | None:
        for sign, times in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                return times
        found = _TIMES.match(self._pattern, self.at)
        if found is None:
            return None
        self.at = found.end()
        low = int(found[1])
        return low, (low if found[2] is None else None if found[3] is None else int(found[3]))

    def _atom(self, depth: int) -> _Part:
        sign = self._next()
        if sign == "(":
            return self._group(depth)
        if sign in "^$":
            return lambda _: ""
        if sign == "\\" and self._peek() in ("b", "B"):
            self.at += 1
            return lambda _: ""
        ranges = self._class() if sign == "[" else _LETTERS if sign == "." else self._ranges(sign)
        return lambda writer: writer.one_of(ranges)

    def _group(self, depth: int) -> _Part:
        found = _GROUP.match(self._pattern, self.at)
        self.at = found.end() if found else self.at
        inner = self.alternatives(depth + 1)
        if not self._take(")"):
            raise _NotUnderstoodError
        return (lambda _: "") if found and found[2] else inner

    def _class(self) -> Ranges:
        is_negated = self._take("^")
        ranges: Ranges = []
        while (sign := self._next()) != "]":
            one = self._ranges(sign)
            if self._peek() == "-" and self._pattern[self.at + 1 : self.at + 2] not in ("]", "") and _is_one(one):
                self.at += 1
                other = self._ranges(self._next())
                if not _is_one(other) or other[0][0] < one[0][0]:
                    raise _NotUnderstoodError
                one = [(one[0][0], other[0][0])]
            ranges += one
        found = _without(ranges) if is_negated else _shown(ranges)
        if not found:
            raise _NotUnderstoodError
        return found

    def _ranges(self, sign: str) -> Ranges:
        """The characters that `sign`, or the escape that it begins, stands for."""
        if sign != "\\":
            return [(ord(sign), ord(sign))]
        found = _HEX.match(self._pattern, self.at)
        if found is not None:
            self.at = found.end()
            code = int(found[1] or found[2] or found[3], 16)
            return _sound([(code, code)])
        escaped = self._next()
        if escaped in _SETS:
            return _SETS[escaped]
        if escaped in _CONTROLS:
            return [(ord(_CONTROLS[escaped]), ord(_CONTROLS[escaped]))]
        if escaped.isalnum():  # back references, properties of characters
            raise _NotUnderstoodError
        return [(ord(escaped), ord(escaped))]

    def _peek(self) -> str:
        return self._pattern[self.at : self.at + 1]

    def _next(self) -> str:
        if self.at >= len(self._pattern):
            raise _NotUnderstoodError
        self.at += 1
        return self._pattern[self.at - 1]

    def _take(self, sign: str) -> bool:
        if self._peek() != sign:
            return False
        self.at += 1
        return True


def _is_one(ranges: Ranges) -> bool:
    return len(ranges) == 1 and ranges[0][0] == ranges[0][1]


def _without(ranges: Ranges) -> Ranges:
    """Letters, digits and then other printable characters that are none of `ranges`."""
    for wanted in (_LETTERS, _DIGITS, _PRINTABLE):
        codes = [code for low, high in wanted for code in range(low, high + 1)]
        left = [code for code in codes if not any(low <= code <= high for low, high in ranges)]
        if left:
            return [(code, code) for code in left]
    return []


def _shown(ranges: Ranges) -> Ranges:
    """The printable part of each of `ranges`, or its beginning when it has none."""
    shown = []
    for low, high in ranges:
        first, last = max(low, _PRINTABLE[0][0]), min(high, _PRINTABLE[0][1])
        shown.append((first, last) if first <= last else (low, low))
    return _sound(shown)


def _sound(ranges: Ranges) -> Ranges:
    if any(low in _SURROGATES or low > _LAST for low, _ in ranges):  # no characters
        raise _NotUnderstoodError
    return ranges
