"""The flags of `mcp-load contract diff`, and where its reports go."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

from cyclopts import Parameter
from pydantic import AfterValidator, BaseModel, ConfigDict

from formats.contract import Contract, read_contract
from formats.errors import InvalidInput
from formats.fixtures import find_fixture

from ..contract.contract_diff import ContractDiff, FailOn, diff_contracts
from ..reports.contract_diff_json import render_contract_diff_json
from ..reports.contract_diff_junit import render_contract_diff_junit
from ..reports.contract_diff_markdown import render_contract_diff_markdown
from ..reports.contract_diff_text import render_contract_diff_text
from ..reports.file import save
from .files import as_file_of, each_once

Format = Literal["text", "json", "markdown"]
Kind = Literal["json", "junit", "markdown", "text"]
_RENDERERS: Mapping[Kind, Callable[[ContractDiff], bytes]] = {
    "json": render_contract_diff_json,
    "junit": render_contract_diff_junit,
    "markdown": lambda diff: render_contract_diff_markdown(diff).encode(),
    "text": lambda diff: render_contract_diff_text(diff).encode(),
}


def _output(written: str) -> str:
    return as_file_of(written, get_args(Kind), "should be json=FILE, junit=FILE, markdown=FILE or text=FILE")


class ContractDiffOptions(BaseModel):
    """The flags of `mcp-load contract diff`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fail_on: Annotated[
        FailOn,
        Parameter(
            help="The mildest kind of change that gives exit code 99: breaking; unknown, what could not be proven to "
            "be compatible, as well; review, words and promises for a person to read, as well."
        ),
    ] = "breaking"
    format: Annotated[Format, Parameter(help="What is printed.")] = "text"
    out: Annotated[
        tuple[Annotated[str, AfterValidator(_output)], ...],
        Parameter(
            negative="",
            show_default=False,
            help="json=FILE, junit=FILE, markdown=FILE or text=FILE: also save it; repeatable.",
        ),
        AfterValidator(each_once),
    ] = ()

    def diff(self, old: str, new: str) -> ContractDiff:
        """Read both contracts, files or bundled names, and compare them.

        Raises:
            InvalidInput: there are none, files that are no contracts, an output that would replace one of them.
        """
        contracts: list[Contract] = []
        problems: list[str] = []
        read: set[Path] = set()
        for name in (old, new):
            try:
                path = find_fixture("contracts", name, ".json")
                read.add(path.resolve())
                contracts.append(read_contract(path))
            except InvalidInput as error:
                problems += [problem for problem in error.problems if problem not in problems]
        replaced = [each for each in self.out if Path(each.partition("=")[2]).resolve() in read]
        problems += [f"--out {each} would replace a contract that is compared" for each in replaced]
        if problems:
            raise InvalidInput(problems)
        before, after = contracts
        return diff_contracts(old, before, new, after, self.fail_on)

    def report(self, diff: ContractDiff) -> str:
        """What is printed."""
        return _RENDERERS[self.format](diff).decode()

    def save(self, diff: ContractDiff) -> None:
        """Write the files of `--out`.

        Raises:
            InvalidInput: one cannot be written.
        """
        for each in self.out:
            kind, _, path = each.partition("=")
            save(Path(path), next(render for name, render in _RENDERERS.items() if name == kind)(diff))
