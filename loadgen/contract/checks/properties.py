"""What holds for all arguments: those that fit are served as promised, others are refused, and without effect."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ...arguments import Arguments, UnusableSchemaError
from ...client.rpc_errors import INTERNAL_ERROR, INVALID_PARAMS
from ...errors import NothingMeasured
from ..answer import Answer
from ..canary import good_arguments
from ..client import Client
from ..expectation import fault_of_schema
from ..listing import reads_only
from ..mutation import Mutation, mutations
from ..notes import Notes
from ..result_form import faults_of_result, is_vacuous
from ..snapshot import Call, Snapshot, take
from ..target import Opened, Target
from ..values import shown

_SETS = 8
"""Sets of arguments that are drawn for each tool."""
_MUTATED = 2
"""Of those, how many are made wrong."""
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class _Tool:
    """A tool that may be called, with arguments that fit."""

    name: str
    entry: Mapping[str, Any]
    fitting: Sequence[Mapping[str, Any]]
    reads_only: bool


@dataclass(slots=True)
class _Served:
    """What came of the calls of one tool that should be served."""

    ok: int = 0
    refused: int = 0
    structured: list[Mapping[str, Any]] = field(default_factory=list)


async def check_properties(target: Target, notes: Notes) -> None:
    """Call the read-only tools of each era, and those that are named, with good and with bad arguments.

    Raises:
        NothingMeasured: when all was called, of tools that are named and that the server has in no era.
    """
    for opened in target.opened.values():
        tools = _callable(target, opened, notes)
        if not tools:
            notes.find(
                "check.unproven",
                f"{opened.version}: tools/call",
                "no tool is annotated read-only, and none is named with --tool",
            )
            continue
        async with target.client(opened.version) as client:
            await _check_tools(target, client, notes, tools)
    known = {name for opened in target.opened.values() for name in opened.tools}
    missing = [name for name in target.named if name not in known]
    if missing:
        has = ", ".join(sorted(known)) or "no tools"
        raise NothingMeasured(f"the server has no {', '.join(missing)}, named with --tool; it has {has}")


def _callable(target: Target, opened: Opened, notes: Notes) -> list[_Tool]:
    tools = []
    for name, entry in opened.tools.items():
        if not reads_only(entry) and name not in target.named:
            notes.skip(f"{name} may change something, and is not named with --tool")
            continue
        schema = entry.get("inputSchema")
        if not isinstance(schema, dict):
            notes.skip(f"{name} has no inputSchema")
            continue
        try:
            arguments = Arguments(name, schema, target.seed)
        except UnusableSchemaError:
            notes.skip(f"{name} has an inputSchema that cannot be used")
            continue
        fitting = good_arguments(target, arguments, name, _SETS)
        if fitting:
            tools.append(_Tool(name, entry, fitting, reads_only(entry)))
        else:
            notes.find(
                "check.unproven", f"tools.{name}.inputSchema", f"no arguments that fit could be drawn for {name}"
            )
    return tools


async def _check_tools(target: Target, client: Client, notes: Notes, tools: Sequence[_Tool]) -> None:
    calls = [Call(tool.name, arguments) for tool in tools if tool.reads_only for arguments in tool.fitting]

    async def serve(*, reads_only: bool) -> None:
        for tool in tools:
            if tool.reads_only is reads_only:
                await _serve(client, notes, tool)

    async def refuse() -> None:
        for tool in tools:
            await _refuse(client, notes, tool)

    before = await take(client, notes, calls)
    before = await _unchanged(
        target, client, notes, before, partial(serve, reads_only=True), "calls of read-only tools"
    )
    if not all(tool.reads_only for tool in tools):
        await serve(reads_only=False)
        before = await take(client, notes, calls)
    await _unchanged(target, client, notes, before, refuse, "calls with arguments that do not fit")


async def _unchanged(
    target: Target, client: Client, notes: Notes, before: Snapshot, act: Callable[[], Awaitable[None]], what: str
) -> Snapshot:
    """Act, and see whether that changed an answer; the snapshot to go on with, of answers that stay the same.

    What changes as much without the act, or not when it is repeated, changes by itself: time does that, too.
    """
    began = target.clock.now()
    await act()
    lasted = target.clock.now() - began
    after = await before.again(client, notes)
    changed = before.changed(after)
    if not changed:
        return before
    await target.clock.sleep(max(target.quiet, lasted))
    control = await after.again(client, notes)
    await act()
    repeated = {call.key for call, _, _ in control.changed(await control.again(client, notes))}
    moving = {call.key for call, _, _ in after.changed(control)}
    for call, old, new in changed:
        where, told = f"tools.{call.tool}", f"after {what}, {call} answered {shown(new)}, before them {shown(old)}"
        if call.key in repeated - moving:
            notes.find("arguments.side-effect", where, f"{told} ({client.version})")
        else:
            notes.find(
                "check.unproven", where, f"{told}, which happened by itself, too, or only once ({client.version})"
            )
    return Snapshot([canary for canary in control.answers if canary.call.key not in moving | repeated])


async def _serve(client: Client, notes: Notes, tool: _Tool) -> None:
    served = _Served()
    for arguments in tool.fitting:
        answer = await client.call(notes, tool.name, arguments)
        if answer is not None:
            _judge_served(client, notes, tool, arguments, answer, served)
    if not served.ok and served.refused:
        sentence = (
            f"all {served.refused} calls of {tool.name} were refused by the tool; an example would show how to call it"
        )
        notes.find("check.unproven", f"tools.{tool.name}", f"{sentence} ({client.version})")
    schema = tool.entry.get("outputSchema")
    if schema is not None and served.structured and all(is_vacuous(schema, each) for each in served.structured):
        sentence = f"the outputSchema of {tool.name} takes its results with any member changed or left out"
        notes.find("results.vacuous", f"tools.{tool.name}.outputSchema", sentence)


def _judge_served(
    client: Client, notes: Notes, tool: _Tool, arguments: Mapping[str, Any], answer: Answer, served: _Served
) -> None:
    where = f"tools.{tool.name}"
    if answer.result is None:
        sentence = f"{shown(arguments)} fits the inputSchema, and {tool.name} answers {answer} ({client.version})"
        notes.find("arguments.refused", f"{where}.inputSchema", sentence)
        return
    for code, sentence in faults_of_result(answer.result, modern=client.speech.era == "modern"):
        notes.find(code, where, f"{sentence} ({client.version})")
    if answer.result.get("isError") is True:
        served.refused += 1
        return
    served.ok += 1
    output = tool.entry.get("outputSchema")
    fault = fault_of_schema(output, answer.result)
    if fault is not None:
        notes.find(
            "results.schema", f"{where}.outputSchema", f"{fault} (arguments {shown(arguments)}, {client.version})"
        )
    elif isinstance(answer.result.get("structuredContent"), dict):
        served.structured.append(answer.result["structuredContent"])


async def _refuse(client: Client, notes: Notes, tool: _Tool) -> None:
    schema = tool.entry["inputSchema"]
    lenient = Arguments(tool.name, schema, 0, formats=False)  # who takes any text for a UUID breaks no schema
    for valid in tool.fitting[:_MUTATED]:
        for mutation in mutations(schema, valid, lenient.fits):
            answer = await client.call(notes, tool.name, mutation.arguments, is_good=False)
            if answer is not None:
                _judge_refused(client, notes, tool, mutation, answer)


def _judge_refused(client: Client, notes: Notes, tool: _Tool, mutation: Mutation, answer: Answer) -> None:
    where = f"tools.{tool.name}.inputSchema"
    if answer.code == INVALID_PARAMS or (answer.result is not None and answer.result.get("isError") is True):
        return
    sentence = f"a refusal expected for arguments {mutation.what}, got {answer} ({client.version})"
    if answer.result is not None:
        notes.find("arguments.coerced" if mutation.is_lax else "arguments.accepted", where, sentence)
    elif answer.status >= _SERVER_ERROR or answer.code in (INTERNAL_ERROR, None):
        notes.find("arguments.crash", where, sentence)
    else:
        notes.find("rpc.error-code", where, sentence)
