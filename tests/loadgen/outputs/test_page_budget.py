"""Which scenarios a page has room for, and under which names their operations are counted."""

from dataclasses import dataclass, field

import pytest

from loadgen.outputs.page_budget import MOST_LINES, MOST_OPERATIONS, Operations, on_page


@dataclass
class Scenario:
    name: str
    started: bool = False
    over: bool = False
    tools: tuple[str, ...] = ("add",)
    phases_now: dict[str, bool] = field(default_factory=lambda: {"hold": True})


AHEAD, RUNS, OVER = (False, False), (True, False), (True, True)


def shown(*states: tuple[bool, bool], most_lines: float = MOST_LINES, tools: int = 1) -> list[int]:
    """Of scenarios in these states, the numbers of those on the page."""
    called = tuple(f"tool-{n}" for n in range(tools))
    scenarios = [Scenario(str(n), *state, tools=called) for n, state in enumerate(states)]
    return [int(each.name) for each in on_page(scenarios, {}, most_lines)]


def test_a_few_scenarios_are_all_there_in_the_order_of_the_plan() -> None:
    assert shown(OVER, RUNS, AHEAD) == [0, 1, 2]


def test_where_there_is_no_room_for_all_those_under_way_come_first_then_the_next_then_the_latest() -> None:
    states = [OVER] * 3 + [RUNS] * 2 + [AHEAD] * 3
    room = [shown(*states, most_lines=200 + len(states) + 129 * n) for n in (2, 4, 6)]
    assert room == [[3, 4], [3, 4, 5, 6], [2, 3, 4, 5, 6, 7]]


def test_one_is_there_always() -> None:
    assert shown(RUNS, AHEAD, most_lines=1) == [0]
    assert shown(RUNS, AHEAD, tools=1_000) == [0]


def test_without_a_limit_all_are_there() -> None:
    assert shown(*[AHEAD] * 200, most_lines=float("inf")) == list(range(200))


def test_what_scenarios_have_counted_takes_room_too() -> None:
    full = Operations()
    for n in range(MOST_OPERATIONS):
        full.name(("tools/call", "add", str(n)))
    scenarios = [Scenario("first", *RUNS), Scenario("second")]
    assert [each.name for each in on_page(scenarios, {})] == ["first", "second"]
    assert [each.name for each in on_page(scenarios, {"first": full})] == ["first"]


@pytest.mark.parametrize("error", ["", "503"])
def test_a_name_that_was_given_stays_and_what_comes_too_late_shares_one(error: str) -> None:
    names = Operations()
    first = [names.name(("tools/call", f"tool-{n}", error)) for n in range(MOST_OPERATIONS)]
    late = {names.name(("tools/call", f"late-{n}", error)) for n in range(100)}
    assert late == {("tools/call", "_other", "_OTHER" if error else "")}
    assert [names.name(("tools/call", f"tool-{n}", error)) for n in range(MOST_OPERATIONS)] == first
