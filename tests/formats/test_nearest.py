import pytest

from formats.nearest import did_you_mean


def test_what_is_not_near_enough_is_not_meant() -> None:
    assert did_you_mean("tool", ["tools", "to"], 0.8) == " (did you mean tools?)"
    assert did_you_mean("target", ["arguments"]) == " (did you mean arguments?)"
    assert did_you_mean("target", ["arguments"], 0.8) == ""


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("latncy", ["http", "latency"], " (did you mean latency?)"),
        ("min", ["min", "mini"], " (did you mean mini?)"),
        ("min", ["min"], ""),
        ("latency", [], ""),
        ("xyz", ["latency"], ""),
        ("=", ["==", "!=", "<=", ">="], " (did you mean ==?)"),
    ],
)
def test_the_nearest_word_is_another_one_or_none(word: str, known: list[str], hint: str) -> None:
    assert did_you_mean(word, known) == hint
