from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from formats.json_pointer import check_pointer, find_at

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

RESULT = {"content": [{"text": "3"}], "a/b": {"m~n": 1, "": 2}, "01": None}


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("", RESULT),
        ("/content/0/text", "3"),
        ("/a~1b/m~0n", 1),
        ("/a~1b/", 2),
        ("/01", None),
    ],
)
def test_a_pointer_finds_its_place(pointer: str, found: Any) -> None:
    assert find_at(RESULT, pointer) == found


@pytest.mark.parametrize(
    ("pointer", "missing"),
    [
        ("/nothing/here", "/nothing"),
        ("/content/1/text", "/content/1"),
        ("/content/00", "/content/00"),  # RFC 6901: an index has no leading zeros
        ("/content/-", "/content/-"),
        ("/content/99999999999999999999", "/content/99999999999999999999"),
        ("/content/0/text/0", "/content/0/text/0"),
        ("/01/x", "/01/x"),
    ],
)
def test_a_place_that_is_not_there_is_named(pointer: str, missing: str) -> None:
    with pytest.raises(LookupError, match=f"^{missing}$"):
        find_at(RESULT, pointer)


@pytest.mark.parametrize("text", ["content", "#/content", "/a~b", "/a~2", "/~", "$.content"])
def test_what_is_no_pointer_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="should be a JSON pointer such as /content/0/text"):
        check_pointer(text)


@PATIENT
@given(names=st.lists(st.text(), max_size=5))
def test_every_name_has_a_pointer(names: list[str]) -> None:
    value: Any = "found"
    for name in reversed(names):
        value = {name: value}
    assert find_at(value, "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)) == "found"
