"""Compact rows: how far their slots stay apart (rule T6)."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import ceil

from glmc.analysis.rules.maps import (
    ExponentialMap,
    GrowingMap,
    MapClass,
    PolynomialMap,
    RecurrenceMap,
    TowerMap,
    value_at,
)

_SETTLED = 64
"""Ratios of consecutive values are looked at from this index on."""

_MOST_APART = 64


def distinct_slots(index_map: MapClass) -> int | None:
    """T6: an s with f(k+s) − a_{k+s} >= f(k) for all large k, so slots k and k + s never coincide there; or None.

    Slot k shows a distance in (f(k) − a_k, f(k)]. 1 says so for all k: gaps g_k = f(k+1) − f(k) that are c·b^k divide
    each other in turn, and the units are the gaps. In general a_{k+1} is a_k if g_k <= a_k, and below g_k + a_k < 2·g_k
    else, so a_{k+1} < 2·max g_j over j <= k. Gaps of a polynomial of degree >= 2 never fall from some k on, and g_k +
    g_{k+1} >= g_{k+2} for large k, so f(k+3) − f(k) >= 2·g_{k+2} > a_{k+3}: s = 3.
    """
    match index_map:
        case ExponentialMap():
            return 1
        case PolynomialMap():
            return 1 if index_map.degree == 1 else 3
        case RecurrenceMap(weights=(_,)):
            return 1
        case RecurrenceMap():
            return _slots_by_ratio(index_map)
        case TowerMap() | GrowingMap():
            return None


def _slots_by_ratio(index_map: RecurrenceMap) -> int | None:
    """If p <= f(k+1)/f(k) <= q for all large k, with no integer in [p, q], then s with p^s >= 1/(1 − θ).

    Let m = ⌈p − 1⌉ > q − 1. As a_k <= f(k), the unit a_{k+1} = a_k·⌈g_k/a_k⌉ is at most m·a_k <= m·f(k) where g_k/a_k
    is at most m, and below g_k·(1 + 1/m) where it is more. So a_{k+1} <= θ·f(k+1) with θ = max(m/p, (1 − 1/q)·(1 +
    1/m)), below 1, and f(k+s) − a_{k+s} >= (1 − θ)·p^s·f(k).
    """
    least, most = _ratios(index_map)
    m = ceil(least - 1)
    if least <= 1 or m < 1 or most - 1 >= m:
        return None
    kept = 1 - max(m / least, (1 - 1 / most) * (1 + Fraction(1, m)))
    return next((s for s in range(1, _MOST_APART) if least**s * kept >= 1), None)


def _ratios(index_map: RecurrenceMap) -> tuple[Fraction, Fraction]:
    """Bounds of f(k+1)/f(k) for all large k.

    h = f + e obeys the recurrence without its constant, for e = constant/(Σ weights − 1) − offset. A ratio of h is a
    weighted mean of the ones before it, as many as there are weights, so it stays between the least and the largest of
    them; and f(k+1)/f(k) − h(k+1)/h(k) = e·(h(k+1) − h(k)) / (f(k)·h(k)), the more so the smaller k is.
    """
    extra = Fraction(index_map.constant, sum(index_map.weights) - 1) - index_map.offset
    settled = range(_SETTLED, _SETTLED + len(index_map.weights) + 1)
    h = [value_at(index_map, k) + extra for k in settled]
    ratios = [later / earlier for earlier, later in pairwise(h)]
    slack = abs(extra) * (max(ratios) - 1) / (h[0] - abs(extra))
    return min(ratios) - slack, max(ratios) + slack
