"""A high dynamic range histogram of durations: three significant digits from 1 µs to over an hour, in bounded memory.

The bucket of a value is made of the leading bits of its double: the exponent, and ten bits of the mantissa. So each
power of two has 1,024 buckets, each 0.1 % wide, and the buckets of many values are found without Python arithmetic.
"""

import math
import sys
from array import array
from collections import Counter
from collections.abc import Iterator
from itertools import repeat
from operator import add, rshift

_BUCKETS = 1024
_BITS = 10
_LOW_BITS = 20 - _BITS
_MEDIAN, _ALL = 50, 100  # per cent
_MOST_FRESH = 4096
_BIAS = 1023
_LOWEST, _HIGHEST = _BIAS - 20, _BIAS + 11
"""Exponents kept apart: 2**-20 s is just under 1 µs, the last bucket ends at 2**12 s."""
_HIGH_WORD = 1 if sys.byteorder == "little" else 0


class Histogram:
    """Counts by bucket. Memory is taken for powers of two that occurred: 8 kB each, 32 at most.

    New counts go into a dictionary, which is filled without Python code per value, and is emptied into the pages only
    when it gets large: most distributions have fewer buckets than that.
    """

    __slots__ = ("_fresh", "_pages", "count")

    def __init__(self) -> None:
        self.count = 0
        self._fresh: Counter[int] = Counter()
        self._pages: dict[int, array[int]] = {}

    def add(self, values: "array[float]") -> None:
        """Take in `values`, which are not negative."""
        words = array("I", b"")
        words.frombytes(values.tobytes())
        self._fresh.update(map(rshift, words[_HIGH_WORD::2], repeat(_LOW_BITS)))
        self.count += len(values)
        if len(self._fresh) > _MOST_FRESH:
            self._settle(_MOST_FRESH // 2)  # not all at once: that would take a millisecond

    def merge(self, other: "Histogram") -> None:
        """Take in everything that `other` holds."""
        self.count += other.count
        if not other._pages:  # noqa: SLF001 - of the same class
            for bucket, count in other._fresh.items():  # noqa: SLF001 - few, so that no page is gone through
                self._fresh[bucket] += count
            if len(self._fresh) > _MOST_FRESH:
                self._settle()
            return
        self._settle()
        for exponent, page in other._settled().items():  # noqa: SLF001 - as above
            mine = self._pages.get(exponent)
            self._pages[exponent] = page[:] if mine is None else array("Q", map(add, mine, page))

    def value_at(self, rank: int) -> float:
        """The middle of the bucket that holds the `rank`-th smallest value, from 1; 0 when there are fewer."""
        self._settle()
        for exponent in sorted(self._pages):
            page = self._pages[exponent]
            on_page = sum(page)
            if rank > on_page:
                rank -= on_page
                continue
            for slot, count in enumerate(page):
                rank -= count
                if rank <= 0:
                    return _middle(exponent, slot)
        return 0.0

    def percentile(self, percent: float) -> float | None:
        """The value at a percentile, by nearest rank; None when fewer values than one lie above it.

        So p95 wants 20 values, p99 100, p99.9 1,000; the median and the maximum (100) want one.
        """
        rank = _rank(self.count, percent)
        return None if rank is None else self.value_at(rank)

    def mean(self) -> float | None:
        """The average of the buckets' middles; None without a value."""
        pages = self._settled().items()
        total = math.fsum(
            count * _middle(exponent, slot) for exponent, page in pages for slot, count in enumerate(page) if count
        )
        return total / self.count if self.count else None

    def cumulated(self, bounds: tuple[float, ...]) -> Iterator[int]:
        """For each of the ascending `bounds`, how many values lie in its bucket or below."""
        self._settle()
        seen = begin = 0  # what was added up so far: all pages before the first one, and that one up to `begin`
        pages = sorted(self._pages)
        for bound in bounds:
            while pages and 2.0 ** (pages[0] - _BIAS + 1) <= bound:
                seen += sum(self._pages[pages.pop(0)][begin:])
                begin = 0
            start = 2.0 ** (pages[0] - _BIAS) if pages else bound + 1
            if start <= bound:
                end = int((bound / start - 1) * _BUCKETS) + 1
                seen += sum(self._pages[pages[0]][begin:end])
                begin = end
            yield seen

    def _settle(self, most: int | None = None) -> None:
        """Move the fresh counts into the pages, or `most` of them."""
        fresh, pages = self._fresh, self._pages
        for _ in range(len(fresh) if most is None else most):
            bucket, count = fresh.popitem()
            page = pages.get(bucket >> _BITS)
            if page is None:
                self._add_to_new_page(bucket, count)
            else:
                page[bucket & (_BUCKETS - 1)] += count

    def _settled(self) -> "dict[int, array[int]]":
        self._settle()
        return self._pages

    def _add_to_new_page(self, bucket: int, count: int) -> None:
        exponent, slot = bucket >> _BITS, bucket & (_BUCKETS - 1)
        if exponent < _LOWEST:
            exponent, slot = _LOWEST, 0
        elif exponent > _HIGHEST:
            exponent, slot = _HIGHEST, _BUCKETS - 1
        page = self._pages.setdefault(exponent, array("Q", bytes(8 * _BUCKETS)))
        page[slot] += count


class Joint:
    """Some histograms as one, of which no more is added up than the percentiles that are asked for want."""

    def __init__(self) -> None:
        self.count = 0
        self._pages: dict[int, list[array[int]]] = {}
        self._totals: dict[int, int] = {}  # of pages, once somebody has asked
        self._fresh = Histogram()

    def add(self, histogram: Histogram) -> None:
        """Take in what `histogram` holds; it is not to change any more."""
        if len(histogram._fresh) > _MOST_FRESH // 8:  # noqa: SLF001 - of this file; few of them take less time as they are
            histogram._settle()  # noqa: SLF001 - as above
        self.count += histogram.count
        for exponent, page in histogram._pages.items():  # noqa: SLF001 - as above
            self._pages.setdefault(exponent, []).append(page)
            self._totals.pop(exponent, None)
        for bucket, count in histogram._fresh.items():  # noqa: SLF001 - as above
            self._fresh._fresh[bucket] += count  # noqa: SLF001 - as above

    def percentile(self, percent: float) -> float | None:
        """That of all values; see `Histogram.percentile`."""
        rank = _rank(self.count, percent)
        if rank is None:
            return None
        for exponent, page in self._fresh._settled().items():  # noqa: SLF001 - as above
            self._pages.setdefault(exponent, []).append(page)
            self._totals.pop(exponent, None)
        self._fresh = Histogram()
        for exponent in sorted(self._pages):
            pages = self._pages[exponent]
            there = self._totals.get(exponent)
            if there is None:
                there = self._totals[exponent] = sum(map(sum, pages))
            if rank <= there:
                whole = Histogram()
                whole._pages[exponent] = array("Q", map(sum, zip(*pages, strict=True)))  # noqa: SLF001 - as above
                self._pages[exponent] = [whole._pages[exponent]]  # noqa: SLF001 - as above
                return whole.value_at(rank)
            rank -= there
        return 0.0


def _rank(count: int, percent: float) -> int | None:
    above = round(count * (100 - percent), 6)
    if not count or (_MEDIAN < percent < _ALL and above < _ALL):
        return None
    return max(1, math.ceil(round(count * percent / 100, 6)))


def _middle(exponent: int, slot: int) -> float:
    return float(2.0 ** (exponent - _BIAS) * (1 + (slot + 0.5) / _BUCKETS))
