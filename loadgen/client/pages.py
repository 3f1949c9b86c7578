"""Lists that come page after page (server/utilities/pagination)."""

from ..outcome import Failure, SchemaViolation
from .dialogue import Session, request
from .messages import RpcResult

_MOST_PAGES = 100


async def read_pages(session: Session, method: str, member: str) -> tuple[object, ...] | Failure:
    """All that is in the lists called `member` on the pages of `method`.

    SchemaViolation: a page has no such list, a cursor comes twice, or there are more than 100 pages.
    """
    entries: list[object] = []
    cursor: object = None
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        answer = await request(session, method, {"cursor": cursor} if cursor is not None else {})
        if not isinstance(answer, RpcResult):
            return answer
        page = answer.result.get(member)
        if not isinstance(page, list):
            return SchemaViolation(f"{method} has no list of {member}")
        entries += page
        cursor = answer.result.get("nextCursor")
        if cursor is None:
            return tuple(entries)
        if str(cursor) in seen:
            return SchemaViolation(f"{method} goes round in a circle: a cursor came twice")
        seen.add(str(cursor))
    return SchemaViolation(f"{method} has more than {_MOST_PAGES} pages")
