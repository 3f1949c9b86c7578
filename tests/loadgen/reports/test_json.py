import json
from dataclasses import replace
from typing import Any

import pytest

from loadgen.catalogue import CATALOGUE, operation_metric
from loadgen.health import GeneratorHealth
from loadgen.reports.json import document as document_of
from loadgen.reports.json import render_json
from loadgen.reports.values import metric_values
from tests.loadgen.reports.test_text import FEW, RESULT


@pytest.fixture
def document() -> Any:
    return json.loads(render_json(RESULT))


def test_it_has_a_version(document: Any) -> None:
    assert document["version"] == 1


def test_it_holds_what_the_text_says(document: Any) -> None:
    assert document["requests"] == {
        "total": 1000,
        "successful": 999,
        "failed": 1,
        "unfinished": 0,
        "dropped": 0,
        "due": 1000,
        "success_rate_percent": 99.9,
        "per_second": 250.0,
    }
    assert document["seed"] == 42
    assert document["tools"]["create_payment"]["failed"] == 1
    assert document["errors"][0]["category"] == "Connection"
    assert document["assessment"] == {"success_rate": "excellent", "average_response_time": "good"}
    assert [verdict["status"] for verdict in document["targets"]] == ["missed", "not offered", "missed"]
    assert document["gate"] == {"passed": True, "min_success_percent": 99.9}
    assert document["interrupted"] is False


def test_what_has_too_few_samples_is_null(document: Any) -> None:
    assert document["metrics"]["operation_get_wallet_balance_ms"]["p(99)"] is None
    assert document["tools"]["get_wallet_balance"]["response_time"]["p99"] is None


def test_every_metric_of_the_catalogue_has_values_as_its_type_has_them(document: Any) -> None:
    keys = {
        "counter": {"count", "rate"},
        "gauge": {"value", "min", "max"},
        "rate": {"rate", "passes", "fails"},
        "trend": {"count", "avg", "min", "med", "max", "p(90)", "p(95)", "p(99)"},
    }
    for metric in (*CATALOGUE, operation_metric("create_payment")):
        assert set(document["metrics"][metric.name]) == keys[metric.kind]


def test_failed_requests_and_checks_are_rates_with_their_counts() -> None:
    values = metric_values(RESULT)
    assert values["http_req_failed"] == {"rate": 0.001, "passes": 1, "fails": 999}
    assert values["checks"] == {"rate": 2008 / 2009, "passes": 2008, "fails": 1}
    assert values["http_reqs"] == {"count": 1000, "rate": 250.0}


def test_parts_of_a_metric_have_their_tag_in_the_name() -> None:
    values = metric_values(RESULT)
    assert values["http_reqs{tool:create_payment}"]["count"] == 990
    assert values["http_req_failed{tool:create_payment}"]["passes"] == 1
    assert "http_req_duration{tool:create_payment}" in values
    assert "http_req_duration{expected_response:true}" in values
    assert values["http_reqs{outcome:connect}"]["count"] == 1


def test_the_generator_has_a_verdict_with_its_reason() -> None:
    assert document_of(RESULT)["generator"] is None
    health = GeneratorHealth(FEW, 0.95, "it was late")
    generator = document_of(replace(RESULT, generator=health))["generator"]
    assert (generator["limited"], generator["reason"], generator["cpu_share"]) == (True, "it was late", 0.95)
    assert generator["loop_lag"]["count"] == 10
