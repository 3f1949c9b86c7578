"""What is called compatible is proven: no value says otherwise, of schemas and values that nobody thought of."""

import copy
import json
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import ReferencingError, ValidationError, validator_for

from loadgen.contract.change import Change
from loadgen.contract.schema_diff import diff_schemas
from tests.support.near_schemas import pairs, values_near

EXAMPLES = 60
VALUES = 60
"""That a pair of schemas is tried on."""
SEEDS = st.integers(0, 2**32)
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def may_refuse(changes: tuple[Change, ...]) -> bool:
    """Whether a change says, or leaves open, that something is refused."""
    return any(change.kind in ("breaking", "unknown") or "so far, anything" in change.sentence for change in changes)


def check(old: Any, new: Any, seed: int) -> None:
    claims = {position: not may_refuse(diff_schemas(old, new, position, "s")) for position in ("input", "output")}
    try:
        before, after = (validator_for(schema, validate_formats=True, offline=True) for schema in (old, new))
    except (ReferencingError, ValidationError, ValueError):
        return
    for value in values_near(Random(seed), [old, new], VALUES):
        try:
            was_fine, is_fine = before.is_valid(value), after.is_valid(value)
        except ValueError:  # a schema that refers to itself without end
            continue
        shown = json.dumps([old, new, value])
        assert not (claims["input"] and was_fine and not is_fine), f"arguments that were fine are refused: {shown}"
        assert not (claims["output"] and is_fine and not was_fine), f"results come that fit no old schema: {shown}"


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=SLOW)
@given(pair=pairs(most_changes=3), seed=SEEDS)
def test_what_is_called_compatible_refuses_nothing_that_was_fine(pair: tuple[Any, Any], seed: int) -> None:
    check(*pair, seed)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=SLOW)
@given(pair=pairs(most_changes=1), seed=SEEDS)
def test_no_single_change_that_refuses_a_value_is_called_compatible(pair: tuple[Any, Any], seed: int) -> None:
    check(*pair, seed)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=SLOW)
@given(pair=pairs())
def test_a_schema_does_not_differ_from_itself(pair: tuple[Any, Any]) -> None:
    for schema in pair:
        assert diff_schemas(schema, copy.deepcopy(schema), "input", "s") == ()
        assert diff_schemas(schema, json.loads(json.dumps(schema, sort_keys=True)), "output", "s") == ()
