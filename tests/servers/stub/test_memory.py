import pytest

from servers.stub.memory import LARGEST, Memory


def test_what_is_set_is_there_and_what_is_not_is_not() -> None:
    memory = Memory(keep=2)
    memory.set("a", None)
    assert memory.get("a") == (None,)
    assert memory.get("b") == ()


def test_what_was_set_longest_ago_is_forgotten_first() -> None:
    memory = Memory(keep=2)
    for key in ("a", "b", "a", "c"):
        memory.set(key, key)
    assert [memory.get(key) for key in "abc"] == [("a",), (), ("c",)]


def test_calls_are_counted_by_tool() -> None:
    memory = Memory(keep=1)
    assert [memory.count(tool) for tool in ("x", "x", "y", "x")] == [1, 2, 1, 3]


def test_a_reset_forgets_values_and_counts() -> None:
    memory = Memory(keep=1)
    memory.set("a", 1)
    memory.count("x")
    memory.reset()
    assert memory.get("a") == ()
    assert memory.count("x") == 1


def test_a_value_that_is_too_large_is_told_and_what_was_there_stays(caplog: pytest.LogCaptureFixture) -> None:
    memory = Memory(keep=2)
    memory.set("a", "x" * 10)
    memory.set("a", "x" * LARGEST)
    assert memory.get("a") == ("x" * 10,)
    assert caplog.messages == [f"a is not remembered: it would have more than {LARGEST} bytes"]
