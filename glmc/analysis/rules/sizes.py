"""Row sizes |A[i]|, |B[i]| and with them time and total: rules T1 to T7."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from math import gcd
from typing import assert_never

from glmc.analysis.batches import columns
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
from glmc.analysis.polynomial import TooLarge, constant, polynomial
from glmc.analysis.recognise import reach
from glmc.analysis.rules import conditions
from glmc.analysis.rules.common import common_growth
from glmc.analysis.rules.intervals_of_rows import gap_bound, least_gap
from glmc.analysis.rules.known import forms
from glmc.analysis.rules.laws import Law, theta
from glmc.analysis.rules.maps import (
    ExponentialMap,
    MapClass,
    PolynomialMap,
    classify,
    count_growth,
    count_up_to,
    plus,
    prefix_sum,
    times,
    value_at,
    values,
)
from glmc.analysis.rules.periodic import common_period
from glmc.analysis.rules.slots import distinct_slots
from glmc.pattern.evaluate import EvaluationError
from glmc.pattern.nodes import (
    Comprehension,
    Difference,
    Expr,
    Intersection,
    Listed,
    Number,
    Pattern,
    Power,
    Product,
    Quotient,
    Row,
    RowSet,
    Sum,
    Union,
)

_LAST = Sum((N, number(-1)))
"""n − 1, the last row below n."""

_FURTHEST_OVERLAP = 1 << 16
_FURTHEST_FILLED = 1 << 10


@dataclass(frozen=True)
class Size:
    """What is proved about |row i|.

    ``upper`` bounds the growth of every row below n, ``largest`` from below that of the largest one,
    ``typical`` that of a fixed fraction of the rows in [n/2, n). For n >= 2, ``most`` bounds the size of the
    largest row below n and ``sum`` that of all of them; they are the values if ``exact``. ``monotone``: sizes
    never fall with i, so the largest row is row n − 1; ``constant``: all rows have the same size.
    """

    because: str
    upper: Growth
    largest: Growth = CONSTANT
    typical: Growth = CONSTANT
    most: Expr | None = None
    sum: Expr | None = None
    exact: bool = False
    monotone: bool = False
    constant: bool = False

    def reduced(self, because: str) -> Size:
        """What is left to say of subsets."""
        return Size(because, self.upper, most=self.most, sum=self.sum)


_EMPTY = Size("the rows are empty", CONSTANT, CONSTANT, CONSTANT, number(0), number(0), True, True, True)
_UNKNOWN = Size("row i has at most i + 1 elements", LINEAR, most=N, sum=Quotient(Product((N, plus(N, 1))), number(2)))


def tight(growth: Growth, because: str) -> Size:
    return Size(because, growth, growth, growth)


# -- quantities -


def time_law(pattern: Pattern) -> Law:
    """Time is the largest sum of row sizes over sides and groups.

    A sum of sizes lies between its greatest part and a constant number of times it, so the growth is the
    greatest of the parts'. Where sizes never fall, all parts are largest in row n − 1; where all but one are
    constant, the sum is largest where that one is.
    """
    sizes = _sizes(pattern)
    upper, lower = max(s.upper for s in sizes), max(s.largest for s in sizes)
    most = [s.most for s in sizes if s.most is not None]
    at_most = added(most) if len(most) == len(sizes) else None
    moving = [s for s in sizes if not s.constant]
    together = len(moving) < 2 or all(s.monotone for s in sizes)
    exact = at_most if together and all(s.exact for s in sizes) else None
    return Law(_leading(sizes), lower, upper, exact, at_most)


def total_law(pattern: Pattern) -> Law:
    """Total is at most n times the largest row, and at least n/2 rows in [n/2, n) times a typical one.

    So total is Theta(n·g(n)) where a fixed fraction of the rows is as large as the largest, up to a constant, and not
    empty. Where all rows are empty it is 0.
    """
    sizes = _sizes(pattern)
    upper, lower = max(s.upper for s in sizes), max(s.typical for s in sizes)
    sums = [s.sum for s in sizes if s.sum is not None]
    at_most = added(sums) if len(sums) == len(sizes) else None
    exact = at_most if all(s.exact for s in sizes) else None
    if exact == number(0):
        return theta(CONSTANT, _leading(sizes), exact)
    filled = lower > CONSTANT or any(_is_often_filled(side) for group in pattern.groups for side in (group.a, group.b))
    return Law(_leading(sizes), LINEAR * lower if filled else CONSTANT, LINEAR * upper, exact, at_most)


def _is_often_filled(side: RowSet) -> bool:
    """Whether a fixed fraction of all rows evidently has an element.

    Increasing maps have one in all rows from their first value on. Where distances are at most F and row i + p is row
    i moved by p, the rows F … F + p − 1, of which no element is dropped, decide.
    """
    if any(map(_fills_rows, forms(side))):
        return True
    furthest, period = reach(side), common_period((side,))
    if furthest is None or furthest > _FURTHEST_FILLED or period is None:
        return False
    try:
        return any(len(columns(side, row)) for row in range(furthest, furthest + period))
    except EvaluationError:
        return False


def _fills_rows(form: Form) -> bool:
    match form:
        case Band() | Compact() | Fenwick():
            return True
        case Block(width, lag):
            return lag < width
        case Stride(_, _, count):
            return count is None or count > 0
        case Shifts(_, _, start, stop) | Columns(_, _, start, stop, _):
            return _index_map(form) is not None and (stop is None or stop > start)
        case Interval() | Opaque():
            return False
        case _:
            assert_never(form)


def _sizes(pattern: Pattern) -> list[Size]:
    return [size(side) for group in pattern.groups for side in (group.a, group.b)]


def _leading(sizes: list[Size]) -> str:
    return max(sizes, key=lambda s: (s.upper, not s.constant)).because


def added(parts: Iterable[Expr]) -> Expr:
    """A readable sum: equal terms together, integers last."""
    coefficients: dict[Expr, Fraction] = {}
    fixed = Fraction(0)
    for part in parts:
        for term in part.terms if isinstance(part, Sum) else (part,):
            match term:
                case Number(value):
                    fixed += value
                case Product((Number(value), factor)):
                    coefficients[factor] = coefficients.get(factor, Fraction(0)) + value
                case _:
                    coefficients[term] = coefficients.get(term, Fraction(0)) + 1
    terms = tuple(times(c, term) for term, c in coefficients.items() if c)
    if not terms:
        return number(fixed)
    return plus(terms[0] if len(terms) == 1 else Sum(terms), fixed)


# -- row sets -


@lru_cache(maxsize=256)
def size(row_set: RowSet) -> Size:
    """The size of a row set's rows. T3: max <= |∪| <= sum over the parts of a union, and = sum if they are
    disjoint.
    """
    found = forms(row_set)
    disjoint = _without_overlap(found)
    parts = [_size_of(form) or _UNKNOWN for form in disjoint or found]
    if not parts:
        return _EMPTY
    return parts[0] if len(parts) == 1 else _union_size(parts, disjoint is not None)


def _union_size(parts: list[Size], disjoint: bool) -> Size:
    """T3."""
    leading = max(parts, key=lambda s: (s.upper, s is not _EMPTY))
    most = [s.most for s in parts if s.most is not None]
    sums = [s.sum for s in parts if s.sum is not None]
    together = disjoint and all(s.monotone and s.exact for s in parts)
    return Size(
        leading.because,
        leading.upper,
        max(s.largest for s in parts),
        max(s.typical for s in parts),
        added(most) if len(most) == len(parts) else None,
        added(sums) if len(sums) == len(parts) else None,
        exact=together,
        monotone=together,
        constant=together and all(s.constant for s in parts),
    )


def _without_overlap(forms: tuple[Form, ...]) -> tuple[Form, ...] | None:
    """Forms with the same union that share no element, None where that is not evident.

    Bands are disjoint already. One increasing map beside them loses its values inside the bands, if these are
    its first ones; a band without end takes all that lie beyond its start.
    """
    bands = [form for form in forms if isinstance(form, Band)]
    others = [form for form in forms if not isinstance(form, Band)]
    if not others:
        return forms
    if len(others) > 1:
        return None
    (form,) = others
    if not bands:
        return forms
    index_map = _index_map(form)
    if index_map is None or isinstance(form, Columns):
        return None
    first = value_at(index_map, index_map.start)
    last = bands[-1]
    if last.stop is None:
        return tuple(bands) if first >= last.first else None
    if last.stop > _FURTHEST_OVERLAP or (isinstance(form, Stride | Shifts) and _stop(form) is not None):
        return None
    inside = values(index_map, last.stop - 1)
    if any(not any(b.first <= v < (b.stop or v + 1) for b in bands) for v in inside):
        return None
    match form:
        case Stride(begin, step, count):
            return (*bands, Stride(begin + step * len(inside), step, count))
        case Shifts(distance, variable, start, stop):
            return (*bands, Shifts(distance, variable, start + len(inside), stop))
        case _:
            return None


def _stop(form: Stride | Shifts) -> int | None:
    return form.count if isinstance(form, Stride) else form.stop


def _index_map(form: Form) -> MapClass | None:
    """The increasing map whose values are the distances (or the columns plus lag) of a form."""
    match form:
        case Stride(first, step, _):
            return PolynomialMap((Fraction(first), Fraction(step)), 0)
        case Shifts(distance, variable, start, _):
            return classify(distance, variable, start)
        case Columns(column, variable, start, _, lag):
            index_map = classify(plus(column, lag), variable, start)
            # columns below 0 are dropped
            return index_map if index_map is not None and value_at(index_map, start) >= lag else None
        case _:
            return None


def _size_of(form: Form) -> Size | None:
    match form:
        case Band(first, stop):
            return _band_size(first, stop)
        case Block(width, lag):
            return _block_size(width, lag)
        case Stride(_, _, int(count)):
            return _finite_size(form, count)
        case Shifts(_, _, start, int(stop)) | Columns(_, _, start, int(stop), _):
            return _finite_size(form, stop - start)
        case Stride() | Shifts() | Columns():
            index_map = _index_map(form)
            return None if index_map is None else _map_size(index_map)
        case Compact():
            return _compact_size(form)
        case Fenwick():
            return _fenwick_size(form)
        case Interval(low, high):
            return _interval_size(low, high)
        case Opaque(row_set):
            return _opaque_size(row_set)
        case _:
            assert_never(form)


def _band_size(first: int, stop: int | None) -> Size:
    """T2 and the dense case: row i has min(i + 1, stop) − first of the distances first … stop − 1 (at least
    0).
    """
    rows = plus(N, -first) if first <= 2 else call("max", plus(N, -first), number(0))
    if stop is None:
        because = "a dense row has a number of elements linear in its index"
        triangle = Quotient(Product((rows, plus(rows, 1))), number(2))
        return Size(because, LINEAR, LINEAR, LINEAR, rows, triangle, True, True)
    width = stop - first
    because = f"T2: a window of {width} offset{'s' if width > 1 else ''} has boundedly many elements"
    if width == 1:
        most: Expr = number(1) if first <= 1 else call("min", rows, number(1))
        return Size(because, CONSTANT, CONSTANT, CONSTANT, most, rows, True, True, first == 0)
    most = call("min", rows, number(width))
    ramp = Quotient(Product((most, plus(most, 1))), number(2))
    rest = Product((number(width), call("max", plus(N, -stop), number(0))))
    return Size(because, CONSTANT, CONSTANT, CONSTANT, most, Sum((ramp, rest)), True, True)


def _finite_size(form: Form, count: int) -> Size:
    """T2: a finite range has at most as many elements as values; an increasing map takes them one by one."""
    because = f"T2: a range of {count} values has at most as many elements"
    index_map = _index_map(form)
    passed = None if index_map is None else count_up_to(index_map, _LAST, 1)
    if passed is None:
        return Size(because, CONSTANT, most=number(count))
    most = call("min", passed, number(count))
    return Size(because, CONSTANT, most=most, exact=True, monotone=True)


def _block_size(width: int, lag: int) -> Size:
    """T2: row i has i mod width + 1 − lag elements (at least 0), at most width."""
    most = call("max", plus(call("min", N, number(width)), -lag), number(0)) if lag else call("min", N, number(width))
    return Size(f"T2: a block has at most {width} elements", CONSTANT, most=most, exact=True)


def _map_size(index_map: MapClass) -> Size:
    """T1: row i has #{k : f(k) <= i} elements, which never falls with i.

    Σ_{i<n} #{k : f(k) <= i} = Σ_{k<K} (n − f(k)) with K = #{k : f(k) <= n − 1}. The count is regular
    (f⁻¹(n/2) is at least a constant times f⁻¹(n)), so every row of the last half is as large as the last one
    up to a constant.
    """
    growth = count_growth(index_map)
    most = count_up_to(index_map, _LAST, 1)
    because = f"T1: {_described(index_map)}, so {growth} of its values lie below n up to a constant factor"
    found = replace(tight(growth, because), most=most, exact=most is not None, monotone=True)
    if most is None or (first_terms := prefix_sum(index_map, most)) is None:
        return found
    return replace(found, sum=added((Product((N, most)), times(-1, first_terms))))


def _described(index_map: MapClass) -> str:
    match index_map:
        case PolynomialMap():
            return f"the index map is a polynomial of degree {index_map.degree}"
        case ExponentialMap(base):
            return f"the index map grows as {base}^k"
        case _:
            return "the index map is strictly increasing"


def _compact_size(form: Compact) -> Size | None:
    """T6: compact rows are at most as large as shifted ones, and at least a fixed fraction where slots stay
    apart.
    """
    index_map = classify(form.distance, form.variable, 0)
    if index_map is None:
        return None
    apart = distinct_slots(index_map)
    upper = count_growth(index_map)
    because = "T6: a compact row has an element for each value of the map, and few slots coincide"
    shifted = _map_size(index_map)
    if apart == 1:
        return replace(shifted, because=because)
    reduced = shifted.reduced(because)
    return reduced if apart is None else replace(reduced, largest=upper, typical=upper)


def _fenwick_size(form: Fenwick) -> Size:
    """T5: row i holds i with its low bits cleared one after another, and 0: popcount(i) + 1 elements.

    Without i, or moved back by one, they are popcount(i). That is at most floor(log2(i + 1)), reached at i =
    2^m − 1, and half the digits of half the rows are ones.
    """
    because = "T5: clearing low bits gives one element for each one bit"
    most = {(0, 0): plus(floor_log(N, 2), 1), (1, 0): floor_log(N, 2), (1, 1): floor_log(N, 2)}
    found = most.get((form.lag, form.back))
    return replace(tight(LOG, because), most=found, exact=found is not None)


def _interval_size(low: Expr, high: Expr) -> Size | None:
    """Rows between two moving ends: bounded by the series of the gap, from below too where it shows one."""
    upper = gap_bound(low, high)
    if upper is None:
        return None
    because = f"the ends of the interval are {upper} apart up to a constant factor"
    lower = least_gap(low, high)
    return Size(because, upper, min(lower, upper), min(lower, upper))


# -- differences, intersections, conditions -


def _opaque_size(row_set: RowSet) -> Size | None:
    match row_set:
        case Difference(left, right):
            return _difference_size(left, right)
        case Intersection(left, right):
            return _intersection_size(left, right)
        case Comprehension():
            return _filtered_size(row_set)
        case Listed() | Union():
            return None
        case _:
            assert_never(row_set)


def _difference_size(left: RowSet, right: RowSet) -> Size:
    """T3: |L| − |R| <= |L − R| <= |L|; the lower bounds stand where R grows slower than L."""
    whole, removed = size(left), size(right)
    found = whole.reduced("T3: a difference has at most the elements of its left side, less at most those of its right")
    largest = whole.largest if removed.upper < whole.largest else CONSTANT
    typical = whole.typical if removed.upper < whole.typical else CONSTANT
    return replace(found, largest=largest, typical=typical)


def _intersection_size(left: RowSet, right: RowSet) -> Size:
    """T3: |L ∩ R| <= min(|L|, |R|); with all distances >= c it loses at most c elements of the other side. T8."""
    shared = common_growth(left, right)
    if shared is not None:
        because = "T8: both maps share values again and again" if shared > CONSTANT else "T8: few values are shared"
        return replace(tight(shared, because), monotone=True)
    because = "T3: an intersection has at most the elements of its smaller side"
    for one, other in ((left, right), (right, left)):
        match forms(other):
            case (Band(_, None),):
                whole = size(one)
                return replace(whole.reduced(because), largest=whole.largest, typical=whole.typical)
    return min((size(left), size(right)), key=lambda s: s.upper).reduced(because)


def _filtered_size(row_set: Comprehension) -> Size | None:
    """T2 for finite ranges, T3 for several variables of which one moves, T4 for conditions."""
    if all(conditions.is_fixed(generator) for generator in row_set.generators):
        count = conditions.count(row_set)
        most = None if count is None else number(count)
        return Size("T2: finite ranges have boundedly many elements", CONSTANT, most=most)
    if conditions.is_coprime(row_set):
        return _coprime_size()
    parts = conditions.unrolled(row_set)
    if parts is not None:
        return replace(_union_size([size(part) for part in parts], False), exact=False)
    return (
        _periodic_size(row_set)
        or _near_size(row_set)
        or _moving_size(row_set)
        or _product_size(row_set)
        or _ranges_size(row_set)
    )


def _coprime_size() -> Size:
    """T9: row i > 1 has φ(i) elements, Euler's totient, which is i − 1 for primes.

    There is a prime in (n/2, n] (Bertrand). Σ_{i<=n} φ(i) is 3·n²/π² + O(n log n) (Mertens), so φ(i) >= i/4, say, on a
    fixed fraction of all rows.
    """
    return tight(
        LINEAR, "T9: the rows hold what is coprime to i, a fixed fraction of all (Mertens), all but one for primes"
    )


def _product_size(row_set: Comprehension) -> Size | None:
    """T7: { i − (c·b_1^k_1 ⋯ b_r^k_r + d) } with pairwise coprime bases has Theta(log(n)^r) elements.

    Factorisation is unique, so the tuples (k_1, …, k_r) give distinct distances; those up to i are the lattice
    points of a simplex with all sides Theta(log i), the same up to a constant for i and i/2. Rows never shrink.
    """
    if row_set.condition is not None or any(g.stop is not None for g in row_set.generators):
        return None
    bases = _bases(row_set)
    if bases is None or any(gcd(a, b) > 1 for a, b in combinations(bases, 2)):
        return None
    because = f"T7: products of powers of {', '.join(map(str, bases))}, which share no factor, are all distinct"
    return replace(tight(LOG ** len(bases), because), monotone=True)


def _ranges_size(row_set: Comprehension) -> Size | None:
    """T10: a row has at most one element for each choice of its variables, so at most the product of its ranges.

    Only where that is less than i + 1.
    """
    found = CONSTANT
    for generator in row_set.generators:
        length = None if generator.stop is None else gap_bound(generator.start, generator.stop)
        if length is None:
            return None
        found = found * length
    return (
        Size("T10: a row has at most one element for each choice of its variables", found) if found < LINEAR else None
    )


def _bases(row_set: Comprehension) -> tuple[int, ...] | None:
    """The bases b of the distances c·∏ b^k + d, one for each variable, k >= 0 and integers c >= 1, b >= 2."""
    try:
        distance = polynomial(Row()) - polynomial(row_set.element)
        starts = [polynomial(generator.start).integer for generator in row_set.generators]
    except TooLarge:
        return None
    match (distance - constant(distance.coefficient())).terms:
        case ((powers, factor),) if factor.denominator == 1 and factor >= 1:
            pass
        case _:
            return None
    found: dict[Expr, int] = {}
    for atom, exponent in powers:
        match atom:
            case Power(Number(base), variable) if exponent == 1 and base.denominator == 1 and base >= 2:
                found[variable] = int(base)
            case _:
                return None
    if found.keys() != {generator.variable for generator in row_set.generators} or len(found) != len(powers):
        return None
    return tuple(found.values()) if all(start is not None and start >= 0 for start in starts) else None


def _moving_size(row_set: Comprehension) -> Size | None:
    """T1 up to a moving end b(i): an increasing map takes min(b(i), #{k : f(k) <= i}) values, as far as they
    go.
    """
    ended = conditions.without_moving_end(row_set)
    if ended is None:
        return None
    endless, count = ended
    upper = gap_bound(number(0), count)
    match forms(endless):
        case (Stride(_, _, None) | Shifts(_, _, _, None) as form,) if upper is not None:
            index_map = _index_map(form)
        case _:
            return None
    if index_map is None:
        return None
    whole, lower = _map_size(index_map), least_gap(number(0), count)
    because = "T1: an increasing map takes as many values as its range has, and no more than lie below n"
    found = replace(whole.reduced(because), upper=min(whole.upper, upper))
    reached = min(whole.largest, lower)
    return replace(found, largest=reached, typical=reached)


def _periodic_size(row_set: Comprehension) -> Size | None:
    """T4: a condition over residues of i and of the variable that holds at all keeps the growth of the rows.

    It holds on whole residue classes; on each of them the count is at least the whole one divided by the
    period, less one, and the rows of a class are a fixed fraction of all.
    """
    whole_set = conditions.without_residues(row_set)
    if whole_set is None:
        return None
    whole = size(whole_set)
    found = whole.reduced("T4: a residue condition that holds again and again keeps a fixed fraction of the elements")
    if all(isinstance(form, Band | Stride | Shifts | Columns | Interval) for form in forms(whole_set)):
        return replace(found, largest=whole.largest, typical=whole.typical)
    return found


def _near_size(row_set: Comprehension) -> Size | None:
    """T2: elements at distances 0 … F are at most F + 1."""
    furthest = reach(row_set)
    if furthest is None:
        return None
    return Size(f"T2: all distances are at most {furthest}", CONSTANT, most=number(furthest + 1))
