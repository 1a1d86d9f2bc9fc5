"""Enumeration of a row set's entries within a budget, and the reading of single rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glmc.pattern.evaluate import IntArray
from glmc.pattern.nodes import RowSet
from glmc.pattern.rows import Entries, entries, row

_MOST_ENTRIES = 1 << 26
_ENTRIES_AT_ONCE = 1 << 20
_CANDIDATES_AT_ONCE = 1 << 22
_SAMPLED_ROWS = 8


class TooManyEntries(Exception):
    """The rows hold more entries than enumeration can afford."""


def batches(row_set: RowSet, start: int, stop: int) -> Iterator[tuple[int, int, Entries]]:
    """(first row, end, entries) of successive pieces of the rows start … stop − 1.

    Raises TooManyEntries where there are about 10^8 entries, EvaluationError where a row has no value.
    """
    sampled = entries(row_set, max(start, stop - _SAMPLED_ROWS), stop)
    if len(sampled) * (stop - start) > 2 * _SAMPLED_ROWS * _MOST_ENTRIES:
        raise TooManyEntries
    height = 64
    seen = 0
    while start < stop:
        end = min(start + height, stop)
        found = entries(row_set, start, end)
        yield start, end, found
        seen += len(found)
        if seen > _MOST_ENTRIES:
            raise TooManyEntries
        width = len(found) // (end - start) + 1
        # a sparse row may be what is left of a dense one
        height = min(_ENTRIES_AT_ONCE // width, _CANDIDATES_AT_ONCE // end, 2 * height)
        height = max(height, 16)
        start = end


def columns(row_set: RowSet, index: int) -> IntArray:
    """The elements of one row, ascending."""
    return np.array(row(row_set, index), np.int64)


def distances(row_set: RowSet, length: int) -> IntArray:
    """The distances below ``length`` of a shift-invariant row set, ascending: those of the last row."""
    return (length - 1 - columns(row_set, length - 1))[::-1]
