"""The examples of the contract: each call is made as it stands there, once in each era that the server serves."""

from ..expectation import find_fault
from ..notes import Notes
from ..target import Target


async def check_examples(target: Target, notes: Notes) -> None:
    """Also calls of tools that change something: whoever wrote the example wanted it to be made."""
    if not target.contract.examples:
        notes.find("check.unproven", "examples", "the contract has no examples, so no answer of a tool is proven right")
        return
    for opened in target.opened.values():
        async with target.client(opened.version) as client:
            for example in target.contract.examples:
                answer = await client.ask(notes, example.method, example.params)
                if answer is None:
                    continue
                tool = target.contract.tool(example.tool or "") or {}
                fault = find_fault(example.expect, answer, tool.get("outputSchema"))
                if fault is not None:
                    notes.find("examples.mismatch", f"examples.{example.name}", f"{fault} ({client.version})")
