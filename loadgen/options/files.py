"""Where the reports of a run go: `--out KIND=FILE`, and `--save`."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args

from pydantic_core import PydanticCustomError

from formats.errors import REPEATED, InvalidInput

from ..outputs.ndjson import NdjsonRecorder
from ..outputs.openmetrics import OpenMetricsRecorder
from ..outputs.several import SeveralRecorders
from ..reports.file import check_writable, save
from ..reports.html import render_html
from ..reports.json import document, render_json
from ..reports.junit import render_junit
from ..result import RunResult

Kind = Literal["json", "html", "junit", "ndjson", "openmetrics"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_SUFFIXES: Mapping[Kind, str] = {"json": ".json", "html": ".html", "junit": ".junit.xml"}
"""Of the files that are written when a run is over."""
_RESULTS = Path("results")


def as_output(written: str) -> str:
    """What `--out` of a load command takes, when the file can be written.

    Raises:
        ValueError: it is not of that form.
        PydanticCustomError: the file cannot be written.
    """
    return as_file_of(written, KINDS, "should be json=FILE, html=FILE, junit=FILE, ndjson=FILE or openmetrics=FILE")


def as_report(written: str) -> str:
    """What `--out` of `mcp-load report` takes, when the file can be written.

    Raises:
        ValueError: it is not of that form.
        PydanticCustomError: the file cannot be written.
    """
    return as_file_of(written, tuple(_SUFFIXES), "should be json=FILE, html=FILE or junit=FILE")


def as_file_of(written: str, kinds: Sequence[str], form: str) -> str:
    """`written`, when it is KIND=FILE with one of `kinds`, which `form` says in words, and the file can be written.

    Raises:
        ValueError: it is not of that form.
        PydanticCustomError: the file cannot be written.
    """
    kind, sign, path = written.partition("=")
    if kind not in kinds or not sign or not path:
        raise ValueError(form)
    try:
        check_writable(Path(path))
    except InvalidInput as error:
        why = error.problems[0].partition(f"{path} ")[2]  # what is before that names another flag
        raise PydanticCustomError(REPEATED, "{path} {why}", {"path": path, "why": why}) from error
    return written


def each_once(out: tuple[str, ...]) -> tuple[str, ...]:
    """`out`, KIND=FILE each, when no two name the same file.

    Raises:
        ValueError: two do.
    """
    files = [Path(each.partition("=")[2]).resolve() for each in out]
    if len(set(files)) < len(files):
        raise ValueError("should name each file once")
    return out


@dataclass(frozen=True, slots=True)
class Reports:
    """The files that a run is reported in, by kind."""

    files: Mapping[Kind, Path] = field(default_factory=dict)

    def numbered(self, number: int) -> "Reports":
        """Those of the run with that number among several: `load.json` becomes `load-1.json`; a device stays one."""
        return Reports(
            {
                kind: path.with_stem(f"{path.stem}-{number}") if path.is_file() or not path.exists() else path
                for kind, path in self.files.items()
            }
        )

    def check(self) -> None:
        """Make sure that they can be written, and that each is one file.

        Raises:
            InvalidInput: one cannot, or would replace another.
        """
        kinds: dict[Path, Kind] = {}
        for kind, path in self.files.items():
            check_writable(path)
            first = kinds.setdefault(path.resolve(), kind)
            if first != kind:
                raise InvalidInput([f"{path} cannot be written: it is {first} and {kind} at once"])

    def recorder(self) -> NdjsonRecorder | OpenMetricsRecorder | SeveralRecorders | None:
        """What writes the run down while it goes on, if that is asked for."""
        calls, looks = self.files.get("ndjson"), self.files.get("openmetrics")
        if calls is not None and looks is not None:
            return SeveralRecorders(NdjsonRecorder(calls), OpenMetricsRecorder(looks))
        if looks is not None:
            return OpenMetricsRecorder(looks)
        return None if calls is None else NdjsonRecorder(calls)

    def beside(self, source: Path) -> "Reports":
        """The same files, none of which is `source`.

        Raises:
            InvalidInput: one is.
        """
        for kind, path in self.files.items():
            if path.exists() and source.exists() and path.samefile(source):
                raise InvalidInput([f"--out {kind}={path} would overwrite the file that is read"])
        return self

    def save(self, result: RunResult) -> None:
        """Write those that are made of the result.

        Raises:
            InvalidInput: one cannot be written, although it could before the run.
        """
        shown = document(result)
        renderers: dict[Kind, Callable[[], bytes]] = {
            "json": lambda: render_json(result),
            "html": lambda: render_html(shown),
            "junit": lambda: render_junit(shown),
        }
        for kind, render in renderers.items():
            if kind in self.files:
                save(self.files[kind], render())


def read_outputs(written: Iterable[str]) -> dict[Kind, Path]:
    """The file of each kind, of flags that are right."""
    return {cast(Kind, kind): Path(path) for kind, _, path in (each.partition("=") for each in written)}


def check_dated() -> None:
    """Make sure, before there is anything to save, that `--save` can put files under `results/`.

    Raises:
        InvalidInput: it cannot.
    """
    try:
        _RESULTS.mkdir(exist_ok=True)
    except OSError as error:
        raise InvalidInput([f"--save: {_RESULTS} cannot be made: {error.strerror}"]) from error
    if not os.access(_RESULTS, os.W_OK | os.X_OK):
        raise InvalidInput([f"--save: {_RESULTS} cannot be written"])


def dated(result_name: str, started_at: str, run_id: str) -> Reports:
    """Files for `--save`: `results/DATE/NAME-TIME-RUN.…` under the working directory.

    Raises:
        InvalidInput: the folder cannot be made.
    """
    day, _, time = started_at.partition("T")
    folder = _RESULTS / day
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput([f"--save: {folder} cannot be made: {error.strerror}"]) from error
    stem = f"{result_name}-{time[:8].replace(':', '')}-{run_id}"
    return Reports({kind: folder / f"{stem}{_SUFFIXES[kind]}" for kind in _SUFFIXES})
