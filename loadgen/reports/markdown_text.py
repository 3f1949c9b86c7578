"""Text in Markdown that says nothing but itself."""

import re


def as_code(text: str) -> str:
    """`text` as code, in a table, too."""
    return "`" + text.replace("`", "'").replace("|", "\\|") + "`"


def as_text(text: str) -> str:
    """`text` so that none of it is markup or mentions anybody."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&])", r"\\\1", text).replace("@", "@\u200b")
