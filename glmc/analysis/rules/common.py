"""Distances that two sets of endless shifts share (rule T8)."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import lcm

from glmc.analysis.forms import Shifts, Stride
from glmc.analysis.growth import CONSTANT, LINEAR, LOG, Growth
from glmc.analysis.rules.known import forms
from glmc.analysis.rules.maps import (
    ExponentialMap,
    MapClass,
    PolynomialMap,
    RecurrenceMap,
    classify,
    count_growth,
    value_at,
)
from glmc.pattern.nodes import RowSet

_MOST_STATES = 1 << 12


@lru_cache(maxsize=256)
def common_growth(left: RowSet, right: RowSet) -> Growth | None:
    """T8: the Theta class of how many distances up to n both sides have; CONSTANT if they are finitely many.

    None unless each side is one map, and a rule tells.
    """
    match sorted((_map_of(left), _map_of(right)), key=_kind):
        case [PolynomialMap((first, step)), (PolynomialMap() | ExponentialMap() | RecurrenceMap()) as other]:
            return _in_progression(other, int(first), int(step))
        case [PolynomialMap() as one, PolynomialMap() as other]:
            return _common_powers(one, other)
        case [PolynomialMap() as one, ExponentialMap(_, 1, offset)] if _power(one, offset) is not None:
            return LOG  # c^k is a p-th power for every k that p divides
        case [ExponentialMap(base, 1, offset), ExponentialMap(other_base, 1, other_offset)] if offset == other_offset:
            return LOG if _have_common_power(base, other_base) else CONSTANT
        case _:
            return None


def _kind(index_map: MapClass | None) -> int:
    """Polynomials first, by degree."""
    return index_map.degree if isinstance(index_map, PolynomialMap) else 1 << 16


def _map_of(row_set: RowSet) -> MapClass | None:
    match forms(row_set):
        case (Stride(first, step, None),):
            return PolynomialMap((Fraction(first), Fraction(step)), 0)
        case (Shifts(distance, variable, start, None),):
            return classify(distance, variable, start)
        case _:
            return None


def _in_progression(index_map: MapClass, first: int, step: int) -> Growth | None:
    """The values that are ``first`` modulo ``step``: either a fixed fraction of them, or finitely many.

    Residues repeat from some k on: a polynomial with denominators D has the period D·step, and the next residues of a
    power or a recurrence depend on as many before it as it has terms.
    """
    match index_map:
        case PolynomialMap(coefficients, start):
            period = step * lcm(*(c.denominator for c in coefficients))
            values = range(start, start + period) if period <= _MOST_STATES else None
            offset, repeating = 0, None if values is None else {value_at(index_map, k) % step for k in values}
        case ExponentialMap(base, factor, offset):
            repeating = _repeating((factor,), (base,), 0, step)
        case RecurrenceMap(initial, weights, constant, offset):
            repeating = _repeating(initial, weights, constant, step)
        case _:
            return None
    if repeating is None:
        return None
    return count_growth(index_map) if (first - offset) % step in repeating else CONSTANT


def _repeating(initial: tuple[int, ...], weights: tuple[int, ...], constant: int, step: int) -> set[int] | None:
    """The residues that g(k+m) = Σ weights[j]·g(k+j) + constant takes again and again; None for long periods."""
    state = tuple(value % step for value in initial)
    seen: dict[tuple[int, ...], int] = {}
    while state not in seen:
        if len(seen) > _MOST_STATES:
            return None
        seen[state] = len(seen)
        following = sum(w * residue for w, residue in zip(weights, state, strict=True)) + constant
        state = (*state[1:], following % step)
    return {earlier[0] for earlier, k in seen.items() if k >= seen[state]}


def _common_powers(one: PolynomialMap, other: PolynomialMap) -> Growth | None:
    """k^p + d = m^q + d: the powers of exponent lcm(p, q)."""
    p, q = _power(one, one.coefficients[0]), _power(other, one.coefficients[0])
    return None if p is None or q is None else LINEAR ** Fraction(1, lcm(p, q))


def _power(index_map: PolynomialMap, offset: Fraction | int) -> int | None:
    """p where the map is k^p + offset."""
    fixed, *middle, top = index_map.coefficients
    return index_map.degree if fixed == offset and top == 1 and not any(middle) else None


def _have_common_power(a: int, b: int) -> bool:
    """Whether a^k = b^m for some k, m >= 1, and so for all multiples; otherwise 1 is the only common power.

    If a > b, then a^k = b^m, k <= m, makes b a divisor of a, and (a/b)^k = b^(m−k): as in Euclid's algorithm.
    """
    while a != b:
        a, b = max(a, b), min(a, b)
        if b == 1 or a % b:
            return False
        a //= b
    return True
