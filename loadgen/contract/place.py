"""Places in a contract, as people write them: `tools.create_payment.inputSchema.lines[].amount`."""

import json
import re

_PLAIN = re.compile(r"[\w$-]+")


def member(where: str, name: str) -> str:
    """The place `name` in `where`; a name that reads as something else is quoted."""
    return f"{where}.{name}" if _PLAIN.fullmatch(name) else f"{where}[{json.dumps(name)}]"
