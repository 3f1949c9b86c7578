"""The published schemas of what contract checks and diffs write, held against documents and against the program."""

import copy
import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from jsonschema_rs import Draft202012Validator, meta

from formats.contract import Contract
from formats.fixtures import find_fixture
from loadgen.contract.change import KINDS
from loadgen.contract.codes import CODES, LEVELS
from loadgen.contract.contract_diff import FailOn, diff_contracts
from loadgen.contract.report import ContractReport
from loadgen.reports.contract_diff_json import render_contract_diff_json
from loadgen.reports.contract_json import render_contract_json
from tests.support.contracts import NEW, OLD
from tests.support.sample_check import FAILED, PASSED, UNFINISHED

CHECK, DIFF = (
    json.loads(find_fixture("schemas", name, ".json").read_bytes()) for name in ("contract-check", "contract-diff")
)


def checked(report: ContractReport) -> Any:
    return json.loads(render_contract_json(report))


def compared(fail_on: FailOn = "breaking") -> Any:
    old, new = Contract.model_validate(OLD), Contract.model_validate(NEW)
    return json.loads(render_contract_diff_json(diff_contracts("old.json", old, "new.json", new, fail_on)))


def complaints(schema: Any, document: Any) -> list[str]:
    return [f"{error.instance_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(document)]


def mappings_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for each in value:
            yield from mappings_in(each)
    elif isinstance(value, dict):
        yield value
        yield from mappings_in([*value.values()])


@pytest.mark.parametrize("report", [PASSED, FAILED, UNFINISHED])
def test_what_a_check_writes_fits_its_schema(report: ContractReport) -> None:
    assert complaints(CHECK, checked(report)) == []


@pytest.mark.parametrize("fail_on", get_args(FailOn))
def test_what_a_diff_writes_fits_its_schema(fail_on: FailOn) -> None:
    assert complaints(DIFF, compared(fail_on)) == []


@pytest.mark.parametrize(("schema", "good"), [(CHECK, checked(FAILED)), (DIFF, compared())], ids=["check", "diff"])
def test_a_key_too_many_or_too_few_or_of_another_type_fits_no_more(schema: Any, good: Any) -> None:
    assert meta.is_valid(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for number, mapping in enumerate(mappings_in(good)):
        for key in (*mapping, "extra"):
            changed, without = copy.deepcopy(good), copy.deepcopy(good)
            [*mappings_in(changed)][number][key] = {"no": "such thing"}
            assert complaints(schema, changed), key
            if key in mapping:
                del [*mappings_in(without)][number][key]
                assert complaints(schema, without), key


@pytest.mark.parametrize("schema", [CHECK, DIFF], ids=["check", "diff"])
def test_every_key_has_a_title(schema: Any) -> None:
    named = [each for mapping in mappings_in(schema) for each in mapping.get("properties", {}).items()]
    assert named
    assert [name for name, value in named if not value.get("title")] == []


def test_the_closed_sets_are_those_of_the_program() -> None:
    assert CHECK["properties"]["findings"]["items"]["properties"]["code"]["enum"] == list(CODES)
    assert CHECK["$defs"]["level"]["enum"] == list(LEVELS) == list(CHECK["$defs"]["counts"]["properties"])
    assert DIFF["properties"]["changes"]["items"]["properties"]["kind"]["enum"] == list(KINDS)
    assert list(DIFF["properties"]["counts"]["properties"]) == list(KINDS)
    assert DIFF["properties"]["gate"]["properties"]["fail_on"]["enum"] == list(get_args(FailOn))
