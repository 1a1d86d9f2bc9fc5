"""Normal forms of row sets: what `recognise` finds in a row set, whoever wrote it.

A recognised row set is a tuple of forms whose union it is; the forms may overlap, and the empty tuple is the
empty set. Elements below 0 are dropped from every form. The distance of an entry (i, j) is i − j.
"""

from __future__ import annotations

from dataclasses import dataclass

from glmc.pattern.nodes import Expr, RowSet, Variable


@dataclass(frozen=True)
class Band:
    """{ i − d : first <= d < stop }; ``stop`` None reaches back to position 0.

    ``Band(0, 1)`` is {i}, ``Band(1, None)`` the whole past, ``Band(0, w)`` a window.
    """

    first: int
    stop: int | None


@dataclass(frozen=True)
class Stride:
    """{ i − (first + step·k) : 0 <= k < count }, step >= 2; ``count`` None is unbounded."""

    first: int
    step: int
    count: int | None


@dataclass(frozen=True)
class Shifts:
    """{ i − distance(variable) : start <= variable < stop }; ``stop`` None is unbounded.

    ``distance`` is neither a progression of ``variable`` nor constant, and mentions no row index.
    """

    distance: Expr
    variable: Variable
    start: int
    stop: int | None


@dataclass(frozen=True)
class Columns:
    """{ column(variable) : start <= variable < stop, column(variable) <= i − lag }: fixed columns, once born.

    ``stop`` None is unbounded.
    """

    column: Expr
    variable: Variable
    start: int
    stop: int | None
    lag: int


@dataclass(frozen=True)
class Block:
    """{ j : ⌊i/width⌋·width <= j <= i − lag }: the row's own block."""

    width: int
    lag: int


@dataclass(frozen=True)
class Interval:
    """{ j : low(i) <= j < high(i) }; expressions of the row index alone."""

    low: Expr
    high: Expr


@dataclass(frozen=True)
class Compact:
    """compact(f): { a_k·⌈(i + 1 − f(k)) / a_k⌉ − 1 : k >= 0, f(k) <= i }, a the rounded-up gaps of f.

    ``distance`` is f(variable) and ``unit`` a_variable (THEORY, section 3). f(0) is 1.
    """

    distance: Expr
    unit: Expr
    variable: Variable


@dataclass(frozen=True)
class Fenwick:
    """{ c − back : c = ⌊i/2^k⌋·2^k, 0 <= k <= bitlen(i), c − back <= i − lag }: low bits of i cleared.

    (lag, back) is (0, 0) for i with low bits cleared and 0, (1, 0) for the same without i, (1, 1) for what a
    Fenwick tree sums, 0-based.
    """

    lag: int
    back: int


@dataclass(frozen=True)
class Opaque:
    """A row set without a normal form."""

    row_set: RowSet


Form = Band | Stride | Shifts | Columns | Block | Interval | Compact | Fenwick | Opaque
