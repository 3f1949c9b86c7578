from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.call import ToolCall
from loadgen.workloads.calculator import CalculatorWorkload


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
