"""HTML from parts: whatever is not `Markup` already is text, and is escaped."""

import html
from collections.abc import Iterable, Sequence


class Markup(str):
    """Text that is HTML."""

    __slots__ = ()


def escaped(content: str) -> Markup:
    """`content` as it stands if it is markup, else as text."""
    return content if isinstance(content, Markup) else Markup(html.escape(content))


def breakable(name: str) -> Markup:
    """A long name that may be broken where its words end."""
    return Markup(escaped(name).replace("_", "_<wbr>").replace("{", "<wbr>{"))


def joined(parts: Iterable[str]) -> Markup:
    """One after the other."""
    return Markup("".join(map(escaped, parts)))


def element(tag: str, *content: str, **attributes: str) -> Markup:
    """An element; `class_` is the attribute class, `data_chart` is data-chart."""
    written = "".join(
        f' {name.strip("_").replace("_", "-")}="{html.escape(value)}"' for name, value in attributes.items()
    )
    return Markup(f"<{tag}{written}>{joined(content)}</{tag}>")


def section(title: str, *content: str, name: str) -> Markup:
    """A part of the page with its heading; no part at all without content."""
    if not any(content):
        return Markup()
    heading = element("h2", title, id=name)
    return Markup(f'<section aria-labelledby="{html.escape(name)}">{heading}{joined(content)}</section>\n')


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> Markup:
    """A table that scrolls inside its own box; the first `words` columns are words, the others numbers.

    The first cell of a row is its header.
    """

    def cell(tag: str, n: int, content: str, scope: str = "") -> Markup:
        kind = {} if n < words else {"class_": "number"}
        return element(tag, content, **kind, **({"scope": scope} if scope else {}))

    head = element("tr", *(cell("th", n, text, "col") for n, text in enumerate(heads)))
    body = [
        element("tr", *(cell("th" if n == 0 else "td", n, text, "" if n else "row") for n, text in enumerate(row)))
        for row in rows
    ]
    if not body:
        return Markup()
    parts = element("caption", caption), element("thead", head), element("tbody", *body)
    return element("div", element("table", *parts), class_="scroll", tabindex="0", role="region", aria_label=caption)
