"""The HTML report as people see it: in a real browser, without a network."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from loadgen.reports.html import render_html
from tests.support.browser import Page, browser_page, chromium
from tests.support.sample_result import hostile_document, plain_document, sample_document

SHADES = {
    "rate": ["blue"],
    "latency": ["teal", "blue", "purple", "fail", "muted"],
    "errors": ["e1", "e2", "e3"],
    "users": ["blue", "orange"],
    "memory": ["purple"],
    "distribution": ["blue", "text"],
}
"""What each chart of the sample is drawn in: its series, and criteria that were missed and met."""

PIXELS = """
(() => {
  const style = getComputedStyle(document.documentElement);
  const count = (data, [r, g, b]) => {
    let n = 0;
    for (let i = 0; i < data.length; i += 4)
      if (data[i + 3] > 120 && Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 40) n++;
    return n;
  };
  const hex = (name) => style.getPropertyValue(`--${name}`).trim();
  const rgb = (name) => [1, 3, 5].map((at) => parseInt(hex(name).slice(at, at + 2), 16));
  return Object.fromEntries(Object.entries(SHADES).map(([chart, shades]) => {
    const canvas = document.querySelector(`figure[data-chart=${chart}] canvas`);
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    return [chart, Object.fromEntries(shades.map((shade) => [shade, count(data, rgb(shade))]))];
  }));
})()
"""
OVERFLOW = """
[...document.querySelectorAll("body *")]
  .filter((each) => !each.closest(".scroll"))
  .filter((each) => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((each) => each.outerHTML.slice(0, 80))
"""


@asynccontextmanager
async def opened(document: dict[str, Any], folder: Path) -> AsyncIterator[Page]:
    """The report on it in a browser, which in the end had no complaint and fetched nothing else."""
    path = folder / "report.html"
    path.write_bytes(render_html(document))
    async with browser_page() as page:
        await page.show(1280)
        await page.open(path.as_uri())
        yield page
        assert page.complaints == []
        assert page.requests == [path.as_uri()]


async def pixels(page: Page) -> dict[str, dict[str, int]]:
    """How many pixels each chart has in each of its shades."""
    counted: dict[str, dict[str, int]] = await page.run(PIXELS.replace("SHADES", str(SHADES)))
    return counted


def assert_all_drawn(counted: dict[str, dict[str, int]]) -> None:
    assert [(chart, shade) for chart, shades in counted.items() for shade, n in shades.items() if n < 15] == []


async def test_every_series_is_drawn_light_and_dark_and_on_a_phone(tmp_path: Path) -> None:
    async with opened(sample_document(), tmp_path) as page:
        grounds = {}
        for width, dark in ((1280, False), (1280, True), (360, True), (360, False)):
            await page.show(width, dark=dark)
            assert_all_drawn(await pixels(page))
            assert await page.run("document.documentElement.scrollWidth") == width
            assert await page.run(OVERFLOW) == []
            grounds[dark] = await page.run("getComputedStyle(document.body).backgroundColor")
        assert grounds == {False: "rgb(255, 255, 255)", True: "rgb(13, 17, 23)"}


async def test_nothing_that_a_server_says_runs_or_breaks_the_page(tmp_path: Path) -> None:
    async with opened(hostile_document(), tmp_path) as page:
        await page.show(360)
        assert await page.run("document.querySelectorAll('canvas').length") == len(SHADES)
        assert await page.run("document.documentElement.scrollWidth") == 360
        assert await page.run(OVERFLOW) == []
        assert await page.run("'pwned' in window || document.images.length > 0") is False


async def test_a_plain_command_has_a_page_without_charts(tmp_path: Path) -> None:
    async with opened(plain_document(), tmp_path) as page:
        assert await page.run("document.querySelectorAll('canvas, figure').length") == 0
        assert "PASS" in await page.run("document.body.innerText")


async def test_the_reader_chooses_the_scale_and_paper_is_white(tmp_path: Path) -> None:
    async with opened(sample_document(), tmp_path) as page:
        await page.show(1280, dark=True)
        pressed = "document.querySelector('.choice [aria-pressed=true]').textContent"
        assert await page.run(pressed) == "log"
        before = (await pixels(page))["latency"]["purple"]
        await page.run("document.querySelector('.choice button').click()")
        assert await page.run(pressed) == "linear"
        assert (await pixels(page))["latency"]["purple"] != before
        await page.run("dispatchEvent(new Event('beforeprint'))")
        assert await page.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert_all_drawn(await pixels(page))
        await page.run("dispatchEvent(new Event('afterprint'))")
        assert await page.run("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"


async def test_hardly_any_data_is_drawn_without_complaint(tmp_path: Path) -> None:
    document = sample_document()
    timeline = {
        name: {label: counts[60:61] for label, counts in values.items()} if name == "errors" else values[60:61]
        for name, values in document["timeline"].items()
        if name != "interval_seconds"
    }
    distribution = {"upper_ms": [0.5, 1.0], "count": [0, 1]}
    short = document | {"timeline": timeline | {"interval_seconds": 1.0}, "distribution": distribution}
    async with opened(short, tmp_path) as page:
        assert await page.run("document.querySelectorAll('canvas').length") == 5


def test_without_a_browser_it_is_skipped_here_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception):
        chromium()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception):
        chromium()
