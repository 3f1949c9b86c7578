"""The word that somebody may have meant."""

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches


def did_you_mean(word: str, known: Iterable[str], how_near: float = 0.6) -> str:
    """The nearest of the `known` words, as the end of a clause about `word`, which is none that fits; or nothing.

    Of words that are equally near it is the first. `how_near` is the least share of letters in common, from 0 to 1.

    >>> did_you_mean("latncy", ["latency", "http"])
    ' (did you mean latency?)'
    """
    others = [each for each in known if each != word]
    near = get_close_matches(word, others, max(1, len(others)), how_near)
    if len(near) > 1:
        matcher = SequenceMatcher(b=word)
        ratios = {each: _ratio(matcher, each) for each in near}
        near = [each for each in others if ratios.get(each) == ratios[near[0]]]
    return f" (did you mean {near[0]}?)" if near else ""


def _ratio(matcher: SequenceMatcher[str], word: str) -> float:
    matcher.set_seq1(word)
    return matcher.ratio()
