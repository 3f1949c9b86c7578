"""What a stub does over several calls: seeds, memory, faults, and many clients at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from servers.testing import RunningServer, running_server
from tests.support.raw_mcp import ERAS, HANDSHAKE, MODERN, RawClient, error_of, result_of, send
from tests.support.stub_contract import SAMPLE


def test_a_reset_forgets_what_calls_left_behind() -> None:
    with running_server("stub", contract=SAMPLE) as server:
        raw = RawClient(server.url, HANDSHAKE)
        first = result_of(raw.call("create", {"amount": 1}))["structuredContent"]
        assert result_of(raw.call("create", {"amount": 1}))["structuredContent"]["id"] != first["id"]
        assert send(f"{server.base_url}/_testbed/reset", "POST", {}).status == 200
        assert error_of(raw.call("look", {"id": first["id"]}))["code"] == -32044
        assert result_of(raw.call("create", {"amount": 1}))["structuredContent"] == first


def test_no_more_is_remembered_than_it_is_told_to() -> None:
    with running_server("stub", contract=SAMPLE, keep=2) as server:
        raw = RawClient(server.url, HANDSHAKE)
        first, second = (result_of(raw.call("create", {"amount": n}))["structuredContent"] for n in (1, 2))
        assert error_of(raw.call("look", {"id": first["id"]}))["code"] == -32044
        assert result_of(raw.call("look", {"id": second["id"]}))["structuredContent"] == second


def test_another_seed_makes_up_other_answers() -> None:
    answers = []
    for seed in (0, 0, 1):
        with running_server("stub", contract=SAMPLE, answers_seed=seed) as server:
            answers.append(result_of(RawClient(server.url, MODERN).call("add", {"a": 1, "b": 2})))
    assert answers[0] == answers[1] != answers[2]


def test_faults_act_on_its_tools() -> None:
    rule = {"name": "busy", "match": {"tool": "forecast"}, "do": [{"http": {"status": 503}}]}
    with running_server("stub", contract=SAMPLE, faults={"version": 1, "rules": [rule]}) as server:
        raw = RawClient(server.url, HANDSHAKE)
        assert raw.call("forecast", {"city": "Rome"}).status == 503
        assert raw.call("add", {"a": 1, "b": 2}).status == 200


def test_the_same_calls_get_the_same_answers_at_every_concurrency(stub: RunningServer) -> None:
    calls = [("add", {"a": n, "b": 1}) for n in range(20)] + [("forecast", {"city": f"c{n}"}) for n in range(20)]

    def answers(workers: int, era: str) -> list[Any]:
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(lambda call: result_of(RawClient(stub.url, era).call(*call)), calls))

    one = answers(1, ERAS[0])
    assert answers(8, ERAS[0]) == one
    assert answers(8, ERAS[1]) == one
