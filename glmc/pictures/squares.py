"""Which entries of A and B are present, as squares of booleans."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from glmc.diagnostics import printable
from glmc.pattern.evaluate import BoolArray
from glmc.pattern.nodes import Group, Pattern, RowSet
from glmc.pattern.printer import print_signature
from glmc.pattern.rows import entry_blocks


@dataclass(frozen=True, eq=False)
class Squares:
    """The entries of one group of heads: ``a[i, j]`` and ``b[i, j]`` for rows and columns below the length."""

    title: str
    a: BoolArray
    b: BoolArray

    @property
    def length(self) -> int:
        return len(self.a)

    @property
    def summary(self) -> str:
        """The picture in words, for who does not see it."""
        counts = f"{np.count_nonzero(self.a)} entries and B {np.count_nonzero(self.b)}"
        return f"In the first {self.length} rows A has {counts}."


def squares(pattern: Pattern, length: int) -> Iterator[Squares]:
    """The squares of each group of heads, one after the other. Raises EvaluationError where a row has no value."""
    for group in pattern.groups:
        yield Squares(_title(pattern, group), presence(group.a, length), presence(group.b, length))


def _title(pattern: Pattern, group: Group) -> str:
    share = "" if group.fraction == 1 else f", {group.fraction} of the heads: {group.name}"
    return printable(print_signature(pattern)) + share


def presence(row_set: RowSet, length: int) -> BoolArray:
    """[length, length]: whether row i holds j. Raises EvaluationError where a row has no value."""
    cells = np.zeros((length, length), bool)
    for _, _, found in entry_blocks(row_set, 0, length):
        cells[found.row, found.column] = True
    return cells


def coarse(cells: BoolArray, most: int) -> tuple[BoolArray, int]:
    """At most ``most`` rows and columns, each cell of them set where some cell of a block is, and the block's size."""
    block = -(-len(cells) // most)
    size = -(-len(cells) // block)
    padded = np.zeros((size * block, size * block), bool)
    padded[: len(cells), : len(cells)] = cells
    return np.logical_or.reduce(padded.reshape(size, block, size, block), axis=(1, 3)), block


def runs(cells: BoolArray) -> Iterator[tuple[int, int, int]]:
    """(row, start, stop) of the set cells that stand side by side, row by row."""
    fenced = np.zeros((len(cells), len(cells) + 2), np.int8)
    fenced[:, 1:-1] = cells
    steps = np.diff(fenced)
    rows, starts = np.nonzero(steps == 1)
    _, stops = np.nonzero(steps == -1)
    yield from zip(rows.tolist(), starts.tolist(), stops.tolist(), strict=True)
