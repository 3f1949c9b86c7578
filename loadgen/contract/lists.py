"""What servers list: tools, resources, resource templates and prompts; how each is asked for and told apart."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

ListKind = Literal["tools", "resources", "resource_templates", "prompts"]
LIST_KINDS: tuple[ListKind, ...] = get_args(ListKind)


class ListMethod(NamedTuple):
    """How entries of a kind are listed.

    `member` of the results holds them, their `key` tells them apart, a server with such entries declares `capability`.
    """

    method: str
    member: str
    key: str
    capability: str


LISTS: Mapping[ListKind, ListMethod] = {
    "tools": ListMethod("tools/list", "tools", "name", "tools"),
    "resources": ListMethod("resources/list", "resources", "uri", "resources"),
    "resource_templates": ListMethod("resources/templates/list", "resourceTemplates", "uriTemplate", "resources"),
    "prompts": ListMethod("prompts/list", "prompts", "name", "prompts"),
}
