"""Is a result of `tools/call` formed as one? And does the outputSchema of its tool say anything?"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from jsonschema_rs import Draft202012Validator

_WANTED: Mapping[str, tuple[str, ...]] = {
    "text": ("text",),
    "image": ("data", "mimeType"),
    "audio": ("data", "mimeType"),
    "resource_link": ("uri", "name"),
}
_MOST_MUTATIONS = 60


def faults_of_result(result: Mapping[str, Any], *, modern: bool) -> Iterator[tuple[str, str]]:
    """What is wrong with the form of a result: codes and sentences (server/tools, "Tool Result")."""
    content = result.get("content")
    if not isinstance(content, list):
        yield "results.malformed", "the result has no content list"
        return
    for at, item in enumerate(content):
        fault = _fault_of_item(item)
        if fault is not None:
            yield "results.malformed", f"content[{at}] {fault}"
    if not isinstance(result.get("isError", False), bool):
        yield "results.malformed", "isError is neither true nor false"
    structured = result.get("structuredContent")
    if structured is not None and not modern and not isinstance(structured, dict):
        yield "results.malformed", "structuredContent is no object"
    texts = [item for item in content if isinstance(item, dict) and item.get("type") == "text"]
    if structured is not None and not texts:
        yield "results.text", "the result has structuredContent and no text"


def _fault_of_item(item: object) -> str | None:
    if not isinstance(item, dict):
        return "is no object"
    kind = str(item.get("type"))
    if kind == "resource":
        resource = item.get("resource")
        if isinstance(resource, dict) and isinstance(resource.get("uri"), str) and {"text", "blob"} & {*resource}:
            return None
        return "has no resource with a uri and contents"
    if kind not in _WANTED:
        return f"is of no known type: {kind[:40]}"
    missing = [key for key in _WANTED[kind] if not isinstance(item.get(key), str)]
    return f"has no {' and no '.join(missing)}" if missing else None


def is_vacuous(schema: Any, structured: Mapping[str, Any]) -> bool:
    """Whether a schema that takes `structured` takes it with any member changed or left out, too.

    Such a schema protects nobody; that it wants an object is not enough.
    """
    validator = Draft202012Validator(schema, offline=True)
    mutated = [value for value in islice(_mutated(structured), _MOST_MUTATIONS) if isinstance(value, dict)]
    return bool(mutated) and all(validator.is_valid(value) for value in mutated)


def _mutated(value: Any) -> Iterator[Any]:
    """`value` with one member less, or one of another type; with values that have no parts, of another type."""
    if isinstance(value, Mapping) and value:
        for key in value:
            yield {name: inner for name, inner in value.items() if name != key}
            for inner in _mutated(value[key]):
                yield {**value, key: inner}
    elif isinstance(value, list) and value:
        for inner in _mutated(value[0]):
            yield [inner, *value[1:]]
    yield {"an": "object"} if isinstance(value, str) else "a text"
