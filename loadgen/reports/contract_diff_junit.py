"""A contract diff as JUnit XML: a case for each thing that a server offers, red where it changed too much."""

from collections.abc import Iterator

from ..contract.change import Change
from ..contract.contract_diff import ContractDiff
from ..contract.lists import LISTS
from ..contract.place import member
from .clean import clean
from .contract_diff_words import conclusion, server_name
from .junit_case import Case, render_suite

_OWN = ("server", "instructions", "protocol_versions", "capabilities")


def render_contract_diff_junit(diff: ContractDiff) -> bytes:
    """One suite with a case for the verdict, for what the server says of itself, and for each entry of its lists.

    The comparison takes no time and happens at no time: what is of it is in the files.
    """
    sentence = conclusion(diff)
    cases = [Case("verdict", "verdict", "" if diff.passed else sentence, sentence if diff.passed else "")]
    cases += [_case(group, place, diff) for group, place in _things(diff)]
    properties = [
        ("old", f"{diff.old_source}: {server_name(diff.old)}"),
        ("new", f"{diff.new_source}: {server_name(diff.new)}"),
        ("fail_on", diff.fail_on),
    ]
    return render_suite("contract-diff", cases, [(key, clean(value)) for key, value in properties], 0.0, "")


def _things(diff: ContractDiff) -> Iterator[tuple[str, str]]:
    for place in _OWN:
        yield "server", place
    for section, listed in LISTS.items():
        names = {str(entry[listed.key]) for side in (diff.old, diff.new) for entry in getattr(side, section)}
        for name in sorted(names):
            yield section, member(section, name)


def _case(group: str, place: str, diff: ContractDiff) -> Case:
    of_it = [change for change in diff.changes if _is_in(change.where, place)]
    failing = [change for change in of_it if diff.fails(change)]
    others = [change for change in of_it if not diff.fails(change)]
    return Case(group, clean(place), _told(failing), _told(others))


def _is_in(where: str, place: str) -> bool:
    return where == place or where.startswith((f"{place}.", f"{place}["))


def _told(changes: list[Change]) -> str:
    told: str = clean("\n".join(f"{change.kind}: {change.where}: {change.sentence}" for change in changes))
    return told
