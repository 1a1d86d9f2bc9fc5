"""Reads the closed expressions that facts carry, with mpmath: no code shared with the analysis."""

from __future__ import annotations

import ast
from fractions import Fraction
from typing import Any

import mpmath

mpmath.mp.dps = 60
_NEAR = mpmath.mpf(10) ** -40  # an irrational value this close to an integer is that integer


def value(text: str, n: int) -> int:
    """The integer value of ``text`` at length n."""
    found = _value(ast.parse(text.replace("^", "**"), mode="eval").body, n)
    whole = int(mpmath.nint(found)) if not isinstance(found, Fraction) else int(found)
    assert abs(mpmath.mpf(whole) - _real(found)) < _NEAR, f"{text} is no integer at n = {n}"
    return whole


def _real(x: Any) -> Any:
    return mpmath.mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else x


def _floor(x: Any) -> Fraction:
    if isinstance(x, Fraction):
        return Fraction(x.numerator // x.denominator)
    return Fraction(int(mpmath.floor(x + _NEAR)))


def _value(node: ast.expr, n: int) -> Any:
    match node:
        case ast.Constant(value=int() as number):
            return Fraction(number)
        case ast.Name(id="n"):
            return Fraction(n)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, n)
        case ast.BinOp(left=left, op=op, right=right):
            return _operation(op, _value(left, n), _value(right, n))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _function(name, [_value(argument, n) for argument in arguments])
    raise AssertionError(ast.dump(node))


def _operation(op: ast.operator, x: Any, y: Any) -> Any:
    if not (isinstance(x, Fraction) and isinstance(y, Fraction)):
        x, y = _real(x), _real(y)
    match op:
        case ast.Add():
            return x + y
        case ast.Sub():
            return x - y
        case ast.Mult():
            return x * y
        case ast.Div():
            return x / y
        case ast.FloorDiv():
            return _floor(x / y)
        case ast.Pow():
            whole = isinstance(y, Fraction) and y.denominator == 1
            return x ** int(y) if whole else mpmath.power(_real(x), _real(y))
    raise AssertionError(op)


def _function(name: str, values: list[Any]) -> Any:
    match name:
        case "floor":
            return _floor(values[0])
        case "ceil":
            return -_floor(-values[0])
        case "sqrt":
            return mpmath.sqrt(_real(values[0]))
        case "log2":
            return mpmath.log(_real(values[0]), 2)
        case "log":
            return mpmath.log(_real(values[0]), _real(values[1]))
        case "min":
            return min(values, key=_real)
        case "max":
            return max(values, key=_real)
    raise AssertionError(name)
