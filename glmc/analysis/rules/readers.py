"""How far ahead a vector is still read, which bounds paths from below."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import assert_never

from glmc.analysis.forms import Band, Block, Columns, Compact, Fenwick, Form, Interval, Opaque, Shifts, Stride
from glmc.analysis.growth import CONSTANT, LINEAR, LOG, LOGLOG, Growth
from glmc.analysis.recognise import reach
from glmc.analysis.rules import conditions
from glmc.analysis.rules.intervals_of_rows import end_growth, gap_bound
from glmc.analysis.rules.known import forms
from glmc.analysis.rules.maps import (
    ExponentialMap,
    GrowingMap,
    MapClass,
    PolynomialMap,
    RecurrenceMap,
    TowerMap,
    classify,
    count_growth,
)
from glmc.pattern.nodes import Comprehension, Difference, Expr, Group, Intersection, Listed, Row, RowSet, Union


@dataclass(frozen=True)
class Readers:
    """How far ahead vectors are read: at most λ(r) for vectors up to r, λ in O(``lifetime``), but for landmarks.

    Landmarks may be read for ever: finitely many, and the values of the maps ``landmarks``.
    """

    lifetime: Growth
    landmarks: frozenset[MapClass] = frozenset()

    def __or__(self, other: Readers) -> Readers:
        return Readers(max(self.lifetime, other.lifetime), self.landmarks | other.landmarks)


_SOON = Readers(CONSTANT)


def fewest_hops(groups: tuple[Group, ...]) -> Growth:
    """A lower bound of the path: CONSTANT where vectors without an expiry are not known to be rare.

    Within the longest gap a hop covers at most λ(n), so there are gap(n)/λ(n) of them. Without endless landmarks: if
    λ(r) <= C·r, a hop multiplies the position by 1 + C at most: log n. If λ(r) <= r^q, it raises it to the power q + 1
    at most: log log n. The source is beyond the finitely many landmarks of B, and no A reads it as one.
    """
    found = _gap_and_lifetime(groups)
    if found is None:
        return CONSTANT
    gap, longest = found
    if longest < gap:
        return gap * longest**-1
    if gap < LINEAR or _landmarks(groups):
        return CONSTANT
    return LOG if longest == LINEAR else LOGLOG


def fewest_loads(groups: tuple[Group, ...]) -> Growth:
    """A lower bound of the largest congestion up to n: gap(n)/λ(n).

    Copy m tokens, m <= n the end of the longest gap. The tokens in it pass outputs and inputs in it that are read at or
    after m: λ(n) of each, or landmarks of A, which are at most every other one. With Y outputs of them,
    gap/2 − λ <= Y·(congestion + 1).
    """
    found = _gap_and_lifetime(groups)
    if found is None or found[1] >= found[0]:
        return CONSTANT
    return found[0] * found[1] ** -1


def _gap_and_lifetime(groups: tuple[Group, ...]) -> tuple[Growth, Growth] | None:
    """The longest gap below n between landmarks of B, n if there are finitely many, and λ outside them."""
    known = [found for group in groups for side in (group.a, group.b) if (found := readers(side)) is not None]
    if len(known) < 2 * len(groups):
        return None
    inputs = {index_map for group in groups if (found := readers(group.a)) for index_map in found.landmarks}
    if len(inputs) > 1 or not all(map(_leaves_gaps, inputs)):
        return None
    longest = max(found.lifetime for found in known)
    match list(_landmarks(groups)):
        case []:
            return LINEAR, longest
        case [index_map]:
            return longest_gap(index_map), longest
        case _:
            return None


def _landmarks(groups: tuple[Group, ...]) -> set[MapClass]:
    return {index_map for group in groups if (found := readers(group.b)) for index_map in found.landmarks}


def longest_gap(landmarks: MapClass) -> Growth:
    """A lower bound of the longest run of positions below n without a value of the map; Theta for polynomials.

    With c(n) values below n some run is about n/c(n) long. Where f(k+s) >= 2·f(k) for a fixed s, one of the last s
    runs, or the one up to n, is a fixed fraction of n.
    """
    growth = count_growth(landmarks)
    return LINEAR if growth.power == 0 else LINEAR * growth**-1


def _leaves_gaps(landmarks: MapClass) -> bool:
    """Whether no two consecutive positions are both values, from some position on."""
    match landmarks:
        case PolynomialMap((_, slope)):
            return slope >= 2
        case GrowingMap(is_geometric=False):
            return False
        case _:
            return True


@lru_cache(maxsize=512)
def readers(row_set: RowSet) -> Readers | None:
    """How far ahead the vectors of one side are read; None where nothing is known. Subsets are read no longer."""
    if reach(row_set) is not None:
        return _SOON
    return _joined(_form_readers(form) for form in forms(row_set))


def _joined(parts: Iterable[Readers | None]) -> Readers | None:
    joined = _SOON
    for part in parts:
        if part is None:
            return None
        joined = joined | part
    return joined


def _form_readers(form: Form) -> Readers | None:
    match form:
        case Band(_, None) | Stride(_, _, None) | Shifts(_, _, _, None):
            return None
        case Columns(column, variable, start, None, _):
            index_map = classify(column, variable, start)
            return None if index_map is None else Readers(CONSTANT, frozenset((index_map,)))
        case Band() | Stride() | Shifts() | Block() | Columns():
            return _SOON
        case Interval(low, _):
            return _interval_readers(low)
        case Compact():
            return _compact_readers(form)
        case Fenwick():
            return Readers(LINEAR)  # c > 0 is read up to c + lowbit(c) − 1 (rule C3)
        case Opaque(row_set):
            return _opaque_readers(row_set)
        case _:
            assert_never(form)


def _interval_readers(low: Expr) -> Readers | None:
    """Row i reads j only if low(i) <= j. If i − low(i) <= C·g(i), g slower than n, then i − j <= C'·g(j).

    If low(i) is Theta(i^a), a > 0, then i is at most C·j^(1/a).
    """
    gap = gap_bound(low, Row())
    if gap is not None and gap < LINEAR:
        return Readers(max(gap, CONSTANT))
    rise = end_growth(low)
    if rise is None or rise.power <= 0 or rise.log or rise.loglog:
        return None
    return Readers(Growth(1 / rise.power))


def _compact_readers(form: Compact) -> Readers | None:
    """Q is read until Q + L(Q), L(Q) = f(max{k : a_k | Q}) (reader lemma), and such an a_k is at most Q.

    The units never fall, and a_k is at least the largest gap f(j+1) − f(j) up to k. If f(k) >= 2·f(k−s) for a fixed s
    and all large k, the last s gaps sum to f(k)/2 at least, so f(k) <= 2s·a_k <= 2s·Q. A polynomial of degree p >= 2
    has a_k >= c·k^(p−1), so f(k) <= C·Q^(p/(p−1)). For degree 1, f(k) = s·k + 1, multiples of s are read for ever.
    """
    match classify(form.distance, form.variable, 0):
        case PolynomialMap() as index_map if index_map.degree >= 2:
            return Readers(Growth(Fraction(index_map.degree, index_map.degree - 1)))
        case PolynomialMap((_, slope)):
            return Readers(CONSTANT, frozenset((PolynomialMap((Fraction(-1), slope), 1),)))
        case ExponentialMap() | RecurrenceMap() | TowerMap() | GrowingMap(is_geometric=True):
            return Readers(LINEAR)
        case _:
            return None


def _opaque_readers(row_set: RowSet) -> Readers | None:
    match row_set:
        case Difference(left, _):
            return readers(left)
        case Intersection(left, right):
            found = (readers(left), readers(right))
            return min((each for each in found if each is not None), key=lambda each: each.lifetime, default=None)
        case Comprehension(element, (), _):
            return _interval_readers(element)
        case Comprehension():
            wholes = conditions.unrolled(row_set)
            if wholes is None and (whole := conditions.without_residues(row_set)) is not None:
                wholes = (whole,)
            if wholes is None and (ended := conditions.without_moving_end(row_set)) is not None:
                wholes = (ended[0],)
            return None if wholes is None else _joined(map(readers, wholes))
        case Listed() | Union():
            return None
        case _:
            assert_never(row_set)
