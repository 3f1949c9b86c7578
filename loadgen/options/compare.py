"""The flags of `mcp-load compare`, and where its reports go."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from pydantic import AfterValidator, BaseModel, ConfigDict

from formats.errors import InvalidInput

from ..comparison.compare import Comparison, compare
from ..comparison.limit import Limit, parse_limit
from ..comparison.run import Side, read_side
from ..reports.compare_json import render_comparison_json
from ..reports.compare_markdown import render_comparison_markdown
from ..reports.compare_text import render_comparison_text
from ..reports.file import save
from .files import as_file_of, each_once

Format = Literal["text", "json", "markdown"]
_FORMATS: tuple[Format, ...] = ("text", "json", "markdown")


def _limit(written: str) -> str:
    parse_limit(written)
    return written


def _output(written: str) -> str:
    return as_file_of(written, _FORMATS, "should be json=FILE, markdown=FILE or text=FILE")


class CompareOptions(BaseModel):
    """The flags of `mcp-load compare`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fail_on: Annotated[
        tuple[Annotated[str, AfterValidator(_limit)], ...],
        Parameter(
            negative="",
            show_default=False,
            help="Limit such as p95>+10%, rate<-5% or http_req_duration:p(99)>+5ms, broken when the whole 95 % "
            "interval is beyond it; repeatable.",
        ),
    ] = ()
    format: Annotated[Format, Parameter(help="What is printed.")] = "text"
    out: Annotated[
        tuple[Annotated[str, AfterValidator(_output)], ...],
        Parameter(
            negative="", show_default=False, help="json=FILE, markdown=FILE or text=FILE: also save it; repeatable."
        ),
        AfterValidator(each_once),
    ] = ()
    different_plans: Annotated[
        bool, Parameter(negative="", show_default=False, help="Compare runs of different plans or loads all the same.")
    ] = False
    interrupted_runs: Annotated[
        bool, Parameter(negative="", show_default=False, help="Compare runs that ended early, too.")
    ] = False
    verbose: Annotated[
        bool,
        Parameter(
            name=["--verbose", "-v"], negative="", show_default=False, help="Show every metric; JSON always has all."
        ),
    ] = False

    @property
    def limits(self) -> tuple[Limit, ...]:
        """What `--fail-on` means."""
        return tuple(map(parse_limit, self.fail_on))

    def compare(self, baseline: Path, current: Path) -> Comparison:
        """Read both sides and compare them.

        Raises:
            InvalidInput: files that are no results, runs that should not be compared, limits that cannot be judged, an
                output that would replace a result.
        """
        sides: list[Side] = []
        problems: list[str] = []
        for path in (baseline, current):
            try:
                sides.append(read_side(path))
            except InvalidInput as error:
                problems += [problem for problem in error.problems if problem not in problems]
        if problems:
            raise InvalidInput(problems)
        before, after = sides
        results = {Path(run.file).resolve() for side in sides for run in side.runs}
        replaced = [each for each in self.out if Path(each.partition("=")[2]).resolve() in results]
        if replaced:
            raise InvalidInput([f"--out {each} would replace a result that is compared" for each in replaced])
        return compare(
            before,
            after,
            self.limits,
            different_plans=self.different_plans,
            interrupted_runs=self.interrupted_runs,
        )

    def report(self, comparison: Comparison) -> str:
        """What is printed."""
        return self._rendered(comparison, self.format)

    def save(self, comparison: Comparison) -> None:
        """Write the files of `--out`.

        Raises:
            InvalidInput: one cannot be written.
        """
        for each in self.out:
            kind, _, path = each.partition("=")
            save(Path(path), self._rendered(comparison, kind).encode())

    def _rendered(self, comparison: Comparison, kind: str) -> str:
        if kind == "json":
            return render_comparison_json(comparison).decode()
        render = render_comparison_markdown if kind == "markdown" else render_comparison_text
        return render(comparison, every_metric=self.verbose)
