"""The schedule of one mixer: for each side the kernel class of its rows and the integers that the code needs.

Templates see strings and integers, never sympy. A side's coefficients are stored by slot (docs/architecture.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from glmc.pattern.nodes import Dot, IndexMap, RowSet, Side, Weight


class RowClass(Enum):
    """What a kernel may assume about the columns of row i; the first that applies, best first."""

    EMPTY = "empty"  # no entry
    SELF = "self"  # {i}
    BAND = "band"  # i - s for slots s = first .. first + count - 1
    SHIFTS = "shifts"  # i - d_s with distances that do not depend on i, finitely many or growing
    DENSE = "dense"  # slot s is column s: a masked prefix
    COLUMNS = "columns"  # slot s is a column c_s that does not depend on i
    NESTED = "nested"  # row i is within row i - 1 and {i - 1}: compact, fenwick
    CLOSED = "closed"  # elementwise int64 arithmetic in i for each slot
    TABLE = "table"  # exact Python integers, row by row


class Addressing(Enum):
    """Where the decode state keeps what a side still reads."""

    NONE = "none"  # nothing from before the present token
    HISTORY = "history"  # every token, by position
    RING = "ring"  # the last ``reach`` tokens, by position modulo reach
    NESTED = "nested"  # one vector a slot
    TABLE = "table"  # live columns, by a table of slots


@dataclass(frozen=True)
class SidePlan:
    """One side of one group."""

    side: Side
    rows: RowSet
    weight: Weight
    row_class: RowClass
    numbered: bool  # False: slots are places in no order the language defines, only scores by position use them
    slot_count: int | None  # slots of a side that does not grow with the length, otherwise None
    distances: tuple[int, ...] | None  # i - j of each slot where finitely many and fixed
    index_map: IndexMap | None  # f where the rows are compact(f)
    unit_map: IndexMap | None  # a_k, the rounded-up gaps of f, where the rows are compact(f)
    reach: int | None  # the largest i - j, where bounded
    addressing: Addressing
    first_logit: int | None  # its first logit in slot_gate and const; None where its weight has no logits by slot

    @property
    def name(self) -> str:
        """The side in generated names: `a` or `b`."""
        return self.side.lower()

    @property
    def is_empty(self) -> bool:
        return self.row_class is RowClass.EMPTY

    @property
    def has_one_slot(self) -> bool:
        return self.slot_count == 1

    @property
    def is_prefix(self) -> bool:
        """Whether slot s is column s, so that products are with a contiguous prefix and nothing is gathered."""
        return self.row_class is RowClass.DENSE


@dataclass(frozen=True)
class Attention:
    """y_i = factor · Σ_j softmax(scale · dot) x_j over fixed distances i − j and sinks.

    Distances below ``near``, a multiple of 32, are computed by tiles, each other one by itself. ``far``: whether
    there are others. ``sinks``: columns that all rows read from some row on, with that row.
    """

    factor: Weight
    scale: Fraction  # beside 1/sqrt(d_k)
    dot: Dot
    near: int
    far: bool
    sinks: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class GroupPlan:
    """Heads that share a pattern. ``package`` is its sub-package, "" for a mixer of one group."""

    name: str
    package: str
    a: SidePlan
    b: SidePlan
    state: int | None  # channels of `state N`
    inputs: tuple[str, ...]  # of q, k, gate, slot_gate, const, write, read: those needed, in this order
    chunk: int  # rows solved at once
    attention: Attention | None  # where the group can be computed as such

    @property
    def sides(self) -> tuple[SidePlan, ...]:
        """The sides that have entries."""
        return tuple(side for side in (self.a, self.b) if not side.is_empty)

    @property
    def is_shifted(self) -> bool:
        """Whether all that is read lies fixed distances back."""
        return all(side.row_class in (RowClass.SELF, RowClass.BAND, RowClass.SHIFTS) for side in self.sides)

    @property
    def core_inputs(self) -> tuple[str, ...]:
        """The inputs of the mixing itself; write and read act before and after it."""
        return tuple(name for name in self.inputs if name not in ("write", "read"))


@dataclass(frozen=True)
class Share:
    """A fraction of the heads, mixed by ``groups[group]``."""

    fraction: Fraction
    group: int


@dataclass(frozen=True)
class Plan:
    """One mixer: its distinct groups, the shares of the heads in order, and what the files' headers say."""

    name: str
    class_name: str
    doc: str | None
    groups: tuple[GroupPlan, ...]
    shares: tuple[Share, ...]
    inputs: tuple[str, ...]  # of all groups
    basename: str
    source_text: str
    digest: str  # sha256 of the source text, hexadecimal
    identity: str  # short digest of all that the code depends on: names its torch operators
    notes: tuple[str, ...]  # the parameters and derived costs, a line each

    @property
    def is_composed(self) -> bool:
        """Whether the heads are split among sub-packages."""
        return bool(self.groups[0].package)
