"""A contract diff as Markdown, for a comment on a pull request."""

from ..contract.contract_diff import ContractDiff
from .contract_diff_words import MEANINGS, conclusion, groups, title
from .markdown_text import as_code, as_text


def render_contract_diff_markdown(diff: ContractDiff) -> str:
    """The verdict first, then the changes by kind, the worst first; those that break nothing in a part to unfold."""
    parts = [
        f"### MCP contract diff: {as_text(title(diff))}",
        f"**{as_text(conclusion(diff))}**",
        f"- Old: {as_code(diff.old_source)}\n- New: {as_code(diff.new_source)}",
    ]
    for kind, changes in groups(diff):
        heading = f"{kind.capitalize()}: {MEANINGS[kind]}"
        lines = "\n".join(f"- {as_code(change.where)}: {as_text(change.sentence)}" for change in changes)
        if kind == "compatible":
            parts += [f"<details><summary>{heading}</summary>", lines, "</details>"]
        else:
            parts += [f"#### {heading}", lines]
    return "\n\n".join(parts) + "\n"
