"""Compact rows: how far their slots stay apart (rule T6), and their units."""

from __future__ import annotations

from glmc.analysis.rules.maps import (
    ExponentialMap,
    GrowingMap,
    MapClass,
    PolynomialMap,
    RecurrenceMap,
    TowerMap,
    difference,
    nonnegative_from,
    value_at,
)


def distinct_slots(index_map: MapClass) -> int | None:
    """T6: an s with f(k+s) − a_{k+s} >= f(k) for all large k, so slots k and k + s never coincide; or None.

    Slot k shows a distance in (f(k) − a_k, f(k)]. For factor·c^k + offset the units are exactly the gaps
    (each gap is a multiple of the one before), so s = 1 for all k. For gaps g_k that never fall, a_{k+1} <
    2·g_k by induction: it is a_k if g_k <= a_k, else below g_k + a_k. A polynomial of degree >= 2 has g_k +
    g_{k+1} >= g_{k+2} for large k, so f(k+3) − f(k) >= 2·g_{k+2} > a_{k+3} and s = 3. For a homogeneous
    recurrence every fixed combination of consecutive values obeys it too, so 2·f(k+s−1) − f(k+s) − f(k) >= 0
    and non-falling gaps follow from the first values; then f(k+s) − a_{k+s} > 2·f(k+s−1) − f(k+s) >= f(k).
    """
    match index_map:
        case ExponentialMap():
            return 1
        case PolynomialMap(coefficients) if index_map.degree >= 2:
            second = difference(difference(coefficients))
            return 3 if nonnegative_from(second, 0) else None
        case PolynomialMap(coefficients):
            return 1
        case RecurrenceMap():
            return _recurrence_slots(index_map)
        case TowerMap() | GrowingMap():
            return None


def _recurrence_slots(index_map: RecurrenceMap) -> int | None:
    order = len(index_map.weights)
    if index_map.constant or index_map.offset:
        return None
    f = [value_at(index_map, k) for k in range(order + 8)]
    if any(f[k + 2] - 2 * f[k + 1] + f[k] < 0 for k in range(order)):
        return None
    for s in range(2, 8):
        if all(2 * f[k + s - 1] - f[k + s] - f[k] >= 0 for k in range(order)):
            return s
    return None
