"""A stub's own limits are no findings about the contract."""

import pytest

from loadgen.contract.finding import Finding
from loadgen.contract.limitations import excused, read_limitations
from tests.support.broken_server import GoodServer, serving
from tests.support.checking import check_url, chosen
from tests.support.offered import CAPABILITIES

LIMITS = {"capabilities.tasks": "a stub runs no tasks", "tools.add": "it has no arithmetic"}


@pytest.mark.parametrize(
    ("where", "is_excused"),
    [
        ("capabilities.tasks", True),
        ("capabilities.tasks.list", True),
        ("capabilities.tasksy", False),
        ("capabilities", False),
        ("tools.add[0]", True),
        ("tools.adder", False),
        ("2025-11-25: tools/list", False),
    ],
)
def test_a_place_is_excused_with_all_that_is_below_it(where: str, is_excused: bool) -> None:
    (finding,) = excused([Finding("capabilities.missing", where, "it is gone")], LIMITS)
    assert (finding.code == "stub.limitation") is is_excused
    assert finding.where == where


def test_the_reason_is_told() -> None:
    (finding,) = excused([Finding("capabilities.missing", "capabilities.tasks", "it is gone")], LIMITS)
    assert finding.sentence == "it is gone; the stub says: a stub runs no tasks"


@pytest.mark.parametrize(
    "health", [None, [], {}, {"testbed": True, "limitations": ["x"]}, {"testbed": True, "limitations": None}]
)
def test_a_server_that_names_none_has_none(health: object) -> None:
    assert read_limitations(health) == {}


def test_only_a_stand_in_is_believed() -> None:
    assert read_limitations({"limitations": LIMITS}) == {}
    assert read_limitations({"testbed": True, "limitations": LIMITS}) == LIMITS


async def test_a_difference_where_the_stub_says_so_is_a_limitation() -> None:
    server = GoodServer()
    contract = server.contract(capabilities={era: {**CAPABILITIES, "tasks": {}} for era in ("handshake", "modern")})
    async with serving(server) as url:
        runs = await check_url(url, contract, chosen(["surface"]), limitations=LIMITS)
    assert {finding.code for run in runs for finding in run.findings} == {"stub.limitation"}
