"""The two schemas of a comparison, and the questions about pieces of them.

Clients that keep to the old schema write arguments and read results. So of an input, the new schema has to accept all
that the old one accepts; of an output, the old one all that the new one accepts. The side that has to accept is called
wide, the other one narrow.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .document import Document, Schema
from .oracle import Answer, Oracle
from .wording import Position


@dataclass(frozen=True, slots=True)
class Pair:
    """Both documents, who writes the values, and the oracle that is asked."""

    old: Document
    new: Document
    position: Position
    oracle: Oracle

    @property
    def is_input(self) -> bool:
        """Whether the new side is the wide one."""
        return self.position == "input"

    def same(self, old: Schema, new: Schema) -> bool:
        """Whether both are the same, word for word, with all that they refer to."""
        return self.old.signature(old) == self.new.signature(new)

    def accepted(self, old: Schema, new: Schema) -> Answer:
        """Whether the wide side accepts all that the narrow side accepts."""
        if self.is_input:
            return self.oracle.accepts_all(new, self.new, old, self.old)
        return self.oracle.accepts_all(old, self.old, new, self.new)

    def accepted_back(self, old: Schema, new: Schema) -> Answer:
        """Whether the narrow side accepts all that the wide side accepts."""
        if self.is_input:
            return self.oracle.accepts_all(old, self.old, new, self.new)
        return self.oracle.accepts_all(new, self.new, old, self.old)

    def refused(self, old: Schema, new: Schema) -> bool:
        """Whether it is disproved that the wide side accepts all that the narrow side does."""
        narrow, narrow_of = (old, self.old) if self.is_input else (new, self.new)
        return self.accepted(old, new) is Answer.NO and not self.oracle.leaves_out(narrow, narrow_of)

    def demanded(self, old: Mapping[str, Any], new: Mapping[str, Any], *keywords: str) -> Answer:
        """Whether what the wide one of two views says in `keywords` holds for all that the narrow one accepts."""
        wide = new if self.is_input else old
        return self.holds(old, new, {keyword: wide[keyword] for keyword in keywords if keyword in wide})

    def holds(self, old: Mapping[str, Any], new: Mapping[str, Any], demand: Mapping[str, Any]) -> Answer:
        """Whether `demand`, a schema of the wide side, accepts all that the narrow one of two views accepts."""
        if not demand:
            return Answer.YES
        return self.accepted(dict(old), dict(demand)) if self.is_input else self.accepted(dict(demand), dict(new))
