from collections.abc import Mapping

import pytest

from loadgen.analysis.failure import judge_failure
from loadgen.outcome import Category


@pytest.mark.parametrize(
    ("errors", "recovered", "sentence"),
    [
        (
            {Category.HTTP_STATUS: 900, Category.RPC_ERROR: 100, Category.TIMEOUT: 500},
            True,
            "graceful: 1,000 of 1,500 errors were answered, and it recovered when the load fell",
        ),
        (
            {Category.TOOL_ERROR: 3, Category.SESSION_LOST: 1},
            None,
            "graceful: 4 of 4 errors were answered, and nobody watched whether it recovered",
        ),
        ({}, True, "graceful: slower, but without errors, and it recovered when the load fell"),
        ({Category.CANCELLED: 9}, True, "graceful: slower, but without errors, and it recovered when the load fell"),
        ({}, False, "catastrophic: slower, but without errors, and it did not recover when the load fell"),
        (
            {Category.HTTP_STATUS: 1000},
            False,
            "catastrophic: 1,000 of 1,000 errors were answered, and it did not recover when the load fell",
        ),
        (
            {Category.HTTP_STATUS: 10, Category.CONNECTION: 6, Category.TIMEOUT: 5},
            True,
            "catastrophic: 10 of 21 errors were answered, and it recovered when the load fell",
        ),
    ],
)
def test_a_failure_is_graceful_when_errors_are_answered_and_the_server_comes_back(
    errors: Mapping[Category, int], recovered: bool | None, sentence: str
) -> None:
    mode = judge_failure(errors, recovered)
    assert mode.sentence == sentence
    assert sentence.startswith(mode.kind)


@pytest.mark.parametrize("category", set(Category) - {Category.CANCELLED})
def test_only_readable_refusals_are_answers(category: Category) -> None:
    answers = {Category.HTTP_STATUS, Category.RPC_ERROR, Category.TOOL_ERROR, Category.SESSION_LOST}
    assert judge_failure({category: 1}, recovered=True).kind == ("graceful" if category in answers else "catastrophic")
