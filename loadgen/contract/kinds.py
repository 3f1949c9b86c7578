"""What servers list: tools, resources, resource templates and prompts; how each is asked for and told apart."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

Kind = Literal["tools", "resources", "resource_templates", "prompts"]
KINDS: tuple[Kind, ...] = get_args(Kind)
METHOD_NOT_FOUND = -32601


class Lists(NamedTuple):
    """How entries of a kind are listed.

    `member` of the results holds them, their `key` tells them apart, a server with such entries declares `capability`.
    """

    method: str
    member: str
    key: str
    capability: str


LISTS: Mapping[Kind, Lists] = {
    "tools": Lists("tools/list", "tools", "name", "tools"),
    "resources": Lists("resources/list", "resources", "uri", "resources"),
    "resource_templates": Lists("resources/templates/list", "resourceTemplates", "uriTemplate", "resources"),
    "prompts": Lists("prompts/list", "prompts", "name", "prompts"),
}
