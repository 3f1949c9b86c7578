"""What the documentation says about plans is what the code takes."""

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from formats.errors import InvalidInput
from formats.fixtures import bundled_fixtures
from loadgen.options.files import KINDS
from loadgen.plan_file import load_suite
from loadgen.plan_keys import (
    EXECUTORS,
    Analysis,
    CriterionKeys,
    GoalKeys,
    GoalsKeys,
    OutputKeys,
    PlanKeys,
    ScenarioKeys,
    SetupKeys,
    StageKeys,
)
from loadgen.workloads.calculator import NUMBERS

ROOT = Path(__file__).resolve().parents[2]
SECTION = (ROOT / "fixtures" / "README.md").read_text().split("## scenarios/\n")[1]
(EXAMPLE,) = re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)
PLANS = (ROOT / "docs" / "plans.md").read_text()


def names(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def keys_of(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def test_the_example_is_a_plan(tmp_path: Path) -> None:
    path = tmp_path / "example.yaml"
    path.write_text(EXAMPLE)
    suite = load_suite(str(path))
    assert [scenario.name for scenario in suite.scenarios(1, "run")] == [
        "browse", "alone-add", "alone-subtract", "alone-multiply", "alone-divide",
    ]  # fmt: skip
    assert [str(threshold) for threshold in suite.criteria()] == [
        "p(95)<100", "p(95)<75", "p(99)<1000", "rate<0.001", "p(95)<50",
    ]  # fmt: skip
    assert suite.outputs == {"json": Path("results.json")}


def test_a_plan_can_have_every_output_that_a_flag_can_ask_for() -> None:
    assert keys_of(OutputKeys) == set(KINDS)


def test_every_key_is_documented() -> None:
    told = " ".join([EXAMPLE, *names(SECTION.replace(f"```yaml\n{EXAMPLE}```", ""))])
    models = (PlanKeys, ScenarioKeys, StageKeys, SetupKeys, CriterionKeys, GoalKeys, GoalsKeys, OutputKeys)
    known = set().union(*(keys_of(model) for model in models))
    assert known - set(re.findall(r"[a-z_-]+", told)) == set()


@pytest.mark.parametrize("name", EXECUTORS)
def test_the_keys_of_each_executor_are_in_its_row(name: str) -> None:
    executor = EXECUTORS[name]
    (row,) = re.findall(rf"^\| `{name}` \| (.*) \| (.*) \|$", SECTION, re.MULTILINE)
    assert names(row[0]) == set(executor.needed)
    assert names(row[1]) == {*executor.defaults, *executor.more}


def test_every_analysis_and_every_range_of_numbers_is_documented() -> None:
    assert {line[3:].split("`")[0] for line in SECTION.splitlines() if line.startswith("| `")} >= set(
        get_args(Analysis)
    )
    assert " | ".join(NUMBERS) in EXAMPLE


def test_the_complaints_that_are_shown_are_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = bundled_fixtures("scenarios")["load"].read_text()
    text = text.replace("ramping-vus", "ramping-vu").replace('"rate>1000", {', '"rate>1000", "p(95)<3", {')
    Path("mine.yaml").write_text(text)
    with pytest.raises(InvalidInput) as raised:
        load_suite("mine.yaml")
    (shown,) = re.findall(r"```text\n(.*?)```", PLANS, re.DOTALL)
    assert [f"mcp-load: {problem}" for problem in raised.value.problems] == shown.splitlines()


def test_the_page_on_plans_has_all_of_them_with_their_own_words() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \| (?:any|payments) \|$", PLANS, re.MULTILINE))
    assert rows.keys() == bundled_fixtures("scenarios").keys()
    assert rows == {name: load_suite(name).description for name in rows}
