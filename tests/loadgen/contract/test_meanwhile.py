"""Known calls while a load or faults go on: what is found, what is explained, and that faults never stay."""

import asyncio
import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from formats.errors import InvalidInput
from loadgen.client import Endpoint
from loadgen.commands.contract_load import LoadMeanwhile
from loadgen.contract.check import Check
from loadgen.contract.checks.meanwhile import check_meanwhile
from loadgen.contract.control import Control
from loadgen.contract.faults import FaultsMeanwhile, explains
from loadgen.contract.finding import Finding
from loadgen.contract.report import CheckRun
from loadgen.contract.song import Kind, Miss
from loadgen.options.payments import PaymentsOptions
from tests.support.bends import answer, call
from tests.support.broken_server import Asked, GoodServer, Sent, serving, structured
from tests.support.checking import check_url
from tests.support.clock import FakeClock
from tests.support.http_server import Received, http_server, reply

RECORD = {"call_key": "run/echo/1", "counted": True, "expected": "http_status"}


class Commotion:
    """A disturbance that goes on until so many calls were made; it tells what was missed."""

    def __init__(self, server: GoodServer, calls: int) -> None:
        self._server = server
        self._calls = calls
        self.misses: Sequence[Miss] = ()

    async def run(self, begun: asyncio.Event) -> str:
        self._server.state["commotion"] = 0
        begun.set()
        while self._server.state["commotion"] < self._calls:  # noqa: ASYNC110 - the server has no event
            await asyncio.sleep(0.005)
        self._server.state["over"] = True
        return "commotion"

    async def findings(self, misses: Sequence[Miss]) -> Sequence[Finding]:
        self.misses = misses
        return [miss.as_finding("meanwhile.wrong") for miss in misses if miss.kind == "wrong"]


def bend(change: Any) -> Any:
    """Changes every third call of echo, once there is commotion."""

    def bent(server: GoodServer, asked: Asked, sent: Sent) -> Sent | None:
        if "commotion" not in server.state or "over" in server.state or asked.method != "tools/call":
            return None
        server.state["commotion"] += 1
        is_due = server.state["commotion"] % 3 == 0 and call("echo")(server, asked, sent)
        changed: Sent | None = change(sent) if is_due else None
        return changed

    return bent


async def meanwhile(change: Any) -> tuple[CheckRun, Sequence[Miss]]:
    server = GoodServer(bend(change))
    commotion = Commotion(server, 40)
    check = Check("meanwhile", partial(check_meanwhile, disturbance=commotion, run_id="run"))
    async with serving(server) as url:
        (*_, run) = await check_url(url, server.contract(), [check])
    return run, commotion.misses


async def test_calls_that_keep_their_answers_are_no_misses() -> None:
    run, misses = await meanwhile(lambda _: None)
    assert misses == []
    assert run.findings == ()
    assert "known calls meanwhile, 0 not answered as when nothing happens" in run.remarks[0]


@pytest.mark.parametrize(
    ("change", "kind", "told"),
    [
        (answer(structured({"echo": "another"})), "wrong", "another answer than alone, at /"),
        (answer(structured({"echo": 1})), "malformed", "breaks the outputSchema"),
        (lambda _: Sent(503), "failed", "got HTTP 503"),
        (lambda sent: sent.message.update(id=-1), "malformed", "has the id -1"),
        (lambda _: Sent(closes=True), "failed", "no whole reply came"),
    ],
)
async def test_what_becomes_of_a_call_is_told_apart(change: Any, kind: Kind, told: str) -> None:
    run, misses = await meanwhile(change)
    assert {miss.kind for miss in misses} == {kind}
    assert all(told in miss.sentence and miss.key.startswith("run/echo/") for miss in misses)
    assert {finding.code for finding in run.findings} == ({"meanwhile.wrong"} if kind == "wrong" else set())


async def test_without_a_call_whose_answer_is_known_that_is_said() -> None:
    server = GoodServer(lambda _, __, sent: sent.result.pop("tools", None) and None)
    commotion = Commotion(server, 1)
    check = Check("meanwhile", partial(check_meanwhile, disturbance=commotion, run_id="run"))
    async with serving(server) as url:
        (*_, run) = await check_url(url, server.contract(examples=[]), [check])
    assert [finding.code for finding in run.findings] == ["check.unproven"]


async def test_what_is_over_at_once_proves_nothing() -> None:
    class Instant(Commotion):
        async def run(self, _: asyncio.Event) -> str:
            return "instant"

    server = GoodServer()
    check = Check("meanwhile", partial(check_meanwhile, disturbance=Instant(server, 0), run_id="run"))
    async with serving(server) as url:
        (*_, run) = await check_url(url, server.contract(), [check])
    assert [(each.code, each.where) for each in run.findings] == [("check.unproven", "meanwhile")]


async def test_what_a_load_changes_for_good_is_told_apart() -> None:
    def changes(server: GoodServer, asked: Asked, sent: Sent) -> Sent | None:
        changed: Sent | None = None
        if "commotion" in server.state and asked.method == "tools/call":
            server.state["commotion"] += 1
            if call("echo")(server, asked, sent):
                changed = answer(structured({"echo": "from now on"}))(sent)  # type: ignore[assignment]  # it is a Sent
        return changed

    server = GoodServer(changes)
    commotion = Commotion(server, 20)
    check = Check("meanwhile", partial(check_meanwhile, disturbance=commotion, run_id="run"))
    async with serving(server) as url:
        (*_, run) = await check_url(url, server.contract(), [check])
    assert {finding.code for finding in run.findings} == {"meanwhile.changed"}
    assert commotion.misses == []


def miss(kind: Kind = "failed", *, timed_out: bool = False) -> Miss:
    return Miss(kind, "run/echo/1", "2025-11-25: echo", "so", timed_out)


async def test_a_load_may_cost_answers_and_changes_none() -> None:
    plan = PaymentsOptions.model_validate({"total": 1}).plan()
    load = LoadMeanwhile(plan, Endpoint(plan.url), send_keys=False)
    kinds: tuple[Kind, ...] = ("failed", "malformed", "wrong")
    codes = [finding.code for finding in await load.findings([miss(kind) for kind in kinds])]
    assert codes == ["check.unproven", "meanwhile.failed", "meanwhile.wrong", "meanwhile.wrong"], "it made no calls"


@pytest.mark.parametrize(
    ("record", "missed", "explained"),
    [
        (RECORD, miss(), True),
        (RECORD, miss("malformed"), True),
        ({**RECORD, "call_key": "run/echo/11"}, miss(), False),
        ({**RECORD, "counted": False}, miss(), False),
        ({**RECORD, "expected": None}, miss(), False),
        ({**RECORD, "expected": None}, miss(timed_out=True), True),
        ({**RECORD, "counted": False}, miss(timed_out=True), True),
        ({}, miss(timed_out=True), False),
    ],
)
def test_a_record_explains_what_was_done_to_its_call(record: dict[str, Any], missed: Miss, explained: bool) -> None:
    assert explains(record, missed) is explained


class ControlApi:
    """The control API of a server, with such records in its journal, and rules in place."""

    def __init__(
        self, records: Sequence[dict[str, Any]] = (), rules: Sequence[str] = (), refuses: str = "", lost: int = 0
    ) -> None:
        self.asked: list[str] = []
        self.bodies: list[bytes] = []
        self.token: str | None = None
        self._records = [{"sequence": n, **record} for n, record in enumerate(records, 1)]
        self._rules = [{"name": name} for name in rules]
        self._refuses = refuses
        self._lost = lost

    async def __call__(self, request: Received, writer: asyncio.StreamWriter) -> None:
        self.asked.append(request.method)
        self.token = request.headers.get("authorization")
        if request.method == "PUT" and self._refuses:
            body = {"error": "invalid_profile", "field": "rules", "reason": self._refuses}
            writer.write(reply(json.dumps(body).encode(), status="400 Bad Request"))
            return
        if request.method == "PUT":
            self.bodies.append(request.body)
        page = {"records": self._records, "next_after": len(self._records), "more": False, "lost": self._lost}
        writer.write(reply(json.dumps({"rules": self._rules, **page}).encode()))


def faults(url: str, clock: FakeClock | None = None) -> FaultsMeanwhile:
    control = Control(lambda path: Endpoint(url).beside(path).connect(), 20.0, "token")
    return FaultsMeanwhile(control, "mine.yaml", "version: 1", 5.0, "run", clock or FakeClock())


async def test_only_what_the_journal_does_not_explain_is_found() -> None:
    api = ControlApi([RECORD])
    async with http_server(api) as running:
        found = await faults(running.url).findings(
            [miss(), Miss("failed", "run/echo/2", "here", "so"), miss("wrong"), miss("malformed")]
        )
    assert [(finding.code, finding.where) for finding in found] == [
        ("meanwhile.wrong", "2025-11-25: echo"),
        ("meanwhile.unexplained", "here"),
    ]
    assert api.token == "Bearer token"


async def test_faults_that_hit_no_known_call_prove_nothing() -> None:
    async with http_server(ControlApi([{**RECORD, "call_key": "other/echo/1"}])) as running:
        (found,) = await faults(running.url).findings([])
    assert found.code == "check.unproven"


async def test_what_the_journal_has_lost_is_held_against_nobody() -> None:
    async with http_server(ControlApi([{**RECORD, "call_key": "run/echo/9"}], lost=3)) as running:
        (found,) = await faults(running.url).findings([miss()])
    assert found.code == "check.unproven"
    assert found.sentence == "1 failed calls are in no record of the journal, which lost 3 that were older"


@pytest.mark.parametrize(
    "document", [{}, {"records": 5, "next_after": 1, "more": False}, {"records": [], "next_after": "x", "more": False}]
)
async def test_what_is_no_journal_is_said(document: dict[str, Any]) -> None:
    async def answer_so(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(json.dumps(document).encode()))

    async with http_server(answer_so) as running:
        with pytest.raises(InvalidInput, match="something else than a journal"):
            await faults(running.url).findings([])


async def test_a_journal_without_an_end_is_left() -> None:
    async def answer_so(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(json.dumps({"records": [], "next_after": 0, "more": True}).encode()))

    async with http_server(answer_so) as running:
        (found,) = await faults(running.url).findings([])
    assert found.code == "check.unproven"


async def test_the_profile_is_sent_as_it_is_and_taken_away_in_the_end() -> None:
    api, clock = ControlApi(), FakeClock()
    async with http_server(api) as running:
        said = await faults(running.url, clock).run(asyncio.Event())
    assert api.bodies == [b"version: 1"]
    assert api.asked == ["GET", "PUT", "DELETE"]
    assert said == "faults of mine.yaml, 0 rules, for 5 s"


async def test_the_faults_are_taken_away_when_the_check_is_given_up() -> None:
    api, begun = ControlApi(), asyncio.Event()

    class Still(FakeClock):
        async def sleep(self, seconds: float) -> None:  # noqa: ARG002 - the Clock's shape
            await asyncio.Event().wait()

    async with http_server(api) as running:
        task = asyncio.create_task(faults(running.url, Still()).run(begun))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert api.asked[-1] == "DELETE"


async def test_a_profile_that_the_server_refuses_is_told_before_anything_is_checked() -> None:
    async with http_server(ControlApi(refuses="rules[0].do is missing")) as running:
        with pytest.raises(InvalidInput, match="--during-faults mine.yaml: rules\\[0\\].do is missing"):
            await faults(running.url).check()


async def test_faults_that_are_in_place_already_are_not_replaced() -> None:
    api = ControlApi(rules=["slow"])
    async with http_server(api) as running:
        with pytest.raises(InvalidInput, match="would replace the faults that are in place \\(slow\\)"):
            await faults(running.url).check()
    assert api.asked == ["GET"]
