"""Cache: which vectors a later row still reads. Rules C1 to C4."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache, reduce
from typing import assert_never

from glmc.analysis.forms import (
    Band,
    Block,
    Columns,
    Compact,
    Fenwick,
    Form,
    Interval,
    Opaque,
    Shifts,
    Stride,
)
from glmc.analysis.formula import N, call, floor_log, number
from glmc.analysis.growth import CONSTANT, LINEAR, LOG, Growth
from glmc.analysis.recognise import is_shift_invariant, reach, recognise
from glmc.analysis.rules.intervals_of_rows import gap_bound, never_falls
from glmc.analysis.rules.laws import Law
from glmc.analysis.rules.maps import classify, count_growth, count_up_to, value_at
from glmc.analysis.rules.sizes import added, size
from glmc.analysis.rules.slots import distinct_slots
from glmc.pattern.nodes import (
    Comprehension,
    Difference,
    Expr,
    Intersection,
    Listed,
    Pattern,
    Row,
    RowSet,
    Sum,
    Union,
)


@dataclass(frozen=True)
class Live:
    """What is proved about the vectors of one side that are alive before token t, for t <= n.

    ``lower`` and ``upper`` bound the growth of the most alive ones, ``most`` is their number for n >= 2. ``monotone``:
    the number never falls with t. ``furthest`` is the largest offset of a shift-invariant side, if it has one.
    """

    because: str
    lower: Growth
    upper: Growth
    most: Expr | None = None
    monotone: bool = False
    furthest: int = 0


_NOTHING = Live("no past vector is read again", CONSTANT, CONSTANT, number(0), True)


def cache_law(pattern: Pattern) -> Law | None:
    """Live vectors add over sides and groups; where no part falls with t, all are largest at t = n."""
    found = [live(side) for group in pattern.groups for side in (group.a, group.b)]
    parts = [part for part in found if part is not None]
    if len(parts) < len(found):
        return None
    leading = max(parts, key=lambda part: part.upper if part.most != number(0) else Growth(Fraction(-1)))
    moving = [part for part in parts if part.most != number(0)]
    exact = None
    if all(part.most is not None for part in parts) and (len(moving) < 2 or all(p.monotone for p in parts)):
        exact = added(part.most for part in parts if part.most is not None)
    return Law(leading.because, max(p.lower for p in parts), leading.upper, exact, exact)


@lru_cache(maxsize=256)
def live(row_set: RowSet) -> Live | None:
    """The live vectors of one side: live(S ∪ T) = live(S) ∪ live(T), each at least the largest row without x_t."""
    sizes = size(row_set)
    if is_shift_invariant(row_set) and sizes is not None and sizes.largest > CONSTANT:
        return _endless()
    found = [_live_of(form) for form in recognise(row_set)]
    parts = [part for part in found if part is not None]
    if len(parts) < len(found):
        return None
    if not parts:
        return _NOTHING
    if any(part == _endless() for part in parts):
        return _endless()
    joined = reduce(lambda left, right: left if left.upper >= right.upper else right, parts)
    lower = max(part.lower for part in parts)
    if sizes is not None:
        lower = max(lower, sizes.largest)
    if len(parts) > 1 and all(isinstance(form, Band | Stride | Shifts) for form in recognise(row_set)):
        return max(parts, key=lambda part: part.furthest)
    if len(parts) > 1:
        joined = replace(joined, most=None, monotone=False)
    return replace(joined, lower=min(lower, joined.upper))


def _endless() -> Live:
    """C2: with unboundedly many distances every vector j is read at j + d for arbitrarily large d: all t are alive."""
    because = "C2: there is no largest offset, so every past vector is read again"
    return Live(because, LINEAR, LINEAR, N, True)


def _bounded(furthest: int) -> Live:
    """C1: with a largest offset F, exactly the last min(t, F) vectors are read again."""
    if furthest == 0:
        return _NOTHING
    because = f"C1: the largest offset is {furthest}, so only the last {furthest} vectors are read again"
    most: Expr = number(furthest) if furthest <= 2 else call("min", N, number(furthest))
    return Live(because, CONSTANT, CONSTANT, most, True, furthest)


def _live_of(form: Form) -> Live | None:
    match form:
        case Band() | Stride() | Shifts():
            return _shifted_live(form)
        case Columns():
            return _columns_live(form)
        case Block(width, lag):
            return _block_live(width, lag)
        case Compact():
            return _compact_live(form)
        case Fenwick():
            return _fenwick_live(form)
        case Interval(low, high):
            return _interval_live(low)
        case Opaque(row_set):
            return _opaque_live(row_set)
        case _:
            assert_never(form)


def _shifted_live(form: Band | Stride | Shifts) -> Live | None:
    """C1 or C2 for one form; a map must be known to increase."""
    match form:
        case Band(_, None) | Stride(_, _, None):
            return _endless()
        case Shifts(distance, variable, start, stop):
            index_map = classify(distance, variable, start)
            if index_map is None:
                return None
            return _endless() if stop is None else _bounded(value_at(index_map, stop - 1))
        case Band(_, int(stop)):
            return _bounded(stop - 1)
        case Stride(first, step, int(count)):
            return _bounded(first + step * (count - 1))
    return None


def _columns_live(form: Columns) -> Live | None:
    """C4: landmarks are read by every later row, so the live ones are those born: #{k : c(k) <= t − 1}."""
    if form.stop is not None:
        return Live("C4: finitely many fixed columns", CONSTANT, CONSTANT)
    index_map = classify(form.column, form.variable, form.start)
    if index_map is None:
        return None
    growth = count_growth(index_map)
    most = count_up_to(index_map, Sum((N, number(-1))), 1)
    because = (
        f"C4: landmarks are read by every later row, and {growth} of them lie below n up to a constant factor"
    )
    return Live(because, growth, growth, most, True)


def _block_live(width: int, lag: int) -> Live:
    """C1: only the own block before t is read, (t mod width) vectors; at most width − 1."""
    because = f"C1: a block has {width} columns, and only the own block is read again"
    most = call("min", N, number(width - 1)) if width > 3 else number(width - 1)
    return Live(because, CONSTANT, CONSTANT, most if lag <= 1 else None)


def _compact_live(form: Compact) -> Live | None:
    """C3, the nesting theorem: row i ⊆ row i − 1 ∪ {i − 1}, so live(t) is row t, and cache(n) the largest row up to n.

    Entry k of row i is entry k of row i − 1 unless a_k divides i − f(k); then it is the old entry k − 1 (i − 1 for
    k = 0), because a_k is the rounded-up gap; the same at its birth i = f(k). Holds for every strictly increasing f
    with f(0) = 1 (Fagnou et al. 2026, Prop. 4.12, carried over to 0-based positions).
    """
    sizes = size_of_compact(form)
    if sizes is None:
        return None
    lower, upper = sizes
    because = "C3: the rows are nested, each in the one before and its newest vector, so the cache is one row"
    index_map = classify(form.distance, form.variable, 0)
    exact = index_map is not None and distinct_slots(index_map) == 1
    most = count_up_to(index_map, N, 2) if index_map is not None and exact else None
    return Live(because, lower, upper, most, exact)


def size_of_compact(form: Compact) -> tuple[Growth, Growth] | None:
    index_map = classify(form.distance, form.variable, 0)
    if index_map is None:
        return None
    growth = count_growth(index_map)
    return (growth if distinct_slots(index_map) is not None else CONSTANT), growth


def _fenwick_live(form: Fenwick) -> Live:
    """C3: ⌊i/2^k⌋·2^k < i is also ⌊(i−1)/2^k⌋·2^k, so row i ⊆ row i − 1 ∪ {i}: live(t) is row t without t.

    That is popcount(t) vectors for t > 0; the largest popcount up to n is floor(log2(n + 1)). Moved back by one, the
    rows hold popcount(t) vectors below t too.
    """
    because = "C3: the rows are nested, each in the one before and itself, so the cache is one row"
    exact = (form.lag, form.back) in ((0, 0), (1, 0), (1, 1))
    return Live(because, LOG, LOG, floor_log(Sum((N, number(1))), 2) if exact else None)


def _interval_live(low: Expr) -> Live | None:
    """C3: if the low end never falls, later rows read nothing below it: live(t) ⊆ {low(t) … t − 1}."""
    upper = gap_bound(low, Row()) if never_falls(low) else None
    if upper is None:
        return None
    return Live("C3: the low end never falls, so no later row reads below it", CONSTANT, upper)


def _opaque_live(row_set: RowSet) -> Live | None:
    """A subset keeps no more alive than the whole: differences, intersections and conditions inherit upper bounds."""
    furthest = reach(row_set)
    if furthest is not None:
        because = f"C1: all offsets are at most {furthest}"
        return Live(because, CONSTANT, CONSTANT, None)
    match row_set:
        case Difference(left, _):
            return _subset(live(left))
        case Intersection(left, right):
            bounds = [part for part in (live(left), live(right)) if part is not None]
            return _subset(min(bounds, key=lambda part: part.upper, default=None))
        case Comprehension() | Listed() | Union():
            return Live("no more vectors than tokens are alive", CONSTANT, LINEAR)
        case _:
            assert_never(row_set)


def _subset(whole: Live | None) -> Live | None:
    return None if whole is None else replace(whole, lower=CONSTANT, most=None, monotone=False)
