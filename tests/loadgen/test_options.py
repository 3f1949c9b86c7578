import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from loadgen.executors.closed import ConstantVus, SharedIterations
from loadgen.options.calculator import CalculatorOptions
from loadgen.options.files import Reports
from loadgen.options.payments import PaymentsOptions
from loadgen.options.target import endpoint_url


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("http://localhost:8000", "http://localhost:8000/mcp"),
        ("http://localhost:8000/", "http://localhost:8000/mcp"),
        ("http://localhost:8000/mcp", "http://localhost:8000/mcp"),
        ("https://example.test/other/", "https://example.test/other/"),
        ("http://[::1]:8000", "http://[::1]:8000/mcp"),
        ("http://localhost:8000?key=1", "http://localhost:8000/mcp?key=1"),
    ],
)
def test_a_url_without_a_path_means_mcp(written: str, meant: str) -> None:
    assert endpoint_url(written) == meant


@pytest.mark.parametrize(
    "written",
    ["localhost:8000", "ftp://localhost", "http://", "http://:80", "http://h:99999", "http://u:p@h", "http://h#x", ""],
)
def test_what_is_no_endpoint_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="should|Port"):
        endpoint_url(written)


@pytest.mark.parametrize(
    ("given", "vus", "total"),
    [
        ({}, 100, 1000),
        ({"quick": True}, 10, 100),
        ({"quick": True, "total": 500}, 10, 500),
        ({"quick": True, "concurrent": 3}, 3, 100),
        ({"total": 7}, 7, 7),  # an eighth user would have nothing to do
    ],
)
def test_quick_sets_two_defaults_and_explicit_values_win(given: dict[str, Any], vus: int, total: int) -> None:
    assert PaymentsOptions(**given).plan().scenarios[0].executor == SharedIterations(vus, total)


def test_the_calculator_runs_for_a_duration() -> None:
    options = CalculatorOptions.model_validate({"vus": 3, "duration": "1m30s"})
    assert options.plan().scenarios[0].executor == ConstantVus(3, 90.0)


def test_defaults_are_the_documented_ones() -> None:
    payments, calculator = PaymentsOptions().plan(), CalculatorOptions().plan()
    assert (payments.url, payments.timeout, payments.min_success) == ("http://localhost:8000/mcp", 30.0, 99.9)
    assert (calculator.url, calculator.scenarios[0].executor) == ("http://127.0.0.1:8100/mcp", ConstantVus(10, 30.0))


@pytest.mark.parametrize(
    ("given", "mix"),
    [
        ({}, "create_payment 100 %"),
        ({"mixed": True}, "create_payment 50 %, verify_payment 30 %, get_wallet_balance 20 %"),
        ({"only": "verify"}, "verify_payment 100 %"),
        ({"only": "verify_payment"}, "verify_payment 100 %"),
        ({"only": "balance"}, "get_wallet_balance 100 %"),
        ({"only": "get_wallet_balance"}, "get_wallet_balance 100 %"),
    ],
)
def test_which_calls_are_made(given: dict[str, Any], mix: str) -> None:
    assert PaymentsOptions(**given).plan().scenarios[0].workload.mix == mix


def test_only_has_100_payments_made_first() -> None:
    assert len(PaymentsOptions(only="verify").plan().scenarios[0].setup) == 100
    assert PaymentsOptions(mixed=True).plan().scenarios[0].setup == ()


def test_mixed_and_only_exclude_each_other() -> None:
    with pytest.raises(ValidationError, match="cannot go together with --mixed"):
        PaymentsOptions(mixed=True, only="verify")


def test_seeds_are_random_unless_given_and_runs_always_are() -> None:
    assert PaymentsOptions().plan().seed != PaymentsOptions().plan().seed
    first, second = PaymentsOptions(seed=5).plan(), PaymentsOptions(seed=5).plan()
    assert first.seed == second.seed == 5
    assert first.run_id != second.run_id


def test_the_command_repeats_the_run() -> None:
    options = PaymentsOptions.model_validate(
        {
            "url": "http://h:1",
            "total": 50,
            "concurrent": 5,
            "only": "balance",
            "seed": 9,
            "timeout": "1500ms",
            "min_success": 95,
        }
    )
    assert " ".join(options.plan().command) == (
        "mcp-load payments --url http://h:1/mcp --total 50 --concurrent 5 --only balance --seed 9 "
        "--timeout 1s500ms --min-success 95"
    )
    assert " ".join(CalculatorOptions(seed=9).plan().command) == (
        "mcp-load calculator --url http://127.0.0.1:8100/mcp --vus 10 --duration 30s --seed 9"
    )


def test_a_device_gets_the_reports_of_all_repeated_runs() -> None:
    reports = Reports({"json": Path(os.devnull), "ndjson": Path("run.nd")}).numbered(2)
    assert {kind: str(path) for kind, path in reports.files.items()} == {"json": os.devnull, "ndjson": "run-2.nd"}
