import resource

import pytest

from formats.errors import InvalidInput
from loadgen.open_files import allow_open_files


class Limits:
    """The system's limits, as a test says."""

    def __init__(self, soft: int, hard: int, most: int) -> None:
        self.now = (soft, hard)
        self.most = most

    def get(self, _: int) -> tuple[int, int]:
        return self.now

    def set(self, _: int, limits: tuple[int, int]) -> None:
        if limits[0] == resource.RLIM_INFINITY or limits[0] > self.most:
            raise ValueError
        self.now = limits


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Limits:
    limits = Limits(1024, 4096, 4096)
    monkeypatch.setattr(resource, "getrlimit", limits.get)
    monkeypatch.setattr(resource, "setrlimit", limits.set)
    return limits


def test_a_limit_that_is_high_enough_stays(limits: Limits) -> None:
    allow_open_files(960)
    assert limits.now == (1024, 4096)


def test_a_soft_limit_that_is_too_low_is_raised_to_the_hard_one(limits: Limits) -> None:
    allow_open_files(1000)
    assert limits.now == (4096, 4096)


def test_a_hard_limit_that_is_none_is_raised_as_far_as_needed(limits: Limits) -> None:
    limits.now = (256, resource.RLIM_INFINITY)
    allow_open_files(1000)
    assert limits.now == (1064, resource.RLIM_INFINITY)


def test_a_hard_limit_that_is_too_low_is_named(limits: Limits) -> None:
    with pytest.raises(InvalidInput, match="5,000 virtual users need 5,064 open files, but the system allows 4,096;"):
        allow_open_files(5000)
    assert limits.now == (1024, 4096)
