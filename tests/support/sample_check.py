"""Contract checks that are over, for reports."""

from dataclasses import replace

from loadgen.contract.finding import Finding
from loadgen.contract.report import CheckRun, ContractReport

MUST = Finding("results.schema", "tools.add.outputSchema", "structuredContent.result breaks the outputSchema")
SHOULD = Finding("lists.cursor", "2025-11-25: tools/list", "error -32602 expected, got HTTP 200 with a result")
INFOS = tuple(
    Finding("fastmcp.unknown-tool", f"{version}: an unknown tool", "error -32602 expected, got HTTP 200")
    for version in ("2025-11-25", "2026-07-28")
)

PASSED = ContractReport(
    url="http://127.0.0.1:8100/mcp",
    server="calculator 0.1.0",
    contract="calculator",
    versions=("2025-11-25", "2026-07-28"),
    seed=7,
    fail_on="must",
    started_at="2026-11-27T10:00:00+00:00",
    seconds=1.25,
    runs=(
        CheckRun("surface", 19, (), seconds=0.1),
        CheckRun("modern-errors", 32, INFOS, skipped=("2025-03-26, the version with batches, is not served",)),
        CheckRun("during-load", 100, (), remarks=("load quick, 500 calls: PASS: 2 of 2 criteria met",)),
    ),
    command=("mcp-load", "contract", "check", "--url", "http://127.0.0.1:8100/mcp", "--contract", "calculator"),
)
FAILED = replace(PASSED, runs=(*PASSED.runs, CheckRun("properties", 560, (MUST, SHOULD))))
UNFINISHED = replace(
    PASSED, runs=(*PASSED.runs, CheckRun("concurrency", 3, (), unfinished="the time of --deadline was over"))
)
