"""A believable JSON result of a load run of 13 minutes, made by formula from a seed: figures add up, none was measured.

The server slows down as users come, stops for a few seconds in the ninth minute, and never quite meets the criteria.
"""

import math
import random
from itertools import pairwise
from typing import Any

SECONDS = 780
STOP = range(522, 533)
"""The seconds in which the server hardly answered."""
_STAGES = ((0, 0), (60, 50), (360, 50), (420, 100), (720, 100), (780, 0))
_PHASES = ("ramp to 50", "hold 50", "ramp to 100", "hold 100", "ramp down")
_MIX = {"add": 0.4, "subtract": 0.3, "multiply": 0.2, "divide": 0.1}
_SLOWNESS = {"add": 0.97, "subtract": 0.98, "multiply": 1.01, "divide": 1.16}
_SHAPE = {"min": 0.18, "avg": 1.08, "med": 1.0, "max": 27.0, "p(90)": 1.52, "p(95)": 1.78, "p(99)": 2.65}
_ERRORS = {
    "timeout(total)": ("Timeout", 0.55, "no reply within 5 s of the call being sent"),
    "connection(reset)": ("Connection", 0.3, "127.0.0.1:8100 closed the connection before a reply: Connection reset"),
    "http(503)": ("HTTP", 0.15, 'status 503: {"error": "overloaded", "retry_after": 1}'),
}


def sample_document(seed: int = 7) -> dict[str, Any]:
    """The whole document, with every optional section."""
    timeline = _timeline(random.Random(seed))
    calls, failed = sum(timeline["calls"]), sum(timeline["failed"])
    median = _weighted(timeline["p50"], timeline["calls"])
    metrics = _metrics(timeline, calls, failed, median)
    return {
        **_head(calls, failed),
        "requests": _requests(calls, failed),
        "response_time": _summary(metrics["mcp_tool_call_duration_ms"]),
        "response_time_successful": _summary(_trend(calls - failed, median * 0.98)),
        "schedule_lag": _summary(_trend(0, 0)),
        "tools": {tool: _tool(tool, calls, failed, median) for tool in _MIX},
        "errors": [
            {"category": category, "label": label, "count": sum(timeline["errors"][label]), "example": example}
            for label, (category, _, example) in _ERRORS.items()
        ],
        "scenarios": [
            {
                "name": "load",
                "mix": "add 40 %, subtract 30 %, multiply 20 %, divide 10 %",
                "load": "up to 100 virtual users for 13m",
                "start_seconds": 0.0,
                "duration_seconds": float(SECONDS),
                "requests": _requests(calls, failed),
                "metrics": metrics,
            }
        ],
        "phases": [
            {"name": name, "scenario": "load", "start_seconds": float(start), "end_seconds": float(end)}
            for name, ((start, _), (end, _)) in zip(_PHASES, pairwise(_STAGES), strict=True)
        ],
        "timeline": timeline,
        "distribution": _distribution(calls, median),
        "metrics": metrics,
        **_judged(metrics, calls, failed),
    }


def _head(calls: int, failed: int) -> dict[str, Any]:
    passed = 100 * (calls - failed) / calls >= 99.9
    return {
        "version": 1,
        "workload": "calculator",
        "mix": "add 40 %, subtract 30 %, multiply 20 %, divide 10 %",
        "url": "http://127.0.0.1:8100/mcp",
        "server": "calculator",
        "protocol": "2025-11-25",
        "seed": 42,
        "run_id": "ab12cd34",
        "load": "up to 100 virtual users for 13m",
        "timeout_seconds": 5.0,
        "command": ["mcp-load", "run", "load", "--seed", "42", "--out", "html=load.html", "--out", "json=load.json"],
        "started_at": "2026-03-02T09:30:00+00:00",
        "duration_seconds": SECONDS + 0.4,
        "interrupted": False,
        "generator": {
            "limited": False,
            "loop_lag": _summary(_trend(39_000, 0.21)),
            "cpu_share": 0.34,
            "reason": None,
        },
        "sessions": {"opened": 100, "failed": 0, "lost": 0, "unfinished": 0, "creation": _summary(_trend(100, 6.1))},
        "assessment": {"success_rate": "excellent", "average_response_time": "excellent"},
        "targets": [],
        "notes": ["Durations named operation_<tool>_ms are response times: from due, not from sent."],
        "gate": {"passed": passed, "min_success_percent": 99.9},
        "plan": {
            "name": "load",
            "description": "Two plateaus of virtual users, 50 and 100, with ramps between them.",
            "scale": 1.0,
            "workload": "calculator",
            "aborted": None,
        },
        "environment": {"mcp_testbed": "0.1.0", "python": "3.11.7", "platform": "Linux-6.1-x86_64", "cpus": 8},
    }


def _timeline(rng: random.Random) -> dict[str, Any]:
    rows = [_second(at, rng) for at in range(SECONDS)]
    series: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0] if name != "errors"}
    series["errors"] = {label: [row["errors"][label] for row in rows] for label in _ERRORS}
    return {"interval_seconds": 1.0, **series}


def _second(at: int, rng: random.Random) -> dict[str, Any]:
    """What happened in one second of the run."""
    vus = round(_users(at))
    stopped = at in STOP
    noise = rng.gauss(1, 0.03)
    rate = 2_350 * (1 - math.exp(-vus / 26)) * noise * (0.08 if stopped else 1)
    calls = round(rate)
    p50 = 1000 * vus / (2_350 * (1 - math.exp(-vus / 26))) / 1.08 / noise if vus else None
    if p50 is not None:
        p50 *= (9 if stopped else 1) * (1 + 0.06 * math.sin(at / 17))
    lost = rng.randrange(20, 60) if stopped else int(rng.random() < 0.004)
    failed = min(lost, calls)
    slow = rng.lognormvariate(0, 0.05)
    errors = dict.fromkeys(_ERRORS, 0)
    for label in rng.choices(list(_ERRORS), [share for _, share, _ in _ERRORS.values()], k=failed):
        errors[label] += 1
    return {
        "at_seconds": at + 1.0,
        "seconds": 1.0,
        "calls": calls,
        "failed": failed,
        "errors": errors,
        "vus": vus,
        "target_rate": None,
        "dropped": 0,
        "p50": _times(p50, 1),
        "p95": _times(p50, 1.74 * slow),
        "p99": _times(p50, 2.5 * slow**2),
        "max": _times(p50, 4.2 * slow**3),
        "server_memory_bytes": 71_000_000 + round(62_000 * vus + 9_000 * at + rng.gauss(0, 150_000)),
        "server_sessions": vus,
    }


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else round(value * factor, 3)


def _users(at: int) -> float:
    for (start, low), (end, high) in pairwise(_STAGES):
        if at < end:
            return low + (high - low) * (at - start) / (end - start)
    return 0.0


def _weighted(values: list[float | None], weights: list[int]) -> float:
    pairs = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None]
    return sum(value * weight for value, weight in pairs) / sum(weight for _, weight in pairs)


def _trend(count: int, median: float) -> dict[str, float | None]:
    if not count:
        return {"count": 0, **dict.fromkeys(_SHAPE)}
    return {"count": count, **{name: round(median * factor, 4) for name, factor in _SHAPE.items()}}


def _summary(trend: dict[str, float | None]) -> dict[str, float | None]:
    names = {"min": "minimum", "avg": "average", "med": "median", "max": "maximum"}
    return {names.get(name, name.replace("(", "").replace(")", "")): value for name, value in trend.items()}


def _requests(calls: int, failed: int) -> dict[str, Any]:
    return {
        "total": calls,
        "successful": calls - failed,
        "failed": failed,
        "unfinished": 0,
        "dropped": 0,
        "due": calls,
        "success_rate_percent": 100 * (calls - failed) / calls,
        "per_second": calls / (SECONDS + 0.4),
    }


def _tool(tool: str, calls: int, failed: int, median: float) -> dict[str, Any]:
    total, bad = round(calls * _MIX[tool]), round(failed * _MIX[tool])
    return {
        "total": total,
        "successful": total - bad,
        "failed": bad,
        "success_rate_percent": 100 * (total - bad) / total,
        "outcomes": {"ok": total - bad, "timeout(total)": bad},
        "response_time": _summary(_trend(total, median * _SLOWNESS[tool])),
    }


def _metrics(timeline: dict[str, Any], calls: int, failed: int, median: float) -> dict[str, dict[str, float | None]]:
    service = median * 0.985
    counter: dict[str, float | None] = {"count": calls, "rate": calls / (SECONDS + 0.4)}
    return {
        "http_reqs": counter,
        "http_req_duration": _trend(calls, service),
        "http_req_duration{expected_response:true}": _trend(calls - failed, service * 0.98),
        "http_req_failed": {"rate": failed / calls, "passes": failed, "fails": calls - failed},
        "http_req_blocked": _trend(131, 0.4),
        "http_req_connecting": _trend(131, 0.3),
        "http_req_tls_handshaking": _trend(0, 0),
        "http_req_sending": _trend(calls, 0.012),
        "http_req_waiting": _trend(calls, service * 0.99),
        "http_req_receiving": _trend(calls, 0.021),
        "checks": {"rate": 1 - failed / calls, "passes": calls - failed, "fails": failed},
        "iterations": dict(counter),
        "iteration_duration": _trend(calls, median),
        "dropped_iterations": {"count": 0, "rate": 0.0},
        "vus": {"value": 0, "min": 0, "max": max(timeline["vus"])},
        "vus_max": {"value": 100, "min": 100, "max": 100},
        "data_sent": {"count": calls * 262, "rate": calls * 262 / (SECONDS + 0.4)},
        "data_received": {"count": calls * 318, "rate": calls * 318 / (SECONDS + 0.4)},
        "mcp_session_creation_ms": _trend(100, 6.1),
        "mcp_tool_call_duration_ms": _trend(calls, median),
        **{
            f"operation_{tool}_ms": _trend(round(calls * share), median * _SLOWNESS[tool])
            for tool, share in _MIX.items()
        },
    }


def _distribution(calls: int, median: float) -> dict[str, list[float]]:
    """One bin for every 8 % of time; log-normal, with a second small hump of the calls that met the stop."""
    upper = [0.5 * 1.08**n for n in range(130)]
    hump = [
        math.exp(-((math.log(each / median) / 0.42) ** 2) / 2)
        + 0.012 * math.exp(-((math.log(each / (9 * median)) / 0.3) ** 2) / 2)
        for each in upper
    ]
    return {"upper_ms": [round(each, 4) for each in upper], "count": [round(calls * each / sum(hump)) for each in hump]}


_CRITERIA: tuple[tuple[str, str, float, str, bool], ...] = (
    ("http_req_duration", "p(95)", 100, "ms", False),
    ("http_req_duration", "p(99)", 200, "ms", False),
    ("http_req_duration", "avg", 50, "ms", False),
    ("http_reqs", "rate", 1000, "/s", False),
    ("http_req_failed", "rate", 0.001, "", False),
    ("mcp_session_creation_ms", "p(95)", 100, "ms", False),
    ("mcp_tool_call_duration_ms", "p(95)", 50, "ms", False),
    *((f"operation_{tool}_ms", "p(95)", 50, "ms", False) for tool in _MIX),
    ("http_req_duration", "p(95)", 75, "ms", True),
    ("http_reqs", "rate", 2000, "/s", True),
    ("http_req_failed", "rate", 0.0005, "", True),
)


def _judged(metrics: dict[str, dict[str, float | None]], calls: int, failed: int) -> dict[str, Any]:
    """Everything that says pass or fail."""
    thresholds = [_threshold(metrics, *criterion) for criterion in _CRITERIA]
    required = [each for each in thresholds if not each["stretch"]]
    met = sum(each["status"] == "pass" for each in required)
    word = "PASS" if met == len(required) else "FAIL"
    return {
        "thresholds": thresholds,
        "checks": [
            {"name": "initialize: status is 200", "passes": 100, "fails": 0},
            {"name": "initialize: has session header", "passes": 100, "fails": 0},
            {"name": "tool call: status is 200", "passes": calls - failed, "fails": failed},
            {"name": "tool call: response is valid", "passes": calls - failed, "fails": 0},
        ],
        "findings": [
            {
                "name": "recovery",
                "sentence": "the rate was back 2 s after the server's stop at 8:42",
                "value": 2.0,
                "unit": "s",
                "target": "<10",
                "status": "pass",
                "stretch": False,
            },
            {
                "name": "memory growth",
                "sentence": "server memory grew 32.4 MB/h (95 % interval 32.1 to 32.7)",
                "value": 32.4,
                "unit": "MB/h",
                "target": None,
                "status": "info",
                "stretch": False,
            },
        ],
        "verdict": {
            "passed": met == len(required),
            "sentence": f"{word}: {met} of {len(required)} criteria met; 1 of 1 targets met",
        },
    }


def _threshold(
    metrics: dict[str, dict[str, float | None]], metric: str, aggregation: str, limit: float, unit: str, stretch: bool
) -> dict[str, Any]:
    operator = ">" if unit == "/s" else "<"
    measured = metrics[metric][aggregation]
    assert measured is not None
    return {
        "metric": metric,
        "tags": {},
        "expression": f"{aggregation}{operator}{limit:g}",
        "aggregation": aggregation,
        "operator": operator,
        "limit": float(limit),
        "unit": unit,
        "window_seconds": None,
        "measured": measured,
        "status": "pass" if (measured > limit if operator == ">" else measured < limit) else "fail",
        "stretch": stretch,
        "line": f"{metric}: {aggregation}={measured:g}{unit} (limit {operator} {limit:g}{unit})",
    }


def plain_document() -> dict[str, Any]:
    """The document of a command without a plan: what only plans have is not in it."""
    only_plans = {"plan", "scenarios", "phases", "timeline", "thresholds", "checks", "distribution", "findings"}
    document = sample_document()
    return {name: document[name] for name in document if name not in only_plans | {"environment", "verdict"}}


def hostile_document() -> dict[str, Any]:
    """A result in which everything that a server can choose tries to be more than text."""
    attack = '</script><img src=x onerror="window.pwned=1"><script>window.pwned=1</script>&lt;\u2028\u2029\'${x}'
    document = sample_document()
    timeline, [scenario] = document["timeline"], document["scenarios"]
    tool = next(iter(document["tools"].values()))
    return {
        **document,
        "server": attack,
        "notes": [attack],
        "mix": attack,
        "command": ["mcp-load", attack],
        "tools": {attack: tool, "a_tool_with_a_long_name_" * 8: tool, "x" * 300: tool},
        "errors": [{"category": attack, "label": attack, "count": 3, "example": attack + "y" * 900}],
        "checks": [{"name": attack, "passes": 1, "fails": 1}],
        "findings": [finding | {"name": attack, "sentence": attack + "z" * 300} for finding in document["findings"]],
        "thresholds": [each | {"tags": {"tool": attack}} for each in document["thresholds"]] + document["thresholds"],
        "phases": [phase | {"name": attack} for phase in document["phases"]],
        "scenarios": [scenario | {"name": attack + str(n)} for n in range(2)],
        "timeline": timeline | {"errors": {attack: timeline["failed"], "w" * 200: timeline["failed"]}},
        "metrics": document["metrics"] | {f"operation_{attack}_ms": document["metrics"]["operation_add_ms"]},
    }
