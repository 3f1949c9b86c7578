"""Plan files that cannot be used: everything wrong with one is said at once, with its line."""

import random
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.errors import InvalidInput
from loadgen.plan_file import load_suite
from loadgen.suite import Suite

HEAD = "version: 1\ndescription: A plan.\nworkload: calculator\n"
GOOD = HEAD + "scenarios:\n  one: {executor: constant-vus, vus: 1, duration: 1s}\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "plan.yaml"
    path.write_text(text)
    return path


def problems_in(folder: Path, text: str) -> list[str]:
    path = written(folder, text)
    with pytest.raises(InvalidInput) as raised:
        load_suite(str(path))
    return [problem.removeprefix(f"{folder}/") for problem in raised.value.problems]


def test_a_plan_needs_little(tmp_path: Path) -> None:
    suite = load_suite(str(written(tmp_path, GOOD)))
    assert (suite.name, suite.protocol, suite.timeout, suite.warm_up) == ("plan", "2025-11-25", 30.0, 0.0)
    assert (suite.thresholds, suite.find, suite.targets, suite.outputs) == ((), (), {}, {})
    (scenario,) = suite.scenarios(1, "run")
    assert str(scenario.executor) == "1 virtual user for 1s"
    assert scenario.workload.mix == "add 40 %, subtract 30 %, multiply 20 %, divide 10 %"


def test_everything_wrong_comes_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """\
version: 1
description: A plan.
workload: calculatr
protocol: 2025-11-26
scenaros: {}
scenarios:
  one:
    executor: constant-vus
    vus: 0
    duration: 1s
    rate: 5
    vu: 3
    after: tow
  two:
    executor: ramping-vus
    stages:
      - {duration: 1m, target: 5}
      - {duration: soon, target: 5.5}
thresholds:
  http_req_duratio: ["p(95)<100"]
  http_reqs: ["rate>1", "p(95)<3"]
  checks:
    - rate==1
    - {threshold: "rate==1", abort_on_fai: true}
"""
    assert problems_in(tmp_path, text) == [
        (
            "plan.yaml:3: workload should be 'calculator', 'payments' or 'generic', got \"calculatr\""
            " (did you mean calculator?)"
        ),
        (
            "plan.yaml:4: protocol should be 'auto', '2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25' or "
            "'2026-07-28', got \"2025-11-26\" (did you mean 2025-11-25?)"
        ),
        "plan.yaml:5: scenaros is not known (did you mean scenarios?)",
        "plan.yaml:9: scenarios.one.vus should be 1 or more, got 0",
        "plan.yaml:11: scenarios.one.rate is no key of constant-vus; it has vus, duration, graceful_stop, think_time",
        "plan.yaml:12: scenarios.one.vu is not known (did you mean vus?)",
        "plan.yaml:13: scenarios.one.after names no scenario of this plan (did you mean two?); there are one, two",
        'plan.yaml:18: scenarios.two.stages[1].duration should be a duration such as 500ms, 30s or 1m30s, got "soon"',
        (
            'plan.yaml:20: thresholds.http_req_duratio[0] cannot be used: "http_req_duratio" is not a metric'
            " (did you mean http_req_duration?)"
        ),
        (
            'plan.yaml:21: thresholds.http_reqs[1] cannot be used: "p" is no aggregation of http_reqs;'
            " a counter has count, rate"
        ),
        "plan.yaml:24: thresholds.checks[1].abort_on_fai is not known (did you mean abort_on_fail?)",
    ]


SCENARIOS: list[tuple[str, str]] = [
    ("one: {executor: constant-vus, vus: 1}", "one.duration is required for constant-vus"),
    ("one: {vus: 1, duration: 1s}", "one.executor is required"),
    (
        "one: {executor: constant-vu, vus: 1, duration: 1s}",
        (
            "one.executor should be 'shared-iterations', 'per-vu-iterations', 'constant-vus', 'ramping-vus', "
            "'constant-arrival-rate', 'ramping-arrival-rate' or 'breaking-point', got \"constant-vu\" "
            "(did you mean constant-vus?)"
        ),
    ),
    ("one: {executor: constant-vus, vus: true, duration: 1s}", "one.vus should be a valid integer, got true"),
    ("one: {executor: constant-vus, vus: 1, duration: 0}", "one.duration should be more than 0, got 0"),
    (
        "one: {executor: constant-arrival-rate, rate: 1, vus: 1, duration: 1s, max_vu: 3}",
        "one.max_vu is not known (did you mean max_vus?)",
    ),
    (
        "one: {executor: ramping-vus, stages: [{duration: 1s, target: 1.5}]}",
        "one cannot be used: the targets of stages should be whole numbers of virtual users",
    ),
    (
        "one: {executor: ramping-vus, stages: [{duration: 0s, target: 3}]}",
        "one.stages should last longer than 0 seconds together",
    ),
    (
        "one: {executor: ramping-vus, stages: [{duration: 9s, target: 0}]}",
        "one.stages should reach more than 0 virtual users",
    ),
    ("one: {executor: ramping-vus, stages: []}", "one.stages should have at least one stage"),
    (
        "one: {executor: constant-arrival-rate, rate: 9, duration: 1s, vus: 5, max_vus: 4}",
        "one.max_vus should be vus or more, got 4 for 5 vus",
    ),
    (
        "one: {executor: breaking-point, levels: [2, 1]}",
        "one.levels should rise from each level to the next, got [2, 1]",
    ),
    (
        "one: {executor: breaking-point, levels: [1.5]}",
        "one.levels should be whole numbers of virtual users",
    ),
    ("one: {executor: constant-vus, vus: 1, duration: 1s, mix: {}}", "one.mix should not be empty"),
    (
        "one: {executor: constant-vus, vus: 1, duration: 1s, mix: {ad: 1}}",
        "one.mix.ad is no tool of calculator (did you mean add?); it has add, subtract, multiply, divide",
    ),
    (
        "one: {executor: constant-vus, vus: 1, duration: 1s, mix: {add: 0}}",
        "one.mix.add should be greater than or equal to 1, got 0",
    ),
    (
        "one: {executor: constant-vus, vus: 1, duration: 1s, session: iterations}",
        "one.session should be 'vu' or 'iteration', got \"iterations\" (did you mean iteration?)",
    ),
    (
        "one: {executor: constant-vus, vus: 1, duration: 1s, setup: {payments: 1}}",
        "one.setup is for the workload payments only, and this one is calculator",
    ),
    (
        "one: {executor: constant-vus, vus: 1, duration: 1s, arguments: {}}",
        "one.arguments is for the workload generic only, and this one is calculator",
    ),
    (
        "one: {executor: constant-vus, vus: 1, duration: 1s, each: tool-and-numbers, numbers: small}",
        "one.numbers cannot go together with each: tool-and-numbers, which takes every range",
    ),
    (
        "one: {executor: constant-vus, vus: 1, duration: 1s, after: one}",
        "one.after goes round in a circle: one after one",
    ),
    (
        "one: {executor: constant-vus, vus: 1, duration: 9999h}",
        "one.duration should be a duration of a year or less, got",
    ),
    (
        "one: {executor: constant-vus, vus: 1, duration: 1s, tags: {scenario: x}}",
        "one.tags.scenario should be a word of letters, digits, _ and -, and none of tool, scenario",
    ),
    (
        "o n e: {executor: constant-vus, vus: 1, duration: 1s}",
        "o n e should have a name of letters, digits, _ and -, at most 40 of them",
    ),
    (f"{'x' * 41}: {{executor: constant-vus, vus: 1, duration: 1s}}", f"{'x' * 41} should have a name of letters"),
    (
        f"{'x' * 30}: {{executor: constant-vus, vus: 1, duration: 1s, each: tool-and-numbers}}",
        f"{'x' * 30} makes a scenario named {'x' * 30}-add-decimals, longer than 40 characters",
    ),
    ("1: {executor: constant-vus, vus: 1, duration: 1s}", "1 should be a valid string, got 1"),
]


@pytest.mark.parametrize(("scenario", "problem"), SCENARIOS)
def test_a_scenario_that_cannot_be_used_is_refused(tmp_path: Path, scenario: str, problem: str) -> None:
    found = problems_in(tmp_path, HEAD + f"scenarios:\n  {scenario}\n")
    assert len({f.partition(" ")[0] for f in found}) == 1
    assert found[0].startswith(f"plan.yaml:5: scenarios.{problem}")


def test_scenarios_that_wait_for_one_another_are_refused_and_so_are_equal_names(tmp_path: Path) -> None:
    text = HEAD + (
        "scenarios:\n"
        "  a: {executor: constant-vus, vus: 1, duration: 1s, after: b}\n"
        "  b: {executor: constant-vus, vus: 1, duration: 1s, after: a}\n"
        "  c: {executor: constant-vus, vus: 1, duration: 1s, after: b}\n"
        "  d: {executor: constant-vus, vus: 1, duration: 1s, each: tool}\n"
        "  d-add: {executor: constant-vus, vus: 1, duration: 1s}\n"
    )
    assert problems_in(tmp_path, text) == [
        "plan.yaml:5: scenarios.a.after goes round in a circle: a after b after a",
        "plan.yaml:6: scenarios.b.after goes round in a circle: b after a after b",
        "plan.yaml:9: scenarios.d-add overlaps with d: both make a scenario named d-add",
    ]


REST: list[tuple[str, str]] = [
    (
        "thresholds: {operation_ad_ms: ['p(95)<1']}",
        (
            "thresholds.operation_ad_ms[0] cannot be judged: the run calls no ad (did you mean add?); "
            "it calls add, subtract, multiply, divide"
        ),
    ),
    (
        "thresholds: {'checks{tool:ad}': ['rate==1']}",
        "thresholds.checks{tool:ad}[0] cannot be judged: the run calls no ad",
    ),
    (
        "thresholds: {'checks{scenario:on}': ['rate==1']}",
        "thresholds.checks{scenario:on}[0] cannot be judged: there is no scenario on (did you mean one?)",
    ),
    ("thresholds: {checks: ['rate==1', 'rate == 1']}", "thresholds.checks[1] stands there twice"),
    ("thresholds: {checks: []}", "thresholds.checks should not be empty"),
    (
        "thresholds: {checks: [{threshold: 'rate==1', stretch: true, abort_on_fail: true}]}",
        "thresholds.checks[0] cannot be used: a stretch goal never fails the run",
    ),
    ("find: [breaking-point]", "find names breaking-point, and no scenario has that executor"),
    ("find: [drift, drift]", "find[1] names drift twice"),
    ("find: [drfit]", "find[0] should be 'breaking-point'"),
    ("targets: {uptime: {target: 99}}", "targets.uptime is no target of an analysis that find names"),
    ("outputs: {jsn: x}", "outputs.jsn is not known (did you mean json?)"),
    ("timeout: 0s", "timeout should be greater than 0, got"),
    ("version: 2", "version is given twice"),
]


@pytest.mark.parametrize(("line", "problem"), REST)
def test_the_rest_of_a_plan_is_checked_too(tmp_path: Path, line: str, problem: str) -> None:
    (found,) = problems_in(tmp_path, GOOD + line + "\n")
    assert found.startswith(f"plan.yaml:6: {problem}")


def test_a_target_in_virtual_users_wants_a_search_that_counts_them(tmp_path: Path) -> None:
    search = "  {}: {{executor: breaking-point, levels: [1, 2], of: {}}}\n"
    judged = "find: [breaking-point]\ntargets: {breaking-point: {target: 2}}\n"
    rates = HEAD + "scenarios:\n" + search.format("rates", "rate")
    assert problems_in(tmp_path, rates + judged) == [
        "plan.yaml:7: targets.breaking-point is in virtual users, and every search of this plan has of: rate"
    ]
    both = load_suite(str(written(tmp_path, rates + search.format("users", "vus") + judged)))
    assert both.searches() == ("users",)
    alone = load_suite(str(written(tmp_path, HEAD + "scenarios:\n" + search.format("users", "vus") + judged)))
    assert alone.searches() == (), "there is nothing to tell it from"


@pytest.mark.parametrize("text", ["[]", "text", "3", "- a\n", "null"])
def test_a_plan_that_is_no_mapping_is_told_so(tmp_path: Path, text: str) -> None:
    (problem,) = problems_in(tmp_path, text)
    shown = {"- a\n": '["a"]', "text": '"text"'}.get(text, text)
    assert problem == f"plan.yaml:1: the document should be a mapping, got {shown}"


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_a_plan_in_which_nothing_stands_is_told_so(tmp_path: Path, text: str) -> None:
    assert problems_in(tmp_path, text) == ["plan.yaml:1: the document is empty"]


@pytest.mark.parametrize("key", ["scenarios", "thresholds", "targets", "outputs"])
def test_a_part_of_a_plan_that_is_no_mapping_is_told_so(tmp_path: Path, key: str) -> None:
    text = GOOD.replace("scenarios:\n  one: ", "scenarios: [") + "]\n" if key == "scenarios" else f"{GOOD}{key}: [1]\n"
    (problem,) = problems_in(tmp_path, text)
    assert re.match(rf"plan\.yaml:\d: {key} should be a mapping, got \[", problem)


@pytest.mark.parametrize(
    ("goals", "is_harder"),
    [
        ("memory-growth: {target: 1, stretch: 0.1}", True),
        ("memory-growth: {target: 1, stretch: 2}", False),
        ("uptime: {target: 99.9, stretch: 99.99}", True),
        ("uptime: {target: 99.9, stretch: 99.9}", False),
    ],
)
def test_a_stretch_goal_is_harder_than_the_target(tmp_path: Path, goals: str, is_harder: bool) -> None:
    text = GOOD + f"find: [memory-growth, uptime]\ntargets: {{{goals}}}\n"
    if is_harder:
        assert load_suite(str(written(tmp_path, text))).targets
    else:
        assert "should be harder to reach than the target" in problems_in(tmp_path, text)[0]


def test_a_mix_is_judged_by_the_workload_and_a_generic_one_by_none(tmp_path: Path) -> None:
    text = GOOD.replace("duration: 1s}", "duration: 1s, mix: {anything.at/all: 3}, arguments: {a: 1}}")
    assert len(problems_in(tmp_path, text)) == 2
    assert load_suite(str(written(tmp_path, text.replace("calculator", "generic")))).called() == ("anything.at/all",)


BUNDLED = sorted((Path(__file__).resolve().parents[2] / "fixtures" / "scenarios").glob("*.yaml"))
ODD: list[Any] = [None, True, -1, 0, 1.5, 10**400, "", "x", "1s", [], [1], {}, {"a": 1}, {1: 2}, float("nan"), "add"]


def _nodes(value: Any) -> list[Any]:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return ([value] if isinstance(value, (dict, list)) and value else []) + [n for item in inner for n in _nodes(item)]


def _mutate(document: Any, chance: random.Random) -> None:
    node = chance.choice(_nodes(document) or [document])
    keys = list(node) if isinstance(node, dict) else list(range(len(node)))
    key = chance.choice(keys)
    match chance.randrange(4):
        case 0:
            del node[key]
        case 1:
            node[key] = deepcopy(chance.choice(ODD))
        case 2 if isinstance(node, dict):
            node[chance.choice(["rate", "vus", "after", "each", "mix", "x", 3])] = deepcopy(chance.choice(ODD))
        case _:
            other = chance.choice(_nodes(document))
            node[key] = yaml.safe_load(yaml.safe_dump(other))


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(BUNDLED), st.integers(1, 4), st.randoms(use_true_random=False))
def test_a_damaged_plan_is_read_or_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, path: Path, times: int, chance: random.Random
) -> None:
    document = yaml.safe_load(path.read_text())
    for _ in range(times):
        if document:
            _mutate(document, chance)
    damaged = written(tmp_path_factory.getbasetemp(), yaml.safe_dump(document))
    suite, problems = loaded(damaged)
    assert all("\n" not in problem and problem.startswith(str(damaged)) for problem in problems)
    assert (suite is None) == bool(problems)
    if suite is not None:
        assert suite.scenarios(1, "run", tools=["add"])
        assert len(suite.criteria(scale=0.1)) == len(suite.thresholds)
        assert suite.lasts() > 0


def loaded(path: Path) -> tuple[Suite | None, tuple[str, ...]]:
    try:
        return load_suite(str(path)), ()
    except InvalidInput as error:
        return None, error.problems
