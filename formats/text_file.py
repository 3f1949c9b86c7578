"""Files that a person wrote, as text."""

from pathlib import Path

from .errors import InvalidInput


def read_text(path: Path, most: int | None = None) -> str:
    """What `path` holds.

    Args:
        path: a file of UTF-8 text.
        most: characters that it may have; no more than that is read, whatever it is.

    Raises:
        InvalidInput: it cannot be read, or is too long; one sentence that names it.
    """
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read() if most is None else file.read(most + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InvalidInput([f"{path}: cannot be read: {reason}"]) from error
    if most is not None and len(text) > most:
        raise InvalidInput([f"{path}: should have at most {most:,} characters"])
    return text
