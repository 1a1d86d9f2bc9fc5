"""The forms of a row set that rules read: recognised ones, and ranges whose moving end cuts nothing."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from glmc.analysis.bounds import at_lengths, never_above
from glmc.analysis.forms import Band, Columns, Form, Opaque, Shifts, Stride
from glmc.analysis.formula import N, rewrite
from glmc.analysis.recognise import is_shift_invariant, recognise
from glmc.analysis.rules import conditions
from glmc.analysis.rules.maps import MapClass, PolynomialMap, classify, count_up_to
from glmc.pattern.evaluate import EvaluationError
from glmc.pattern.nodes import Comprehension, Expr, Row, RowSet

_CHECKED = 4096


@lru_cache(maxsize=512)
def forms(row_set: RowSet) -> tuple[Form, ...]:
    """``recognise``, with { i − f(k) for k in a..b(i) } as endless shifts where b(i) − a >= #{k >= a : f(k) <= i}.

    Conditions on residues of the variable alone are taken apart: { i − f(k) for k in 0.. if k % 2 == 1 } is the shifts
    by f(2·k + 1).
    """
    return tuple(opened for form in recognise(row_set) for opened in _split(_opened(form)))


def _split(form: Form) -> tuple[Form, ...]:
    match form:
        case Opaque(Comprehension() as row_set) if (parts := conditions.by_residues(row_set)) is not None:
            found = tuple(found for part in parts for found in recognise(part))
            return found if all(map(_is_classified, found)) else (form,)
        case _:
            return (form,)


def _is_classified(form: Form) -> bool:
    match form:
        case Shifts(expr, variable, start, _) | Columns(expr, variable, start, _, _):
            return classify(expr, variable, start) is not None
        case _:
            return not isinstance(form, Opaque)


def moves_only(row_set: RowSet) -> bool:
    """Whether j ∈ row i is known to depend on i − j alone."""
    return is_shift_invariant(row_set) or all(isinstance(form, Band | Stride | Shifts) for form in forms(row_set))


def _opened(form: Form) -> Form:
    match form:
        case Opaque(Comprehension() as row_set) if (ended := conditions.without_moving_end(row_set)) is not None:
            endless, count = ended
        case _:
            return form
    match recognise(endless):
        case (Shifts(distance, variable, start, None) as whole,):
            index_map = classify(distance, variable, start)
        case _:
            return form
    return whole if index_map is not None and _cuts_nothing(index_map, count) else form


def _cuts_nothing(index_map: MapClass, count: Expr) -> bool:
    """#{k : f(k) <= i} <= count(i) for every row i: length by length at first, then by closed bounds."""
    if isinstance(index_map, PolynomialMap) and index_map.start:
        return False
    passed = count_up_to(index_map, N, 1)
    if passed is None:
        return False
    end = rewrite(count, lambda e: N if isinstance(e, Row) else e)
    rows = np.arange(1, _CHECKED + 1)
    try:
        if (at_lengths(passed, rows) > at_lengths(end, rows)).any():
            return False
    except EvaluationError:
        return False
    return never_above(passed, end, _CHECKED)
