from pathlib import Path

import pytest

from formats.errors import InvalidInput
from formats.text_file import read_text


def test_a_file_is_read_up_to_the_length_that_it_may_have(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("häuser")
    assert read_text(path) == read_text(path, 6) == "häuser"
    with pytest.raises(InvalidInput, match="should have at most 5 characters$"):
        read_text(path, 5)


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff")
    for name, why in (
        ("gone", "No such file or directory"),
        (".", "Is a directory"),
        ("binary", "it is not UTF-8 text"),
    ):
        with pytest.raises(InvalidInput, match=f"cannot be read: {why}$"):
            read_text(tmp_path / name)
