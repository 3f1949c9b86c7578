"""A report in a file that somebody named."""

from pathlib import Path

from formats.errors import InvalidInput


def check_writable(path: Path, asked_by: str = "--json") -> None:
    """Make sure, before there is anything to save, that `path` can be written; what it holds stays.

    Args:
        path: the file.
        asked_by: the flag or the place in a file that names it.

    Raises:
        InvalidInput: it cannot.
    """
    existed = path.exists()
    if existed and not path.is_file() and not path.is_dir():
        return  # a pipe or a device: to open it is to use it
    try:
        path.open("ab").close()
    except OSError as error:
        raise InvalidInput([f"{asked_by} {path} cannot be written: {error.strerror}"]) from error
    if not existed:
        path.resolve().unlink()  # what a dangling link points to, not the link


def save(path: Path, content: bytes) -> None:
    """Write `content` to `path`, in place of what it held.

    Raises:
        InvalidInput: it cannot be written, although it could before the run.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InvalidInput([f"the report could not be saved to {path}: {error.strerror}"]) from error
