"""Closed expressions in the length n: construction, enclosure at a length, and a normal form.

Two expressions with one normal form are equal for every n >= 2; the converse need not hold.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import gcd, lcm
from typing import assert_never

from glmc.analysis import intervals
from glmc.analysis.intervals import Interval, OutOfRange, point
from glmc.analysis.polynomial import Polynomial, constant, polynomial
from glmc.pattern.nodes import (
    Call,
    Earlier,
    Expr,
    FloorDivide,
    Function,
    Length,
    MapValue,
    Number,
    Power,
    Product,
    Quotient,
    Remainder,
    Row,
    Sum,
    Variable,
)

N = Length()


def number(value: Fraction | int) -> Number:
    return Number(Fraction(value))


def call(function: Function, *arguments: Expr) -> Call:
    return Call(function, arguments)


def floor_log(x: Expr, base: int) -> Expr:
    """floor(log_base(x)), written with log2 for base 2."""
    return call("floor", call("log2", x) if base == 2 else call("log", x, number(base)))


def floor_root(x: Expr, degree: int) -> Expr:
    """floor of the degree-th root of x."""
    match degree:
        case 1:
            return x
        case 2:
            return call("floor", call("sqrt", x))
        case _:
            return call("floor", Power(x, number(Fraction(1, degree))))


# -- enclosure -


def enclose(expr: Expr, n: Interval) -> Interval:
    """An interval with every value of ``expr`` for lengths in ``n``; a point where the value is rational.

    Raises OutOfRange where the value is undefined or too large.
    """
    return _enclose(expr, n).rounded()


def _enclose(expr: Expr, n: Interval) -> Interval:
    match expr:
        case Number(value):
            return point(value)
        case Length():
            return n
        case Sum(terms):
            total = intervals.ZERO
            for term in terms:
                total = total + enclose(term, n)
            return total
        case Product(factors):
            product = intervals.ONE
            for factor in factors:
                product = product * enclose(factor, n)
            return product
        case Quotient(numerator, denominator):
            return enclose(numerator, n) * enclose(denominator, n).reciprocal()
        case FloorDivide(numerator, denominator):
            return intervals.floor_of(enclose(numerator, n) * enclose(denominator, n).reciprocal())
        case Remainder(numerator, denominator):
            a, b = enclose(numerator, n), enclose(denominator, n)
            quotient = intervals.floor_of(a * b.reciprocal())
            return a - b * quotient if quotient.is_point else Interval(Fraction(0), b.high)
        case Power(base, exponent):
            return intervals.power(enclose(base, n), enclose(exponent, n))
        case Call(function, arguments):
            return _enclose_call(function, tuple(enclose(argument, n) for argument in arguments))
        case Row() | Variable() | MapValue() | Earlier():
            raise TypeError(f"{expr} is not an expression in the length")
        case _:
            assert_never(expr)


def _enclose_call(function: Function, arguments: tuple[Interval, ...]) -> Interval:
    x, *rest = arguments
    match function:
        case "floor":
            return intervals.floor_of(x)
        case "ceil":
            return -intervals.floor_of(-x)
        case "sqrt":
            return intervals.root(x)
        case "log2":
            return intervals.log2(x)
        case "log":
            return intervals.logarithm(x, rest[0]) if rest else intervals.natural(x)
        case "min":
            return Interval(min(a.low for a in arguments), min(a.high for a in arguments))
        case "max":
            return Interval(max(a.low for a in arguments), max(a.high for a in arguments))
        case "abs":
            low, high = sorted((abs(x.low), abs(x.high)))
            return Interval(Fraction(0) if x.low < 0 < x.high else low, high)
        case "gcd" | "lowbit" | "bitlen":
            return _enclose_integer(function, arguments)
        case _:
            assert_never(function)


def _enclose_integer(function: Function, arguments: tuple[Interval, ...]) -> Interval:
    """gcd, lowbit and bitlen: exact at integer points, otherwise their ranges over integers."""
    if all(a.is_point and a.low.denominator == 1 for a in arguments):
        values = [int(a.low) for a in arguments]
        if function == "gcd":
            return point(gcd(*values))
        if values[0] < 0 or (function == "lowbit" and values[0] == 0):
            raise OutOfRange(f"{function} of {values[0]}")
        return point(values[0] & -values[0] if function == "lowbit" else values[0].bit_length())
    if any(a.low < 1 for a in arguments) or any(a.is_point and a.low.denominator > 1 for a in arguments):
        raise OutOfRange(f"{function} outside the positive integers")
    if function == "bitlen":
        return Interval(Fraction(int(arguments[0].low).bit_length()), Fraction(int(arguments[0].high).bit_length()))
    return Interval(Fraction(1), min(a.high for a in arguments))


# -- normal form -


def normal(expr: Expr) -> Polynomial:
    """The normal form of an expression in the length, for integers n >= 2. Raises ``polynomial.TooLarge``."""
    return polynomial(_canonical(expr))


def _canonical(expr: Expr) -> Expr:
    """``expr`` with ceilings, bit lengths and logarithms to powers of two written with floor and log2."""
    match expr:
        case Sum(terms):
            return Sum(tuple(map(_canonical, terms)))
        case Product(factors):
            return Product(tuple(map(_canonical, factors)))
        case Quotient(a, b) | FloorDivide(a, b) | Remainder(a, b):
            return type(expr)(_canonical(a), _canonical(b))
        case Power(a, Number(value)) if value == Fraction(1, 2):
            return call("sqrt", _canonical(a))
        case Power(a, b):
            return Power(_canonical(a), _canonical(b))
        case Call("log", (x, Number(base))) if base.denominator == 1 and base > 1 and _is_power_of_two(int(base)):
            bits = int(base).bit_length() - 1
            return Quotient(_canonical(call("log2", x)), number(bits))
        case Call("bitlen", (x,)) if _is_positive_integer(x):
            return Sum((call("floor", call("log2", _canonical(x))), number(1)))
        case Call("ceil", (x,)):
            return _ceiling(x)
        case Call(function, arguments):
            return Call(function, tuple(map(_canonical, arguments)))
        case _:
            return expr


def _ceiling(x: Expr) -> Expr:
    """As a floor: ⌈√m⌉ = ⌊√(m−1)⌋ + 1 and ⌈log_b m⌉ = ⌊log_b(m−1)⌋ + 1 for integers m >= 2, ⌈p/q⌉ =
    ⌊(p+q−1)/q⌋.
    """
    match x:
        case Call("sqrt" | "log2" | "log" as function, (m, *base)) if base != [] or function != "log":
            if _is_positive_integer(Sum((m, number(-1)))) and all(
                isinstance(b, Number) and b.value.denominator == 1 for b in base
            ):
                below = Sum((m, number(-1)))
                return Sum((call("floor", _canonical(Call(function, (below, *base)))), number(1)))
    inner = polynomial(_canonical(x))
    denominator = lcm(*(coefficient.denominator for _, coefficient in inner.terms))
    if inner.scaled(Fraction(denominator)).is_integral:
        return call("floor", (inner + constant(Fraction(denominator - 1, denominator))).expression())
    return Product((number(-1), call("floor", (-inner).expression())))


def _is_power_of_two(value: int) -> bool:
    return value & (value - 1) == 0


def _is_positive_integer(expr: Expr) -> bool:
    """Whether a polynomial in n alone is a positive integer for every n >= 2: its expansion at 2 has no
    negative coefficient.
    """
    form = polynomial(expr, {N: polynomial(Sum((N, number(2))))})
    return (
        form.is_integral
        and all(coefficient > 0 and all(atom == N for atom, _ in monomial) for monomial, coefficient in form.terms)
        and form.coefficient() >= 1
    )


def rewrite(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """``expr`` with ``change`` applied to every node, children first; bodies of maps stay as they are."""
    match expr:
        case Sum(terms):
            return change(Sum(tuple(rewrite(term, change) for term in terms)))
        case Product(factors):
            return change(Product(tuple(rewrite(factor, change) for factor in factors)))
        case Call(function, arguments):
            return change(Call(function, tuple(rewrite(argument, change) for argument in arguments)))
        case Quotient(a, b) | FloorDivide(a, b) | Remainder(a, b) | Power(a, b):
            return change(type(expr)(rewrite(a, change), rewrite(b, change)))
        case MapValue(index_map, argument):
            return change(MapValue(index_map, rewrite(argument, change)))
        case _:
            return change(expr)
