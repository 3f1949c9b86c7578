"""A contract diff as text for people, 80 columns wide."""

import textwrap

from ..contract.change import Change
from ..contract.contract_diff import ContractDiff
from .contract_diff_words import MEANINGS, conclusion, groups, title

_WIDTH = 80
_LABEL = 10


def render_contract_diff_text(diff: ContractDiff) -> str:
    """All changes by kind, the worst first; the last line counts them and has the verdict."""
    rule = "=" * _WIDTH
    head = [rule, *_wrapped(f"MCP contract diff: {title(diff)}"), rule]
    head += [*_row("Old", diff.old_source), *_row("New", diff.new_source)]
    sections = [head]
    for kind, changes in groups(diff):
        heading = f"{kind.capitalize()}: {MEANINGS[kind]}"
        sections.append([heading, "-" * len(heading), *(line for change in changes for line in _change(change))])
    return "\n\n".join("\n".join(section) for section in [*sections, [conclusion(diff)]]) + "\n"


def _change(change: Change) -> list[str]:
    return _wrapped(f"{change.where}: {change.sentence}", later=4)


def _row(label: str, value: str) -> list[str]:
    return _wrapped(f"{label + ':':{_LABEL}}{value}", later=_LABEL)


def _wrapped(text: str, later: int = 0) -> list[str]:
    return textwrap.wrap(text, _WIDTH, subsequent_indent=" " * later, break_on_hyphens=False)
