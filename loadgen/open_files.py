"""As many open files as virtual users need: each has a connection."""

import sys

from formats.errors import InvalidInput

if sys.platform != "win32":  # which has no such limit
    import resource

_OTHERS = 64
"""Files that the process opens besides."""


def allow_open_files(connections: int) -> None:
    """Raise the soft limit of open files when `connections` do not fit under it.

    Raises:
        InvalidInput: they do not fit under the hard limit either.
    """
    if sys.platform == "win32":
        return
    needed = connections + _OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _fits(needed, soft):
        return
    for wanted in (hard, needed) if _fits(needed, hard) else ():
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (ValueError, OSError):  # macOS says that there is no hard limit, and then refuses to set none
            continue
        return
    what = f"{connections:,} virtual users need {needed:,} open files, but the system allows {hard:,}"
    raise InvalidInput([f"{what}; use fewer, or raise the hard limit (ulimit -Hn)"])


def _fits(needed: int, limit: int) -> bool:
    return sys.platform == "win32" or limit == resource.RLIM_INFINITY or needed <= limit
