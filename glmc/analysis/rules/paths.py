"""Shortest influence paths, and with them congestion."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import comb

import numpy as np

from glmc.analysis.batches import columns
from glmc.analysis.bounds import at_lengths, never_above
from glmc.analysis.forms import Band, Block, Columns, Compact, Fenwick, Form, Interval, Shifts, Stride
from glmc.analysis.formula import N, call, floor_log, number, rewrite
from glmc.analysis.growth import CONSTANT, LINEAR, LOG, LOGLOG, Growth
from glmc.analysis.polynomial import polynomial
from glmc.analysis.recognise import reach
from glmc.analysis.rules.intervals_of_rows import end_growth
from glmc.analysis.rules.known import forms, moves_only
from glmc.analysis.rules.laws import Law, theta
from glmc.analysis.rules.maps import (
    ExponentialMap,
    GrowingMap,
    MapClass,
    PolynomialMap,
    RecurrenceMap,
    TowerMap,
    classify,
    plus,
    shifted,
    value_at,
)
from glmc.analysis.rules.periodic import common_period
from glmc.analysis.rules.readers import fewest_hops, longest_gap
from glmc.analysis.rules.sizes import size
from glmc.analysis.rules.slots import distinct_slots
from glmc.pattern.evaluate import EvaluationError
from glmc.pattern.nodes import Expr, FloorDivide, Group, Pattern, Power, Product, Quotient, Row, RowSet, Sum

_DISTANCE = Sum((N, number(-1)))
"""n − 1, the largest distance below n."""

_SELF = (Band(0, 1),)


@dataclass(frozen=True)
class Hops:
    """What is proved of the longest shortest path of one group.

    ``lower`` bounds its growth from below and ``exact`` says that ``at_most`` is its value, if the group is
    alone.
    """

    because: str
    upper: Growth
    at_most: Expr | None = None
    exact: bool = False
    lower: Growth = CONSTANT


def path_law(pattern: Pattern) -> Law | None:
    return groups_law(pattern.groups)


def groups_law(groups: tuple[Group, ...]) -> Law | None:
    """A path stays in one group and the least counts: every group bounds it from above, all together from
    below.
    """
    if all(_is_direct_and_sparse(group) for group in groups):
        because = "without recurrence a path is one edge, and rows grow slower than their index"
        return Law(because, infinite=True)
    found = [hops for group in groups if (hops := group_hops(group)) is not None]
    if not found:
        return None
    best = min(found, key=lambda hops: (hops.upper, hops.at_most is None))
    lower = _lower(groups)
    if len(groups) == 1:
        lower = max(lower, best.lower)
        if best.exact and best.at_most is not None:
            return theta(best.upper, best.because, best.at_most)
    return Law(best.because, min(lower, best.upper), best.upper, number(1), best.at_most)


def reads_itself(a: RowSet) -> bool:
    """Whether i is evidently in A[i] for every i."""
    return any(map(_holds_own, forms(a)))


def _holds_own(form: Form) -> bool:
    match form:
        case Band(0, _) | Stride(0, _, _) | Block(_, 0) | Fenwick(0, 0):
            return True
        case Shifts(distance, variable, start, _):
            index_map = classify(distance, variable, start)
            return index_map is not None and value_at(index_map, start) == 0
        case _:
            return False


def _is_direct_and_sparse(group: Group) -> bool:
    return not forms(group.b) and size(group.a).upper < LINEAR


def _lower(groups: tuple[Group, ...]) -> Growth:
    """Lower bounds that hold for any number of groups: of readers, and of the number of distances.

    With O(log n) distances below n in shift-invariant rows, m hops reach at most C(m + O(log n), m) distances, since
    their order does not matter; that is below n for m <= ε·log n.
    """
    by_readers = fewest_hops(groups)
    sides = [side for group in groups for side in (group.a, group.b)]
    few = all(moves_only(side) and size(side).upper <= LOG for side in sides)
    return max(by_readers, LOG) if few else by_readers


@lru_cache(maxsize=256)
def group_hops(group: Group) -> Hops | None:
    """The best upper bound of one group's paths, exact where A is {i} and B one form."""
    by_forms = _hops_of_forms(forms(group.a), forms(group.b)) if reads_itself(group.a) else None
    return by_forms or _chained_hops(group)


def shift_hops(group: Group) -> Hops | None:
    """The best bound of paths through the shift-invariant part of B alone, after x_j → y_j."""
    if not reads_itself(group.a):
        return None
    return _hops_of_forms(_SELF, tuple(form for form in forms(group.b) if isinstance(form, Band | Stride | Shifts)))


def _hops_of_forms(a: tuple[Form, ...], b: tuple[Form, ...]) -> Hops | None:
    """The best bound of the forms of a group whose rows read their own input."""
    if any(isinstance(form, Band) and form.first <= 1 and form.stop is None for form in a + b):
        return Hops("a dense side joins every pair by one edge", CONSTANT, number(1), True)
    alone = a == _SELF and len(b) == 1
    found = [hops for form in b if (hops := _hops_of(form)) is not None]
    if not alone:
        found = [replace(hops, exact=False, lower=CONSTANT) for hops in found]
    if any(map(_holds_before, b)):
        found.extend(hops for form in b if (hops := _hops_with_steps(form)) is not None)
        found.extend(hops for form in a if (hops := _hops_before_steps(form)) is not None)
    return min(found, key=lambda hops: (hops.upper, not hops.exact), default=None)


def _holds_before(form: Form) -> bool:
    """Whether i − 1 is evidently in every row i >= 1 of a form of B."""
    match form:
        case Band(0 | 1, stop):
            return stop is None or stop > 1
        case Stride(1, _, _) | Compact() | Fenwick(_, 1):
            return True
        case Shifts(distance, variable, start, _):
            index_map = classify(distance, variable, start)
            return index_map is not None and value_at(index_map, start) == 1
        case _:
            return False


def _chained_hops(group: Group) -> Hops | None:
    """Every pair has a path iff each row's A holds all inputs after max B[i]; a path has at most n − 1 hops.

    Earlier inputs come through output max B[i], by induction on i; later ones can only come through A. Hops
    rise, so there are at most n − 1. With distances of at most F no element of the rows i >= F is below 0,
    and if row i + p is row i moved by p, the condition on rows F + 1 … F + p is that on all later ones: B is
    not empty there, because A alone does not reach input 0. So rows 0 … F + p decide.
    """
    sides = (group.a, group.b)
    furthest = [reach(side) for side in sides]
    known = [distance for distance in furthest if distance is not None]
    if len(known) < len(sides) or max(known) > _FURTHEST_CHAIN:
        return None
    period = common_period(sides)
    try:
        if period is None or not all(_is_chained(group, row) for row in range(max(known) + period + 1)):
            return None
    except EvaluationError:
        return None
    because = "each row reads by A all inputs after the newest output that B reads, so every pair has a path"
    return Hops(because, LINEAR, _DISTANCE)


_FURTHEST_CHAIN = 256


def _is_chained(group: Group, row: int) -> bool:
    newest = max(columns(group.b, row).tolist(), default=-1)
    return set(range(newest + 1, row + 1)) <= set(columns(group.a, row).tolist())


def _hops_of(form: Form) -> Hops | None:
    match form:
        case Band(first, int(stop)) if first <= 1 < stop:
            return _window_hops(stop - 1)
        case Shifts(distance, variable, start, None):
            index_map = classify(distance, variable, start)
            if index_map is not None and value_at(index_map, start) == 1:
                return _map_hops(index_map)
        case Stride(1, step, None):
            return _stride_hops(step)
        case Compact():
            index_map = classify(form.distance, form.variable, 0)
            return None if index_map is None else _compact_hops(index_map)
        case Interval(low, high):
            return _interval_hops(low, high)
        case Fenwick(_, 1):
            because = (
                "a hop to i with low bits cleared, less one, settles the highest bit in which two positions differ"
            )
            return Hops(because, LOG, plus(floor_log(N, 2), 1))
    return None


def _window_hops(width: int) -> Hops:
    """Offsets 1 … K: a hop covers at most K, and K at a time is best: ceil((n − 1) / K)."""
    because = f"a hop covers at most {width} position{'s' if width > 1 else ''}, and {width} at a time is best"
    most = _DISTANCE if width == 1 else call("ceil", Quotient(_DISTANCE, number(width)))
    return Hops(because, LINEAR, most, True, LINEAR)


def _stride_hops(step: int) -> Hops:
    """Offsets 1 + step·k: m hops cover m + step·(any number), so a distance d takes ((d − 1) mod step) + 1
    hops.
    """
    because = f"m hops cover m plus any multiple of {step}"
    return Hops(because, CONSTANT, call("min", _DISTANCE, number(step)), True)


def _map_hops(index_map: MapClass) -> Hops | None:
    """Offsets f(k) with f(0) = 1: the fewest values of f that sum to the distance."""
    match index_map:
        case PolynomialMap():
            return _polynomial_hops(index_map)
        case ExponentialMap(base, 1, 0, 0):
            return _digit_hops(base)
        case ExponentialMap() | RecurrenceMap() | GrowingMap(is_geometric=True):
            return _greedy_hops()
        case TowerMap() | GrowingMap():
            return None


def _polynomial_hops(index_map: PolynomialMap) -> Hops:
    """Boundedly many values cover every distance: Kamke 1921, by Schnirelmann density, as 1 is a value.

    k² + 1: m hops cover m plus a sum of m squares, and every number is a sum of four squares (Lagrange), so
    every distance >= 4 takes at most 4, and 1, 2, 3 take at most 2. k(k+1)/2 + 1: the same with three
    triangular numbers (Gauss). k^p + 1 with p >= 3: g(p) powers suffice (Waring; g(3) = 9, g(4) = 19, g(5) =
    37), and a distance below g(p) is at most as many ones.
    """
    match shifted(index_map.coefficients, index_map.start):
        case (_, slope):
            return _stride_hops(int(slope))
        case (Fraction(numerator=1, denominator=1), *middle, Fraction(numerator=1, denominator=1)) if not any(middle):
            return _waring_hops(index_map.degree, "m plus m powers" if index_map.degree > 2 else "m plus m squares")
        case powers if powers == _power_after_one(index_map.degree):
            return _waring_hops(index_map.degree, "m powers" if index_map.degree > 2 else "m squares")
        case (first, slope, top) if top == Fraction(1, 2) and (first, slope) in _TRIANGULAR:
            because = "three triangular numbers reach every number (Gauss)"
            return Hops(because, CONSTANT, number(3))
        case _:
            return Hops("boundedly many values of a polynomial reach every distance (Kamke's theorem)", CONSTANT)


def _power_after_one(degree: int) -> tuple[Fraction, ...]:
    """The coefficients of (k + 1)^degree."""
    return tuple(Fraction(comb(degree, power)) for power in range(degree + 1))


_TRIANGULAR = ((Fraction(1), Fraction(1, 2)), (Fraction(1), Fraction(3, 2)))
"""k(k+1)/2 + 1 and (k+1)(k+2)/2."""


def _waring_hops(degree: int, cover: str) -> Hops:
    if degree not in _WARING:
        return Hops("boundedly many powers reach every distance (Waring's problem, Hilbert 1909)", CONSTANT)
    theorem = "Lagrange" if degree == 2 else "Waring's problem"
    because = f"m hops cover {cover}, and {_WARING[degree]} of them reach every number ({theorem})"
    return Hops(because, CONSTANT, number(_WARING[degree]))


_WARING = {2: 4, 3: 9, 4: 19, 5: 37, 6: 73}


def _digit_hops(base: int) -> Hops:
    """Powers of c: greedy is best for a chain of divisors, so a distance takes its digit sum in base c.

    Below n the largest digit sum is (c − 1)·D + ⌊n / c^D⌋ − 1 with D = floor(log_c n): that of ⌊n/c^D⌋·c^D −
    1.
    """
    digits = floor_log(N, base)
    because = f"a distance takes as many hops as the sum of its digits in base {base}"
    if base == 2:
        return Hops(because, LOG, digits, True, LOG)
    top = FloorDivide(N, Power(number(base), digits))
    return Hops(because, LOG, plus(Sum((Product((number(base - 1), digits)), top)), -1), True, LOG)


def _greedy_hops() -> Hops:
    """f(k+1) <= C·f(k) and f(0) = 1: taking the largest value again and again, at most C times each: O(log
    n).
    """
    return Hops("greedy hops take each of the O(log n) offsets boundedly often", LOG)


def _compact_hops(index_map: MapClass) -> Hops | None:
    """The path theorem for compact(f), f(0) = 1: reach r_0 = 1, r_{t+1} = max over Q <= r_t of Q + L(Q).

    L(Q) = f(max{k : a_k | Q}). For 2^k, r_t = 3·2^{t−1}: ceil(log2(2n/3)). Where f is geometric with slots
    apart, a reach grows by factors between two constants above one: Theta(log n). For a polynomial of degree
    p >= 2 with gaps that never fall, a_k is Theta(k^{p−1}), the largest a_k <= r divides some Q > r/2, and
    L(Q) is Theta(r^{p/(p−1)}): Theta(log log n). For s·k + 1 all units but the first are s: single steps lead
    from Q = 1 to Q = s, which every later row reads, so min(n − 1, s).
    """
    match index_map:
        case PolynomialMap((_, slope)):
            because = f"the path theorem: at most {slope - 1} single steps lead to an output that all later rows read"
            return Hops(because, CONSTANT, call("min", _DISTANCE, number(slope)), True)
        case ExponentialMap(2, 1, 0, 0):
            most = call("ceil", call("log2", Quotient(Product((number(2), N)), number(3))))
            return Hops("the path theorem: after t hops 3·2^(t−1) positions are reached", LOG, most, True, LOG)
        case ExponentialMap():
            return Hops("the path theorem: each hop multiplies the reach by a bounded factor", LOG, lower=LOG)
        case RecurrenceMap() if distinct_slots(index_map) is not None:
            return Hops("the path theorem: each hop multiplies the reach by a bounded factor", LOG, lower=LOG)
        case PolynomialMap() if index_map.degree >= 2 and distinct_slots(index_map) is not None:
            return Hops("the path theorem: each hop raises the reach to a fixed power", LOGLOG, lower=LOGLOG)
        case PolynomialMap() | RecurrenceMap() | TowerMap() | GrowingMap():
            return None


def _hops_with_steps(form: Form) -> Hops | None:
    """Offset 1 beside another form of B.

    Maps whose values start later have the same bounds as with 1 among them. Offsets first + step·k: one hop, and
    (d − first) mod step ones, for a distance d >= first, and at most first − 1 ones below.
    """
    match form:
        case Band(first, None):
            return Hops("single steps, and one hop over any longer distance", CONSTANT, number(max(first - 1, 1)))
        case Stride(first, step, None):
            because = "single steps lead to a distance that one hop covers"
            return Hops(because, CONSTANT, number(max(first - 1, step)))
        case Columns(column, variable, start, None, _):
            return _landmark_hops(classify(column, variable, start))
        case Fenwick(0 | 1, 0):
            return _bit_hops()
        case Shifts(distance, variable, start, None):
            index_map = classify(distance, variable, start)
        case _:
            return None
    match index_map:
        case PolynomialMap():
            return Hops("boundedly many values of a polynomial, and ones, reach every distance (Kamke)", CONSTANT)
        case ExponentialMap() | RecurrenceMap() | GrowingMap(is_geometric=True):
            return _greedy_hops()
        case _:
            return None


def _hops_before_steps(form: Form) -> Hops | None:
    """One edge of A, and then single steps: x_j is read at the largest distance of the form up to i − j."""
    match form:
        case Band(first, None) if first > 1:
            return Hops("one edge of A over any longer distance, or single steps", CONSTANT, number(first - 1))
        case Stride(first, step, None):
            because = "an edge of A, and single steps over the rest of the distance"
            return Hops(because, CONSTANT, number(max(first - 1, step)))
        case _:
            return None


def _landmark_hops(landmarks: MapClass | None) -> Hops | None:
    """Single steps to the next landmark c(k), and one hop from there to any later row.

    The longest way to a landmark is the largest gap below n, for a polynomial of degree p Theta(n^((p−1)/p)).
    """
    because = "single steps lead to the next landmark, and one hop from there to any later row"
    match landmarks:
        case PolynomialMap():
            return Hops(because, longest_gap(landmarks))
        case _:
            return None


def _bit_hops() -> Hops:
    """i with low bits cleared, and i − 1: two hops settle a bit, so a pair below n takes 2·(floor(log2(n)) + 1).

    Let b be the highest bit in which j < i differ. Clearing the bits of i below b gives c >= j, with bit b set; c − 1
    has bit b clear and all lower ones set, so c − 1 >= j, and the two differ in lower bits only.
    """
    bits = plus(floor_log(N, 2), 1)
    return Hops("two hops, clearing low bits and one back, settle a bit", LOG, Product((number(2), bits)))


def _interval_hops(low: Expr, high: Expr) -> Hops | None:
    """Rows { j : low(i) <= j < i } that are never empty: hop back as far as possible.

    If i − low(i) is Theta(g(i)), g = n^a·…, a < 1, a hop from a position in [m, 2m] covers at least c·g(m), so there
    are O(m/g(m)) in it and O(n/g(n)) in all. If it is Theta(i), hops divide the position: O(log n). If low(i) is
    Theta(i^b), b < 1, they raise it to the power b: O(log log n).
    """
    gap = end_growth(Sum((Row(), Product((number(-1), low)))))
    if polynomial(high) != polynomial(Row()) or gap is None or not _is_never_empty(low):
        return None
    because = "hopping back as far as the rows reach"
    if gap.power < 1:
        return Hops(because, LINEAR * gap**-1)
    rise = end_growth(low)
    if gap != LINEAR or rise is None or rise.log or rise.loglog or rise.power <= 0:
        return None
    return Hops(because, LOG if rise == LINEAR else LOGLOG)


def _is_never_empty(low: Expr) -> bool:
    """low(i) <= i − 1 for every row i >= 1."""
    end = rewrite(low, lambda e: N if isinstance(e, Row) else e)
    try:
        rows = np.arange(1, _FIRST_ROWS + 1)
        return bool((at_lengths(end, rows) < rows).all()) and never_above(end, _DISTANCE, _FIRST_ROWS)
    except EvaluationError:
        return False


_FIRST_ROWS = 1024
