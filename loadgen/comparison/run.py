"""The runs of a side: JSON results as `mcp-load` wrote them, one file or a folder of repeats."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from formats.errors import InvalidInput, complaint

READS_VERSION = 1
"""Of the JSON report; later ones may mean something else."""
_LARGEST = 1e15
"""What no metric comes near; squares of it are still numbers."""


def _printable(text: str) -> str:
    """A server chose some of the words: none of them may steer a terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


Text = Annotated[str, AfterValidator(_printable)]
Number = Annotated[float, Field(ge=-_LARGEST, le=_LARGEST, allow_inf_nan=False)]
Values = dict[str, Number | None]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class PlanName(_Part):
    """The plan that a run followed, how much it was shrunk, and the criterion that ended it early, if one did."""

    name: Text
    scale: Number = 1.0
    aborted: Text | None = None


class Generator(_Part):
    """Whether the generator was the limit of the run, and why."""

    limited: bool
    reason: Text | None = None


class Run(_Part):
    """What a comparison wants of one result; the rest of the document is not looked at."""

    run_id: Text
    workload: Text
    mix: Text
    load: Text
    protocol: Text
    url: Text
    server: Text
    started_at: Text
    interrupted: bool
    metrics: dict[Text, Values]
    plan: PlanName | None = None
    generator: Generator | None = None
    file: Text = ""

    @property
    def identity(self) -> dict[str, str]:
        """What must be the same for two runs to be comparable, by name. The server and its URL may differ."""
        return {
            "plan": "none" if self.plan is None else self.plan.name,
            "scale": "1" if self.plan is None else f"{self.plan.scale:g}",
            "workload": self.workload,
            "mix": self.mix,
            "load": self.load,
            "protocol": self.protocol,
        }

    @property
    def cut_short(self) -> str | None:
        """How the run ended before its time, if it did."""
        if self.interrupted:
            return f"{self.file} was interrupted"
        if self.plan is not None and self.plan.aborted is not None:
            return f"{self.file} was aborted by {self.plan.aborted}"
        return None

    @property
    def limited(self) -> bool:
        """Whether latencies and rates say something about the generator rather than the server."""
        return self.generator is not None and self.generator.limited


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: the runs, at least one, that `source` holds."""

    source: str
    runs: tuple[Run, ...]

    @property
    def limited(self) -> bool:
        """Whether the generator was the limit of any of the runs."""
        return any(run.limited for run in self.runs)


def read_side(path: Path) -> Side:
    """The result in the file `path`, or all `*.json` of the folder `path`.

    Raises:
        InvalidInput: some of it is no result, or two files hold the same run; a sentence for each.
    """
    runs: list[Run] = []
    problems: list[str] = []
    for file in _files(path):
        try:
            runs.append(read_run(file))
        except InvalidInput as error:
            problems += error.problems
    if problems := problems or list(_copies(runs)):
        raise InvalidInput(problems)
    return Side(_printable(str(path)), tuple(runs))


def read_run(path: Path) -> Run:
    """The result in the file `path`.

    Raises:
        InvalidInput: there is none that this version can read.
    """
    name = _printable(str(path))
    try:
        document = orjson.loads(path.read_bytes())
    except OSError as error:
        raise InvalidInput([f"{name} cannot be read: {error.strerror}"]) from error
    except orjson.JSONDecodeError as error:
        raise InvalidInput([f"{name} is not JSON ({error.msg}, line {error.lineno})"]) from error
    version = _version(document)
    if version is None or version < 1:
        raise InvalidInput([f"{name} is no result of mcp-load"])
    if version > READS_VERSION:
        raise InvalidInput(
            [f"{name} is of version {version}, from a newer mcp-load; this one reads version {READS_VERSION}"]
        )
    try:
        return Run.model_validate({**document, "file": name})
    except ValidationError as error:
        first = error.errors()[0]
        where = _printable(".".join(map(str, first["loc"])))
        raise InvalidInput([f"{name} is no result of mcp-load: {where} {complaint(first)}"]) from error


def _version(document: Any) -> int | None:
    version = document.get("version") if isinstance(document, dict) else None
    return version if isinstance(version, int) and not isinstance(version, bool) else None


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    try:
        files = sorted(file for file in path.iterdir() if file.suffix == ".json")
    except OSError as error:
        raise InvalidInput([f"{_printable(str(path))} cannot be read: {error.strerror}"]) from error
    if not files:
        raise InvalidInput([f"{_printable(str(path))} holds no *.json"])
    return files


def _copies(runs: list[Run]) -> list[str]:
    """A run that counted twice would make the interval too narrow."""
    files = defaultdict(list)
    for run in runs:
        files[run.run_id].append(run.file)
    return [f"{' and '.join(same)} are the same run ({run_id})" for run_id, same in files.items() if len(same) > 1]
