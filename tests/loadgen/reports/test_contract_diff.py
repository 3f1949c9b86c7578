import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from formats.contract import Contract
from loadgen.contract.contract_diff import ContractDiff, FailOn, diff_contracts
from loadgen.reports.contract_diff_json import render_contract_diff_json
from loadgen.reports.contract_diff_junit import render_contract_diff_junit
from loadgen.reports.contract_diff_markdown import render_contract_diff_markdown
from loadgen.reports.contract_diff_text import render_contract_diff_text
from tests.support.contracts import CHANGES, NEW, OLD


def compared(new: dict[str, Any] = NEW, old: dict[str, Any] = OLD, fail_on: FailOn = "breaking") -> ContractDiff:
    return diff_contracts("old.json", Contract.model_validate(old), "new.json", Contract.model_validate(new), fail_on)


TEXT = """\
================================================================================
MCP contract diff: shop 1.0 → shop 2.0
================================================================================
Old:      old.json
New:      new.json

Breaking: clients of the old contract may fail
----------------------------------------------
tools.pay.inputSchema.amount: maximum went from 1000 to 500
tools.refund: is gone

Unknown: could not be proven to be compatible
---------------------------------------------
tools.pay.inputSchema.reference: pattern went from "^[0-9]{4}$" to
    "^[0-9]{4,5}$"

Review: words and promises for a person to read
-----------------------------------------------
tools.pay.description: reads differently: "Pays." became "Pays twice."

Compatible: clients of the old contract go on
---------------------------------------------
server.version: went from "1.0" to "2.0"
tools.pay.inputSchema.currency: takes "CHF" as well

FAIL: 2 breaking, 1 unknown, 1 to review, 2 compatible (--fail-on breaking)
"""


def test_the_text_has_all_changes_by_kind_and_the_verdict_last() -> None:
    assert render_contract_diff_text(compared()) == TEXT


def test_the_text_of_contracts_that_do_not_differ_says_so() -> None:
    assert render_contract_diff_text(compared(OLD)).endswith("New:      new.json\n\nPASS: nothing changed\n")


@pytest.mark.parametrize("length", [30, 200])
def test_no_line_of_the_text_is_wider_than_80_columns(length: int) -> None:
    tools = [{"name": "x" * length, "description": "a " * length, "inputSchema": {"type": "object"}}]
    text = render_contract_diff_text(compared({**OLD, "tools": tools}))
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("fail_on", "failing"), [("breaking", {"breaking"}), ("unknown", {"breaking", "unknown"}), ("review", set())]
)
def test_the_json_has_all_changes_with_what_is_made_of_them(fail_on: FailOn, failing: set[str]) -> None:
    document = json.loads(render_contract_diff_json(compared(fail_on=fail_on)))
    failing = failing or {"breaking", "unknown", "review"}
    assert document == {
        "version": 1,
        "kind": "contract-diff",
        "old": {"source": "old.json", "server": "shop", "version": "1.0"},
        "new": {"source": "new.json", "server": "shop", "version": "2.0"},
        "changes": [
            {"kind": kind, "where": where, "sentence": sentence, "fails": kind in failing}
            for kind, where, sentence in CHANGES
        ],
        "counts": {"breaking": 2, "unknown": 1, "review": 1, "compatible": 2},
        "gate": {
            "passed": False,
            "fail_on": fail_on,
            "sentence": f"FAIL: 2 breaking, 1 unknown, 1 to review, 2 compatible (--fail-on {fail_on})",
        },
    }


def cases(diff: ContractDiff) -> dict[str, tuple[str, str]]:
    """Failure and note of each case."""
    suite = ET.fromstring(render_contract_diff_junit(diff))
    listed = suite.findall("testcase")
    found = {each.attrib["name"]: (each.findtext("failure", ""), each.findtext("system-out", "")) for each in listed}
    assert suite.attrib["tests"] == str(len(listed))
    assert suite.attrib["failures"] == str(sum(bool(failure) for failure, _ in found.values()))
    return found


def test_junit_has_a_case_for_each_thing_that_a_server_offers() -> None:
    found = cases(compared())
    own = ["verdict", "server", "instructions", "protocol_versions", "capabilities"]
    assert list(found) == [*own, "tools.pay", "tools.refund", "prompts.greet"]
    assert found["verdict"][0].startswith("FAIL: 2 breaking")
    assert found["tools.refund"] == ("breaking: tools.refund: is gone", "")
    assert found["prompts.greet"] == ("", "")
    assert found["server"] == ("", 'compatible: server.version: went from "1.0" to "2.0"')
    failure, note = found["tools.pay"]
    assert failure == "breaking: tools.pay.inputSchema.amount: maximum went from 1000 to 500"
    assert [line.partition(":")[0] for line in note.splitlines()] == ["unknown", "review", "compatible"]


def test_junit_is_green_where_nothing_changed() -> None:
    assert {failure for failure, _ in cases(compared(OLD)).values()} == {""}


def test_junit_does_not_take_the_changes_of_a_tool_for_those_of_another() -> None:
    tools = [{"name": name, "inputSchema": {"type": "object"}} for name in ("pay", "pay2", "pay.all")]
    found = cases(compared({**OLD, "tools": []}, {**OLD, "tools": tools}))
    assert found["tools.pay"][0] == "breaking: tools.pay: is gone"
    assert found['tools["pay.all"]'][0] == 'breaking: tools["pay.all"]: is gone'


def test_markdown_has_the_verdict_first_and_is_no_markup_but_its_own() -> None:
    tools = [{**NEW["tools"][0], "description": "Pays @somebody <b>twice</b>."}]
    text = render_contract_diff_markdown(compared({**NEW, "tools": tools}))
    assert text.startswith("### MCP contract diff: shop 1.0 → shop 2.0\n\n**FAIL: 2 breaking, 1 unknown")
    assert "- `tools.pay.inputSchema.amount`: maximum went from 1000 to 500\n" in text
    assert "<details><summary>Compatible: clients of the old contract go on</summary>\n\n- `server.version`" in text
    assert "@\u200bsomebody \\<b\\>twice" in text


def test_words_of_a_server_break_no_format() -> None:
    diff = compared({**NEW, "instructions": "a\x00b\x1b[2J\ud800"})
    json.loads(render_contract_diff_json(diff))
    ET.fromstring(render_contract_diff_junit(diff))
    assert "\x1b" not in render_contract_diff_text(diff)
    render_contract_diff_markdown(diff).encode()
