"""lark's tree to the spanned nodes, bottom up and without recursion."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from lark import Token, Tree
from lark.visitors import Transformer_NonRecursive, v_args

from glmc.source import Span
from glmc.syntax.nodes import (
    And,
    Apart,
    Applied,
    Call,
    ClaimBound,
    ClaimOrder,
    Comparison,
    Comprehension,
    Condition,
    Doc,
    Expr,
    Generator,
    Heads,
    Intersection,
    Item,
    Keyword,
    Let,
    LetConstant,
    LetEquation,
    Listed,
    Mixer,
    Module,
    Name,
    Not,
    Number,
    Or,
    Parameter,
    Power,
    Product,
    RowReference,
    Rows,
    RowSum,
    Set,
    SetChain,
    SetDefinition,
    State,
    Sum,
    Unary,
    Weights,
    Where,
)

_ESCAPED = re.compile(r"\\(.)")


def build_module(tree: Tree[Token]) -> Module:
    """The module of a complete parse tree."""
    module = _Builder().transform(tree)
    assert isinstance(module, Module)
    return module


def token_span(token: Token) -> Span:
    assert token.start_pos is not None and token.end_pos is not None
    return Span(token.start_pos, token.end_pos)


def _name(token: Token) -> Name:
    return Name(str(token), span=token_span(token))


def _pairs(rest: tuple[Any, ...]) -> tuple[tuple[str, Any], ...]:
    """Alternating operators and operands, paired; the operators as plain text."""
    return tuple(
        ("*" if operator == "·" else str(operator), operand)
        for operator, operand in zip(rest[::2], rest[1::2], strict=True)
    )


def _with_span(function: Callable[..., Any], _rule: str, children: list[Any], meta: Any) -> Any:
    return function(*children, span=Span(meta.start_pos, meta.end_pos))


@v_args(wrapper=_with_span)
class _Builder(Transformer_NonRecursive[Token, Any]):
    """One method a rule of ``grammar/glm.lark``."""

    def file(self, version: Token, *items: Item, span: Span) -> Module:
        return Module(int(version), items, span=span)

    # -- items -------------------------------------------------------------------------------------

    def mixer(self, name: Token, *rest: Any, span: Span) -> Mixer:
        parameters, statements = _split_parameters(rest)
        return Mixer(_name(name), parameters, statements, span=span)

    def params(self, *parameters: Parameter, span: Span) -> tuple[Parameter, ...]:
        return parameters

    def param(self, name: Token, kind: Token, default: Expr | None = None, *, span: Span) -> Parameter:
        return Parameter(_name(name), _name(kind), default, span=span)

    def set_def(self, name: Token, *rest: Any, span: Span) -> SetDefinition:
        parameters, (row, body) = _split_parameters(rest)
        statements, elements = body if isinstance(body, tuple) else ((), body)
        return SetDefinition(_name(name), parameters, _name(row), statements, elements, span=span)

    def set_body(self, *parts: Any, span: Span) -> tuple[tuple[Let | Where, ...], Set]:
        return parts[:-1], parts[-1]

    # -- statements --------------------------------------------------------------------------------

    def doc(self, text: Token, *, span: Span) -> Doc:
        return Doc(_ESCAPED.sub(r"\1", text[1:-1]), span=span)

    def where(self, condition: Condition, *, span: Span) -> Where:
        return Where(condition, span=span)

    def let_constant(self, name: Token, value: Expr, *, span: Span) -> LetConstant:
        return LetConstant(_name(name), value, span=span)

    def let_equation(self, name: Token, pattern: tuple[Name | None, int], value: Expr, *, span: Span) -> LetEquation:
        variable, shift = pattern
        return LetEquation(_name(name), variable, shift, value, span=span)

    def pattern_name(self, name: Token, *, span: Span) -> tuple[Name | None, int]:
        return _name(name), 0

    def pattern_literal(self, value: Token, *, span: Span) -> tuple[Name | None, int]:
        return None, int(value)

    def pattern_shift(self, name: Token, shift: Token, *, span: Span) -> tuple[Name | None, int]:
        return _name(name), int(shift)

    def rows(self, side: Token, row: Token, elements: Set, *, span: Span) -> Rows:
        return Rows(str(side), _name(row), elements, span=span)

    def weights(self, *parts: Any, span: Span) -> Weights:
        return Weights(tuple(str(side) for side in parts[:-1]), parts[-1], span=span)

    def state(self, value: Expr, *, span: Span) -> State:
        return State(value, span=span)

    def claim_order(self, quantity: Token, order: Token, bound: Expr, *, span: Span) -> ClaimOrder:
        return ClaimOrder(_name(quantity), _name(order), bound, span=span)

    def claim_bound(self, quantity: Token, relation: Token, bound: Expr, *, span: Span) -> ClaimBound:
        return ClaimBound(_name(quantity), str(relation), bound, span=span)

    def heads(self, fraction: Expr, mixer: Token, arguments: tuple[Expr | Keyword, ...] = (), *, span: Span) -> Heads:
        return Heads(fraction, _name(mixer), arguments, span=span)

    def call_args(self, *arguments: Expr | Keyword, span: Span) -> tuple[Expr | Keyword, ...]:
        return arguments

    # -- sets --------------------------------------------------------------------------------------

    def set(self, first: Set, *rest: Any, span: Span) -> SetChain:
        return SetChain(first, _pairs(rest), span=span)

    def intersection(self, *parts: Set, span: Span) -> Intersection:
        return Intersection(parts, span=span)

    def listed(self, *elements: Expr, span: Span) -> Listed:
        return Listed(elements, span=span)

    def comprehension(self, element: Expr, *rest: Any, span: Span) -> Comprehension:
        generators = tuple(part for part in rest if isinstance(part, Generator))
        condition = rest[-1] if len(rest) > len(generators) else None
        return Comprehension(element, generators, condition, span=span)

    def applied(self, function: Token, *rest: Any, span: Span) -> Applied:
        return Applied(_name(function), rest[0] if len(rest) == 2 else (), rest[-1], span=span)

    def row_reference(self, row: Token, argument: Expr, *, span: Span) -> RowReference:
        return RowReference(str(row), argument, span=span)

    def generator(self, variable: Token, bounds: tuple[Expr, Expr | None], *, span: Span) -> Generator:
        return Generator(_name(variable), *bounds, span=span)

    def range(self, start: Expr, stop: Expr | None = None, *, span: Span) -> tuple[Expr, Expr | None]:
        return start, stop

    # -- conditions --------------------------------------------------------------------------------

    def condition(self, *parts: Condition, span: Span) -> Or:
        return Or(parts, span=span)

    def conjunction(self, *parts: Condition, span: Span) -> And:
        return And(parts, span=span)

    def not_(self, part: Condition, *, span: Span) -> Not:
        return Not(part, span=span)

    def comparison(self, first: Expr, *rest: Any, span: Span) -> Comparison:
        return Comparison(first, _pairs(rest), span=span)

    # -- expressions -------------------------------------------------------------------------------

    def sum(self, first: Expr, *rest: Any, span: Span) -> Sum:
        return Sum(first, _pairs(rest), span=span)

    def product(self, first: Expr, *rest: Any, span: Span) -> Product:
        return Product(first, _pairs(rest), span=span)

    def negative(self, operand: Expr, *, span: Span) -> Unary:
        return Unary(operand, span=span)

    def power(self, base: Expr, exponent: Expr, *, span: Span) -> Power:
        return Power(base, exponent, span=span)

    def apart(self, *words: Expr, span: Span) -> Apart:
        return Apart(words, span=span)

    def integer(self, digits: Token, *, span: Span) -> Number:
        return Number(Fraction(int(digits)), span=span)

    def decimal(self, digits: Token, *, span: Span) -> Number:
        return Number(Fraction(str(digits)), span=span)

    def name(self, name: Token, *, span: Span) -> Name:
        return _name(name)

    def call(self, function: Token, *arguments: Expr | Keyword, span: Span) -> Call:
        return Call(_name(function), arguments, span=span)

    def row_sum(self, function: Token, row: Token, *, span: Span) -> RowSum:
        return RowSum(_name(function), str(row), span=span)

    def keyword(self, name: Token, value: Expr, *, span: Span) -> Keyword:
        return Keyword(str(name), value, span=span)


def _split_parameters(rest: tuple[Any, ...]) -> tuple[tuple[Parameter, ...], tuple[Any, ...]]:
    """Optional parameters in front of what follows a name."""
    if rest and isinstance(rest[0], tuple):
        return rest[0], rest[1:]
    return (), rest
