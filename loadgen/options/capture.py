"""The flags of `mcp-load contract capture`."""

import secrets
import shutil
from pathlib import Path
from typing import Annotated, Self

from cyclopts import Parameter
from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from formats.contract import Contract, read_contract
from formats.durations import Duration
from formats.errors import REPEATED, InvalidInput

from ..contract.capture.calls import Wishes
from ..contract.capture.source import Source
from .target import TargetOptions, Url

STDOUT = Path("-")


def _writable(path: Path) -> Path:
    """`path`, when a file of that name can be put there."""
    try:
        if path != STDOUT and not _is_device(path):
            _beside(path).unlink()
    except OSError as error:
        raise PydanticCustomError(
            REPEATED, "{path} cannot be written: {why}", {"path": str(path), "why": error.strerror or str(error)}
        ) from error
    return path


class CaptureOptions(TargetOptions):
    """What `mcp-load contract capture` takes."""

    url: Url = "http://127.0.0.1:8000"
    timeout: Annotated[
        Duration,
        Field(gt=0),
        Parameter(
            env_var="LOAD_TEST_TIMEOUT",
            help="Longest time for one request, in seconds or such as 500ms; a tool that takes longer is no example.",
        ),
    ] = 10.0
    out: Annotated[
        Path,
        AfterValidator(_writable),
        Parameter(name=["--out", "-o"], help="The file; - is the standard output. It is only replaced by a whole one."),
    ] = STDOUT
    examples: Annotated[
        int,
        Field(ge=0, le=20),
        Parameter(help="Sets of arguments that each read-only tool is called with; 0: no examples at all."),
    ] = 3
    tool: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="A tool to call although it is not annotated read-only; repeatable. It is called several times.",
        ),
    ] = ()
    read: Annotated[bool, Parameter(help="Read resources, and prompts without required arguments, as examples.")] = True
    seed: Annotated[
        int,
        Field(ge=0, lt=2**63),  # what JSON readers can hold
        Parameter(help="Arguments are drawn from this number: the same one gives the same calls."),
    ] = 1

    keep_examples: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Keep the examples of the file that is replaced, and make no calls for new ones.",
        ),
    ] = False

    @model_validator(mode="after")
    def _one_source_of_examples(self) -> Self:
        flags = {"examples": "--examples", "tool": "--tool", "read": "--no-read", "seed": "--seed"}
        others = [flag for name, flag in flags.items() if name in self.model_fields_set]
        if self.keep_examples and (others or self.out == STDOUT):
            why = f"cannot go together with {', '.join(others)}" if others else "wants --out FILE"
            raise ValueError(f"--keep-examples takes the examples from the file: it {why}")
        return self

    @property
    def source(self) -> Source:
        """The server.

        Raises:
            InvalidInput: flags that do not go together, or a file that cannot be read.
        """
        return Source(self.url, self.endpoint_of(self.url).connect, self.timeout)

    @property
    def wishes(self) -> Wishes:
        """What is to be recorded."""
        return Wishes(0 if self.keep_examples else self.examples, self.seed, self.tool, self.read)

    def kept(self) -> Contract | None:
        """What the file holds, when its examples stay.

        Raises:
            InvalidInput: it is no contract.
        """
        return read_contract(self.out) if self.keep_examples else None

    def save(self, text: str) -> None:
        """Put `text` into the file, all of it or nothing; not for the standard output.

        Raises:
            InvalidInput: it cannot be written, although it could before.
        """
        try:
            if _is_device(self.out):
                self.out.write_text(text, encoding="utf-8")
            else:
                _replace(self.out.resolve(), text)
        except OSError as error:
            raise InvalidInput([f"--out {self.out} cannot be written: {error.strerror}"]) from error


def _replace(path: Path, text: str) -> None:
    """Write beside `path` (no link) and put it in its place, with the permissions that it had."""
    draft = _beside(path)
    try:
        draft.write_text(text, encoding="utf-8")
        if path.exists():
            shutil.copymode(path, draft)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _beside(path: Path) -> Path:
    """A new, empty file in the folder of `path`, which must not be a folder itself."""
    path = path.resolve()
    if path.is_dir():
        raise IsADirectoryError(None, "it is a folder")
    draft = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}")
    draft.touch(exist_ok=False)
    return draft


def _is_device(path: Path) -> bool:
    """Whether it is a pipe or a device, which cannot be replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()
