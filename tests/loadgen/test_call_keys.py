from hypothesis import given
from hypothesis import strategies as st

from loadgen.call_keys import CallKeys
from loadgen.client.headers import find_fault
from loadgen.client.session import CALL_KEY_HEADER


def test_each_tool_is_counted_from_one() -> None:
    keys = CallKeys("r1")
    assert [keys.next(tool) for tool in ("add", "divide", "add")] == ["r1/add/1", "r1/divide/1", "r1/add/2"]


@given(st.text())
def test_any_name_makes_a_key_that_a_header_can_carry(tool: str) -> None:
    key = CallKeys("r1").next(tool)
    assert find_fault(CALL_KEY_HEADER, key) is None
    assert key.isascii()
