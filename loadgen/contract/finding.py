"""What a contract check found: one sentence under a stable code."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`where` is a place of the contract (`tools.add.inputSchema`), or the version and the case of a request.

    Places begin with the name of a list, or with server, instructions, capabilities, protocol_versions, examples.
    """

    code: str
    where: str
    sentence: str
