from loadgen.workloads.mix import in_words, turns


def test_each_tool_has_as_many_turns_as_its_weight_in_lowest_terms() -> None:
    assert turns({"add": 40, "divide": 20}) == ("add", "add", "divide")
    assert turns({"add": 7}) == ("add",)


def test_a_mix_is_told_in_shares() -> None:
    assert in_words(turns({"add": 2, "divide": 1})) == "add 67 %, divide 33 %"
