"""Capture the bundled contracts anew from both servers; their examples, which are made by hand, stay.

python -m tests.contract.refresh
"""

import sys
from pathlib import Path
from typing import Literal

from loadgen.cli import main
from servers.testing import running_server

SERVERS: tuple[Literal["payments", "calculator"], ...] = ("payments", "calculator")
CONTRACTS = Path(__file__).parents[2] / "fixtures" / "contracts"


def refresh() -> int:
    """The exit code: 0, or that of the capture that failed."""
    for name in SERVERS:
        with running_server(name) as server:
            argv = ["contract", "capture", "--url", server.url, "--out", str(CONTRACTS / f"{name}.json")]
            code = main([*argv, "--keep-examples"])
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(refresh())
