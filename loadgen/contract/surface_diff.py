"""What changed between two contracts, all in all: what the server offers, and what it says of itself.

Examples are no part of it: they are how a contract is checked, not what it promises.
"""

from collections.abc import Iterator

from formats.contract import Contract, Identity

from .capability_diff import diff_capabilities, diff_versions
from .change import Change, ordered
from .entry_diff import diff_entries, diff_prompt, diff_resource
from .place import member
from .text_diff import text_change
from .tool_diff import alike, diff_tools, new_tool
from .values import became


def diff_surfaces(old: Contract, new: Contract) -> tuple[Change, ...]:
    """The changes, in the order of `change.ordered`."""
    return ordered(_changes(old, new))


def _changes(old: Contract, new: Contract) -> Iterator[Change]:
    yield from _identity(old.server, new.server)
    if old.instructions != new.instructions:
        yield text_change(old.instructions, new.instructions, "instructions")
    yield from diff_versions(old.protocol_versions, new.protocol_versions, "protocol_versions")
    yield from diff_capabilities(old.capabilities, new.capabilities, "capabilities")
    yield from _tools(old, new)
    yield from diff_entries(old.resources, new.resources, "uri", "resources", diff_resource)
    templates = old.resource_templates, new.resource_templates
    yield from diff_entries(*templates, "uriTemplate", "resource_templates", diff_resource)
    yield from diff_entries(old.prompts, new.prompts, "name", "prompts", diff_prompt)


def _identity(old: Identity, new: Identity) -> Iterator[Change]:
    if old.name != new.name:
        yield Change("review", "server.name", f"{became(old.name, new.name)}: is it the same server?")
    if old.version != new.version:
        yield Change("compatible", "server.version", became(old.version, new.version))
    if old.title != new.title:
        yield text_change(old.title, new.title, "server.title")


def _tools(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = ({str(tool["name"]): tool for tool in side.tools} for side in (old, new))
    added = [after[name] for name in after if name not in before]
    for name, tool in before.items():
        if name in after:
            yield from diff_tools(tool, after[name])
            continue
        renamed = [str(each["name"]) for each in added if alike(tool, each)]
        hint = f"; {', '.join(renamed)}, which is new, takes and gives the same: was it renamed?" if renamed else ""
        yield Change("breaking", member("tools", name), f"is gone{hint}")
    for tool in added:
        yield from new_tool(tool)
