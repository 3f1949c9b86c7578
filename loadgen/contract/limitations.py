"""What a stub says that it cannot do: differences at those places are its own, and no finding about the contract."""

from collections.abc import Iterable, Iterator, Mapping

from .finding import Finding

EXCUSED = "stub.limitation"


def excused(findings: Iterable[Finding], limitations: Mapping[str, str]) -> Iterator[Finding]:
    """`findings`, those at a place in `limitations`, or below one, as limitations with their reason."""
    for finding in findings:
        reason = next((why for place, why in limitations.items() if _is_in(finding.where, place)), None)
        if reason is None:
            yield finding
        else:
            yield Finding(EXCUSED, finding.where, f"{finding.sentence}; the stub says: {reason}")


def read_limitations(health: object) -> Mapping[str, str]:
    """The limitations in a document of /health; none when it has none, or is no stand-in's: others excuse nothing."""
    found = health.get("limitations") if isinstance(health, dict) and health.get("testbed") is True else None
    return {str(place): str(reason) for place, reason in found.items()} if isinstance(found, dict) else {}


def _is_in(where: str, place: str) -> bool:
    return where == place or where.startswith((f"{place}.", f"{place}["))
