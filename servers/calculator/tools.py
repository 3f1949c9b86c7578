"""The calculator's tools as clients see them."""

from typing import Annotated

from fastmcp.tools.function_tool import FunctionTool
from mcp_types import ToolAnnotations
from pydantic import Field

from ..wire.tool import Tool
from . import domain

A = Annotated[float, Field(strict=True, allow_inf_nan=False, description="The first number.")]
B = Annotated[float, Field(strict=True, allow_inf_nan=False, description="The second number.")]

_PURE = ToolAnnotations(read_only_hint=True, idempotent_hint=True, destructive_hint=False, open_world_hint=False)


def calculator_tools() -> list[FunctionTool]:
    """`add`, `subtract`, `multiply`, `divide`: two finite numbers in, `{"result": float}` out."""

    async def add(a: A, b: B) -> float:
        """Add two numbers: a + b."""
        return domain.add(a, b)

    async def subtract(a: A, b: B) -> float:
        """Subtract the second number from the first: a - b."""
        return domain.subtract(a, b)

    async def multiply(a: A, b: B) -> float:
        """Multiply two numbers: a * b."""
        return domain.multiply(a, b)

    async def divide(a: A, b: B) -> float:
        """Divide the first number by the second: a / b. Dividing by zero is an error."""
        return domain.divide(a, b)

    return [
        Tool.from_function(tool, title=tool.__name__.capitalize(), annotations=_PURE)
        for tool in (add, subtract, multiply, divide)
    ]
