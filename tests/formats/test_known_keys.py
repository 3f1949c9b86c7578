"""Hints for unknown keys: only keys that fit where the unknown one stands."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from formats.known_keys import KnownKeys, inside, spelled


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Circle(Strict):
    kind: Literal["circle"]
    radius: float


class Square(Strict):
    kind: Literal["square"]
    width: float
    inner: "Shape | None" = None


Shape = Annotated[Circle | Square, Field(discriminator="kind")]


class Fast(Strict):
    speed: int


class Slow(Strict):
    pace: int
    sleeps: bool = False


class Frame(Strict):
    """Written as `{kind: …, border: 3}`: the shape's own keys stand beside `border`."""

    of: Shape
    border: int = 0

    @model_validator(mode="before")
    @classmethod
    def _take_apart(cls, given: Any) -> Any:
        return {"of": {key: value for key, value in given.items() if key != "border"}}


class Drawing(Strict):
    title: str
    shapes: list[Shape] = []
    by_name: dict[str, Shape] = {}
    moves: list[Fast | Slow] = []
    frame: Frame | None = None


KEYS = KnownKeys.of(TypeAdapter(Drawing), {"brush": "tools", "shape": "tools"})


@pytest.mark.parametrize(
    ("location", "document", "hint"),
    [
        (("tittle",), {}, " (did you mean title?)"),
        (("tittle",), {"title": "x"}, " (did you mean title?)"),
        (("shapes", 0, "circle", "radus"), {"shapes": [{"kind": "circle"}]}, " (did you mean radius?)"),
        (("shapes", 0, "square", "radus"), {"shapes": [{"kind": "square"}]}, ""),
        (("shapes", 0, "square", "radius"), {"shapes": [{"kind": "square"}]}, ""),
        (("by_name", "a", "square", "widht"), {"by_name": {"a": {"kind": "square"}}}, " (did you mean width?)"),
        (
            ("shapes", 0, "square", "inner", "circle", "radus"),
            {"shapes": [{"kind": "square", "inner": {"kind": "circle"}}]},
            " (did you mean radius?)",
        ),
        (("moves", 0, "Slow", "slep"), {"moves": [{"pace": 1, "slep": True}]}, " (did you mean sleeps?)"),
        (("moves", 0, "Fast", "slep"), {"moves": [{"speed": 1, "slep": True}]}, ""),
        (("moves", 0, "Fast", "spede"), {"moves": [{"spede": 1}]}, " (did you mean speed?)"),
        (("frame", "of", "circle", "bordr"), {"frame": {"kind": "circle", "bordr": 1}}, " (did you mean border?)"),
        (("frame", "of", "circle", "radus"), {"frame": {"kind": "circle", "radus": 1}}, " (did you mean radius?)"),
        (("frame", "of", "circle", "off"), {"frame": {"kind": "circle", "off": 1}}, ""),
        (("border",), {}, " (it belongs under frame)"),
        (("speed",), {}, " (it belongs under moves)"),
        (("moves", 0, "Fast", "title"), {"moves": [{"speed": 1}]}, " (it belongs at the top)"),
        (("brush",), {}, " (it belongs under tools)"),
        (("shape",), {}, " (did you mean shapes?)"),
        (("radius",), {}, ""),
        (("7",), {7: 1}, ""),
    ],
)
def test_a_hint_is_a_key_that_fits_there_or_the_place_where_the_key_belongs(
    location: tuple[int | str, ...], document: object, hint: str
) -> None:
    assert KEYS.hint(location, document) == hint


def test_a_way_is_spelled_as_people_write_it() -> None:
    assert spelled(("rules", 0, "do", 12, "latency", "p50")) == "rules[0].do[12].latency.p50"
    assert spelled((0, "a")) == "[0].a"
    assert spelled(("a", "")) == 'a.""'
    assert spelled(()) == ""


class Unread(dict[str, Any]):
    """A mapping that is asked for one key at a time: of thousands of unknown ones each would see all others."""

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("all keys were looked at")

    keys = items = values = __iter__  # type: ignore[assignment]  # they raise, too


def test_one_key_is_found_without_a_look_at_all_others() -> None:
    assert inside(Unread(radius=1.0), "radius") == ("radius", 1.0)
    free, taken = KnownKeys.of(TypeAdapter(Slow)).at((), Unread(pace=1, x=2))
    assert (free, taken) == ({"sleeps"}, {"pace"})
