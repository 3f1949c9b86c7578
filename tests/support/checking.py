"""Contract checks of servers that a test runs itself."""

from collections.abc import Iterable, Sequence
from typing import Any

from formats.contract import Contract
from loadgen.client import Endpoint
from loadgen.clock import SystemClock
from loadgen.contract.check import CHECKS, Check, check_contract
from loadgen.contract.report import CheckRun
from loadgen.contract.target import Target
from tests.support.broken_server import GoodServer, serving

SECONDS = 60.0


def chosen(names: Iterable[str]) -> Sequence[Check]:
    """The checks of these names."""
    return [check for check in CHECKS if check.name in {*names}]


def target_at(url: str, contract: Contract, *, within: float = 20.0, named: Sequence[str] = ()) -> Target:
    """The server at `url`, at which nobody has looked yet; answers that change are looked at again at once."""
    return Target(url, Endpoint(url).connect, contract, SystemClock(), within, seed=7, quiet=0.0, named=tuple(named))


async def check_target(target: Target, checks: Sequence[Check] = CHECKS, **more: Any) -> list[CheckRun]:
    """What becomes of each check."""
    runs: list[CheckRun] = []
    await check_contract(target, SECONDS, runs.append, checks=checks, **more)
    return runs


async def check_url(url: str, contract: Contract, checks: Sequence[Check] = CHECKS, **more: Any) -> list[CheckRun]:
    """What becomes of each check of the server at `url`."""
    return await check_target(target_at(url, contract), checks, **more)


async def check_server(
    server: GoodServer, checks: Sequence[Check] = CHECKS, contract: Contract | None = None, *, within: float = 20.0
) -> list[CheckRun]:
    """What becomes of each check of `server`, by default against its own contract."""
    async with serving(server) as url:
        return await check_target(target_at(url, contract or server.contract(), within=within), checks)


def found(runs: Sequence[CheckRun]) -> list[str]:
    """Codes, places and sentences, as one line each."""
    return [f"{each.code} | {each.where} | {each.sentence}" for run in runs for each in run.findings]
