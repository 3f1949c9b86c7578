"""Documents that are equal but for the last digits of their numbers."""

from typing import Any

import pytest


def nearly(value: Any) -> Any:
    """What equals `value`; floats may differ as they do when they were written in another unit."""
    if isinstance(value, dict):
        return {key: nearly(each) for key, each in value.items()}
    if isinstance(value, list):
        return [nearly(each) for each in value]
    return pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value
