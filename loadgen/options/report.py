"""The flags of `mcp-load report`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import AfterValidator, BaseModel, ConfigDict, field_validator

from .files import Reports, as_report, read_outputs


class ReportOptions(BaseModel):
    """What is made of a run that was written down."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    out: Annotated[
        tuple[Annotated[str, AfterValidator(as_report)], ...],
        Parameter(
            negative="", show_default=False, help="json=FILE, html=FILE or junit=FILE: also save it; repeatable."
        ),
    ] = ()
    verbose: Annotated[
        bool,
        Parameter(
            name=["--verbose", "-v"], negative="", show_default=False, help="Also list every metric in the report."
        ),
    ] = False

    @field_validator("out")
    @classmethod
    def _one_of_a_kind(cls, out: tuple[str, ...]) -> tuple[str, ...]:
        if len(read_outputs(out)) < len(out):
            raise ValueError("should name one file of each kind")
        return out

    def reports_beside(self, path: Path) -> Reports:
        """The files that are asked for, none of which is `path`, which is read.

        Raises:
            InvalidInput: one is.
        """
        return Reports(read_outputs(self.out)).beside(path)
