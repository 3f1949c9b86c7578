"""Several recorders of one run, as one."""

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from ..accounting import Accounting
from ..conclusion import Asked, View
from ..result import RunResult
from .ndjson import NdjsonRecorder, RecordedSamples
from .openmetrics import OpenMetricsRecorder


class SeveralRecorders:
    """The `Recorder` that both are; the second looks at the accounts, into which the first passes everything on."""

    def __init__(self, calls: NdjsonRecorder, looks: OpenMetricsRecorder) -> None:
        self._calls, self._looks = calls, looks
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._open.enter_context(self._calls)
        self._open.enter_context(self._looks)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close both."""
        self._open.close()

    def samples(self, scenario: str, accounting: Accounting) -> RecordedSamples:
        """See `Recorder`."""
        return self._calls.samples(scenario, accounting)

    def begin(self, asked: Asked, began: float) -> None:
        """See `Recorder`."""
        self._calls.begin(asked, began)
        self._looks.begin(asked, began)

    def look(self, view: View) -> None:
        """See `Recorder`."""
        self._calls.look(view)
        self._looks.look(view)

    def finish(self, result: RunResult) -> RunResult:
        """Write the end of both; `result` with their notes."""
        return self._looks.finish(self._calls.finish(result))
