"""The criteria of a plan, as they can be judged on the target that was found."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from .catalogue import EVERY_OPERATION, SESSION_CREATION, operation_metric
from .client.modern import MODERN
from .thresholds import Threshold


def criteria_for(
    thresholds: Sequence[Threshold], tools: Sequence[str], protocol: str
) -> tuple[tuple[Threshold, ...], tuple[str, ...]]:
    """The criteria, each on `operation_*_ms` once for every tool, and what the report has to say about them.

    Where the protocol has no sessions, those about sessions are left out. A plan that has no others keeps them, and
    fails for want of data: to judge nothing is not to pass.
    """
    everything = tuple(_for_tools(thresholds, tools))
    left_out = [each for each in everything if protocol == MODERN and each.metric == SESSION_CREATION.name]
    judged = tuple(each for each in everything if each not in left_out)
    if not left_out or not judged:
        return everything, ()
    told = "; ".join(f"{each.metric_text}: {each}" for each in left_out)
    return judged, (f"MCP {protocol} has no sessions, so this was not judged: {told}.",)


def _for_tools(thresholds: Iterable[Threshold], tools: Sequence[str]) -> Iterator[Threshold]:
    for threshold in thresholds:
        if threshold.metric == EVERY_OPERATION:
            yield from (replace(threshold, metric=operation_metric(tool).name) for tool in tools)
        else:
            yield threshold
