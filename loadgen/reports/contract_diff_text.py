"""A contract diff as text for people, 80 columns wide."""

from ..contract.change import Change
from ..contract.contract_diff import ContractDiff
from .contract_diff_words import MEANINGS, conclusion, groups, title
from .lines import RULE, wrapped

_LABEL = 10


def render_contract_diff_text(diff: ContractDiff) -> str:
    """All changes by kind, the worst first; the last line counts them and has the verdict."""
    head = [RULE, *wrapped(f"MCP contract diff: {title(diff)}"), RULE]
    head += [*_row("Old", diff.old_source), *_row("New", diff.new_source)]
    sections = [head]
    for kind, changes in groups(diff):
        heading = f"{kind.capitalize()}: {MEANINGS[kind]}"
        sections.append([heading, "-" * len(heading), *(line for change in changes for line in _change(change))])
    return "\n\n".join("\n".join(section) for section in [*sections, [conclusion(diff)]]) + "\n"


def _change(change: Change) -> list[str]:
    return wrapped(f"{change.where}: {change.sentence}", later=4)


def _row(label: str, value: str) -> list[str]:
    return wrapped(f"{label + ':':{_LABEL}}{value}", later=_LABEL)
