import os
from pathlib import Path
from threading import Thread

import pytest

from loadgen.outputs.line_file import LineFile

Captured = pytest.CaptureFixture[str]
CHUNK = b"x" * (64 * 1024 - 1) + b"\n"
"""A line that is as large as what is handed over at once."""


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A file that takes nothing until somebody reads it."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def read_later(pipe: Path) -> tuple[Thread, list[bytes]]:
    found: list[bytes] = []
    reader = Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    return reader, found


def test_lines_stand_in_the_file_in_their_order(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "lines")
    for n in range(1000):
        file.put(b"%d\n" % n)
    file.keep(b"kept\n")
    file.close(b"last\n")
    expected = [*map(str, range(1000)), "kept", "last"]
    assert (tmp_path / "lines").read_text().split() == expected
    assert (file.missing, file.problem) == (0, None)


def test_what_the_file_held_before_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text("old\n" * 100)
    LineFile(path).close(b"new\n")
    assert path.read_text() == "new\n"


def test_lines_that_find_no_room_are_lost_and_counted_and_nobody_waits(pipe: Path) -> None:
    file = LineFile(pipe, most_chunks=1)
    file.keep(b"first\n")  # fills the queue: nobody reads the pipe
    for _ in range(3):
        file.put(CHUNK)
    assert file.lost == 3
    reader, found = read_later(pipe)
    file.close()
    reader.join()
    assert found == [b"first\n"]
    assert file.missing == 3


def test_a_line_that_is_to_be_kept_waits_for_room(pipe: Path) -> None:
    file = LineFile(pipe, most_chunks=1)
    file.keep(b"first\n")
    file.put(b"lost\n")
    file.keep(b"second\n")
    reader, found = read_later(pipe)
    file.close(b"last\n")
    reader.join()
    assert found == [b"first\nsecond\nlast\n"]
    assert file.missing == 1


def test_a_disk_that_does_not_answer_is_waited_for_so_long_and_no_longer(pipe: Path) -> None:
    file = LineFile(pipe, patience=0.01)
    file.keep(b"first\n")
    file.close(b"last\n")
    assert file.problem == "the disk does not answer"
    assert file.missing == 2
    os.close(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK))  # lets the thread go


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full disk")
def test_a_full_disk_is_told_once_and_what_is_missing_is_counted(capsys: Captured) -> None:
    file = LineFile(Path("/dev/full"))
    file.keep(b"one\n")
    file.put(b"two\n")
    file.keep(b"three\n")
    file.close(b"last\n")
    assert file.problem == "No space left on device"
    assert file.missing == 4
    assert capsys.readouterr().err == (
        "mcp-load: /dev/full cannot be written any more: No space left on device; the run goes on without it\n"
    )


def test_a_reader_that_goes_away_ends_the_file_and_nothing_else(pipe: Path, capsys: Captured) -> None:
    file = LineFile(pipe)
    reader = os.open(pipe, os.O_RDONLY)
    os.close(reader)
    file.keep(b"one\n" * 1000)
    file.close()
    assert file.problem == "Broken pipe"
    assert capsys.readouterr().err.count("\n") == 1


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path, capsys: Captured) -> None:
    file = LineFile(tmp_path)
    file.keep(b"one\n")
    file.close()
    assert (file.problem, file.missing) == ("Is a directory", 1)
    assert "Is a directory; the run goes on without it" in capsys.readouterr().err
