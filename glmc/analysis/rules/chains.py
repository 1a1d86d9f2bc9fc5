"""How many outputs can follow one another: the longest chain y_j → y_i → … of B-edges (j ∈ B[i]) below n.

B is nilpotent of this index: B^(L+1) = 0, so (I − B)⁻¹ = I + B + … + B^L.
"""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from glmc.analysis.forms import Band, Block, Columns, Fenwick, Shifts, Stride
from glmc.analysis.formula import N, floor_log, number
from glmc.analysis.growth import CONSTANT, LINEAR, LOG, Growth
from glmc.analysis.recognise import is_shift_invariant, reach
from glmc.analysis.rules.known import forms
from glmc.analysis.rules.maps import plus
from glmc.analysis.rules.periodic import common_period
from glmc.analysis.rules.sizes import size
from glmc.pattern.nodes import Expr, FloorDivide, Number, RowSet
from glmc.pattern.rows import entries, row

_SEARCHED = 4096
_LONGEST_CYCLE = 4096


@dataclass(frozen=True)
class Chain:
    """``most``: a bound on the edges of every chain below n, for n >= 2, and its growth."""

    most: Expr
    growth: Growth
    because: str

    @property
    def constant(self) -> int | None:
        """The bound, where it holds for every n alike."""
        return int(self.most.value) if isinstance(self.most, Number) else None


def longest_chain(b: RowSet) -> Chain:
    """The best bound of these.

    - No elements: no edge.
    - Elements in fixed columns: every edge starts in another one of them, all of which row n − 1 reads: |row n − 1|.
    - Own block of w positions: at most w − 1 edges.
    - Cleared bits: each edge clears a bit that is set, and i < n has at most ⌊log₂ n⌋ of them.
    - Rows that repeat with period p and reach back boundedly: if no cycle leads through the residues of i mod p, a
      chain meets each residue once.
    - Distances of at least c: ⌊(n − 1)/c⌋. Otherwise n − 1.
    """
    match forms(b):
        case ():
            return Chain(number(0), CONSTANT, "no output reads another")
        case found if all(isinstance(form, Columns) for form in found):
            columns = size(b)
            if columns.most is not None:
                return Chain(columns.most, columns.upper, "every step starts in another fixed column")
        case (Block(width, _),):
            return Chain(number(width - 1), CONSTANT, f"no row reads beyond its own block of {width}")
        case (Fenwick(1, 0),):
            return Chain(floor_log(N, 2), LOG, "each step clears one of at most floor(log2(n)) bits")
    acyclic = _acyclic_residues(b)
    if acyclic is not None:
        return acyclic
    step = _least_distance(b)
    if step > 1:
        return Chain(FloorDivide(plus(N, -1), number(step)), LINEAR, f"each step is at least {step} positions long")
    return Chain(plus(N, -1), LINEAR, "each step is at least one position long")


def _least_distance(b: RowSet) -> int:
    if not (is_shift_invariant(b) or all(isinstance(form, Band | Stride | Shifts) for form in forms(b))):
        return 1
    columns = row(b, _SEARCHED)
    return _SEARCHED - max(columns) if columns else _SEARCHED


def _acyclic_residues(b: RowSet) -> Chain | None:
    furthest = reach(b)
    if furthest is None or furthest > _LONGEST_CYCLE:
        return None
    period = common_period((b,))
    if period is None:
        return None
    start = -(-furthest // period) * period
    found = entries(b, start, start + period)
    earlier: dict[int, set[int]] = {}
    for j, i in zip(found.column.tolist(), found.row.tolist(), strict=True):
        earlier.setdefault(i % period, set()).add(j % period)
    steps: dict[int, int] = {}
    try:
        for residue in TopologicalSorter(earlier).static_order():
            steps[residue] = max((steps[j] + 1 for j in earlier.get(residue, ())), default=0)
    except CycleError:
        return None
    because = f"no cycle of steps leads through the residues of i modulo {period}"
    return Chain(number(max(steps.values(), default=0)), CONSTANT, because)
