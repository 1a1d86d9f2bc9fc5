"""Schedules softmax attention over inputs at fixed distances: which go by tiles of scores, which one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmc.analysis.forms import Band, Columns, Form, Shifts, Stride
from glmc.analysis.recognise import recognise
from glmc.pattern.evaluate import Environment, EvaluationError, IntArray, evaluate_integer
from glmc.pattern.nodes import RowSet, Softmax
from glmc.pattern.rows import entries
from glmc.plan.factors import multiple_of_dot, separate
from glmc.plan.nodes import Attention, RowClass, SidePlan

ROWS, COLUMNS = 64, 32  # of a tile of scores
HORIZON = 1 << 15  # the length whose distances are weighed
LAST_SINK = 63  # the last column that may be read from everywhere


@dataclass(frozen=True)
class Costs:
    """What 64 rows of a head of 64 bfloat16 channels take on a multiprocessor, forward and backward, in nanoseconds.

    Fitted to windows, 2^k and k^2 + 1 on H100 and H200.
    """

    tile: float = 2000.0  # 32 columns: products of tiles
    vectors: float = 800.0  # one distance: 64 vectors of k and x
    beside: float = 1200.0  # the same in kernels that have tiles too: fewer programs fit beside one another


def attention(a: SidePlan, b: SidePlan) -> Attention | None:
    """The schedule of a group; None where B has entries, rows are no fixed distances or weights have another form."""
    if a.is_empty or not b.is_empty or a.row_class is RowClass.SELF:
        return None
    match separate(a.weight):
        case (factor, Softmax(score, _)) if (product := multiple_of_dot(score)) is not None:
            pass
        case _:
            return None
    try:
        sinks = _sinks(a)
        if sinks is None:
            return None
        distances = _distances(a.rows)
    except EvaluationError:
        return None
    near = cheapest_near(distances, Costs())
    return Attention(factor, *product, near, bool((distances >= near).any()) or _grows(a), sinks)


def cheapest_near(distances: IntArray, costs: Costs) -> int:
    """The multiple of COLUMNS below which ``distances`` [n], ascending, cost least as tiles."""
    if not len(distances):
        return 0
    tiles = np.arange(int(distances[-1]) // COLUMNS + 2)
    others = len(distances) - np.searchsorted(distances, tiles * COLUMNS)
    own = ROWS // COLUMNS  # tiles that hold the columns of the rows themselves
    cost = np.where(tiles, (tiles + own) * costs.tile + others * costs.beside, others * costs.vectors)
    return int(cost.argmin()) * COLUMNS


def _distances(rows: RowSet) -> IntArray:
    """The distances below HORIZON in ascending order: nothing else is so near to a late row."""
    row = 2 * HORIZON
    found = np.sort(row - entries(rows, row, row + 1).column)
    return found[found < HORIZON]


def _grows(a: SidePlan) -> bool:
    """Whether longer sequences may have further distances."""
    bounded = all(isinstance(form, Band | Columns) for form in recognise(a.rows))
    return a.reach is None and not bounded


def _sinks(a: SidePlan) -> tuple[tuple[int, int], ...] | None:
    """The columns that all rows read from some row on, with that row; None where rows have yet other entries."""
    if a.row_class in (RowClass.BAND, RowClass.SHIFTS):
        return ()
    found: dict[int, int] = {}
    for form in recognise(a.rows):
        columns = _columns(form)
        if columns is None or any(column > LAST_SINK for column, _ in columns):
            return None
        for column, row in columns:
            found[column] = min(row, found.get(column, row))
    return tuple(sorted(found.items()))


def _columns(form: Form) -> list[tuple[int, int]] | None:
    """What a form of fixed distances or few fixed columns adds to the sinks; None for other forms."""
    match form:
        case Band(_, int()) | Stride() | Shifts():
            return []
        case Columns(column, variable, start, int(stop), lag) if stop - start <= LAST_SINK + 1:
            values = [evaluate_integer(column, Environment(variables={variable.name: k})) for k in range(start, stop)]
            return [(value, value + lag) for value in values if value >= 0]
        case _:
            return None
