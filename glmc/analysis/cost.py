"""Exact time and total by enumeration (THEORY, section 2)."""

from __future__ import annotations

import numpy as np

from glmc.analysis.batches import batches, columns, distances
from glmc.analysis.cache import live_counts
from glmc.analysis.compact import lifetimes
from glmc.analysis.forms import Block, Columns, Compact, Interval
from glmc.analysis.recognise import is_shift_invariant, recognise
from glmc.pattern.evaluate import IntArray, Rows, evaluate_rows
from glmc.pattern.nodes import Pattern, RowSet


def row_sizes(row_set: RowSet, length: int) -> IntArray:
    """|row i| for 0 <= i < length.

    Rows with a formula (shift-invariant, fixed columns, one interval, compact) cost O(length), others one
    enumeration. Raises TooManyEntries where that is not affordable.
    """
    rows = np.arange(length)
    if length == 0:
        return rows
    if is_shift_invariant(row_set):
        return np.searchsorted(distances(row_set, length), rows, side="right").astype(np.int64)
    match recognise(row_set):
        case (Columns(_, _, _, _, lag),):
            return np.searchsorted(columns(row_set, length - 1), rows - lag, side="right").astype(np.int64)
        case (Block(width, lag),):
            return np.maximum(rows % width + 1 - lag, 0)
        case (Interval(low, high),):
            ends = [evaluate_rows(end, Rows(rows)) for end in (low, high)]
            sizes: IntArray = np.maximum(ends[1] - np.maximum(ends[0], 0), 0).astype(np.int64)
            return sizes
        case (Compact() as form,) if (lifetime := lifetimes(form, length)) is not None:
            return live_counts(rows + lifetime[1:])[:length]  # each row is what is live before it
        case _:
            return _enumerated_sizes(row_set, length)


def _enumerated_sizes(row_set: RowSet, length: int) -> IntArray:
    sizes = np.zeros(length, np.int64)
    for start, stop, found in batches(row_set, 0, length):
        sizes[start:stop] = np.bincount(found.row - start, minlength=stop - start)
    return sizes


def token_times(pattern: Pattern, length: int) -> IntArray:
    """time(i) = |A[i]| + |B[i]|, added over the groups, for 0 <= i < length."""
    times = np.zeros(length, np.int64)
    for group in pattern.groups:
        times += row_sizes(group.a, length) + row_sizes(group.b, length)
    return times


def time(tokens: IntArray) -> IntArray:
    """time(n) at index n, for 0 <= n <= len(tokens), from the times of the tokens: the largest below n."""
    return np.concatenate(([0], np.maximum.accumulate(tokens)))


def total(tokens: IntArray) -> IntArray:
    """total(n) at index n, for 0 <= n <= len(tokens), from the times of the tokens: their sum below n."""
    return np.concatenate(([0], np.cumsum(tokens)))
