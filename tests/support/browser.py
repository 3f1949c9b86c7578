"""A real headless Chromium, driven over the DevTools protocol; it reaches nothing but the pages it is given."""

import asyncio
import base64
import itertools
import os
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

_PATIENCE = 20.0
"""Seconds that an answer may take on a busy machine."""
_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-breakpad",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
]


def chromium() -> str:
    """The program; without it a test is skipped, and fails in CI."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail("chromium is not installed")
    pytest.skip("chromium is not installed")


@dataclass
class Page:
    """One tab: what it was told, what it fetched, and what it complained about."""

    socket: aiohttp.ClientWebSocketResponse
    session: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(10))
    _seen: set[str] = field(default_factory=set)

    async def send(self, method: str, **params: Any) -> Any:
        """The result of one command."""
        return await _command(self.socket, method, params, self.session, next(self._numbers), self._note)

    async def open(self, url: str) -> None:
        """Load a page and everything in it."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.send(f"{domain}.enable")
        self._seen.clear()
        await self.send("Page.navigate", url=url)
        async with asyncio.timeout(_PATIENCE):
            while "Page.loadEventFired" not in self._seen:
                self._note(await self.socket.receive_json())

    async def run(self, script: str) -> Any:
        """The value of an expression, awaited if it is a promise; it may fail the test."""
        said = await self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    async def show(self, width: int, *, dark: bool = False, height: int = 900) -> None:
        """A screen so wide, by a user who likes it dark or light; back when the page was drawn anew."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.send("Emulation.setEmulatedMedia", features=[scheme])
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        await self.send("Emulation.setDeviceMetricsOverride", **size)
        await self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    async def screenshot(self) -> bytes:
        """What is on the screen, as a PNG."""
        shot = await self.send("Page.captureScreenshot")
        return base64.b64decode(shot["data"])

    def _note(self, message: dict[str, Any]) -> None:
        method, params = message.get("method", ""), message.get("params", {})
        self._seen.add(method)
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append(str(params["args"]))
        elif method == "Log.entryAdded":
            self.complaints.append(params["entry"]["text"])


async def _command(
    socket: aiohttp.ClientWebSocketResponse, method: str, params: Any, session: str | None, number: int, note: Any
) -> Any:
    to = {"sessionId": session} if session else {}
    await socket.send_json({"id": number, "method": method, "params": params, **to})
    async with asyncio.timeout(_PATIENCE):
        while True:
            message = await socket.receive_json()
            if message.get("id") == number and message.get("sessionId") == session:
                assert "error" not in message, message["error"]
                return message["result"]
            note(message)


@asynccontextmanager
async def browser_page() -> AsyncIterator[Page]:
    """A tab of a browser of its own, which ends with the context."""
    program = chromium()
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            program,
            *_FLAGS,
            f"--user-data-dir={folder}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            env=os.environ | {"HOME": folder},
        )
        try:
            async with (
                aiohttp.ClientSession() as client,
                client.ws_connect(await _address(process), max_msg_size=0) as socket,
            ):
                yield await _tab(socket)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # the group that it leads: itself and its helpers
            await process.communicate()


async def _address(process: asyncio.subprocess.Process) -> str:
    """Where the browser listens, as it says."""
    assert process.stderr is not None
    said = ""
    async with asyncio.timeout(_PATIENCE):
        while line := (await process.stderr.readline()).decode(errors="replace"):
            if found := re.search(r"DevTools listening on (ws://127\.0\.0\.1:\S+)", line):
                return found.group(1)
            said += line
    raise AssertionError(f"chromium ended: {said}")


async def _tab(socket: aiohttp.ClientWebSocketResponse) -> Page:
    def ignore(message: dict[str, Any]) -> None:
        del message

    target = await _command(socket, "Target.createTarget", {"url": "about:blank"}, None, 1, ignore)
    params = {"targetId": target["targetId"], "flatten": True}
    attached = await _command(socket, "Target.attachToTarget", params, None, 2, ignore)
    return Page(socket, attached["sessionId"])
