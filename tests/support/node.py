"""Node.js, for tests that need it and packages of its own."""

import os
import shutil
from pathlib import Path

import pytest

_CACHE = Path(__file__).parents[2] / ".cache"


def packages(folder: str) -> Path:
    """Where `make .cache/<folder>/ready` puts them."""
    return _CACHE / folder


def find_node(folder: str, what: str) -> str:
    """The program, if the packages in `folder` are there too; else a test is skipped, and fails in CI."""
    found = shutil.which("node")
    if found and (packages(folder) / "ready").exists():
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not there")
    pytest.skip(f"{what} is not there: `make .cache/{folder}/ready` gets it")
