"""The meaning of one mixer: closed row sets, weights and claims, every name resolved and every parameter a value.

Conventions. ``Row()`` is the output index i (0-based). Bound variables are unique within a pattern. User sets and
the standard library are inlined; maps stay shared objects, because rules recognise them. Elements below 0 are
dropped by whoever evaluates a row (LANGUAGE, "Meaning"). Spans take no part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from glmc.source import Source, Span

Side = Literal["A", "B"]
_SPAN: Span = Span(0, 0)

# -- index expressions: exact integers and rationals --------------------------------------------------------


@dataclass(frozen=True)
class Number:
    value: Fraction


@dataclass(frozen=True)
class Row:
    """The output index i."""


@dataclass(frozen=True)
class Length:
    """The sequence length n; only in claims."""


@dataclass(frozen=True)
class Variable:
    """A bound variable: of a comprehension, or the argument of a map."""

    name: str


@dataclass(frozen=True)
class Sum:
    terms: tuple[Expr, ...]


@dataclass(frozen=True)
class Product:
    factors: tuple[Expr, ...]


@dataclass(frozen=True)
class Quotient:
    """Exact division."""

    numerator: Expr
    denominator: Expr


@dataclass(frozen=True)
class FloorDivide:
    """``a // b``, b > 0."""

    numerator: Expr
    denominator: Expr


@dataclass(frozen=True)
class Remainder:
    """``a % b``, b > 0, in [0, b)."""

    numerator: Expr
    denominator: Expr


@dataclass(frozen=True)
class Power:
    base: Expr
    exponent: Expr


Function = Literal["floor", "ceil", "sqrt", "log2", "log", "min", "max", "abs", "gcd", "lowbit", "bitlen"]


@dataclass(frozen=True)
class Call:
    """A built-in function. ``log`` has arguments (x, base), or (x,) for the natural logarithm in claims."""

    function: Function
    arguments: tuple[Expr, ...]


@dataclass(frozen=True)
class MapValue:
    """map(argument); the argument is an integer ≥ 0."""

    map: IndexMap
    argument: Expr


@dataclass(frozen=True)
class Earlier:
    """f(k + offset) inside the step of the recursive map f itself, 0 <= offset < order."""

    offset: int


Expr = (
    Number
    | Row
    | Length
    | Variable
    | Sum
    | Product
    | Quotient
    | FloorDivide
    | Remainder
    | Power
    | Call
    | MapValue
    | Earlier
)

# -- index maps ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ClosedMap:
    """f(variable) = body for every integer variable >= 0."""

    name: str = field(compare=False)
    variable: Variable
    body: Expr


@dataclass(frozen=True)
class RecursiveMap:
    """f(0) … f(m-1) = first, f(variable + m) = step, where ``Earlier(o)`` is f(variable + o)."""

    name: str = field(compare=False)
    first: tuple[Expr, ...]
    variable: Variable
    step: Expr

    @property
    def order(self) -> int:
        return len(self.first)


IndexMap = ClosedMap | RecursiveMap

# -- conditions ---------------------------------------------------------------------------------------------

Relation = Literal["<", "<=", "==", "!=", ">=", ">"]


@dataclass(frozen=True)
class Comparison:
    """One relation; chains are elaborated into ``And``."""

    left: Expr
    relation: Relation
    right: Expr


@dataclass(frozen=True)
class And:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    part: Condition


Condition = Comparison | And | Or | Not

# -- row sets -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Listed:
    elements: tuple[Expr, ...]
    span: Span = field(default=_SPAN, compare=False, kw_only=True)


@dataclass(frozen=True)
class Generator:
    """variable in start..stop (half open); ``stop`` None is unbounded, and elaboration proved that it ends."""

    variable: Variable
    start: Expr
    stop: Expr | None


@dataclass(frozen=True)
class Comprehension:
    """Ranges are evaluated first, then the condition, then the element."""

    element: Expr
    generators: tuple[Generator, ...]
    condition: Condition | None = None
    span: Span = field(default=_SPAN, compare=False, kw_only=True)


@dataclass(frozen=True)
class Union:
    left: RowSet
    right: RowSet
    span: Span = field(default=_SPAN, compare=False, kw_only=True)


@dataclass(frozen=True)
class Difference:
    left: RowSet
    right: RowSet
    span: Span = field(default=_SPAN, compare=False, kw_only=True)


@dataclass(frozen=True)
class Intersection:
    left: RowSet
    right: RowSet
    span: Span = field(default=_SPAN, compare=False, kw_only=True)


RowSet = Listed | Comprehension | Union | Difference | Intersection

EMPTY = Listed(())
SELF = Listed((Row(),))

# -- weights: one expression a side, elementwise over the row except for softmax and row sums ---------------

Vector = Literal["q", "k", "unit(q)", "unit(k)"]


@dataclass(frozen=True)
class Constant:
    value: Fraction


@dataclass(frozen=True)
class Dot:
    """left at i times right at j; divided by sqrt(d_k) unless either is unit."""

    left: Vector
    right: Vector


@dataclass(frozen=True)
class Gate:
    """One logit a token and head."""


@dataclass(frozen=True)
class SlotGate:
    """One logit a token, head and slot."""


@dataclass(frozen=True)
class Learned:
    """``const``: one learned number a head and slot."""


@dataclass(frozen=True)
class Softmax:
    """exp(score) over the sum of exp(score) along the row of ``over``; "AB" is the union of both rows' entries.

    For "AB", ``score`` is the side's own score; the normaliser runs over both sides (the other side's weights hold
    the same ``Softmax``).
    """

    score: Weight
    over: Literal["A", "B", "AB"]


@dataclass(frozen=True)
class Sigmoid:
    argument: Weight


@dataclass(frozen=True)
class RowSum:
    """Sum of the weights of that side's row at i."""

    side: Side


@dataclass(frozen=True)
class WeightSum:
    terms: tuple[Weight, ...]


@dataclass(frozen=True)
class WeightProduct:
    factors: tuple[Weight, ...]


@dataclass(frozen=True)
class WeightQuotient:
    numerator: Weight
    denominator: Weight


Weight = (
    Constant | Dot | Gate | SlotGate | Learned | Softmax | Sigmoid | RowSum | WeightSum | WeightProduct | WeightQuotient
)

# -- claims and patterns ------------------------------------------------------------------------------------

Quantity = Literal["time", "total", "cache", "path", "congestion"]


@dataclass(frozen=True)
class Claim:
    """``quantity in O(bound)``, Omega or Theta, or ``quantity <= bound``, or ==; ``bound`` speaks of ``Length()``."""

    quantity: Quantity
    relation: Literal["O", "Omega", "Theta", "<=", "=="]
    bound: Expr
    text: str  # as written, white space folded
    span: Span = field(default=_SPAN, compare=False)


@dataclass(frozen=True)
class Group:
    """Heads that share row sets and weights. A weight of a side whose rows are all empty is ``Constant(0)``."""

    name: str
    fraction: Fraction
    a: RowSet
    b: RowSet
    weight_a: Weight
    weight_b: Weight
    state: int | None  # channels of `state N`


@dataclass(frozen=True)
class Pattern:
    """One mixer with its parameters set. A mixer without ``heads`` has one group of fraction 1, named as the mixer."""

    name: str
    doc: str | None
    parameters: tuple[tuple[str, Fraction | str], ...]  # a map argument appears by its name
    groups: tuple[Group, ...]
    claims: tuple[Claim, ...]
    source: Source = field(compare=False, repr=False)
    span: Span = field(default=_SPAN, compare=False)

    def _repr_html_(self) -> str:
        """The picture and the canonical text, for notebooks."""
        from glmc.report.notebook import pattern_html

        return pattern_html(self)
