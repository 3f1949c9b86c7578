import asyncio
import math
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample as Line

from formats.errors import InvalidInput
from loadgen.accounting import Accounting, Slice
from loadgen.catalogue import CATALOGUE
from loadgen.client.transport import Timings
from loadgen.metrics import Trend
from loadgen.outcome import (
    Cancelled,
    CheckFailed,
    HttpStatus,
    Ok,
    Outcome,
    RpcError,
    SchemaViolation,
    Timeout,
    ToolError,
)
from loadgen.outputs import page_server
from loadgen.outputs.collector import Labels, RunCollector
from loadgen.outputs.page_budget import MOST_LINES
from loadgen.outputs.prometheus import PrometheusOutput
from loadgen.outputs.series import OPERATION_SECONDS
from loadgen.sample import Sample, SessionSample
from loadgen.thresholds import Verdict, parse_threshold
from loadgen.timeline import Moment, Timeline
from tests.support.clock import FakeClock

DOCS = Path(__file__).parents[3] / "docs" / "metrics.md"
OPERATIONS = "mcp_client_operation_duration_seconds"


@pytest.fixture
def accounts() -> Accounting:
    return Accounting()


@dataclass
class Running:
    """A scenario that a test moves on."""

    accounting: Accounting
    name: str = "calculator"
    active_requests: int = 3
    target_rate: float | None = 100.0
    phases_now: dict[str, bool] = field(default_factory=lambda: {"ramp to 5": True, "hold 5": False})
    tools: tuple[str, ...] = ("add", "divide")
    started: bool = True
    over: bool = False
    timeline: Timeline = field(init=False)

    def __post_init__(self) -> None:
        self.timeline = Timeline([self.accounting])

    def recent(self, seconds: float) -> Sequence[Slice]:
        return self.timeline.last(seconds)


def output_of(*running: Running, tools: tuple[str, ...] = ("add",), clock: FakeClock | None = None) -> PrometheusOutput:
    made = PrometheusOutput(clock or FakeClock())
    for each in running:
        each.tools = tools
    made.show(RunCollector(Labels("ab12", tools), running, Trend()))
    return made


@pytest.fixture
def running(accounts: Accounting) -> Running:
    return Running(accounts)


@pytest.fixture
async def output(running: Running) -> AsyncIterator[PrometheusOutput]:
    lag = Trend()
    lag.add(0.004)
    made = PrometheusOutput(FakeClock())
    made.show(RunCollector(Labels("ab12", ("add", "divide")), [running], lag))
    yield made
    await made.stop(0)


def call(accounts: Accounting, tool: str, outcome: Outcome, seconds: float = 0.05, *, sent: bool = True) -> None:
    accounts.add(
        Sample(
            tool, 0.0, 0.0 if sent else None, seconds, outcome, Timings(sending=0.001, sent_bytes=10, received_bytes=20)
        )
    )


def lines(output: PrometheusOutput) -> list[Line]:
    _, page = output.render("")
    return [line for family in text_string_to_metric_families(page.decode()) for line in family.samples]


def value(output: PrometheusOutput, name: str, **labels: str) -> float:
    (found,) = [line.value for line in lines(output) if line.name == name and labels.items() <= line.labels.items()]
    return found


@pytest.mark.parametrize(
    ("outcome", "error_type"),
    [
        (Ok({}), ""),
        (RpcError("bad", -32602), "-32602"),
        (HttpStatus("bad", 503), "503"),
        (ToolError("bad"), "tool_error"),
        (Timeout("late", "total"), "timeout"),
        (Cancelled("stopped"), "cancelled"),
    ],
)
async def test_a_call_is_counted_by_its_error_type(
    accounts: Accounting, output: PrometheusOutput, outcome: Outcome, error_type: str
) -> None:
    call(accounts, "add", outcome)
    labels = {"scenario": "calculator", "gen_ai_tool_name": "add", "error_type": error_type}
    assert value(output, f"{OPERATIONS}_count", **labels) == 1
    assert value(output, f"{OPERATIONS}_sum", **labels) == 0.05


async def test_buckets_count_up_to_their_bound(accounts: Accounting, output: PrometheusOutput) -> None:
    for seconds in (0.0005, 0.004, 0.02, 400.0):
        call(accounts, "add", Ok({}), seconds)
    counts = {
        float(line.labels["le"]): line.value
        for line in lines(output)
        if line.name == f"{OPERATIONS}_bucket" and line.labels["gen_ai_tool_name"] == "add"
    }
    assert [counts[bound] for bound in (0.001, 0.005, 0.02, 300.0, float("inf"))] == [1, 2, 3, 3, 4]
    assert len(counts) == len(OPERATION_SECONDS) + 1


async def test_tools_of_the_plan_are_there_from_the_start_and_others_make_no_series(
    accounts: Accounting, output: PrometheusOutput
) -> None:
    assert value(output, f"{OPERATIONS}_count", gen_ai_tool_name="divide") == 0
    call(accounts, "invented-by-somebody", Ok({}))
    tools = {line.labels.get("gen_ai_tool_name") for line in lines(output)} - {None, ""}
    assert tools == {"add", "divide", "_other"}


async def test_a_call_that_was_never_sent_counts_too(accounts: Accounting, output: PrometheusOutput) -> None:
    call(accounts, "add", RpcError("no session", -32000), sent=False)
    call(accounts, "add", RpcError("no session", -32000))
    assert value(output, f"{OPERATIONS}_count", error_type="-32000") == 2


async def test_operations_count_from_zero_before_anything_happens(output: PrometheusOutput) -> None:
    found = {
        (line.labels["mcp_method_name"], line.labels["gen_ai_tool_name"]): line.value
        for line in lines(output)
        if line.name == f"{OPERATIONS}_count"
    }
    assert found == {("tools/call", "add"): 0, ("tools/call", "divide"): 0, ("initialize", ""): 0}


@pytest.mark.parametrize("count", [100, 300])
async def test_however_many_error_types_there_are_a_page_is_not_too_long_and_every_call_is_counted(count: int) -> None:
    running = Running(Accounting())
    output = output_of(running, tools=("add",))
    for n in range(count):
        call(running.accounting, "add", RpcError("bad", n))
        call(running.accounting, f"tool-{n}", HttpStatus("bad", 400 + n % 200))
        if not n % 50:
            output.render("")  # what has a name keeps it
    found = [line for line in lines(output) if line.name == f"{OPERATIONS}_count"]
    assert sum(line.value for line in found) == 2 * count
    assert {line.labels["error_type"] for line in found if line.value > count / 2} == {"_OTHER"}
    assert len(lines(output)) <= MOST_LINES


async def test_of_many_scenarios_in_turn_those_that_run_are_on_the_page_and_those_that_come_next() -> None:
    scenarios = [Running(Accounting(), f"s{n}", started=n < 9, over=n < 8) for n in range(40)]
    output = output_of(*scenarios)
    shown = {line.labels["scenario"] for line in lines(output) if line.name == "mcp_load_vus"}
    assert {"s8", "s9", "s10"} <= shown
    assert not {"s0", "s39"} & shown
    assert len(lines(output)) <= MOST_LINES
    assert len([line for line in lines(output) if line.name == "mcp_load_run_active"]) == 40


async def test_sessions_are_operations(accounts: Accounting, output: PrometheusOutput) -> None:
    accounts.add_session(SessionSample(0.0, 0.5, None))
    accounts.add_session(SessionSample(0.0, 0.5, HttpStatus("no", 503)))
    assert value(output, f"{OPERATIONS}_count", mcp_method_name="initialize", error_type="") == 1
    assert value(output, f"{OPERATIONS}_count", mcp_method_name="initialize", error_type="503") == 1


async def test_the_run_has_its_figures(accounts: Accounting, output: PrometheusOutput) -> None:
    for outcome in (Ok({}), CheckFailed("wrong"), SchemaViolation("broken"), Cancelled("stopped")):
        call(accounts, "add", outcome)
    accounts.add_dropped(7)
    accounts.add_lag(0.03)
    accounts.set_vus(4, 10)
    expected = {
        "mcp_client_active_requests": 3,
        "mcp_load_target_iterations_per_second": 100,
        "mcp_load_vus": 4,
        "mcp_load_vus_max": 10,
        "mcp_load_iterations_total": 3,
        "mcp_load_dropped_iterations_total": 7,
        "mcp_load_sent_bytes_total": 40,
        "mcp_load_received_bytes_total": 80,
        "mcp_load_iteration_duration_seconds_count": 3,
        "mcp_load_schedule_lag_seconds_sum": 0.03,
        "mcp_event_loop_lag_seconds_count": 1,
    }
    assert {name: value(output, name) for name in expected} == expected
    assert value(output, "mcp_asyncio_tasks") >= 1
    assert value(output, "mcp_build_info") == 1
    assert value(output, "process_resident_memory_bytes") > 0


async def test_no_series_says_when_it_was_created(accounts: Accounting, output: PrometheusOutput) -> None:
    call(accounts, "add", Ok({}))
    assert not [line.name for line in lines(output) if line.name.endswith("_created") and line.name.startswith("mcp")]


async def test_checks_have_their_names(accounts: Accounting, output: PrometheusOutput) -> None:
    for outcome in (Ok({}), Ok({}), CheckFailed("wrong"), SchemaViolation("broken"), HttpStatus("no", 503)):
        call(accounts, "add", outcome)
    accounts.add_session(SessionSample(0.0, 0.5, None, named=True))
    accounts.add_session(SessionSample(0.0, 0.5, None))
    accounts.add_session(SessionSample(0.0, 0.5, HttpStatus("no", 503)))
    found = {
        (line.labels["check"], line.labels["result"]): line.value
        for line in lines(output)
        if line.name == "mcp_load_checks_total"
    }
    assert found == {
        ("initialize: status is 200", "pass"): 2,
        ("initialize: status is 200", "fail"): 1,
        ("initialize: has session header", "pass"): 1,
        ("initialize: has session header", "fail"): 1,
        ("tool call: status is 200", "pass"): 4,
        ("tool call: status is 200", "fail"): 1,
        ("tool call: response is valid", "pass"): 2,
        ("tool call: response is valid", "fail"): 2,
    }


async def test_each_scenario_has_series_of_its_own() -> None:
    first, second = Running(Accounting(), "first"), Running(Accounting(), "second", target_rate=None)
    output = output_of(first, second)
    call(first.accounting, "add", Ok({}))
    for _ in range(2):
        call(second.accounting, "add", Ok({}))
    of_tools = {"mcp_method_name": "tools/call"}
    assert value(output, f"{OPERATIONS}_count", **of_tools, scenario="first") == 1
    assert value(output, f"{OPERATIONS}_count", **of_tools, scenario="second") == 2
    assert value(output, "mcp_load_iterations_total", scenario="second") == 2
    assert value(output, "mcp_load_run_active", scenario="second") == 1
    assert value(output, "mcp_load_target_iterations_per_second", scenario="first") == 100
    assert math.isnan(value(output, "mcp_load_target_iterations_per_second", scenario="second")), "it has none"


async def test_phases_are_gauges_of_which_one_is_on(output: PrometheusOutput) -> None:
    assert value(output, "mcp_load_phase", phase="ramp to 5", scenario="calculator") == 1
    assert value(output, "mcp_load_phase", phase="hold 5") == 0


async def test_criteria_have_their_limit_what_was_measured_and_whether_they_are_met_in_base_units() -> None:
    slow = parse_threshold("http_req_duration{scenario:load}", "p(95)<100")
    often = parse_threshold("http_req_failed", "rate<0.01", window=5)
    verdicts = (Verdict(slow, 250.0, "fail"), Verdict(often, None, "no data"))
    output = PrometheusOutput(FakeClock())
    output.show(RunCollector(Labels("ab12", ()), (), Trend(), lambda: verdicts))
    labels = {"scenario": "load", "threshold": "http_req_duration{scenario:load}: p(95)<100"}
    assert value(output, "mcp_load_threshold_limit", **labels) == 0.1
    assert value(output, "mcp_load_threshold_value", **labels) == 0.25
    assert value(output, "mcp_load_threshold_ok", **labels) == 0
    labels = {"scenario": "", "threshold": "http_req_failed: rate<0.01 (last 5s)"}
    assert value(output, "mcp_load_threshold_limit", **labels) == 0.01
    assert math.isnan(value(output, "mcp_load_threshold_value", **labels))
    assert math.isnan(value(output, "mcp_load_threshold_ok", **labels))


@pytest.mark.parametrize("target_rate", [None, 100.0])
async def test_every_metric_has_a_sample_from_the_first_scrape_of_any_run(target_rate: float | None) -> None:
    _, page = output_of(Running(Accounting(), target_rate=target_rate)).render("")
    families = list(text_string_to_metric_families(page.decode()))
    assert [family.name for family in families if not family.samples] == []
    assert {"mcp_load_threshold_ok", "mcp_load_phase", "mcp_load_schedule_lag_seconds"} <= {f.name for f in families}


async def test_latency_is_that_of_the_last_ten_seconds(accounts: Accounting, running: Running) -> None:
    output = output_of(running)
    for _ in range(100):
        call(accounts, "add", Ok({}), 0.25)
    running.timeline.tick(1.0, Moment())
    assert value(output, "mcp_load_latency_seconds", stat="p99") == pytest.approx(0.25, rel=0.001)
    running.timeline.tick(11.0, Moment())
    assert all(math.isnan(line.value) for line in lines(output) if line.name == "mcp_load_latency_seconds")


@pytest.mark.parametrize("scrapes", [0, 1, 5])
async def test_a_scrape_takes_nothing_away_from_anybody(accounts: Accounting, running: Running, scrapes: int) -> None:
    output, tap = output_of(running), accounts.tap()
    for second in range(1, 6):
        for _ in range(40):
            call(accounts, "add", Ok({}), 0.25)
            call(accounts, "add", RpcError("bad", -32602), 0.01)
        for _ in range(scrapes):
            output.render("")
        running.timeline.tick(float(second), Moment())
        for _ in range(scrapes):
            assert value(output, "mcp_load_latency_seconds", stat="max") == pytest.approx(0.25, rel=0.001)
    assert [part.calls for part in running.recent(60)] == [80] * 5
    assert [part.response.count for part in running.recent(60)] == [80] * 5
    assert [point.calls for point in running.timeline.points] == [80] * 5
    taken = tap.take()
    assert (taken.calls, taken.response.count, taken.failed) == (400, 400, 200)
    assert value(output, "mcp_load_latency_seconds", stat="p50") == pytest.approx(0.01, rel=0.001)


class HastyClock(FakeClock):
    """A second has gone by whenever somebody looks."""

    def now(self) -> float:
        self.start += 1.0
        return self.start


OUTCOMES: tuple[Outcome, ...] = (Ok({}), RpcError("bad", -32602), HttpStatus("bad", 503), ToolError("bad"))


@pytest.fixture
async def long_page(accounts: Accounting) -> AsyncIterator[PrometheusOutput]:
    """Nine tools with four outcomes each."""
    tools = tuple(f"tool_{n}" for n in range(9))
    for tool in tools:
        for outcome in OUTCOMES:
            call(accounts, tool, outcome)
    made = output_of(Running(accounts), tools=tools, clock=HastyClock())
    yield made
    await made.stop(0)


async def test_calls_go_on_while_a_long_page_is_made(long_page: PrometheusOutput) -> None:
    url = f"http://127.0.0.1:{await long_page.start(0)}/metrics"
    turns = 0
    async with asyncio.TaskGroup() as group:
        scrape = group.create_task(get(url))
        while not scrape.done():
            await asyncio.sleep(0)
            turns += 1
    _, _, page = scrape.result()
    assert page.count("\n") > 9 * len(OUTCOMES) * 28
    assert turns > 9 * len(OUTCOMES)


@pytest.mark.parametrize("accept", ["", "application/openmetrics-text; version=1.0.0"])
async def test_a_page_made_in_pieces_has_each_family_once(long_page: PrometheusOutput, accept: str) -> None:
    _, page = long_page.render(accept)
    parse = parse_openmetrics if accept else text_string_to_metric_families
    families = [family for family in parse(page.decode()) if family.name == OPERATIONS]
    counts = [line.value for line in families[0].samples if line.name.endswith("_count")]
    assert counts == [1.0] * 9 + [0.0] + [1.0] * 27, "those that were expected come first, with the opening"
    assert len(families) == page.decode().count(f"# TYPE {OPERATIONS} histogram") == 1


async def test_the_catalogue_names_metrics_that_are_exported(accounts: Accounting, output: PrometheusOutput) -> None:
    for _ in range(100):
        call(accounts, "add", Ok({}))
    _, page = output.render("")
    families = {family.name for family in text_string_to_metric_families(page.decode())}
    for metric in CATALOGUE:
        for name in filter(None, metric.prometheus.split(", ")):
            assert name.partition("{")[0].removesuffix("_count").removesuffix("_total") in families


async def get(url: str, accept: str = "text/plain") -> tuple[int, str, str]:
    async with aiohttp.ClientSession() as session, session.get(url, headers={"Accept": accept}) as reply:
        return reply.status, reply.headers["Content-Type"], await reply.text()


async def test_the_page_is_served_until_the_end_of_the_linger(output: PrometheusOutput) -> None:
    port = await output.start(0)
    url = f"http://127.0.0.1:{port}"
    status, content_type, page = await get(f"{url}/metrics")
    assert (status, content_type.split(";")[0]) == (200, "text/plain")
    assert 'mcp_load_run_active{run_id="ab12",scenario="calculator"} 1.0' in page
    _, content_type, page = await get(f"{url}/metrics", "application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert page.endswith("# EOF\n")
    assert (await get(f"{url}/other"))[0] == 404
    await output.stop(4)
    assert value(output, "mcp_load_run_active") == 0
    with pytest.raises(aiohttp.ClientConnectionError):
        await get(f"{url}/metrics")


@pytest.mark.parametrize("request_line", [b"POST /metrics HTTP/1.1", b"nonsense"])
async def test_other_requests_are_refused(output: PrometheusOutput, request_line: bytes) -> None:
    port = await output.start(0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_line + b"\r\n\r\n")
    assert b" 405 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_a_request_without_end_gets_no_answer(output: PrometheusOutput) -> None:
    port = await output.start(0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /" + b"x" * 40_000)
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_a_reader_who_does_not_read_does_not_hold_the_end_up(
    accounts: Accounting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_server, "_SECONDS_FOR_A_REPLY", 0.01)
    tools = tuple(f"{n}" * 200_000 for n in range(3))
    output = output_of(Running(accounts), tools=tools)
    port = await output.start(0)
    _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(b"GET /metrics HTTP/1.1\r\n\r\n")
    await asyncio.sleep(0.05)
    async with asyncio.timeout(5):
        await output.stop(0)
    writer.transport.abort()


async def test_a_port_in_use_is_said_in_one_sentence(output: PrometheusOutput) -> None:
    port = await output.start(0)
    other = PrometheusOutput(FakeClock())
    with pytest.raises(InvalidInput, match=f"--metrics-port {port} cannot be used"):
        await other.start(port)


async def test_before_there_is_a_run_the_page_has_the_process_alone() -> None:
    names = {line.name for line in lines(PrometheusOutput(FakeClock()))}
    assert "process_resident_memory_bytes" in names
    assert not [name for name in names if name.startswith("mcp_")]


async def test_every_metric_is_documented_and_every_documented_one_exists(output: PrometheusOutput) -> None:
    _, page = output.render("")
    exported = set(re.findall(r"^# TYPE (mcp_\w+) ", page.decode(), re.MULTILINE))
    rows = re.findall(r"^\| `(mcp_\w+)` \| (?:histogram|gauge|counter|info) \|", DOCS.read_text("utf-8"), re.MULTILINE)
    assert exported == set(rows)
