"""Tools that bend their own rules: another result than declared, work that is cut short, what FastMCP keeps nearby."""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Annotated, Any

import anyio
from fastmcp.exceptions import NotFoundError, ToolError, ValidationError
from fastmcp.server.dependencies import get_context, get_http_headers, get_http_request
from fastmcp.tools.base import ToolResult
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel, computed_field

from servers.errors import CallRefused


class Inner(BaseModel):
    when: datetime
    tags: list[str]


class Outer(BaseModel):
    name: str = Field(serialization_alias="displayName")
    inner: Inner
    nothing: None = None


class More(Inner):
    extra: int = 7


class Loose(BaseModel):
    model_config = ConfigDict(extra="allow", ser_json_inf_nan="constants", ser_json_bytes="base64")

    number: float = float("nan")
    money: Decimal = Decimal("1.10")
    keys: dict[int, Any] = {1: (1, 2)}

    @computed_field
    def double(self) -> float:
        return -0.0


class Numbers(RootModel[list[int]]):
    pass


class Table(RootModel[dict[str, float]]):
    pass


class Level(IntEnum):
    HIGH = 3


class Text(str):
    __slots__ = ()


INNER = Inner(when=datetime(2020, 1, 1, tzinfo=UTC), tags=["a", "b"])
UNFIT: dict[str, Any] = {"tags": 7}
OUTER = Outer(name="ü", inner=INNER)


async def float_that_is_int() -> float:
    return 3


async def int_that_is_float() -> int:
    return 3.0  # type: ignore[return-value]  # bent


async def int_that_is_bool() -> int:
    return True


async def int_that_is_level() -> int:
    return Level.HIGH


async def bool_that_is_int() -> bool:
    return 1  # type: ignore[return-value]  # bent


async def int_that_is_nothing() -> int:
    return None  # type: ignore[return-value]  # bent


async def text_that_is_int() -> str:
    return 7  # type: ignore[return-value]  # bent


async def text_that_is_nothing() -> str:
    return None  # type: ignore[return-value]  # bent


async def text_of_a_subclass() -> str:
    return Text("sub")


async def text_that_is_a_result() -> str:
    return ToolResult(content="as it is", meta={"m": 1})  # type: ignore[return-value]  # bent


async def text_that_is_a_model() -> str:
    return OUTER  # type: ignore[return-value]  # bent


async def model_of_a_subclass() -> Inner:
    return More(when=INNER.when, tags=[])


async def holds_a_subclass() -> Outer:
    return Outer(name="", inner=More(when=INNER.when, tags=[]))


async def model_that_is_a_dict() -> Inner:
    return {"when": "x", "y": 1}  # type: ignore[return-value]  # bent


async def model_that_is_a_list() -> Inner:
    return [1]  # type: ignore[return-value]  # bent


async def model_that_is_nothing() -> Inner:
    return None  # type: ignore[return-value]  # bent


async def model_that_was_not_validated() -> Inner:
    return Inner.model_construct(**UNFIT)


async def loose() -> Loose:
    return Loose.model_validate({"more": b"abc", "inf": float("inf")})


async def root_list() -> Numbers:
    return Numbers([1, 2])


async def root_table() -> Table:
    return Table({"a": 1})


async def refuses_a_surrogate() -> str:
    raise ToolError("\ud800")


async def breaks_with_a_surrogate() -> str:
    raise ValueError("\ud800")


async def refuses_the_call() -> str:
    raise CallRefused("not_now: later.")


async def invalid_inside() -> str:
    return Inner.model_validate({}).tags[0]


async def invalid_by_fastmcp() -> str:
    raise ValidationError("by hand")


async def not_found() -> str:
    raise NotFoundError("nowhere")


async def breaks_in_a_group() -> str:
    raise ExceptionGroup("several", [ValueError("one"), KeyError("two")])


def _fails(value: object) -> object:
    raise KeyError(value)


def _refuses(value: object) -> object:
    raise ToolError(f"refused {value}")


async def validator_breaks(a: Annotated[int, BeforeValidator(_fails)]) -> int:
    return a


async def validator_refuses(a: Annotated[int, BeforeValidator(_refuses)]) -> int:
    return a


async def validator_breaks_by_default(
    a: Annotated[int, BeforeValidator(_fails), Field(validate_default=True)] = 1,
) -> int:
    return a


async def gives_the_loop_a_turn() -> str:
    await asyncio.sleep(0)
    return "turned"


async def cuts_itself_short() -> str:
    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(10)
    except TimeoutError:
        pass
    with anyio.move_on_after(0.01):
        await anyio.sleep(10)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(asyncio.to_thread(str, 7))
    return task.result()


async def runs_out_of_time() -> str:
    async with asyncio.timeout(0.01):
        await asyncio.sleep(10)
    return "never"


async def slow_and_refused() -> str:
    await asyncio.sleep(0.01)
    raise ToolError("late")


async def slow_and_broken() -> str:
    await asyncio.sleep(0.01)
    raise ValueError("late")


async def looks_for_its_context() -> str:
    return f"{get_context().request_id} {get_http_headers(include_all=True).get('content-type')}"


async def looks_for_its_request() -> str:
    return get_http_request().url.path


async def counts_its_calls() -> int:
    CALLS.set(CALLS.get() + 1)
    return CALLS.get()


async def cancels_itself() -> str:
    raise asyncio.CancelledError


async def cancels_its_task() -> str:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(10)
    return "never"


CALLS = ContextVar("CALLS", default=0)

SELF_CANCELLING: tuple[Callable[..., Any], ...] = (cancels_itself, cancels_its_task)
"""FastMCP gives up the whole session of the handshake era with them."""

BENT_TOOLS: tuple[Callable[..., Any], ...] = (
    float_that_is_int, int_that_is_float, int_that_is_bool, int_that_is_level, bool_that_is_int, int_that_is_nothing,
    text_that_is_int, text_that_is_nothing, text_of_a_subclass, text_that_is_a_result, text_that_is_a_model,
    model_of_a_subclass, holds_a_subclass, model_that_is_a_dict, model_that_is_a_list, model_that_is_nothing,
    model_that_was_not_validated, loose, root_list, root_table, refuses_a_surrogate, breaks_with_a_surrogate,
    refuses_the_call, invalid_inside, invalid_by_fastmcp, not_found, breaks_in_a_group, validator_breaks,
    validator_refuses, validator_breaks_by_default, gives_the_loop_a_turn, cuts_itself_short, runs_out_of_time,
    slow_and_refused, slow_and_broken, looks_for_its_context, looks_for_its_request,
    counts_its_calls,
)  # fmt: skip
