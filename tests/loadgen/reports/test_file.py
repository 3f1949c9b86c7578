import os
from pathlib import Path

import pytest

from formats.errors import InvalidInput
from loadgen.reports.file import check_writable, save


def test_a_file_that_can_be_written_is_left_as_it_is(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("old")
    check_writable(old)
    check_writable(new)
    assert old.read_text() == "old"
    assert not new.exists()


def test_a_folder_or_a_missing_folder_cannot_be_written(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none" / "file"):
        with pytest.raises(InvalidInput, match="cannot be written"):
            check_writable(path)
        with pytest.raises(InvalidInput, match="could not be saved"):
            save(path, b"")


def test_saving_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("something longer")
    save(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_pipe_is_not_opened_before_there_is_something_to_write(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    check_writable(pipe)  # to open it would wait for a reader


def test_a_link_to_a_file_that_is_not_there_yet_stays_a_link(tmp_path: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)
    check_writable(link)
    assert link.is_symlink()
    assert not target.exists()
