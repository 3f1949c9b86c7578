import pytest

from formats.nearest import did_you_mean


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
