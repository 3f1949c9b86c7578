"""A contract diff in words, for the reports that people read."""

from collections.abc import Iterator, Mapping

from formats.contract import Contract

from ..contract.change import KINDS, Change, Kind
from ..contract.contract_diff import ContractDiff

MEANINGS: Mapping[Kind, str] = {
    "breaking": "clients of the old contract may fail",
    "unknown": "could not be proven to be compatible",
    "review": "words and promises for a person to read",
    "compatible": "clients of the old contract go on",
}


def groups(diff: ContractDiff) -> Iterator[tuple[Kind, list[Change]]]:
    """The changes by kind, the worst first; kinds without a change are left out."""
    for kind in KINDS:
        changes = [change for change in diff.changes if change.kind == kind]
        if changes:
            yield kind, changes


def server_name(contract: Contract) -> str:
    """Name and version."""
    return f"{contract.server.name} {contract.server.version}".rstrip()


def title(diff: ContractDiff) -> str:
    """Which servers are compared."""
    old, new = server_name(diff.old), server_name(diff.new)
    return old if old == new else f"{old} → {new}"


def conclusion(diff: ContractDiff) -> str:
    """The last line: how many of each kind, and the verdict."""
    verdict = "PASS" if diff.passed else "FAIL"
    if not diff.changes:
        return f"{verdict}: nothing changed"
    counts = ", ".join(f"{count} {'to review' if kind == 'review' else kind}" for kind, count in diff.counts.items())
    return f"{verdict}: {counts} (--fail-on {diff.fail_on})"
