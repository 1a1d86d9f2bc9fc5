"""Cache: which vectors a later row still reads. Rules C1 to C4."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
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
from glmc.analysis.polynomial import TooLarge, polynomial
from glmc.analysis.recognise import reach
from glmc.analysis.rules import conditions
from glmc.analysis.rules.common import common_growth
from glmc.analysis.rules.intervals_of_rows import end_growth, gap_bound
from glmc.analysis.rules.known import forms, moves_only
from glmc.analysis.rules.laws import Law
from glmc.analysis.rules.maps import classify, count_growth, count_up_to, value_at
from glmc.analysis.rules.sizes import added, size
from glmc.analysis.rules.slots import distinct_slots
from glmc.pattern.monotone import never_falls
from glmc.pattern.nodes import (
    Comprehension,
    Difference,
    Expr,
    Intersection,
    Listed,
    Pattern,
    Product,
    Row,
    RowSet,
    Sum,
    Union,
)


@dataclass(frozen=True)
class Live:
    """What is proved about the vectors of one side that are alive before token t, for t <= n.

    ``lower`` and ``upper`` bound the growth of the most alive ones, ``most`` their number for n >= 2; it is
    their number if ``exact``. ``monotone``: the number never falls with t. ``furthest`` is the largest offset
    of a shift-invariant side, if it has one.
    """

    because: str
    lower: Growth
    upper: Growth
    most: Expr | None = None
    exact: bool = False
    monotone: bool = False
    furthest: int = 0


_NOTHING = Live("no past vector is read again", CONSTANT, CONSTANT, number(0), True, True)
_UNKNOWN = Live("no more vectors than tokens are alive", CONSTANT, LINEAR, N)


def cache_law(pattern: Pattern) -> Law:
    """Live vectors add over sides and groups; where no part falls with t, all are largest at t = n."""
    parts = [live(side) for group in pattern.groups for side in (group.a, group.b)]
    moving = [part for part in parts if part.most != number(0)]
    leading = max(moving or parts, key=lambda part: part.upper)
    most = [part.most for part in parts if part.most is not None]
    at_most = added(most) if len(most) == len(parts) else None
    together = len(moving) < 2 or all(part.monotone for part in parts)
    exact = at_most if together and all(part.exact for part in parts) else None
    return Law(leading.because, max(part.lower for part in parts), leading.upper, exact, at_most)


@lru_cache(maxsize=256)
def live(row_set: RowSet) -> Live:
    """The live vectors of one side: live(S ∪ T) = live(S) ∪ live(T), never fewer than the largest row
    without x_t.
    """
    known = forms(row_set)
    largest = size(row_set).largest
    if moves_only(row_set) and largest > CONSTANT:
        return _endless()
    parts = [_live_of(form) or _UNKNOWN for form in known]
    if not parts:
        return _NOTHING
    if any(part == _endless() for part in parts):
        return _endless()
    if len(parts) > 1 and all(isinstance(form, Band | Stride | Shifts) for form in known):
        furthest = max(parts, key=lambda part: part.furthest)
        return furthest if all(part.exact for part in parts) else _UNKNOWN
    joined = parts[0] if len(parts) == 1 else _union_live(parts)
    return replace(joined, lower=min(max(joined.lower, largest), joined.upper))


def _union_live(parts: list[Live]) -> Live:
    leading = max(parts, key=lambda part: part.upper)
    most = [part.most for part in parts if part.most is not None]
    return Live(
        leading.because,
        max(part.lower for part in parts),
        leading.upper,
        added(most) if len(most) == len(parts) else None,
    )


def _endless() -> Live:
    """C2: with unboundedly many distances every vector j is read at j + d for arbitrarily large d: all t are
    alive. So they are for rows with such a subset, as one where all variables but one have their first value.
    """
    because = "C2: there is no largest offset, so every past vector is read again"
    return Live(because, LINEAR, LINEAR, N, True, True)


def _bounded(furthest: int) -> Live:
    """C1: with a largest offset F, exactly the last min(t, F) vectors are read again."""
    if furthest == 0:
        return _NOTHING
    because = f"C1: the largest offset is {furthest}, so only the last {furthest} vectors are read again"
    most: Expr = number(furthest) if furthest <= 2 else call("min", N, number(furthest))
    return Live(because, CONSTANT, CONSTANT, most, True, True, furthest)


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
        case Interval(low, _):
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
    index_map = classify(form.column, form.variable, form.start)
    if index_map is None or value_at(index_map, form.start) < 0:
        return _few_columns_live(form)
    passed = count_up_to(index_map, Sum((N, number(-1))), 1)
    if form.stop is not None:
        count = number(form.stop - form.start)
        most = count if passed is None else call("min", passed, count)
        because = f"C4: at most {form.stop - form.start} fixed columns are read again"
        return Live(because, CONSTANT, CONSTANT, most, passed is not None, passed is not None)
    growth = count_growth(index_map)
    because = f"C4: landmarks are read by every later row, and {growth} of them lie below n up to a constant factor"
    return Live(because, growth, growth, passed, passed is not None, True)


def _few_columns_live(form: Columns) -> Live | None:
    """C4: finitely many columns, whatever they are."""
    if form.stop is None:
        return None
    count = form.stop - form.start
    return Live(f"C4: at most {count} fixed columns are read again", CONSTANT, CONSTANT, number(count))


def _block_live(width: int, lag: int) -> Live:
    """C1: only the own block before t is read, (t mod width) vectors; at most width − 1."""
    because = f"C1: a block has {width} columns, and only the own block is read again"
    most = call("min", N, number(width - 1)) if width > 3 else number(width - 1)
    return Live(because, CONSTANT, CONSTANT, most, lag <= 1)


def _compact_live(form: Compact) -> Live | None:
    """C3, nesting: row i ⊆ row i − 1 ∪ {i − 1}, so live(t) is row t, and cache(n) the largest up to n.

    Entry k of row i is entry k of row i − 1 unless a_k divides i − f(k); then it is the old entry k − 1 (i −
    1 for k = 0), because a_k is the rounded-up gap; the same at its birth i = f(k). Holds for every strictly
    increasing f with f(0) = 1 (Fagnou et al. 2026, Prop. 4.12, carried over to 0-based positions).
    """
    index_map = classify(form.distance, form.variable, 0)
    if index_map is None:
        return None
    because = "C3: the rows are nested, each in the one before and its newest vector, so the cache is one row"
    growth, apart = count_growth(index_map), distinct_slots(index_map)
    most = count_up_to(index_map, N, 2)
    exact = most is not None and apart == 1
    return Live(because, CONSTANT if apart is None else growth, growth, most, exact, exact)


def _fenwick_live(form: Fenwick) -> Live:
    """C3: ⌊i/2^k⌋·2^k < i is also ⌊(i−1)/2^k⌋·2^k, so row i ⊆ row i − 1 ∪ {i}: live(t) is row t without t.

    That is popcount(t) vectors for t > 0; the largest popcount up to n is floor(log2(n + 1)). Moved back by
    one, the rows hold popcount(t) vectors below t too.
    """
    because = "C3: the rows are nested, each in the one before and itself, so the cache is one row"
    exact = (form.lag, form.back) in ((0, 0), (1, 0), (1, 1))
    return Live(because, LOG, LOG, floor_log(Sum((N, number(1))), 2) if exact else None, exact)


def _interval_live(low: Expr) -> Live | None:
    """C3: later rows read nothing below the least low(i), i >= t.

    If i − low(i) is at most C·g(i) with g slower than n, the least one is at least t − C·g(t), because i −
    C·g(i) rises from some i on.
    """
    upper = gap_bound(low, Row())
    if upper is None or upper >= LINEAR:
        return None
    because = f"C3: no row reads more than {upper} back up to a constant factor"
    return Live(because, CONSTANT, max(upper, CONSTANT))


def _opaque_live(row_set: RowSet) -> Live | None:
    """A subset keeps no more alive than the whole: differences, intersections and conditions inherit upper
    bounds.
    """
    furthest = reach(row_set)
    if furthest is None and moves_only(row_set) and size(row_set).largest > CONSTANT:
        return _endless()
    if furthest is not None:
        most = _bounded(furthest).most
        return Live(f"C1: all offsets are at most {furthest}", CONSTANT, CONSTANT, most)
    match row_set:
        case Difference(left, _):
            return _subset(live(left))
        case Intersection(left, right) if common_growth(left, right) == CONSTANT:
            return Live("C1: the sides share finitely many offsets (T8)", CONSTANT, CONSTANT)
        case Intersection(left, right):
            return _subset(min((live(left), live(right)), key=lambda part: part.upper))
        case Comprehension():
            return _comprehension_live(row_set)
        case Listed() | Union():
            return None
        case _:
            assert_never(row_set)


def _comprehension_live(row_set: Comprehension) -> Live | None:
    if any(live(part) == _endless() for part in conditions.slices(row_set)):
        return _endless()
    parts = conditions.unrolled(row_set)
    if parts is not None:
        found = [live(part) for part in parts]
        endless = all(moves_only(part) for part in parts) and any(p == _endless() for p in found)
        return _endless() if endless else _union_live(found)
    if conditions.is_coprime(row_set):
        return Live("C2: every j >= 1 is coprime to m·j + 1, so it is read again and again", LINEAR, LINEAR, N)
    whole = conditions.without_residues(row_set)
    if whole is not None:
        return _fraction(whole)
    match row_set:
        case Comprehension(element, (), _):
            return _single_live(element, conditions.holds_from_some_row(row_set.condition))
    ended = conditions.without_moving_end(row_set)
    return None if ended is None else _subset(live(ended[0]))


def _fraction(whole: RowSet) -> Live:
    """C2 under a residue condition of i and k with the period p that holds for some residues r of i, s of k.

    Among the k ≡ s infinitely many have one residue t of the distance f(k), so every vector j ≡ r − t is read again and
    again: at least one in p.
    """
    found = live(whole)
    endless = found == _endless() and all(isinstance(form, Band | Stride | Shifts) for form in forms(whole))
    return replace(found, exact=False, monotone=False) if endless else _subset(found)


def _single_live(element: Expr, always: bool) -> Live | None:
    """C3 for one element e(i) = i − g(i) a row: no later row than t reads anything below t − C·g(t) (as for intervals).

    If g never falls, e rises by at most 1 a row; where every large row has its element, and e is without bound, each
    of e(t) … t − 1 is read at or after t: Theta(g).
    """
    upper = gap_bound(element, Row())
    if upper is None or upper > LINEAR:
        return None
    try:
        back = polynomial(Sum((Row(), Product((number(-1), element))))).expression()
    except TooLarge:
        return None
    because = f"C3: no row reads more than {upper} back up to a constant factor"
    rise = end_growth(element)
    meets_all = always and rise is not None and rise > CONSTANT and never_falls(back, Row())
    lower = end_growth(back) if meets_all else None
    return Live(because, min(lower or CONSTANT, upper), max(upper, CONSTANT))


def _subset(whole: Live) -> Live:
    return Live(whole.because, CONSTANT, whole.upper, whole.most)
