"""`type` and `enum` of two views: which values are accepted now and were not, and the other way round."""

import json
from collections.abc import Mapping
from typing import Any

from . import wording
from .finding import Finding, judged, proven
from .pair import Pair
from .view import TYPES, types_of

View = Mapping[str, Any]


def type_findings(pair: Pair, old: View, new: View, where: str) -> list[Finding]:
    """What differs; `type` and `enum` of the wide side are proven where nothing that blocks is found."""
    if "enum" in old and "enum" in new:
        return _both_enums(pair, old, new, where)
    found: list[Finding] = []
    if "enum" in old or "enum" in new:
        gained = "enum" in old
        listed = old["enum"] if gained else new["enum"]
        answer = pair.demanded(old, new, "enum")
        found.append(judged(answer, where, wording.limited(listed, pair.position, gained=gained)))
    before, after = types_of(dict(old)), types_of(dict(new))
    for gained, names in ((False, before - after), (True, after - before)):
        # Besides an enum that is new or gone, only what narrows is worth a word.
        narrows = gained is not pair.is_input
        if not names or (found and not narrows) or (found and "type" not in (new if pair.is_input else old)):
            continue
        say = wording.typed if TYPES in (before, after) else wording.types
        sentence = say(after if say is wording.typed and not gained else names, pair.position, gained=gained)
        found.append(judged(pair.demanded(old, new, "type"), where, sentence) if narrows else proven(where, sentence))
    return found


def _both_enums(pair: Pair, old: View, new: View, where: str) -> list[Finding]:
    before, after = ({json.dumps(each, sort_keys=True): each for each in side["enum"]} for side in (old, new))
    lost = [value for text, value in before.items() if text not in after]
    gained = [value for text, value in after.items() if text not in before]
    found: list[Finding] = []
    for is_gain, listed in ((False, lost), (True, gained)):
        if not listed:
            continue
        sentence = wording.values(listed, pair.position, gained=is_gain)
        narrows = is_gain is not pair.is_input
        found.append(judged(pair.demanded(old, new, "enum"), where, sentence) if narrows else proven(where, sentence))
    return found
