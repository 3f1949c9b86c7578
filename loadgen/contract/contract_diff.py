"""Two contracts, what changed between them, and whether that is too much."""

from dataclasses import dataclass
from typing import Literal

from formats.contract import Contract

from .change import RANKS, Change, Kind, counted
from .surface_diff import diff_surfaces

FailOn = Literal["breaking", "unknown", "review"]


@dataclass(frozen=True, slots=True)
class ContractDiff:
    """The changes from `old` to `new`, read from files of these names; every report is a function of it.

    `fail_on` is the mildest kind of change that is too much.
    """

    old_source: str
    new_source: str
    old: Contract
    new: Contract
    changes: tuple[Change, ...]
    fail_on: FailOn

    @property
    def counts(self) -> dict[Kind, int]:
        """Changes of each kind."""
        return counted(self.changes)

    def fails(self, change: Change) -> bool:
        """Whether `change` is too much."""
        return RANKS[change.kind] <= RANKS[self.fail_on]

    @property
    def passed(self) -> bool:
        """Whether no change is too much."""
        return not any(map(self.fails, self.changes))


def diff_contracts(old_source: str, old: Contract, new_source: str, new: Contract, fail_on: FailOn) -> ContractDiff:
    """Compare both."""
    return ContractDiff(old_source, new_source, old, new, diff_surfaces(old, new), fail_on)
