"""The keywords of JSON Schema 2020-12 and what role each plays; whatever is not here is not understood."""

from collections.abc import Mapping

TEXTS = ("title", "description", "$comment", "examples")
"""What only people and models read."""
ANNOTATIONS = frozenset({*TEXTS, "default", "deprecated", "readOnly", "writeOnly", "discriminator"})
"""What no validator refuses a value for; besides these, all that begin with `x-`."""
DRAFT_2020_ANNOTATIONS = frozenset({"contentEncoding", "contentMediaType", "contentSchema"})
"""Of these, validators of draft-07 may refuse values."""
FRAME = frozenset({"$schema", "$id", "$defs", "definitions", "$anchor"})
"""What holds a document together; it counts where something refers to it."""

SCHEMA = frozenset(
    {
        "additionalProperties",
        "contains",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
SCHEMA_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
SCHEMA_MAPS = frozenset({"dependentSchemas", "patternProperties", "properties"})
SCALARS = (
    *("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "pattern", "format"),
    *("minItems", "maxItems", "uniqueItems"),
    *("minProperties", "maxProperties"),
)
"""Keywords that stand alone, with a value that is no schema."""
PLAIN = frozenset(
    {*SCALARS, "type", "enum", "const", "required", "dependentRequired", "minContains", "maxContains", "$ref"}
)

OBJECT = ("properties", "patternProperties", "additionalProperties")
ARRAY = ("prefixItems", "items")
TOGETHER = (OBJECT, ARRAY, ("contains", "minContains", "maxContains"), ("if", "then", "else"))
"""Keywords that mean something only together."""
UNEVALUATED = frozenset({"unevaluatedItems", "unevaluatedProperties"})
UNIONS = ("anyOf", "oneOf")

NOT_UNDERSTOOD = "?"
"""Begins the name of a keyword that may refuse values, nobody knows which."""

KIND_OF: Mapping[str, str] = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"), "number"),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), "string"),
    **dict.fromkeys(
        (*ARRAY, "minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains", "unevaluatedItems"),
        "array",
    ),
    **dict.fromkeys(
        (*OBJECT, "minProperties", "maxProperties", "required", "propertyNames", "dependentRequired"), "object"
    ),
    **dict.fromkeys(("dependentSchemas", "unevaluatedProperties"), "object"),
}
"""The type of values that a keyword is about; all others pass it."""


def group_of(keyword: str) -> tuple[str, ...]:
    """The keywords that mean something only together with `keyword`, itself among them."""
    return next((group for group in TOGETHER if keyword in group), (keyword,))


def is_annotation(keyword: str, *, draft_07: bool) -> bool:
    """Whether no validator of the draft refuses a value for it."""
    if keyword in DRAFT_2020_ANNOTATIONS:
        return not draft_07
    return keyword in ANNOTATIONS or keyword.startswith("x-")
