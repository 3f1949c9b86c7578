"""How often each tool is called, relative to the others."""

from collections.abc import Mapping, Sequence
from math import gcd


def turns(weights: Mapping[str, int]) -> tuple[str, ...]:
    """Each tool as often as its weight says, in lowest terms: a call draws one of these."""
    common = gcd(*weights.values())
    return tuple(tool for tool, weight in weights.items() for _ in range(weight // common))


def in_words(drawn: Sequence[str]) -> str:
    """The share of each tool among the turns that are `drawn`, for people."""
    shares = {tool: 100 * drawn.count(tool) / len(drawn) for tool in dict.fromkeys(drawn)}
    return ", ".join(f"{tool} {share:.0f} %" for tool, share in shares.items())
