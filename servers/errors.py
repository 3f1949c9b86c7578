"""Every exception of this package.

ServerError
├── CannotListen    the address cannot be bound (exit code 2)
├── CannotStart     the app failed at its start (exit code 2)
├── NoAnswer        a server that a command asked did not answer (exit code 3)
├── CallRefused     a tool's answer is a sentence with `isError`, not a result
└── ControlRefused  the control API's answer is an error (with its HTTP status)
"""

from collections.abc import Mapping, Sequence


class ServerError(Exception):
    """The root: catches whatever this package raises on purpose."""


class CannotListen(ServerError):  # noqa: N818 - named after its cause
    """The host or port asked for cannot be listened on."""


class CannotStart(ServerError):  # noqa: N818 - named after its cause
    """The app failed before it could accept connections; the log has the reason."""


class NoAnswer(ServerError):  # noqa: N818 - named after its cause
    """The server that a command asked cannot be reached, or broke off."""


class CallRefused(ServerError):  # noqa: N818 - named after its cause
    """A tool call that is understood but cannot be carried out; the sentence goes to the client as `isError`."""


class ControlRefused(ServerError):  # noqa: N818 - named after its cause
    """A request to the control API that cannot be carried out.

    Args:
        status: HTTP status of the answer.
        error: its kind, a word or two.
        field: what of the request is wrong, empty for the whole.
        reason: one sentence.
        problems: all of them when there are several, as (field, reason); the first is `field` and `reason`.
        headers: of the answer.
    """

    def __init__(
        self,
        status: int,
        error: str,
        field: str,
        reason: str,
        problems: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.error = error
        self.field = field
        self.reason = reason
        self.problems = tuple(problems)
        self.headers = dict(headers or {})
