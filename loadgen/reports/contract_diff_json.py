"""A contract diff as JSON, for machines: `"version": 1`."""

from typing import Any

import orjson

from formats.contract import Contract

from ..contract.contract_diff import ContractDiff
from .clean import clean
from .contract_diff_words import conclusion

VERSION = 1


def render_contract_diff_json(diff: ContractDiff) -> bytes:
    """Every change; UTF-8, indented, with a newline at the end."""
    return orjson.dumps(contract_diff_document(diff), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def contract_diff_document(diff: ContractDiff) -> dict[str, Any]:
    """What `render_contract_diff_json` writes, without characters that XML does not have."""
    document: dict[str, Any] = clean(
        {
            "version": VERSION,
            "kind": "contract-diff",
            "old": _side(diff.old_source, diff.old),
            "new": _side(diff.new_source, diff.new),
            "changes": [
                {
                    "kind": change.kind,
                    "where": change.where,
                    "sentence": change.sentence,
                    "fails": diff.fails(change),
                }
                for change in diff.changes
            ],
            "counts": diff.counts,
            "gate": {"passed": diff.passed, "fail_on": diff.fail_on, "sentence": conclusion(diff)},
        }
    )
    return document


def _side(source: str, contract: Contract) -> dict[str, Any]:
    return {"source": source, "server": contract.server.name, "version": contract.server.version}
