"""Index expressions in normal form: rational polynomials over atoms, so that equal expressions compare equal.

Atoms are what polynomial arithmetic cannot open: the row index, variables, floors, powers with a variable
exponent, values of recursive maps, other built-in functions. Closed maps are replaced by their bodies;
``a // b``, ``a % b`` and ``ceil`` are written with ``floor``. Exponents are taken to be at least 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

from glmc.pattern.nodes import (
    Call,
    ClosedMap,
    Earlier,
    Expr,
    FloorDivide,
    Length,
    MapValue,
    Number,
    Power,
    Product,
    Quotient,
    RecursiveMap,
    Remainder,
    Row,
    Sum,
    Variable,
)

Monomial = tuple[tuple[Expr, int], ...]
"""Atoms with their non-zero exponents, in the order of their keys."""

_MOST_TERMS = 64
_MOST_STEPS = 4000
_LARGEST_EXPONENT = 64


class TooLarge(Exception):
    """The expression has no small normal form."""


@dataclass(frozen=True)
class Polynomial:
    """Σ coefficient · monomial; no zero coefficients, monomials in the order of their keys."""

    terms: tuple[tuple[Monomial, Fraction], ...]

    def __add__(self, other: Polynomial) -> Polynomial:
        return _collected((*self.terms, *other.terms))

    def __neg__(self) -> Polynomial:
        return self.scaled(Fraction(-1))

    def __sub__(self, other: Polynomial) -> Polynomial:
        return self + -other

    def __mul__(self, other: Polynomial) -> Polynomial:
        if len(self.terms) * len(other.terms) > _MOST_TERMS**2:
            raise TooLarge
        return _collected(
            tuple((_joined(m, n), c * d) for m, c in self.terms for n, d in other.terms),
        )

    def scaled(self, factor: Fraction) -> Polynomial:
        return Polynomial(tuple((m, c * factor) for m, c in self.terms)) if factor else ZERO

    @property
    def constant(self) -> Fraction | None:
        """The value of a polynomial without atoms, else None."""
        match self.terms:
            case ():
                return Fraction(0)
            case (((), value),):
                return value
            case _:
                return None

    @property
    def integer(self) -> int | None:
        """The value of a polynomial that is an integer constant, else None."""
        value = self.constant
        return int(value) if value is not None and value.denominator == 1 else None

    def coefficient(self, *monomial: tuple[Expr, int]) -> Fraction:
        return dict(self.terms).get(monomial, Fraction(0))

    def mentions(self, atom: Expr) -> bool:
        return any(_mentions(inner, atom) for monomial, _ in self.terms for inner, _ in monomial)

    def slope(self, atom: Expr) -> Fraction | None:
        """The coefficient of ``atom`` where the polynomial is affine in it, else None."""
        slope = self.coefficient((atom, 1))
        rest = self - polynomial(atom).scaled(slope)
        return None if rest.mentions(atom) else slope

    @property
    def is_integral(self) -> bool:
        """Certainly an integer wherever it is defined and its variables are integers."""
        return all(
            coefficient.denominator == 1 and all(_integral(atom) and exponent > 0 for atom, exponent in term)
            for term, coefficient in self.terms
        )

    def expression(self) -> Expr:
        terms = tuple(_term(monomial, coefficient) for monomial, coefficient in self.terms)
        return terms[0] if len(terms) == 1 else Sum(terms) if terms else Number(Fraction(0))


ZERO = Polynomial(())


def constant(value: int | Fraction) -> Polynomial:
    return Polynomial((((), Fraction(value)),)) if value else ZERO


def polynomial(expr: Expr, values: Mapping[Expr, Polynomial] | None = None) -> Polynomial:
    """The normal form of ``expr`` with variables (and ``Earlier`` values) replaced as ``values`` says.

    Raises TooLarge for an expression that expands beyond a few dozen terms.
    """
    steps = 0

    def normal(expr: Expr, values: Mapping[Expr, Polynomial]) -> Polynomial:
        nonlocal steps
        steps += 1
        if steps > _MOST_STEPS:
            raise TooLarge
        match expr:
            case Number(value):
                return constant(value)
            case Row() | Length() | Variable() | Earlier():
                return values.get(expr, _atom(expr))
            case Sum(terms):
                return _collected(tuple(t for term in terms for t in normal(term, values).terms))
            case Product(factors):
                product = constant(1)
                for factor in factors:
                    product = product * normal(factor, values)
                return product
            case Quotient(numerator, denominator):
                return normal(numerator, values) * _inverse(normal(denominator, values))
            case FloorDivide(numerator, denominator):
                return _floor(normal(numerator, values) * _inverse(normal(denominator, values)))
            case Remainder(numerator, denominator):
                left, right = normal(numerator, values), normal(denominator, values)
                return left - right * _floor(left * _inverse(right))
            case Power(base, exponent):
                return _power(normal(base, values), normal(exponent, values))
            case Call("floor", (argument,)):
                return _floor(normal(argument, values))
            case Call("ceil", (argument,)):
                return -_floor(-normal(argument, values))
            case Call(function, arguments):
                inner = tuple(normal(argument, values) for argument in arguments)
                return _folded(function, inner) or _atom(Call(function, tuple(p.expression() for p in inner)))
            case MapValue(index_map, argument):
                inside = normal(argument, values)
                if isinstance(index_map, ClosedMap):
                    return normal(index_map.body, {**values, index_map.variable: inside})
                return _atom(MapValue(canonical(index_map), inside.expression()))
            case _:
                assert_never(expr)

    def canonical(index_map: RecursiveMap) -> RecursiveMap:
        inner: Mapping[Expr, Polynomial] = {index_map.variable: _atom(_ARGUMENT)}
        return RecursiveMap(
            index_map.name,
            tuple(normal(first, {}).expression() for first in index_map.first),
            _ARGUMENT,
            normal(index_map.step, inner).expression(),
        )

    return normal(expr, values or {})


_ARGUMENT = Variable("argument of a recursive map")

Ranges = Mapping[Expr, tuple[Polynomial, Polynomial | None]]
"""The least and the greatest value of variables; None is unbounded."""


def least_value(value: Polynomial, ranges: Ranges) -> Fraction | None:
    """A lower bound of ``value`` over all rows i >= 0 and the variables' ranges, None where none is evident.

    Floors are replaced by what is under them or barely less, variables by an end of their range.
    """
    for _ in range(_MOST_TERMS):
        fixed = value.coefficient()
        rising = value.coefficient((Row(), 1))
        moving = (value - constant(fixed) - polynomial(Row()).scaled(rising)).terms
        if not moving:
            return fixed if rising >= 0 else None
        ((atom, exponent), *others), coefficient = moving[0]
        if others or exponent != 1:
            return None
        end = _end(atom, ranges, lower=coefficient > 0)
        if end is None:
            return None
        value = value + (end - _atom(atom)).scaled(coefficient)
    return None


def _end(atom: Expr, ranges: Ranges, *, lower: bool) -> Polynomial | None:
    match atom:
        case Call("floor", (inner,)):
            under = polynomial(inner)
            return under - constant(1 - _grain(under)) if lower else under
        case _:
            lowest, highest = ranges.get(atom, (None, None))
            return lowest if lower else highest


def _grain(value: Polynomial) -> Fraction:
    """1/m where m · value is certainly an integer, else 0."""
    m = math.lcm(*(coefficient.denominator for _, coefficient in value.terms))
    return Fraction(1, m) if value.scaled(Fraction(m)).is_integral else Fraction(0)


def _atom(expr: Expr) -> Polynomial:
    return Polynomial(((((expr, 1),), Fraction(1)),))


def _collected(terms: tuple[tuple[Monomial, Fraction], ...]) -> Polynomial:
    sums: dict[Monomial, Fraction] = {}
    for monomial, coefficient in terms:
        sums[monomial] = sums.get(monomial, Fraction(0)) + coefficient
    kept = [(monomial, value) for monomial, value in sums.items() if value]
    if len(kept) > _MOST_TERMS:
        raise TooLarge
    return Polynomial(tuple(sorted(kept, key=lambda term: [(_key(atom), e) for atom, e in term[0]])))


def _joined(left: Monomial, right: Monomial) -> Monomial:
    exponents: dict[Expr, int] = dict(left)
    for atom, exponent in right:
        exponents[atom] = exponents.get(atom, 0) + exponent
    return tuple(sorted(((a, e) for a, e in exponents.items() if e), key=lambda pair: _key(pair[0])))


def _inverse(divisor: Polynomial) -> Polynomial:
    if not divisor.terms:
        raise TooLarge  # a zero divisor has no normal form; evaluation reports it
    if len(divisor.terms) == 1:
        ((monomial, coefficient),) = divisor.terms
        return Polynomial(((tuple((atom, -e) for atom, e in monomial), 1 / coefficient),))
    return Polynomial(((((divisor.expression(), -1),), Fraction(1)),))


def _power(base: Polynomial, exponent: Polynomial) -> Polynomial:
    whole = exponent.integer
    if whole is not None and abs(whole) <= _LARGEST_EXPONENT:
        if whole < 0:
            return _power(_inverse(base), constant(-whole))
        result = constant(1)
        for _ in range(whole):
            result = result * base
        return result
    fixed = exponent.coefficient()
    number = base.constant
    if number is not None and number > 0 and fixed.denominator == 1 and 0 < abs(fixed) <= _LARGEST_EXPONENT:
        return _power(base, exponent - constant(fixed)).scaled(number ** int(fixed))
    if exponent.terms and exponent.terms[0][1] < 0:
        return _inverse(_atom(Power(base.expression(), (-exponent).expression())))
    return _atom(Power(base.expression(), exponent.expression()))


def _floor(argument: Polynomial) -> Polynomial:
    if argument.is_integral:
        return argument
    whole = constant(math.floor(argument.coefficient()))
    rest = argument - whole
    return whole + (ZERO if rest.constant is not None else _atom(Call("floor", (rest.expression(),))))


def _folded(function: str, arguments: tuple[Polynomial, ...]) -> Polynomial | None:
    numbers = tuple(number for p in arguments if (number := p.constant) is not None)
    if len(numbers) < len(arguments) or function not in _FOLDS:
        return None
    return constant(_FOLDS[function](*numbers))


_FOLDS: Mapping[str, Callable[..., Fraction]] = {"min": min, "max": max, "abs": abs}


def _integral(atom: Expr) -> bool:
    match atom:
        case Row() | Length() | Variable() | MapValue() | Earlier():
            return True
        case Call(function, _):
            return function in ("floor", "gcd", "lowbit", "bitlen")
        case Power(base, exponent):
            return polynomial(base).is_integral and polynomial(exponent).is_integral
        case _:
            return False


def _term(monomial: Monomial, coefficient: Fraction) -> Expr:
    factors: list[Expr] = [a if e == 1 else Power(a, Number(Fraction(e))) for a, e in monomial]
    if coefficient != 1 or not factors:
        factors.insert(0, Number(coefficient))
    return factors[0] if len(factors) == 1 else Product(tuple(factors))


def _mentions(expr: Expr, atom: Expr) -> bool:
    return expr == atom or any(_mentions(child, atom) for child in children(expr))


def children(expr: Expr) -> tuple[Expr, ...]:
    """The expressions directly inside ``expr``, those of its map included."""
    match expr:
        case Number() | Row() | Length() | Variable() | Earlier():
            return ()
        case Sum(parts) | Product(parts) | Call(_, parts):
            return parts
        case Quotient(left, right) | FloorDivide(left, right) | Remainder(left, right) | Power(left, right):
            return (left, right)
        case MapValue(index_map, argument):
            if isinstance(index_map, ClosedMap):
                return (index_map.body, argument)
            return (*index_map.first, index_map.step, argument)
        case _:
            assert_never(expr)


def _key(expr: Expr) -> str:
    """A name of the expression that equal expressions share; it orders atoms the same in every run."""
    match expr:
        case Number(value):
            return str(value)
        case Variable(name):
            return f"variable {name}"
        case Earlier(offset):
            return f"earlier {offset}"
        case Call(function, _):
            head: str = function
        case _:
            head = type(expr).__name__
    return f"{head}({','.join(map(_key, children(expr)))})"
