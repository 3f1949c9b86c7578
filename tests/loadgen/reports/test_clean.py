import math
from xml.etree import ElementTree as ET

import orjson
from hypothesis import given
from hypothesis import strategies as st

from loadgen.reports.clean import clean


def test_characters_that_no_format_carries_are_left_out_wherever_they_stand() -> None:
    assert clean({"a\x00b": ["\x1b[31mred", ("\ud800", "\ufffe", "tab\tnewline\n")]}) == {
        "ab": ["[31mred", ["", "", "tab\tnewline\n"]]
    }


def test_numbers_that_json_does_not_have_are_null() -> None:
    assert clean([math.nan, math.inf, 1.5, 2, True, None]) == [None, None, 1.5, 2, True, None]


@given(st.text(st.characters(exclude_categories=[])))
def test_any_clean_text_can_be_written_as_json_and_xml(text: str) -> None:
    element = ET.Element("a", b=clean(text))
    element.text = clean(text)
    ET.fromstring(ET.tostring(element))
    orjson.dumps(clean(text))
