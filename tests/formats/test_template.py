import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.template import Place, Template, as_text

KNOWN: dict[str, Any] = {
    "arguments": {"amount": 5, "list": [{"b": True}], "text": "x", "half": 0.5, "object": {"k": None}},
    "uuid": "an-id",
}


def rendered(value: Any) -> Any:
    return Template(value).render(lambda place: place.into(KNOWN.get(place.name)))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("${arguments.amount}", 5),
        ("${arguments.list.0.b}", True),
        ("${arguments.list}", [{"b": True}]),
        ("${arguments}", KNOWN["arguments"]),
        ("${arguments.nothing}", None),
        ("${arguments.list.1}", None),
        ("${arguments.list.x}", None),
        ("${arguments.amount.deeper}", None),
        ("pay_${uuid}", "pay_an-id"),
        ("${arguments.amount} of ${arguments.half}", "5 of 0.5"),
        ("<${arguments.nothing}>", "<>"),
        ("<${arguments.object}>", '<{"k":null}>'),
        ("${arguments.text}${arguments.list.0.b}", "xtrue"),
        ("$${arguments.amount}", "${arguments.amount}"),
        ("a $${ b", "a ${ b"),
        ("cost: $5 {x}", "cost: $5 {x}"),
        ("", ""),
        (7, 7),
        (None, None),
        ({"${uuid}": ["${uuid}", {"n": "${arguments.amount}"}]}, {"${uuid}": ["an-id", {"n": 5}]}),
    ],
)
def test_a_place_that_is_a_whole_text_keeps_its_type_and_is_text_within_one(template: Any, expected: Any) -> None:
    assert rendered(template) == expected


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("${x", "the text has ${ without }; $${ is the text"),
        ("${}", "the text has ${}, which is no name with steps such as ${arguments.amount}"),
        ("${a b}", "the text has ${a b}, which is no name"),
        ("${a.}", "the text has ${a.}, which is no name"),
        ("${a..b}", "the text has ${a..b}, which is no name"),
        ("${1a}", "the text has ${1a}, which is no name"),
        ({"a": [1, {"b": "${x"}]}, "a[1].b has ${ without }"),
    ],
)
def test_a_text_that_cannot_be_read_is_named(template: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match="has") as failure:
        Template(template)
    assert str(failure.value).startswith(sentence)


def test_places_are_told_with_where_they_stand() -> None:
    template = Template({"a": ["${x.y.0}", "-${z}-${z}"], "b": 1, "c": "${x}"})
    assert template.places == (
        (".a[0]", Place("x", ("y", "0"))),
        (".a[1]", Place("z")),
        (".a[1]", Place("z")),
        (".c", Place("x")),
    )
    assert str(template.places[0][1]) == "${x.y.0}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_a_value_written_without_places_is_itself(value: Any) -> None:
    def escaped(each: Any) -> Any:
        if isinstance(each, dict):
            return {key: escaped(member) for key, member in each.items()}
        if isinstance(each, list):
            return [escaped(element) for element in each]
        return each.replace("${", "$${") if isinstance(each, str) and "$${" not in each else each

    if "$${" not in json.dumps(value, ensure_ascii=False):
        assert rendered(escaped(value)) == value


@given(JSON, st.text().filter(lambda text: "$" not in text))
def test_any_value_can_be_put_in_place_whole_and_in_a_text(value: Any, around: str) -> None:
    def lookup(_: Place) -> Any:
        return value

    assert Template("${x}").render(lookup) is value
    assert Template(f"a{around}${{x}}{around}").render(lookup) == f"a{around}{as_text(value)}{around}"
