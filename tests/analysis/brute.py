"""The structural quantities by their definitions in THEORY.md, section 2, over plain sets of rows."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cache

from glmc.pattern.nodes import Pattern, RowSet
from glmc.pattern.rows import entries
from tests import oracle

Rows = list[set[int]]


@dataclass(frozen=True)
class Mixer:
    """Pairs (A, B) of rows 0 … horizon − 1 for each group of heads."""

    groups: tuple[tuple[Rows, Rows], ...]

    def time(self, length: int) -> int:
        return max(self._row_time(i) for i in range(length))

    def total(self, length: int) -> int:
        return sum(self._row_time(i) for i in range(length))

    def _row_time(self, i: int) -> int:
        return sum(len(a[i]) + len(b[i]) for a, b in self.groups)

    def cache(self, length: int) -> int:
        return max(self._live(t) for t in range(length + 1))

    def _live(self, t: int) -> int:
        return sum(len({j for row in rows[t:] for j in row if j < t}) for group in self.groups for rows in group)

    def hops(self, length: int) -> dict[tuple[int, int], int]:
        """Shortest influence paths (j, i) → length, breadth first from every input."""
        shortest: dict[tuple[int, int], int] = {}
        for a, b in self.groups:
            for j in range(length):
                starts = [i for i in range(j, length) if j in a[i]]
                # an edge of its own for each position change: x_j → y_j is free
                seen = {i: int(i != j) for i in starts}
                queue = deque(sorted(starts, key=lambda i: seen[i]))
                while queue:
                    m = queue.popleft()
                    for i in range(m + 1, length):
                        if m in b[i] and seen.get(i, length + 1) > seen[m] + 1:
                            seen[i] = seen[m] + 1
                            queue.append(i)
                for i, count in seen.items():
                    shortest[j, i] = min(count, shortest.get((j, i), count))
        return shortest


def path(hops: dict[tuple[int, int], int], length: int) -> int | None:
    pairs = [hops.get((j, i)) for i in range(length) for j in range(i + 1)]
    return None if None in pairs else max(count for count in pairs if count is not None)


def unreachable(hops: dict[tuple[int, int], int], length: int) -> tuple[int, int] | None:
    return next(((j, i) for i in range(length) for j in range(i + 1) if (j, i) not in hops), None)


@cache
def read(text: str, horizon: int) -> dict[str, Mixer]:
    """Every mixer of a file, its rows from the oracle's own reading of the language."""
    return {
        name: Mixer(
            tuple(
                tuple([set(side(i)) for i in range(horizon)] for side in (group.a, group.b)) for group in mixer.groups
            )
        )
        for name, mixer in oracle.read(text).items()
    }


def rows_of(row_set: RowSet, stop: int) -> Rows:
    """The rows as glmc's evaluator gives them, for lengths at which the oracle would take minutes."""
    found = entries(row_set, 0, stop)
    rows: Rows = [set() for _ in range(stop)]
    for row, column in zip(found.row.tolist(), found.column.tolist(), strict=True):
        rows[row].add(column)
    return rows


def of(pattern: Pattern, horizon: int) -> Mixer:
    return Mixer(tuple((rows_of(g.a, horizon), rows_of(g.b, horizon)) for g in pattern.groups))
