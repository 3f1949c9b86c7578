import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.finding import Finding
from loadgen.health import GeneratorHealth
from loadgen.metrics import NO_VALUES
from loadgen.reports.html import render_html
from loadgen.reports.json import render_json
from loadgen.reports.junit import render_junit
from loadgen.result import (
    Check,
    ErrorKind,
    Measurements,
    Phase,
    Point,
    RunResult,
    ScenarioResult,
    SessionsResult,
    ToolResult,
)
from loadgen.thresholds import Verdict, parse_threshold
from tests.support.sample_result import hostile_document, plain_document, sample_document

SAMPLE = sample_document()
CHARTS = ["rate", "latency", "errors", "users", "memory", "distribution"]


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""
    within: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """All elements of a page in order, each with all text inside it."""

    VOID = frozenset({"meta", "link", "wbr", "br", "img"})

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(content.decode())
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs}, within=[each.tag for each in self._open])
        self.elements.append(made)
        if tag not in self.VOID:
            self._open.append(made)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for each in self._open:
            each.text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        wanted = {name.strip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [each for each in self.elements if each.tag == tag and wanted.items() <= each.attributes.items()]

    def one(self, tag: str, **attributes: str) -> Element:
        (found,) = self.all(tag, **attributes)
        return found

    @property
    def sections(self) -> list[str]:
        return [each.text for each in self.all("h2")]

    @property
    def charts(self) -> list[str]:
        return [each.attributes["data-chart"] for each in self.all("figure")]

    def rows(self, caption: str) -> list[list[str]]:
        """The cells of the table with that caption."""
        content = iter(self.elements)
        assert any(each.tag == "caption" and each.text == caption for each in content), caption
        rows: list[list[str]] = []
        for each in content:
            if each.tag == "table":
                break
            if each.tag == "tr":
                rows.append([])
            elif each.tag in {"td", "th"}:
                rows[-1].append(each.text)
        return rows


def page(**changes: Any) -> Page:
    return Page(render_html(SAMPLE | changes))


def changed(section: str, **changes: Any) -> Page:
    return page(**{section: SAMPLE[section] | changes})


def test_everything_of_a_full_run_has_its_section() -> None:
    made = page()
    assert ", ".join(made.sections) == (
        "Criteria, Findings, Over time, Latency distribution, Tools, Checks, Errors, Notes, Metrics, Environment"
    )
    assert made.charts == CHARTS


def test_the_header_says_what_was_run_and_where() -> None:
    header = page().one("header").text
    for word in ("load", "Two plateaus", "calculator", "http://127.0.0.1:8100/mcp", "MCP 2025-11-25", "13m"):
        assert word in header
    assert "2026-03-02 09:30:00 UTC" in header


def test_the_verdict_is_a_word_and_a_sentence() -> None:
    assert page().one("p", class_="verdict fail").text == "FAIL 6 of 11 criteria met; 1 of 1 targets met"
    passed = changed("verdict", passed=True, sentence="PASS: 11 of 11 criteria met")
    assert passed.one("p", class_="verdict pass").text == "PASS 11 of 11 criteria met"
    assert passed.one("title").text == "load: PASS"


def test_a_plain_command_is_judged_by_its_gate() -> None:
    made = Page(render_html(plain_document()))
    assert made.one("h1").text == "calculator"
    assert made.one("p", class_="verdict pass").text == "PASS success rate 99.97 %, at least 99.9 % wanted"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"generator": SAMPLE["generator"] | {"limited": True, "reason": "it was late"}}, "generator limited"),
        ({"interrupted": True}, "INTERRUPTED"),
        ({"plan": SAMPLE["plan"] | {"scale": 0.01}}, "scaled by 0.01"),
        ({"plan": SAMPLE["plan"] | {"aborted": "✗ http_req_failed: rate=20%"}}, "ended early"),
    ],
)
def test_what_changes_the_meaning_of_the_verdict_stands_before_it(changes: dict[str, Any], word: str) -> None:
    assert page().all("p", class_="notice") == [page().one("p", class_="notice")]  # only the one for no script
    made = page(**changes)
    notice, _ = made.all("p", class_="notice")
    assert notice.text.startswith(word)
    assert made.elements.index(notice) < made.elements.index(made.one("p", class_="verdict fail"))


def test_a_limited_generator_is_the_first_thing_said() -> None:
    generator = SAMPLE["generator"] | {"limited": True, "reason": "it was late"}
    first, second, _ = page(generator=generator, interrupted=True).all("p", class_="notice")
    assert first.text == "generator limited This generator was the limit of the run: it was late."
    assert second.text.startswith("INTERRUPTED")


def test_criteria_show_what_was_measured_and_the_limit_stretch_goals_last() -> None:
    rows = page().rows("6 of 11 criteria met")
    assert rows[1] == ["✓ pass", "http_req_duration p(95)<100", "54.88 ms", "< 100 ms"]
    assert rows[7] == ["✗ fail", "mcp_tool_call_duration_ms p(95)<50", "55.71 ms", "< 50 ms"]
    assert [row[0] for row in rows[12:]] == ["✓ stretch"] * 3


@pytest.mark.parametrize(
    ("status", "stretch", "shown"),
    [
        ("no data", False, "✗ no data"),
        ("generator limited", False, "✗ generator limited"),
        ("fail", True, "· stretch, not met"),
    ],
)
def test_a_criterion_that_was_not_met_says_how(status: str, stretch: bool, shown: str) -> None:
    only = SAMPLE["thresholds"][0] | {"status": status, "stretch": stretch, "measured": None}
    caption = "0 of 0 criteria met" if stretch else "0 of 1 criteria met"
    assert page(thresholds=[only]).rows(caption)[1][0] == shown


def test_tools_errors_and_checks_have_their_tables() -> None:
    made = page()
    tools = made.rows("Response times in ms, from due")
    assert [row[0] for row in tools[1:]] == ["add", "subtract", "multiply", "divide"]
    assert tools[1][3] == "99.97 %"
    errors = made.rows("Kinds of failed calls")
    assert errors[3][:3] == ["http(503)", "HTTP", 'status 503: {"error": "overloaded", "retry_after": 1}']
    assert made.rows("Of every reply")[1] == ["✓ pass", "initialize: status is 200", "100", "0", "100.00 %"]


def test_every_metric_is_in_the_folded_tables() -> None:
    made = page()
    listed = [row[0] for caption in ("Trends in ms", "Counters, rates and gauges") for row in made.rows(caption)[1:]]
    assert sorted(listed) == sorted(SAMPLE["metrics"])
    assert made.one("details").attributes == {}


def test_several_scenarios_have_a_table_and_their_own_metrics() -> None:
    two = [SAMPLE["scenarios"][0] | {"name": name} for name in ("first", "second")]
    made = page(scenarios=two)
    assert [row[0] for row in made.rows("In the order of the plan")[1:]] == ["first", "second"]
    assert len(made.all("details")) == 3


def test_the_command_to_repeat_it_can_be_copied() -> None:
    command = ["mcp-load", "run", "load", "--header", "X-Name: a b"]
    made = page(command=command)
    assert made.one("pre").text == "mcp-load run load --header 'X-Name: a b'"
    assert made.one("button", type="button").attributes["data-copy"] == made.one("pre").text


@pytest.mark.parametrize("missing", ["plan", "scenarios", "phases", "verdict", "environment"])
@pytest.mark.parametrize("absent", [True, False])
def test_a_section_without_data_is_left_out(missing: str, absent: bool) -> None:
    document = {name: value for name, value in SAMPLE.items() if name != missing}
    made = Page(render_html(document if absent else document | {missing: None}))
    assert made.charts == CHARTS


@pytest.mark.parametrize(
    ("missing", "title", "charts"),
    [
        ("timeline", "Over time", ["distribution"]),
        ("distribution", "Latency distribution", CHARTS[:-1]),
        ("thresholds", "Criteria", CHARTS),
        ("checks", "Checks", CHARTS),
        ("findings", "Findings", CHARTS),
    ],
)
@pytest.mark.parametrize("absent", [True, False])
def test_so_is_its_heading_and_its_chart(missing: str, title: str, charts: list[str], absent: bool) -> None:
    document = {name: value for name, value in SAMPLE.items() if name != missing}
    made = Page(render_html(document if absent else document | {missing: None}))
    assert title not in made.sections
    assert made.charts == charts


@pytest.mark.parametrize(
    ("chart", "changes"),
    [
        ("rate", {"calls": [0] * 780}),
        ("latency", dict.fromkeys(("p50", "p95", "p99"), [None] * 780)),
        ("errors", {"errors": {"timeout(total)": [0] * 780}}),
        ("errors", {"errors": {}}),
        ("users", {"vus": [0] * 780}),
        ("memory", {"server_memory_bytes": [None] * 780}),
    ],
)
def test_a_chart_without_anything_to_draw_is_left_out(chart: str, changes: dict[str, Any]) -> None:
    assert changed("timeline", **changes).charts == [each for each in CHARTS if each != chart]


def test_a_run_too_short_for_a_timeline_has_no_such_section() -> None:
    empty: dict[str, Any] = {name: {} if name == "errors" else [] for name in SAMPLE["timeline"]} | {
        "interval_seconds": 1.0
    }
    assert "Over time" not in page(timeline=empty, distribution={"upper_ms": [], "count": []}).sections


def test_each_chart_says_in_words_what_it_shows() -> None:
    made = page()
    said = {
        figure: plot.attributes["aria-label"]
        for figure, plot in zip(made.charts, made.all("div", class_="plot"), strict=True)
    }
    assert said["rate"] == "Chart. Rate, calls per second: mean 2,034/s, highest 2,507/s at 7:52."
    assert re.search(r"p95 up to [\d.]+ ms at 8:4\d", said["latency"])
    assert said["errors"].endswith("timeout(total) 261, connection(reset) 133, http(503) 69.")
    assert "the server had up to 100 sessions" in said["users"]
    assert "MB at the end" in said["memory"]
    assert "median 31.30 ms" in said["distribution"]
    assert all(plot.attributes["role"] == "img" for plot in made.all("div", class_="plot"))


def test_sessions_that_a_server_counts_as_a_gauge_are_whole_ones() -> None:
    sessions = [None if count is None else float(count) for count in SAMPLE["timeline"]["server_sessions"]]
    users = changed("timeline", server_sessions=sessions).one("figure", data_chart="users")
    assert "the server had up to 100 sessions" in users.text


def test_no_line_of_the_mix_begins_with_its_per_cent_sign() -> None:
    assert "add 40\N{NO-BREAK SPACE}%, subtract" in page(mix="add 40 %, subtract 30 %").one("header").text


def test_the_last_instant_of_a_run_sets_no_record() -> None:
    ends = {
        "calls": [900, 1000, 5],
        "seconds": [1.0, 1.0, 0.001],
        "at_seconds": [1.0, 2.0, 2.001],
        "dropped": [0, 2, 0],
    }
    empty: dict[str, Any] = {name: [] for name in ("p50", "p95", "p99", "vus", "server_memory_bytes")}
    plot, _ = changed("timeline", errors={}, **empty, **ends).all("div", class_="plot")
    assert "mean 952/s, highest 1,000/s at 0:02, 2 iterations dropped" in plot.attributes["aria-label"]


def test_it_is_made_for_reading_aloud() -> None:
    made = page()
    assert made.one("html").attributes["lang"] == "en"
    assert len(made.all("h1")) == 1
    tables = made.all("table")
    assert len(made.all("caption")) == len(tables) > 5
    assert {each.attributes.get("scope") for each in made.all("th")} == {"col", "row"}
    scrolling = made.all("div", class_="scroll")
    assert all(each.attributes["tabindex"] == "0" and each.attributes["aria-label"] for each in scrolling)


def test_the_page_carries_the_whole_result() -> None:
    assert json.loads(page().one("script", id="result").text) == SAMPLE


def test_it_needs_no_network() -> None:
    text = render_html(SAMPLE).decode()
    assert set(re.findall(r"[a-z]+://[^\s\"'<]+", text)) == {SAMPLE["url"]}
    assert set(re.findall(r"(?:src|href)\s*=\s*[\"']?([^\"'\s>]+)", text)) == {"data:,"}
    assert "@import" not in text
    assert "url(" not in text


def test_its_policy_lets_only_its_own_script_and_style_run() -> None:
    made = page()
    policy = made.one("meta", http_equiv="Content-Security-Policy").attributes["content"]
    data, script = made.all("script")
    assert data.attributes["type"] == "application/json"
    for kind, text in (("script", script.text), ("style", made.one("style").text)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_the_licence_of_the_chart_library_goes_with_it() -> None:
    assert "Copyright (c) 2022 Leon Sorokin" in page().all("script")[1].text


def test_what_a_server_says_is_text() -> None:
    made = Page(render_html(hostile_document()))
    assert {each.tag for each in made.elements} <= {each.tag for each in page().elements}
    assert len(made.all("script")) == 2
    assert [each for each in made.elements if any(name.startswith("on") for name in each.attributes)] == []
    assert json.loads(made.one("script", id="result").text)["server"] == hostile_document()["server"]


def test_the_data_cannot_end_its_element() -> None:
    (data,) = re.findall(
        rb'<script type="application/json" id="result">(.*?)</script>', render_html(hostile_document())
    )
    assert not re.search("[<>&\u2028\u2029]", data.decode())


@given(st.text(st.characters(exclude_categories=[])))
def test_no_text_at_all_makes_an_element(text: str) -> None:
    tools = {text: SAMPLE["tools"]["add"]}
    document = plain_document() | {"server": text, "tools": tools, "notes": [text], "command": ["mcp-load", text]}
    expected = plain_document() | {"tools": {"a": SAMPLE["tools"]["add"]}, "notes": ["a"]}
    assert list(shape(document)) == list(shape(expected))


def shape(document: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for each in Page(render_html(document)).elements:
        yield each.tag, sorted(each.attributes)


def test_a_server_without_sessions_or_name_is_no_trouble() -> None:
    assert "(gave no name)" in page(sessions=None, server=None, generator=None).one("header").text


def test_the_samples_of_these_tests_are_shaped_like_real_results() -> None:
    measured = Measurements(
        calls=1,
        ok=0,
        finished=1,
        due=1,
        checks=(Check("tool call: status is 200", 0, 1),),
        response=NO_VALUES,
        response_ok=NO_VALUES,
        service=NO_VALUES,
        service_ok=NO_VALUES,
        tools=(ToolResult("add", 1, 0, NO_VALUES),),
        errors=(ErrorKind("HTTP", "http(500)", 1, "status 500"),),
        sessions=SessionsResult(1, 0, 0, 0, NO_VALUES),
    )
    threshold = parse_threshold("http_req_duration", "p(95)<100")
    result = RunResult(
        workload="load",
        mix="add",
        url="http://127.0.0.1:1/mcp",
        server="",
        protocol="2025-11-25",
        seed=1,
        run_id="a",
        load="1 call",
        timeout=1.0,
        command=("mcp-load",),
        started_at="2026-01-01T00:00:00+00:00",
        seconds=1.0,
        interrupted=False,
        min_success=None,
        measured=measured,
        targets=(),
        notes=(),
        generator=GeneratorHealth(NO_VALUES, None, None),
        description="A run of one call.",
        scenarios=(ScenarioResult("load", "add", "1 call", 0.0, 1.0, measured),),
        phases=(Phase("all", "load", 0.0, 1.0),),
        points=(Point(1.0, 1.0, 1, {"http(500)": 1}, 0, None, None, None, None),),
        distribution=((1.0, 1),),
        verdicts=(Verdict(threshold, None, "no data"),),
        findings=(Finding("recovery", "none"),),
    )
    document = json.loads(render_json(result))
    assert set(document) == set(SAMPLE)
    for section in ("generator", "requests", "sessions", "plan", "timeline", "distribution", "gate", "verdict"):
        assert set(document[section]) == set(SAMPLE[section]), section
    for section in ("scenarios", "phases", "thresholds", "checks", "findings", "errors"):
        assert set(document[section][0]) == set(SAMPLE[section][0]), section
    made = Page(render_html(document))
    assert made.charts == ["rate", "errors", "distribution"]
    assert made.one("p", class_="verdict fail").text == "FAIL 0 of 1 criteria met"
    assert ET.fromstring(render_junit(document)).attrib["failures"] == "3"
