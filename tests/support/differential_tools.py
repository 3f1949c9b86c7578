"""Tools that answer in every odd way there is."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastmcp import Context
from fastmcp.exceptions import ToolError
from fastmcp.tools.base import ToolResult
from fastmcp.tools.function_tool import FunctionTool
from mcp.shared.exceptions import MCPError
from mcp_types import ImageContent, TextContent
from pydantic import Field

from servers.wire.tool import Tool

from .differential_bent_tools import BENT_TOOLS, OUTER, SELF_CANCELLING, Inner, Outer


@dataclass
class Point:
    x: float
    y: float


async def text() -> str:
    return 'snow ☃, "quoted"\n\u2028 and \U0001f600'


async def lone_surrogate() -> str:
    return "\ud800"


async def empty() -> str:
    return ""


async def numbers() -> list[float]:
    return [1e308, -0.0, 0.1, 1e16, 1e-7, 5e-324, 123456789012345680.0]


async def not_finite(which: str) -> float:
    return float(which)


async def big() -> int:
    return 2**70


async def yes() -> bool:
    return True


async def nothing() -> None:
    return None


async def maybe() -> int | None:
    return None


async def nested() -> Outer:
    return OUTER


async def several() -> list[Outer]:
    return [OUTER, OUTER]


async def point() -> Point:
    return Point(1, -0.0)


async def mapping() -> dict[str, Any]:
    return {"b": [1, None, {"ü": 1.0}], "a": True}


async def unannotated():  # type: ignore[no-untyped-def]  # noqa: ANN201 - a tool of no declared result
    return {"x": [1, 2.0, None]}


async def untyped_model() -> Any:
    return OUTER


async def lies() -> int:
    return "no"  # type: ignore[return-value]  # the tool that breaks its own schema


async def moment() -> datetime:
    return OUTER.inner.when


async def letters() -> bytes:
    return b"abc"


async def kinds() -> set[int]:
    return {7}


async def mixed() -> list[Any]:
    return ["a", 1, TextContent(type="text", text="b"), {"c": 1}]


async def picture() -> ImageContent:
    return ImageContent(type="image", data="AAAA", mime_type="image/png")


async def whole_result() -> ToolResult:
    return ToolResult(content="as it is", structured_content={"x": 1}, meta={"m": [1]})


async def failed_result() -> ToolResult:
    return ToolResult(content="refused", is_error=True)


async def refuses(why: str = "no \u2603") -> str:
    raise ToolError(why, log_level=logging.DEBUG)


async def breaks() -> str:
    raise ValueError("broken")


async def breaks_silently() -> str:
    raise KeyError


async def protocol_error() -> str:
    raise MCPError(-32050, "by the protocol", {"x": 1})


async def needs_capability() -> str:
    raise MCPError(-32021, "capability", {"requiredCapabilities": {"sampling": {}}})


async def needs_capability_later() -> str:
    await asyncio.sleep(0.02)
    raise MCPError(-32021, "capability", {"requiredCapabilities": {"sampling": {}}})


async def times_out() -> str:
    raise TimeoutError("too late")


async def slow(seconds: float = 0.02) -> str:
    await asyncio.sleep(seconds)
    return "slept"


async def too_slow() -> str:
    await asyncio.sleep(20)
    return "never"


def synchronous(a: int, b: str = "b") -> str:
    return f"{a}{b}"


async def coerced(
    number: int,
    flag: bool = False,
    when: datetime | None = None,
    names: list[str] | None = None,
    inner: Inner | None = None,
) -> str:
    return repr((number, flag, when, names, inner))


async def routed(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})], count: int = 1) -> str:
    return region * count


async def aliased(a: Annotated[int, Field(alias="other")]) -> int:
    return a


async def talks(context: Context) -> str:
    await context.report_progress(1, 2, "half")
    await context.info("listen")
    await context.report_progress(2, 2)
    return f"{context.request_id!r}"


async def accents() -> str:
    return "olé"


ODD_TOOLS: tuple[Callable[..., Any], ...] = (
    text, lone_surrogate, empty, numbers, not_finite, big, yes, nothing, maybe, nested, several, point, mapping,
    unannotated, untyped_model, lies, moment, letters, kinds, mixed, picture, whole_result, failed_result,
    refuses, breaks, breaks_silently, protocol_error, needs_capability, needs_capability_later, times_out, slow,
    synchronous, coerced, routed, talks, aliased,
)  # fmt: skip


def odd_tools() -> list[FunctionTool]:
    return [
        *(Tool.from_function(tool) for tool in (*ODD_TOOLS, *BENT_TOOLS, *SELF_CANCELLING)),
        Tool.from_function(too_slow, timeout=0.05),
        Tool.from_function(accents, name="añadir más"),
        Tool.from_function(text, name="spaced name "),
        Tool.from_function(text, name="schemaless", output_schema=None),
        Tool.from_function(text, name="another_schema", output_schema={"type": "object", "properties": {}}),
        Tool.from_function(nested, name="wider_schema", output_schema={"type": "object"}),
        Tool.from_function(mapping, name="tagged", tags={"t"}, meta={"own": 1}, version="2"),
        Tool.from_function(text, name="tagged_text", tags={"t"}, meta={"own": 1}, version="2"),
    ]
