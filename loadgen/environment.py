"""The machine that a run is made on, as far as it matters for what is measured."""

import os
import platform
from typing import Any

from formats.version import VERSION


def environment() -> dict[str, Any]:
    """This machine, and what runs on it."""
    return {
        "mcp_testbed": VERSION,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
    }
