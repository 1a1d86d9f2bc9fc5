"""Enumeration of a row set's entries within a budget, and the reading of single rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glmc.pattern.evaluate import IntArray
from glmc.pattern.nodes import RowSet
from glmc.pattern.rows import Entries, entry_blocks, row

_MOST_ENTRIES = 1 << 26


class TooManyEntries(Exception):
    """The rows hold more entries than enumeration can afford."""


def batches(row_set: RowSet, start: int, stop: int) -> Iterator[tuple[int, int, Entries]]:
    """(first row, end, entries) of successive pieces of the rows start … stop − 1.

    Raises TooManyEntries where there are about 10^8 entries, EvaluationError where a row has no value.
    """
    if start < stop and len(columns(row_set, stop - 1)) * (stop - start) > 2 * _MOST_ENTRIES:
        raise TooManyEntries
    seen = 0
    for first, end, found in entry_blocks(row_set, start, stop):
        yield first, end, found
        seen += len(found)
        if seen > _MOST_ENTRIES:
            raise TooManyEntries


def columns(row_set: RowSet, index: int) -> IntArray:
    """The elements of one row, ascending."""
    return np.array(row(row_set, index), np.int64)


def distances(row_set: RowSet, length: int) -> IntArray:
    """The distances below ``length`` of a shift-invariant row set, ascending: those of the last row."""
    return (length - 1 - columns(row_set, length - 1))[::-1]
