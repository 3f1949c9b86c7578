from loadgen.call_keys import CallKeys


def test_each_tool_is_counted_from_one() -> None:
    keys = CallKeys("r1")
    assert [keys.next(tool) for tool in ("add", "divide", "add")] == ["r1/add/1", "r1/divide/1", "r1/add/2"]
