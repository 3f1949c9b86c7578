import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.call import ToolCall
from loadgen.workloads.calculator import NUMBERS, CalculatorWorkload, Numbers


@given(st.integers(min_value=0), st.lists(st.integers(min_value=1, max_value=10**9)))
def test_the_nth_call_depends_on_seed_and_n_alone(seed: int, order: list[int]) -> None:
    in_order = {n: CalculatorWorkload(seed).next_call(n) for n in sorted(order)}
    workload = CalculatorWorkload(seed)
    assert {n: workload.next_call(n) for n in order} == in_order


def test_another_seed_gives_other_calls() -> None:
    first, second = ([CalculatorWorkload(seed).next_call(n) for n in range(1, 20)] for seed in (1, 2))
    assert first != second


def test_the_mix_is_40_30_20_10() -> None:
    tools = Counter(CalculatorWorkload(3).next_call(n).tool for n in range(1, 10_001))
    shares = {tool: round(count / 100) for tool, count in tools.items()}
    assert shares == pytest.approx({"add": 40, "subtract": 30, "multiply": 20, "divide": 10}, abs=1)


@given(st.integers(min_value=0), st.integers(min_value=1))
def test_the_expected_result_is_what_python_gives_and_nothing_is_divided_by_zero(seed: int, n: int) -> None:
    call = CalculatorWorkload(seed).next_call(n)
    a, b = call.arguments["a"], call.arguments["b"]
    assert call.tool != "divide" or b != 0
    symbol = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}[call.tool]
    assert call.expected["result"] == eval(f"({a!r}) {symbol} ({b!r})")
    assert CalculatorWorkload(seed).find_fault(call, {"result": call.expected["result"]}) is None


@pytest.mark.parametrize("wrong", [0.3, "0.30000000000000004", None, True, 0])
def test_a_result_that_differs_in_the_last_bit_or_the_type_is_a_fault(wrong: object) -> None:
    call = ToolCall("add", {"a": 0.1, "b": 0.2}, {"result": 0.1 + 0.2})
    fault = CalculatorWorkload(1).find_fault(call, {"result": wrong})
    assert fault == f"add(0.1, 0.2) is 0.30000000000000004, but the reply says {wrong!r}"


RANGES: dict[Numbers, tuple[float, float, float]] = {  # least, most, and what all are multiples of
    "small": (-100, 100, 1),
    "large": (-1e12, 1e12, 1),
    "decimals": (-1000, 1000, 0.0001),
    "negatives": (-1000, -0.01, 0.01),
}
MIXES = st.dictionaries(st.sampled_from(CalculatorWorkload.tools), st.integers(1, 1000), min_size=1)


def test_every_range_is_tried() -> None:
    assert set(RANGES) == set(NUMBERS)


@given(st.integers(0), st.integers(1), st.sampled_from(NUMBERS), MIXES)
def test_operands_are_of_the_range_and_results_exact(seed: int, n: int, numbers: Numbers, mix: dict[str, int]) -> None:
    call = CalculatorWorkload(seed, mix, numbers).next_call(n)
    least, most, step = RANGES[numbers]
    for operand in call.arguments.values():
        assert least <= operand <= most
        assert operand == pytest.approx(round(operand / step) * step, rel=1e-15)
    a, b = (float(call.arguments[name]) for name in ("a", "b"))
    assert b != 0
    assert call.tool in mix
    operation = {"add": a + b, "subtract": a - b, "multiply": a * b, "divide": a / b}[call.tool]
    assert call.expected["result"] == operation
    assert math.isfinite(operation)


@pytest.mark.parametrize("numbers", NUMBERS)
def test_both_ends_of_a_range_are_drawn_from(numbers: Numbers) -> None:
    least, most, _ = RANGES[numbers]
    calls = [CalculatorWorkload(1, numbers=numbers).next_call(n) for n in range(1, 3_001)]
    for name in ("a", "b"):
        drawn = [call.arguments[name] for call in calls]
        assert min(drawn) < least + (most - least) / 50
        assert max(drawn) > most - (most - least) / 50


def test_a_calculator_is_asked_for_what_its_mix_says() -> None:
    workload = CalculatorWorkload(3, {"multiply": 3, "add": 1})
    tools = Counter(workload.next_call(n).tool for n in range(1, 4_001))
    assert workload.mix == "multiply 75 %, add 25 %"
    assert {tool: count / 40 for tool, count in tools.items()} == pytest.approx({"multiply": 75, "add": 25}, abs=2)


def test_whole_numbers_are_sent_as_such() -> None:
    call = CalculatorWorkload(1, numbers="large").next_call(1)
    assert {type(value) for value in call.arguments.values()} == {int}
    assert type(call.expected["result"]) is float
