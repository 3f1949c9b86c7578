"""Standard streams that are closed, full, or read by somebody who went away: a command goes on all the same."""

import os
import sys
from typing import TextIO


def open_missing_streams() -> None:
    """Put the null device where stdin, stdout or stderr was closed: libuv aborts when a socket gets its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def say(text: str, stream: TextIO) -> None:
    """Write `text` and flush; when that fails, the stream goes to the null device from here on.

    Parts of it come from servers and files: what is no printable character and no line end becomes a blank, since a
    terminal would obey it.
    """
    try:
        stream.write("".join(c if c.isprintable() or c == "\n" else " " for c in text))
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
