"""The entry point of `mcp-serve` and of `python -m servers`."""

import sys


def main() -> int:
    """Run `mcp-serve` on the process's arguments; returns the exit code, 130 when Ctrl-C comes before it is up."""
    try:
        from formats.stdio import open_missing_streams  # noqa: PLC0415 - as below

        from .cli import main as run  # noqa: PLC0415 - Ctrl-C while modules are loaded is no traceback either

        open_missing_streams()
        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
