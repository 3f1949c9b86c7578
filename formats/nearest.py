"""The word that somebody may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The nearest of the `known` words, as the end of a clause about `word`, which is none that fits; or nothing.

    >>> did_you_mean("latncy", ["latency", "http"])
    ' (did you mean latency?)'
    """
    near = get_close_matches(word, [each for each in known if each != word], 1)
    return f" (did you mean {near[0]}?)" if near else ""
