"""Exact cache by the last reader of every vector (THEORY, section 2).

A vector j is live before token t when j < t <= its last reader. Forms that bound or unbound the last
reader give it outright. For other row sets enumeration looks up to a horizon: exact where a fact says
that a vector unread for some rows stays unread, a lower bound otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np

from glmc.analysis.batches import batches, columns, distances
from glmc.analysis.compact import lifetimes
from glmc.analysis.forms import Band, Block, Columns, Compact, Fenwick, Form, Interval, Opaque, Shifts, Stride
from glmc.analysis.recognise import is_shift_invariant, reach, recognise
from glmc.pattern.evaluate import Environment, IntArray, evaluate_integer
from glmc.pattern.monotone import never_falls
from glmc.pattern.nodes import (
    Comprehension,
    Difference,
    Expr,
    Intersection,
    Listed,
    Pattern,
    Row,
    RowSet,
    Union,
)
from glmc.pattern.rows import Entries

FOREVER = np.iinfo(np.int64).max
"""The last reader of a vector that is read again and again."""

UNREAD = -1
"""The last reader of a vector that no row reads."""

_HORIZON = 4  # rows looked at, in lengths
_HORIZON_LEAST = 1024
_ENTRIES_BEYOND = 1 << 24


@dataclass(frozen=True)
class LastReaders:
    """The last row that reads column j, for each j below a length (``FOREVER``, ``UNREAD``).

    Readers beyond the length may be cut to it. ``horizon`` is None where that is all exact, else the number
    of rows that were looked at, and the last reader may come later than it says.
    """

    rows: IntArray
    horizon: int | None


@dataclass(frozen=True)
class Cache:
    """cache(n) at index n for 0 <= n <= length; a lower bound if ``horizon`` (rows looked at) is not None."""

    values: IntArray
    horizon: int | None


def settling(row_set: RowSet) -> int | None:
    """A delay d such that a vector not read in rows t … t + d is not read later, as far as the forms tell."""
    bound = reach(row_set)
    if bound is not None:
        return bound
    match row_set:
        case Union(left, right):
            delays = (settling(left), settling(right))
            return None if None in delays else max(d for d in delays if d is not None)
        case Difference(left, right) if (removed := reach(right)) is not None:
            # beyond distance ``removed`` both sides of the difference read alike
            delay = settling(left)
            return None if delay is None else delay + removed + 1
    forms = [_form_settling(form) for form in recognise(row_set)]
    return None if None in forms else max((d for d in forms if d is not None), default=0)


def _form_settling(form: Form) -> int | None:
    match form:
        case Band(first, stop):
            return first if stop is None else stop - 1
        case Stride(first, step, count):
            return first + step * (1 if count is None else count - 1)
        case Block(width, _):
            return width - 1
        case Columns(_, _, _, _, lag):
            return lag
        case Fenwick():
            return 0
        case Shifts() | Interval() | Compact() | Opaque():
            return None


def cache(pattern: Pattern, length: int) -> Cache:
    """cache(n) for every n up to ``length``, added over groups and sides.

    Raises TooManyEntries, EvaluationError.
    """
    readers = [last_readers(row_set, length) for group in pattern.groups for row_set in (group.a, group.b)]
    live = sum((live_counts(found.rows) for found in readers), np.zeros(length + 1, np.int64))
    horizons = [found.horizon for found in readers if found.horizon is not None]
    return Cache(np.maximum.accumulate(live), min(horizons, default=None))


def live_counts(last: IntArray) -> IntArray:
    """|{j < t : last reader of j >= t}| at index t, for 0 <= t <= len(last)."""
    length = len(last)
    born = np.flatnonzero(last > np.arange(length)) + 1
    dies = np.minimum(last[born - 1], length) + 1
    changes = np.bincount(born, minlength=length + 2) - np.bincount(dies, minlength=length + 2)
    return np.cumsum(changes)[: length + 1]


def last_readers(row_set: RowSet, length: int) -> LastReaders:
    """The last reader of every column below ``length``."""
    pieces = [_piece_readers(piece, length) for piece in _pieces(row_set)]
    horizons = [piece.horizon for piece in pieces if piece.horizon is not None]
    rows = reduce(np.maximum, (piece.rows for piece in pieces), np.full(length, UNREAD))
    return LastReaders(rows, None if (rows >= length).all() else min(horizons, default=None))


def _pieces(row_set: RowSet) -> Iterator[RowSet]:
    match row_set:
        case Union(left, right):
            yield from _pieces(left)
            yield from _pieces(right)
        case _:
            yield row_set


def _piece_readers(row_set: RowSet, length: int) -> LastReaders:
    if _endless(row_set):
        return LastReaders(np.full(length, FOREVER), None)
    found = [_form_readers(form, row_set, length) for form in recognise(row_set)]
    if all(rows is not None for rows in found):
        known = (rows for rows in found if rows is not None)
        return LastReaders(reduce(np.maximum, known, np.full(length, UNREAD)), None)
    delay = settling(row_set)
    if delay is not None:
        last, done = _enumerated(row_set, length, length + delay + 1)
        return LastReaders(last, None if done is None or done > length + delay else done)
    if is_shift_invariant(row_set):
        horizon = _horizon(length)
        furthest = distances(row_set, horizon).max(initial=UNREAD)
        rows = np.full(length, UNREAD) if furthest < 0 else np.arange(length) + furthest
        return LastReaders(rows, horizon)
    return LastReaders(*_enumerated(row_set, length, _horizon(length)))


def _horizon(length: int) -> int:
    return max(_HORIZON * length, _HORIZON_LEAST)


def _endless(row_set: RowSet) -> bool:
    """Whether the set is shift-invariant with unboundedly many distances: no vector is ever done with."""
    match row_set:
        case Difference(left, right) if is_shift_invariant(row_set) and reach(right) is not None:
            return _endless(left)
        case _:
            return any(isinstance(form, Band | Stride | Shifts) and _unbounded(form) for form in recognise(row_set))


def _unbounded(form: Band | Stride | Shifts) -> bool:
    match form:
        case Band(_, stop):
            return stop is None
        case Stride(_, _, count):
            return count is None
        case Shifts(_, _, _, stop):
            return stop is None


def _form_readers(form: Form, row_set: RowSet, length: int) -> IntArray | None:
    """The last readers of every column below ``length`` by the form alone, None where it does not tell."""
    columns_ = np.arange(length)
    match form:
        case Band(_, int(stop)):
            return columns_ + min(stop - 1, FOREVER - length)
        case Stride(first, step, int(count)):
            return columns_ + min(first + step * (count - 1), FOREVER - length)
        case Columns(_, _, _, _, lag) if recognise(row_set) == (form,):
            rows = np.full(length, UNREAD)
            born = columns(row_set, length + lag)
            rows[born[born < length]] = FOREVER
            return rows
        case Block(width, lag):
            end = columns_ // width * width + width - 1
            return np.where(columns_ <= end - lag, end, UNREAD)
        case Fenwick(_, back):
            cleared = columns_ + back
            lowest = cleared & -cleared
            return np.where(lowest > 0, cleared + lowest - 1, FOREVER)
        case Compact():
            lifetime = lifetimes(form, length)
            return None if lifetime is None else columns_ + lifetime[1:]
        case Band() | Stride() | Shifts() | Columns() | Interval() | Opaque():
            return None


def _enumerated(row_set: RowSet, length: int, stop: int) -> tuple[IntArray, int | None]:
    """Last readers among the rows below ``stop``, and the number of rows looked at.

    That number is None where nothing later matters: every column has a reader beyond ``length``, so that all
    are live to the end, or the rows have risen above ``length`` for good.
    """
    lows = _rising_lows(row_set)
    last = np.full(length, UNREAD)
    for _, _, found in batches(row_set, 0, length):
        _note(last, found)
    done, seen = length, 0
    while done < stop and seen < _ENTRIES_BEYOND:
        slab = min(done + max(length // 8, 64), stop)
        for _, _, found in batches(row_set, done, slab):
            _note(last, found)
            seen += len(found)
        done = slab
        if (last >= length).all() or (lows is not None and _above(lows, done, length)):
            return last, None
    return last, done


def _rising_lows(row_set: RowSet) -> tuple[Expr, ...] | None:
    """Expressions of the row that never fall, with no element below all of them; None where unknown."""
    match row_set:
        case Listed(elements):
            lows = elements
        case Comprehension(element, (), _):
            lows = (element,)
        case Comprehension():
            forms = recognise(row_set)
            lows = tuple(form.low for form in forms if isinstance(form, Interval))
            if len(lows) < len(forms):
                return None
        case Difference(left, _):
            return _rising_lows(left)
        case Intersection(left, right):
            return _rising_lows(left) or _rising_lows(right)
        case _:
            return None
    return lows if all(never_falls(low, Row()) for low in lows) else None


def _above(lows: tuple[Expr, ...], row: int, length: int) -> bool:
    """Whether no row from ``row`` on has an element below ``length``."""
    return all(evaluate_integer(low, Environment(row)) >= length for low in lows)


def _note(last: IntArray, found: Entries) -> None:
    inside = found.column < len(last)
    last[found.column[inside]] = found.row[inside]  # rows ascend: the last assignment stays
