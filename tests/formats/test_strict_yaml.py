from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from formats.errors import InvalidInput
from formats.strict_yaml import load_yaml


class Leaf(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int


class Tree(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    leaves: list[Leaf] = []


def problems_in(folder: Path, text: str) -> list[str]:
    path = folder / "tree.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInput) as raised:
        load_yaml(path, Tree)
    return [problem.removeprefix(f"{folder}/") for problem in raised.value.problems]


def test_a_good_file_becomes_its_type(tmp_path: Path) -> None:
    path = tmp_path / "tree.yaml"
    path.write_text("name: oak\nleaves:\n  - size: 3\n")
    assert load_yaml(path, Tree) == Tree(name="oak", leaves=[Leaf(size=3)])


def test_all_problems_come_at_once_each_with_its_line(tmp_path: Path) -> None:
    text = "nme: oak\nleaves:\n  - size: big\n  - {size: 1, colour: red}\n  - {}\n"
    assert sorted(problems_in(tmp_path, text)) == [
        "tree.yaml:1: name is required",
        "tree.yaml:1: nme is not known (did you mean name?)",
        'tree.yaml:3: leaves[0].size should be a valid integer, unable to parse string as an integer, got "big"',
        "tree.yaml:4: leaves[1].colour is not known",
        "tree.yaml:5: leaves[2].size is required",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "tree.yaml:1: the document should be a mapping, got nothing"),
        ("null", "tree.yaml:1: the document should be a mapping, got null"),
        ("[", "tree.yaml:1: not valid YAML"),
        ("name: a\nname: b\n", "tree.yaml:2: name is given twice"),
        ("name: a\nleaves:\n  - {size: 1, size: 2}\n", "tree.yaml:3: size is given twice"),
        ("name: !!python/name:os.system x\n", "tree.yaml:1: not valid YAML"),
        ("name: 2026-02-30\n", "tree.yaml: not valid YAML: day is out of range for month"),
        ("name: !!int x\n", "tree.yaml: not valid YAML: invalid literal for int()"),
        ("name: oak\x01\n", "tree.yaml: not valid YAML: unacceptable character #x0001"),
        ("[" * 5000, "tree.yaml: not valid YAML: maximum recursion depth"),
        ("name: {2026-01-01: 3}\n", "tree.yaml:1: name should be a valid string, got {"),
        ("name: &a [*a]\n", "tree.yaml:"),
        ("name:\n  - 1\n", "tree.yaml:2: name should be a valid string, got [1]"),
    ],
)
def test_a_document_that_cannot_be_used_is_refused_in_one_sentence(tmp_path: Path, text: str, problem: str) -> None:
    (found,) = problems_in(tmp_path, text)
    assert found.startswith(problem)
    assert "\n" not in found


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="gone.yaml: cannot be read: No such file or directory"):
        load_yaml(tmp_path / "gone.yaml", Tree)
    (tmp_path / "latin.yaml").write_bytes(b"name: \xe4\n")
    with pytest.raises(InvalidInput, match=r"latin.yaml: cannot be read: it is not UTF-8 text"):
        load_yaml(tmp_path / "latin.yaml", Tree)


def test_what_does_not_go_together_is_found_along_with_everything_else(tmp_path: Path) -> None:
    path = tmp_path / "tree.yaml"
    path.write_text("name: oak\nleaves:\n  - size: big\n  - size: 3\n")
    with pytest.raises(InvalidInput) as raised:
        load_yaml(path, Tree, lambda _: [(("leaves", 1, "size"), "is odd"), (("name",), "is taken")])
    assert [problem.removeprefix(f"{tmp_path}/") for problem in raised.value.problems] == [
        "tree.yaml:1: name is taken",
        'tree.yaml:3: leaves[0].size should be a valid integer, unable to parse string as an integer, got "big"',
        "tree.yaml:4: leaves[1].size is odd",
    ]


class Colour(BaseModel):
    shade: Literal["crimson", "azure"]


def test_a_word_that_is_none_of_the_known_ones_comes_with_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "colour.yaml"
    path.write_text("shade: crimsn\n")
    with pytest.raises(
        InvalidInput, match=r"should be 'crimson' or 'azure', got \"crimsn\" \(did you mean crimson\?\)"
    ):
        load_yaml(path, Colour)
