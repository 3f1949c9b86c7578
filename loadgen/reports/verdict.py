"""The verdict on a run in one sentence."""

from ..result import RunResult


def verdict_sentence(result: RunResult) -> str:
    """PASS or FAIL, and by what."""
    word = "PASS" if result.passed else "FAIL"
    return f"{word}: {'; '.join(_reasons(result))}"


def percent(part: int, whole: int) -> str:
    """Two decimals, never rounded up: 99.999 % is not 100 %."""
    return f"{10_000 * part // whole / 100:.2f} %"


def _reasons(result: RunResult) -> list[str]:
    reasons = ["interrupted, figures up to then"] if result.interrupted else []
    if result.aborted is not None:
        reasons.append(f"ended early by a criterion ({result.aborted})")
    if result.min_success is not None:
        sign = ">=" if result.succeeded_enough else "<"
        rate = percent(result.measured.ok, result.measured.calls)
        reasons.append(f"success rate {rate} {sign} {result.min_success:g} % (--min-success)")
    criteria = [verdict for verdict in result.verdicts if not verdict.threshold.stretch]
    if criteria:
        met = sum(verdict.status == "pass" for verdict in criteria)
        reasons.append(f"{met} of {len(criteria)} criteria met")
    gated = [finding for finding in result.findings if finding.target is not None and not finding.stretch]
    if gated:
        met = sum(not finding.fails for finding in gated)
        reasons.append(f"{met} of {len(gated)} targets met")
    return reasons or ["no criteria were set, so nothing was judged"]
