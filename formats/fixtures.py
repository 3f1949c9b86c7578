"""Where data files are found: a path as given, then the copy inside the installed package, then the checkout's."""

from pathlib import Path

from .errors import InvalidInput

_HERE = Path(__file__).resolve().parent
ROOTS = (_HERE / "fixtures", _HERE.parent / "fixtures")
"""Folders that hold the bundled fixtures: the wheel's package data, then a checkout's `fixtures/`."""


def find_fixture(kind: str, name: str, suffix: str = ".yaml") -> Path:
    """The file meant by `name`: a path to a file, or the bare name of a bundled fixture of `kind` (a folder).

    Raises:
        InvalidInput: no such file; the sentence lists the bundled names.
    """
    given = Path(name)
    if given.is_file():
        return given
    bundled = {path.stem: path for root in reversed(ROOTS) for path in sorted((root / kind).glob(f"*{suffix}"))}
    if name in bundled:
        return bundled[name]
    known = ", ".join(sorted(bundled)) or "none"
    raise InvalidInput([f"{name}: there is no such file, and no bundled one of that name in {kind} (bundled: {known})"])
