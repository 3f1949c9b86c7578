"""Every exception of this package.

ServerError
├── CannotListen    the address cannot be bound (exit code 2)
├── CannotStart     the app failed at its start (exit code 2)
└── CallRefused     a tool's answer is a sentence with `isError`, not a result
"""


class ServerError(Exception):
    """The root: catches whatever this package raises on purpose."""


class CannotListen(ServerError):  # noqa: N818 - named after its cause
    """The host or port asked for cannot be listened on."""


class CannotStart(ServerError):  # noqa: N818 - named after its cause
    """The app failed before it could accept connections; the log has the reason."""


class CallRefused(ServerError):  # noqa: N818 - named after its cause
    """A tool call that is understood but cannot be carried out; the sentence goes to the client as `isError`."""
