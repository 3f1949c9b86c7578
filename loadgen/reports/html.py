"""A run as one HTML file that needs nothing but a browser: no network, no other file.

Words and tables are made here, charts by the page's script from the JSON result, which the page carries whole. What a
server said is text everywhere. The page's own policy lets no script and no style run but the ones put in here, known
by their hashes.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from string import Template
from typing import Any

import orjson

from formats.durations import format_duration

from . import sections
from .clean import clean
from .figures import distribution_chart, time_charts
from .markup import Markup, element, joined
from .units import percent

_ASSETS = files(__package__) / "assets"
_LONG = 60
"""Seconds of a run from which on nobody wants fractions."""
_ESCAPES = str.maketrans(
    {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\N{LINE SEPARATOR}": "\\u2028",
        "\N{PARAGRAPH SEPARATOR}": "\\u2029",
    }
)


def render_html(document: Mapping[str, Any]) -> bytes:
    """The page for a JSON result; sections that it has no data for are left out. UTF-8."""
    document = clean(document)
    style = _asset("uplot/uPlot.min.css") + _asset("report.css")
    # The notice of its licence takes the place of the library's first line, which is nothing but an address.
    licence, library = _asset("uplot/LICENSE").strip(), _asset("uplot/uPlot.iife.min.js")
    script = f"/* {licence} */{library.partition('*/')[2]}\n{_asset('report.js')}"
    page = Template(_asset("report.html")).substitute(
        policy=_policy(script, style),
        title=element(
            "title", f"{_name(document)}: {_word(document)}{', interrupted' if document['interrupted'] else ''}"
        ),
        style=style,
        body=_body(document),
        data=orjson.dumps(document).decode().translate(_ESCAPES),
        script=script,
    )
    return page.encode()


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text("utf-8")


def _policy(script: str, style: str) -> str:
    def digest(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; script-src {digest(script)}; style-src {digest(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _name(document: Mapping[str, Any]) -> str:
    plan = document.get("plan")
    name: str = plan["name"] if plan else document["workload"]
    return name


def _passed(document: Mapping[str, Any]) -> bool:
    passed: bool = (document.get("verdict") or document["gate"])["passed"]
    return passed


def _word(document: Mapping[str, Any]) -> str:
    return "PASS" if _passed(document) else "FAIL"


def _body(document: Mapping[str, Any]) -> Markup:
    parts = [
        _header(document),
        sections.tiles(document),
        sections.criteria(document),
        sections.findings(document),
        time_charts(document),
        distribution_chart(document),
        sections.tools(document),
        sections.scenarios(document),
        sections.checks(document),
        sections.errors(document),
        sections.targets(document),
        sections.notes(document),
        sections.metrics(document),
        sections.environment(document),
    ]
    return joined(parts)


def _header(document: Mapping[str, Any]) -> Markup:
    plan = document.get("plan") or {}
    described = plan.get("description")
    return element(
        "header",
        element("p", "MCP load test", class_="kind"),
        element("h1", _name(document)),
        element("p", described, class_="lede") if described else "",
        *_warnings(document),
        _verdict(document),
        element(
            "dl", *(element("div", element("dt", k), element("dd", v)) for k, v in _facts(document)), class_="facts"
        ),
    )


def _warnings(document: Mapping[str, Any]) -> Iterator[Markup]:
    """What has to be known before the verdict is read."""
    generator, plan = document["generator"] or {}, document.get("plan") or {}
    if generator.get("limited"):
        said = f" This generator was the limit of the run: {generator['reason']}."
        yield element("p", element("strong", "generator limited"), said, class_="notice")
    if document["interrupted"]:
        yield element("p", element("strong", "INTERRUPTED"), " Figures are up to then.", class_="notice")
    if plan.get("aborted"):
        yield element("p", element("strong", "ended early"), f" by a criterion: {plan['aborted']}", class_="notice")
    if plan and plan["scale"] != 1:
        said = " Stages, probes, windows and delays are that much shorter than the plan's."
        yield element("p", element("strong", f"scaled by {plan['scale']:g}"), said, class_="notice")


def _verdict(document: Mapping[str, Any]) -> Markup:
    verdict, requests = document.get("verdict"), document["requests"]
    least = document["gate"]["min_success_percent"] or 0
    said = (
        verdict["sentence"]
        if verdict
        else f"success rate {percent(requests['successful'], requests['total'])}, at least {least:g} % wanted"
    )
    word = _word(document)
    said = said.removeprefix(f"{word}: ")
    return element("p", element("strong", word), " ", element("span", said), class_=f"verdict {word.lower()}")


def _facts(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Server", document["server"] or "(gave no name)"
    yield "URL", document["url"]
    yield "Protocol", f"MCP {document['protocol']}"
    yield "Started", document["started_at"].replace("T", " ").replace("+00:00", " UTC")
    seconds = document["duration_seconds"]
    yield "Duration", format_duration(round(seconds, 0 if seconds >= _LONG else 2))
    yield "Load", document["load"]
    yield "Calls", document["mix"].replace(" %", "\N{NO-BREAK SPACE}%")
