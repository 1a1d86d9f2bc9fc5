"""The spanned tree of a ``.glm`` file: what was written, nothing resolved.

One expression grammar serves index expressions, weights and claims; which names a place allows is decided in
``glmc.pattern.elaborate``. Spans take no part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from glmc.source import Span

_SPAN: Span = Span(0, 0)


@dataclass(frozen=True)
class Node:
    span: Span = field(default=_SPAN, compare=False, kw_only=True)


# -- expressions -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Number(Node):
    """An integer or decimal literal, exact."""

    value: Fraction


@dataclass(frozen=True)
class Name(Node):
    name: str


@dataclass(frozen=True)
class Unary(Node):
    """``-operand``."""

    operand: Expr


@dataclass(frozen=True)
class Sum(Node):
    """``first (± term)…``, flat; each rest entry is ("+" | "-", term)."""

    first: Expr
    rest: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True)
class Product(Node):
    """``first (op factor)…``, flat, left to right; op is "*", "/", "//" or "%"."""

    first: Expr
    rest: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True)
class Power(Node):
    base: Expr
    exponent: Expr


@dataclass(frozen=True)
class Keyword(Node):
    """``name = value`` inside call arguments."""

    name: str
    value: Expr


@dataclass(frozen=True)
class Call(Node):
    function: Name
    arguments: tuple[Expr | Keyword, ...]


@dataclass(frozen=True)
class RowSum(Node):
    """``sum(A)`` or ``sum(B)``; any other function name before a row is kept for elaboration to refuse."""

    function: Name
    row: str


@dataclass(frozen=True)
class Apart(Node):
    """``log n``, ``n^2 log n``, ``log log n``: factors without a product sign, for claims only."""

    words: tuple[Expr, ...]


Expr = Number | Name | Unary | Sum | Product | Power | Call | RowSum | Apart

# -- conditions ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparison(Node):
    """``first (op expr)…``, chained; op is one of < <= == != >= >."""

    first: Expr
    rest: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True)
class And(Node):
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Or(Node):
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not(Node):
    part: Condition


Condition = Comparison | And | Or | Not

# -- sets ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Listed(Node):
    """``{}`` or ``{e, …}``."""

    elements: tuple[Expr, ...]


@dataclass(frozen=True)
class Generator(Node):
    """``for variable in start..stop``; no stop means unbounded."""

    variable: Name
    start: Expr
    stop: Expr | None


@dataclass(frozen=True)
class Comprehension(Node):
    """``{ element for … if condition }``; without generators it is ``{ element if condition }``."""

    element: Expr
    generators: tuple[Generator, ...]
    condition: Condition | None


@dataclass(frozen=True)
class Applied(Node):
    """``name(arguments)[row]``."""

    function: Name
    arguments: tuple[Expr | Keyword, ...]
    row: Expr


@dataclass(frozen=True)
class RowReference(Node):
    """``A[e]`` or ``B[e]`` inside a set: always an error."""

    row: str
    argument: Expr


@dataclass(frozen=True)
class SetChain(Node):
    """``first (op set)…`` with op "|" or "-", flat, left to right."""

    first: Set
    rest: tuple[tuple[str, Set], ...]


@dataclass(frozen=True)
class Intersection(Node):
    parts: tuple[Set, ...]


Set = Listed | Comprehension | Applied | RowReference | SetChain | Intersection

# -- statements ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parameter(Node):
    name: Name
    kind: Name
    default: Expr | None


@dataclass(frozen=True)
class Doc(Node):
    text: str


@dataclass(frozen=True)
class Where(Node):
    condition: Condition


@dataclass(frozen=True)
class LetConstant(Node):
    name: Name
    value: Expr


@dataclass(frozen=True)
class LetEquation(Node):
    """``let f(variable + shift) = value``, or ``let f(shift) = value`` when variable is None."""

    name: Name
    variable: Name | None
    shift: int
    value: Expr


@dataclass(frozen=True)
class Rows(Node):
    """``A[row] = set`` or ``B[row] = set``."""

    side: str
    row: Name
    set: Set


@dataclass(frozen=True)
class Weights(Node):
    """``sides`` as written, e.g. ("A", "B")."""

    sides: tuple[str, ...]
    value: Expr


@dataclass(frozen=True)
class State(Node):
    value: Expr


@dataclass(frozen=True)
class ClaimOrder(Node):
    """``claim quantity in order(bound)``."""

    quantity: Name
    order: Name
    bound: Expr


@dataclass(frozen=True)
class ClaimBound(Node):
    """``claim quantity relation bound`` with relation "<=" or "=="."""

    quantity: Name
    relation: str
    bound: Expr


@dataclass(frozen=True)
class Heads(Node):
    fraction: Expr
    mixer: Name
    arguments: tuple[Expr | Keyword, ...]


Let = LetConstant | LetEquation
Statement = Doc | Where | LetConstant | LetEquation | Rows | Weights | State | ClaimOrder | ClaimBound | Heads


@dataclass(frozen=True)
class Mixer(Node):
    name: Name
    parameters: tuple[Parameter, ...]
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class SetDefinition(Node):
    name: Name
    parameters: tuple[Parameter, ...]
    row: Name
    statements: tuple[Let | Where, ...]
    set: Set


Item = Mixer | SetDefinition | LetConstant | LetEquation


@dataclass(frozen=True)
class Module(Node):
    version: int
    items: tuple[Item, ...]
