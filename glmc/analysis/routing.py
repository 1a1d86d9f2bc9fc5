"""Explicit routings of n tokens by n positions, and the largest load of one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from glmc.analysis.batches import batches
from glmc.diagnostics import InternalError
from glmc.pattern.evaluate import IntArray
from glmc.pattern.nodes import Group, Pattern, RowSet


@dataclass(frozen=True, eq=False)
class Route:
    """An influence path from an input x_j: the outputs on it, ascending, in one group of heads. The first reads x_j."""

    group: int
    outputs: IntArray


Routing = tuple[Route, ...]
"""Route j leads from x_j to y_{j+n}, for 0 <= j < n."""


@dataclass(frozen=True, eq=False)
class Edges:
    """Entries (row, column) of A and of B of one group below a length, by ascending rows."""

    a: tuple[IntArray, IntArray]
    b: tuple[IntArray, IntArray]

    @classmethod
    def of(cls, group: Group, length: int) -> Edges:
        return cls(_entries(group.a, length), _entries(group.b, length))

    def __len__(self) -> int:
        return len(self.a[0]) + len(self.b[0])


def _entries(row_set: RowSet, length: int) -> tuple[IntArray, IntArray]:
    found = [piece for _, _, piece in batches(row_set, 0, length)]
    return np.concatenate([f.row for f in found]), np.concatenate([f.column for f in found])


def largest_load(pattern: Pattern, routing: Routing) -> int:
    """The most routes that enter one position of one group, a route's own start excluded.

    Every edge is looked up in the rows: a routing with one that is not there, or that ends elsewhere, raises
    InternalError.
    """
    length = len(routing)
    sides = [tuple(_table(side, 2 * length) for side in (group.a, group.b)) for group in pattern.groups]
    loads = np.zeros((len(sides), 2 * length), np.int64)
    for source, route in enumerate(routing):
        inputs, outputs = sides[route.group]
        first, last = route.outputs[0], route.outputs[-1]
        if last != source + length or not inputs[first, source]:
            raise InternalError(f"route {source} does not lead from its input to its output")
        if not outputs[route.outputs[1:], route.outputs[:-1]].all():
            raise InternalError(f"route {source} follows an entry that is not in the rows")
        entered = route.outputs[1:] if first == source else route.outputs
        loads[route.group, entered] += 1
    return int(loads.max())


def _table(row_set: RowSet, length: int) -> npt.NDArray[np.bool_]:
    table = np.zeros((length, length), bool)
    table[_entries(row_set, length)] = True
    return table
