"""The TypeScript SDK's own clients, run by Node.js: v2, and v1, which most programs still use."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.node import find_node, packages

VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28", "v1-2025-11-25")
"""What the clients speak; the v1 client asks for its newest only."""
_SCRIPT = Path(__file__).with_suffix(".mjs")
_PACKAGES = packages("ts-client")
_PATIENCE = 40.0


@dataclass(frozen=True)
class TsCall:
    """What a client says of a call; without a key, of opening or closing its session."""

    key: str | None
    failed: bool
    message: str | None


def node() -> str:
    """The program that runs them; without it or them a test is skipped, and fails in CI."""
    return find_node("ts-client", "the TypeScript SDK")


async def ts_calls(
    url: str, tools: Mapping[str, Any], *, calls: int, users: int, patience: float, versions: tuple[str, ...] = VERSIONS
) -> list[TsCall]:
    """Make so many calls in each version, by so many users at once; after a failed one, a user takes a new client."""
    order = {"url": url, "versions": versions, "tools": tools, "calls": calls, "users": users}
    with _SCRIPT.open("rb") as script:  # from stdin, a script finds the packages of the folder that it runs in
        process = await asyncio.create_subprocess_exec(
            node(),
            "--input-type=module",
            "-",
            json.dumps(order | {"patience_ms": round(patience * 1000)}),
            cwd=_PACKAGES,
            stdin=script,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    try:
        async with asyncio.timeout(_PATIENCE):
            said, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert (process.returncode, complaints.decode()) == (0, "")
    return [TsCall(**json.loads(line)) for line in said.splitlines()]
