"""Where data files are found: by bundled name inside the installed package, then the checkout; else by path."""

from contextlib import suppress
from pathlib import Path

from .errors import InvalidInput

_HERE = Path(__file__).resolve().parent
ROOTS = (_HERE / "fixtures", _HERE.parent / "fixtures")
"""Folders that hold the bundled fixtures: the wheel's package data, then a checkout's `fixtures/`."""


def bundled_fixtures(kind: str, suffix: str = ".yaml") -> dict[str, Path]:
    """The bundled fixtures of `kind` by name, in the order of the names."""
    found = {path.stem: path for root in reversed(ROOTS) for path in (root / kind).glob(f"*{suffix}")}
    return dict(sorted(found.items()))


def find_fixture(kind: str, name: str, suffix: str = ".yaml") -> Path:
    """The file meant by `name`: the bare name of a bundled fixture of `kind` (a folder), or a path to a file.

    A file that happens to have a bundled name is `./name`.

    Raises:
        InvalidInput: no such file; the sentence lists the bundled names.
    """
    bundled = bundled_fixtures(kind, suffix)
    if name in bundled:
        return bundled[name]
    given = Path(name)
    with suppress(OSError):  # a name too long for the file system
        if name and given.exists() and not given.is_dir():
            return given
    known = ", ".join(bundled) or "none"
    raise InvalidInput([f"{name}: there is no such file, and no bundled one of that name in {kind} (bundled: {known})"])
