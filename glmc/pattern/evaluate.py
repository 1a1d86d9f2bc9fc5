"""Exact values of index expressions and conditions, one at a time and for many rows at once.

``evaluate`` and ``holds`` work on Python integers, rationals and ``reals.Real``. ``evaluate_rows`` and
``hold_rows`` work on int64 arrays wherever the magnitudes fit, on float64 with an error bound where a floor
or a comparison is clear of that bound, on arrays of Python integers where values are wide, and else element
by element. All agree.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal, assert_never

import numpy as np
import numpy.typing as npt

from glmc.pattern import reals
from glmc.pattern.nodes import (
    And,
    Call,
    ClosedMap,
    Comparison,
    Condition,
    Earlier,
    Expr,
    FloorDivide,
    IndexMap,
    Length,
    MapValue,
    Not,
    Number,
    Or,
    Power,
    Product,
    Quotient,
    RecursiveMap,
    Relation,
    Remainder,
    Row,
    Sum,
    Variable,
)
from glmc.pattern.reals import Real, Value
from glmc.pattern.walk import subexpressions

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

BITS_LIMIT = 4096  # of any value
MAP_LIMIT = 1 << 20  # of a recursive map's argument
ROOT_LIMIT = 64  # of the denominator of an exponent

Kind = Literal[
    "zero divisor",
    "negative divisor",
    "root of a negative number",
    "logarithm of a number that is not positive",
    "logarithm base that is not positive or is one",
    "lowbit of a number that is not positive",
    "bitlen of a negative number",
    "not an integer",
    "negative map argument",
    "power that is not real",
    "too large",
    "undecided",
    "endless",
]


class EvaluationError(Exception):
    """A value that does not exist, or is out of the limits, with its witness.

    ``expression`` is the smallest expression that fails, ``row`` the output index i, ``variables`` the bound
    variables that had a value then, and ``value`` the offending operand where one is known.
    """

    def __init__(
        self,
        kind: Kind,
        expression: Expr | None = None,
        row: int | None = None,
        variables: tuple[tuple[str, int], ...] = (),
        value: int | Fraction | None = None,
    ) -> None:
        witness = (("i", row), *variables) if row is not None else variables
        where = ", ".join(f"{name} = {number}" for name, number in witness)
        super().__init__(f"{kind} at {where}" if where else kind)
        self.kind: Kind = kind
        self.expression = expression
        self.row = row
        self.variables = variables
        self.value = value


@dataclass(frozen=True)
class Environment:
    """What the free names of one expression stand for."""

    row: int | None = None
    variables: Mapping[str, int] = field(default_factory=dict)
    length: int | None = None
    earlier: tuple[Value, ...] = ()

    def error(self, kind: Kind, expression: Expr, value: Value | None = None) -> EvaluationError:
        shown = None if isinstance(value, Real) else value
        return EvaluationError(kind, expression, self.row, tuple(self.variables.items()), shown)


# -- one value -----------------------------------------------------------------------------------------------


def evaluate(expr: Expr, environment: Environment) -> Value:
    """The exact value. Raises ``EvaluationError``."""
    try:
        value = _evaluate(expr, environment)
    except reals.Undecided:
        raise environment.error("undecided", expr) from None
    except reals.TooLarge:
        raise environment.error("too large", expr) from None
    if not isinstance(value, Real) and reals.bit_length(value) > BITS_LIMIT:
        raise environment.error("too large", expr)
    return value


def evaluate_integer(expr: Expr, environment: Environment) -> int:
    """The value where only an integer makes sense. Raises ``EvaluationError`` ("not an integer")."""
    value = evaluate(expr, environment)
    if not isinstance(value, int):
        raise environment.error("not an integer", expr, value)
    return value


def holds(condition: Condition, environment: Environment) -> bool:
    """Whether the condition holds; ``and`` and ``or`` stop at the first part that decides."""
    match condition:
        case Comparison(left, relation, right):
            x, y = evaluate(left, environment), evaluate(right, environment)
            try:
                return _related(reals.compare(x, y), relation)
            except reals.Undecided:
                raise environment.error("undecided", left) from None
        case And(parts):
            return all(holds(part, environment) for part in parts)
        case Or(parts):
            return any(holds(part, environment) for part in parts)
        case Not(part):
            return not holds(part, environment)
        case _:
            assert_never(condition)


def map_value(map_: IndexMap, argument: int) -> Value:
    """map_(argument) for an argument >= 0, remembered. Raises ``EvaluationError``."""
    table = _table(map_)
    if argument in table:
        return table[argument]
    match map_:
        case ClosedMap(_, variable, body):
            value = evaluate(body, Environment(variables={variable.name: argument}))
            if len(table) < MAP_LIMIT:
                table[argument] = value
            return value
        case RecursiveMap(_, first, variable, step):
            if argument > MAP_LIMIT:
                raise EvaluationError("too large", step, variables=((variable.name, argument),))
            for place in range(len(table), argument + 1):
                if place < map_.order:
                    table[place] = evaluate(first[place], Environment())
                    continue
                start = place - map_.order
                earlier = tuple(table[start + offset] for offset in range(map_.order))
                table[place] = evaluate(step, Environment(variables={variable.name: start}, earlier=earlier))
            return table[argument]
        case _:
            assert_never(map_)


@lru_cache(maxsize=512)
def _table(map_: IndexMap) -> dict[int, Value]:
    return {}


def _evaluate(expr: Expr, environment: Environment) -> Value:
    match expr:
        case Number(value):
            return reals.normal(value)
        case Row():
            assert environment.row is not None
            return environment.row
        case Length():
            assert environment.length is not None
            return environment.length
        case Variable(name):
            return environment.variables[name]
        case Sum(terms):
            total: Value = 0
            for term in terms:
                total = reals.add(total, evaluate(term, environment))
            return total
        case Product(factors):
            product: Value = 1
            for factor in factors:
                product = reals.multiply(product, evaluate(factor, environment))
            return product
        case Quotient(numerator, denominator):
            divisor = evaluate(denominator, environment)
            if reals.sign(divisor) == 0:
                raise environment.error("zero divisor", expr, 0)
            return reals.divide(evaluate(numerator, environment), divisor)
        case FloorDivide(numerator, denominator):
            return reals.floor(_positive_quotient(expr, numerator, denominator, environment)[0])
        case Remainder(numerator, denominator):
            quotient, divisor = _positive_quotient(expr, numerator, denominator, environment)
            whole = reals.multiply(divisor, reals.floor(quotient))
            return reals.add(evaluate(numerator, environment), reals.multiply(whole, -1))
        case Power(base, exponent):
            return _power(expr, evaluate(base, environment), evaluate(exponent, environment), environment)
        case Call(function, arguments):
            return _call(expr, function, [evaluate(a, environment) for a in arguments], environment)
        case MapValue(map_, argument):
            place = evaluate_integer(argument, environment)
            if place < 0:
                raise environment.error("negative map argument", expr, place)
            return map_value(map_, place)
        case Earlier(offset):
            return environment.earlier[offset]
        case _:
            assert_never(expr)


def _positive_quotient(expr: Expr, numerator: Expr, denominator: Expr, environment: Environment) -> tuple[Value, Value]:
    divisor = evaluate(denominator, environment)
    match reals.sign(divisor):
        case 0:
            raise environment.error("zero divisor", expr, 0)
        case -1:
            raise environment.error("negative divisor", expr, divisor)
    return reals.divide(evaluate(numerator, environment), divisor), divisor


def _power(expr: Expr, base: Value, exponent: Value, environment: Environment) -> Value:
    base_sign = reals.sign(base)
    if base_sign == 0 and reals.sign(exponent) < 0:
        raise environment.error("zero divisor", expr, 0)
    if base_sign < 0 and not isinstance(exponent, int):
        raise environment.error("power that is not real", expr, base)
    if base_sign == 0 and isinstance(exponent, Real):
        return 0
    if isinstance(exponent, Fraction) and exponent.denominator > ROOT_LIMIT:
        raise environment.error("too large", expr, exponent)
    return reals.power(base, exponent, BITS_LIMIT)


def _call(expr: Expr, function: str, arguments: list[Value], environment: Environment) -> Value:
    x = arguments[0]
    match function:
        case "floor":
            return reals.floor(x)
        case "ceil":
            return reals.ceil(x)
        case "sqrt":
            if reals.sign(x) < 0:
                raise environment.error("root of a negative number", expr, x)
            return reals.root(x, 2)
        case "log2" | "log":
            if reals.sign(x) <= 0:
                raise environment.error("logarithm of a number that is not positive", expr, x)
            base = 2 if function == "log2" else arguments[1] if len(arguments) > 1 else None
            if base is not None and (reals.sign(base) <= 0 or reals.compare(base, 1) == 0):
                raise environment.error("logarithm base that is not positive or is one", expr, base)
            return reals.logarithm(x, base)
        case "min" | "max":
            wanted = -1 if function == "min" else 1
            best = x
            for other in arguments[1:]:
                best = other if reals.compare(other, best) == wanted else best
            return best
        case "abs":
            return reals.multiply(x, -1) if reals.sign(x) < 0 else x
        case "gcd":
            return math.gcd(*(_integer(expr, argument, environment) for argument in arguments))
        case "lowbit":
            whole = _integer(expr, x, environment)
            if whole <= 0:
                raise environment.error("lowbit of a number that is not positive", expr, whole)
            return whole & -whole
        case "bitlen":
            whole = _integer(expr, x, environment)
            if whole < 0:
                raise environment.error("bitlen of a negative number", expr, whole)
            return whole.bit_length()
        case _:
            raise AssertionError(function)


def _integer(expr: Expr, value: Value, environment: Environment) -> int:
    if not isinstance(value, int):
        raise environment.error("not an integer", expr, value)
    return value


def _related(order: int, relation: Relation) -> bool:
    match relation:
        case "<":
            return order < 0
        case "<=":
            return order <= 0
        case "==":
            return order == 0
        case "!=":
            return order != 0
        case ">=":
            return order >= 0
        case ">":
            return order > 0
        case _:
            assert_never(relation)


# -- many values ---------------------------------------------------------------------------------------------
#
# A column is an int64 array, an object array of Python integers, or one Python integer for all rows. A ratio
# is two columns, the denominator positive; an approximation is a float64 array and a bound of its absolute
# error.

Column = int | npt.NDArray[Any]


@dataclass(frozen=True)
class Rows:
    """Many environments: output indices, and for each variable one integer or an array beside them."""

    rows: IntArray
    variables: Mapping[str, int | IntArray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def select(self, chosen: BoolArray | IntArray) -> Rows:
        variables = {name: v if isinstance(v, int) else v[chosen] for name, v in self.variables.items()}
        return Rows(self.rows[chosen], variables)

    def bind(self, variable: Variable, value: int | IntArray) -> Rows:
        return Rows(self.rows, {**self.variables, variable.name: value})

    def at(self, place: int) -> Environment:
        variables = {n: v if isinstance(v, int) else int(v[place]) for n, v in self.variables.items()}
        return Environment(int(self.rows[place]), variables)


@dataclass(frozen=True)
class _Ratio:
    numerator: Column
    denominator: Column


@dataclass(frozen=True)
class _Approximate:
    value: npt.NDArray[np.float64]
    error: npt.NDArray[np.float64]


class _Elementwise(Exception):
    """No columnwise form here; the caller goes element by element, which also finds witnesses."""


def evaluate_rows(expr: Expr, rows: Rows) -> npt.NDArray[Any]:
    """The integer values, int64 or (where they do not fit) Python integers. Raises ``EvaluationError``."""
    try:
        column = _whole(_columns(expr, rows))
    except _Elementwise:
        column = np.array([evaluate_integer(expr, rows.at(place)) for place in range(len(rows))], object)
    return _narrow(column, len(rows))


def hold_rows(condition: Condition, rows: Rows) -> BoolArray:
    """Where the condition holds. A part is evaluated only on the rows that earlier parts leave undecided."""
    match condition:
        case Comparison(left, relation, right):
            return _compare_rows(left, relation, right, rows)
        case And(parts) | Or(parts):
            settled = isinstance(condition, Or)
            result = np.full(len(rows), not settled)
            for part in parts:
                open_ = np.flatnonzero(result != settled)
                if len(open_) == 0:
                    break
                all_open = len(open_) == len(rows)
                result[open_] = hold_rows(part, rows if all_open else rows.select(open_))
            return result
        case Not(part):
            return ~hold_rows(part, rows)
        case _:
            assert_never(condition)


def _compare_rows(left: Expr, relation: Relation, right: Expr, rows: Rows) -> BoolArray:
    try:
        x, y = _columns(left, rows), _columns(right, rows)
        if isinstance(x, _Approximate) or isinstance(y, _Approximate):
            difference = _approximate_sum(_approximate(x, len(rows)), _approximate(_negated(y), len(rows)))
            result = _signs_related(np.sign(difference.value), relation)
            unclear = np.flatnonzero(~(np.abs(difference.value) > difference.error))
            for place in unclear:
                result[place] = holds(Comparison(left, relation, right), rows.at(int(place)))
            return result
        if isinstance(x, _Ratio) or isinstance(y, _Ratio):
            over, under = _ratio(x), _ratio(y)
            x = _times(over.numerator, under.denominator)
            y = _times(under.numerator, over.denominator)
        return np.broadcast_to(np.asarray(_related_columns(x, relation, y), bool), len(rows)).copy()
    except _Elementwise:
        comparison = Comparison(left, relation, right)
        return np.array([holds(comparison, rows.at(place)) for place in range(len(rows))], bool)


def _related_columns(x: Column, relation: Relation, y: Column) -> Any:
    x, y = _paired(x, y)
    match relation:
        case "<":
            return x < y
        case "<=":
            return x <= y
        case "==":
            return x == y
        case "!=":
            return x != y
        case ">=":
            return x >= y
        case ">":
            return x > y
        case _:
            assert_never(relation)


def _signs_related(signs: npt.NDArray[np.float64], relation: Relation) -> BoolArray:
    return np.asarray(_related_columns(signs.astype(np.int64), relation, 0), bool).copy()


_Columns = int | npt.NDArray[Any] | _Ratio | _Approximate


def _columns(expr: Expr, rows: Rows) -> _Columns:
    match expr:
        case Number(value):
            return _from_value(reals.normal(value))
        case Row():
            return rows.rows
        case Length() | Earlier():
            raise _Elementwise
        case Variable(name):
            return rows.variables[name]
        case _ if not _varies(expr, rows):
            return _from_value(_shared_value(expr, rows))
        case Sum(terms):
            return _sum([_columns(term, rows) for term in terms], len(rows))
        case Product(factors):
            return _product([_columns(factor, rows) for factor in factors], len(rows))
        case Quotient(numerator, denominator):
            return _quotient(_columns(numerator, rows), _columns(denominator, rows))
        case FloorDivide(numerator, denominator):
            x, y = _ratio(_columns(numerator, rows)), _positive(_columns(denominator, rows))
            return _floor_quotient(_times(x.numerator, y.denominator), _times(x.denominator, y.numerator))
        case Remainder(numerator, denominator):
            whole, divisor = _exact(_columns(numerator, rows)), _exact(_positive(_columns(denominator, rows)))
            return _rest(whole, divisor)
        case Power(base, exponent):
            return _column_power(_columns(base, rows), _columns(exponent, rows), len(rows))
        case Call(function, arguments):
            return _column_call(expr, function, [_columns(argument, rows) for argument in arguments], rows)
        case MapValue(map_, argument):
            return _map_columns(map_, _exact(_columns(argument, rows)))
        case _:
            assert_never(expr)


def _varies(expr: Expr, rows: Rows) -> bool:
    """Whether the value differs between rows, as far as the syntax tells."""
    varying = {name for name, value in rows.variables.items() if not isinstance(value, int)}
    return any(
        isinstance(part, Row) or (isinstance(part, Variable) and part.name in varying) for part in subexpressions(expr)
    )


def _shared_value(expr: Expr, rows: Rows) -> Value:
    if len(rows) == 0:
        return 0
    shared = {name: value for name, value in rows.variables.items() if isinstance(value, int)}
    try:
        return evaluate(expr, Environment(int(rows.rows[0]), shared))
    except EvaluationError:
        raise _Elementwise from None


def _from_value(value: Value) -> _Columns:
    match value:
        case int():
            return value
        case Fraction():
            return _Ratio(value.numerator, value.denominator)
        case _:
            low, high = value.enclose(64)
            try:
                centre = np.array([float((low + high) / 2)])
            except OverflowError:
                raise _Elementwise from None
            return _Approximate(centre, np.abs(centre) * 2.0**-50)


def _ratio(x: _Columns) -> _Ratio:
    if isinstance(x, _Approximate):
        raise _Elementwise
    return x if isinstance(x, _Ratio) else _Ratio(x, 1)


def _exact(x: _Columns) -> Column:
    """The column of an expression that is an integer everywhere."""
    if isinstance(x, _Approximate | _Ratio):
        return _whole(x)
    return x


def _whole(x: _Columns) -> Column:
    ratio = _ratio(x)
    if _is_one(ratio.denominator):
        return ratio.numerator
    if np.any(np.not_equal(_rest(ratio.numerator, ratio.denominator), 0)):
        raise _Elementwise
    return _floor_quotient(ratio.numerator, ratio.denominator)


def _is_one(x: Column) -> bool:
    return isinstance(x, int) and x == 1


def _positive(x: _Columns) -> _Ratio:
    ratio = _ratio(x)
    if np.any(np.asarray(ratio.numerator) <= 0):
        raise _Elementwise
    return ratio


def _negated(x: _Columns) -> _Columns:
    match x:
        case _Ratio(numerator, denominator):
            return _Ratio(_times(numerator, -1), denominator)
        case _Approximate(value, error):
            return _Approximate(-value, error)
        case _:
            return _times(x, -1)


def _magnitude(x: Column) -> int:
    if isinstance(x, int):
        return abs(x)
    if len(x) == 0:
        return 0
    return max(abs(int(x.max())), abs(int(x.min())))


def _widened(x: Column) -> Column:
    return x if isinstance(x, int) else x.astype(object)


def _plus(x: Column, y: Column) -> Column:
    if _magnitude(x) + _magnitude(y) < 1 << 63:
        return x + y
    return _widened(x) + _widened(y)


def _times(x: Column, y: Column) -> Column:
    if _is_one(x) or _is_one(y):
        return y if _is_one(x) else x
    left, right = _magnitude(x), _magnitude(y)
    magnitude = left * right
    if max(left, right, magnitude) < 1 << 63:
        return x * y
    if magnitude.bit_length() > BITS_LIMIT:
        raise _Elementwise
    return _widened(x) * _widened(y)


def _floor_quotient(x: Column, y: Column) -> Column:
    x, y = _paired(x, y)
    return x // y


def _rest(x: Column, y: Column) -> Column:
    x, y = _paired(x, y)
    return x % y


def _paired(x: Column, y: Column) -> tuple[Column, Column]:
    """As they are, or as Python integers if one is too wide for int64."""
    if max(_magnitude(x), _magnitude(y)) < 1 << 63:
        return x, y
    return _widened(x), _widened(y)


def _narrow(x: Column, size: int) -> npt.NDArray[Any]:
    """As an array of the given size, int64 if the values fit."""
    if isinstance(x, int):
        return np.full(size, x, np.int64 if -(1 << 63) <= x < 1 << 63 else object)
    if x.dtype == object and _magnitude(x) < 1 << 63:
        return x.astype(np.int64)
    return x


def _sum(terms: list[_Columns], size: int) -> _Columns:
    if any(isinstance(term, _Approximate) for term in terms):
        total = _approximate(terms[0], size)
        for term in terms[1:]:
            total = _approximate_sum(total, _approximate(term, size))
        return total
    numerator: Column = 0
    denominator: Column = 1
    for term in terms:
        ratio = _ratio(term)
        numerator = _plus(_times(numerator, ratio.denominator), _times(ratio.numerator, denominator))
        denominator = _times(denominator, ratio.denominator)
    return _simple(numerator, denominator)


def _product(factors: list[_Columns], size: int) -> _Columns:
    if any(isinstance(factor, _Approximate) for factor in factors):
        product = _approximate(factors[0], size)
        for factor in factors[1:]:
            other = _approximate(factor, size)
            error = np.abs(product.value) * other.error + np.abs(other.value) * product.error
            error = error + product.error * other.error
            product = _with_rounding(product.value * other.value, error)
        return product
    numerator: Column = 1
    denominator: Column = 1
    for factor in factors:
        ratio = _ratio(factor)
        numerator, denominator = (
            _times(numerator, ratio.numerator),
            _times(denominator, ratio.denominator),
        )
    return _simple(numerator, denominator)


def _quotient(x: _Columns, y: _Columns) -> _Columns:
    numerator, divisor = _ratio(x), _ratio(y)
    y_numerator = divisor.numerator
    if isinstance(y_numerator, int):
        signs: Column = (y_numerator > 0) - (y_numerator < 0)
    else:
        signs = (y_numerator > 0).astype(np.int64) - (y_numerator < 0).astype(np.int64)
    if np.any(np.equal(signs, 0)):
        raise _Elementwise
    return _simple(
        _times(_times(numerator.numerator, divisor.denominator), signs),
        _times(_times(numerator.denominator, y_numerator), signs),
    )


def _simple(numerator: Column, denominator: Column) -> _Columns:
    return numerator if _is_one(denominator) else _Ratio(numerator, denominator)


def _column_power(base: _Columns, exponent: _Columns, size: int) -> _Columns:
    match exponent:
        case _Ratio(int(p), int(q)):
            return _approximate_power(_approximate(base, size), p / q)
        case _Ratio() | _Approximate():
            raise _Elementwise
    x = _ratio(base)
    if np.any(np.asarray(exponent) < 0):
        raise _Elementwise
    most = _magnitude(exponent)
    return _simple(_integer_power(x.numerator, exponent, most), _integer_power(x.denominator, exponent, most))


def _integer_power(base: Column, exponent: Column, most: int) -> Column:
    if _is_one(base):
        return 1
    magnitude = _magnitude(base)
    if magnitude.bit_length() * most > BITS_LIMIT and magnitude > 1:
        raise _Elementwise
    dtype = np.int64 if magnitude**most < 1 << 63 else object
    return _column(np.power(np.asarray(base, dtype), np.asarray(exponent, dtype)))


def _column_call(expr: Expr, function: str, arguments: list[_Columns], rows: Rows) -> _Columns:
    x = arguments[0]
    match function:
        case "floor" | "ceil" if isinstance(x, _Approximate):
            return _rounded_rows(expr, function, x, rows)
        case "floor":
            return _floor_quotient(x.numerator, x.denominator) if isinstance(x, _Ratio) else _exact(x)
        case "ceil":
            if not isinstance(x, _Ratio):
                return _exact(x)
            return _times(_floor_quotient(_times(x.numerator, -1), x.denominator), -1)
        case "sqrt" | "log2" | "log":
            return _approximate_call(function, [_approximate(argument, len(rows)) for argument in arguments])
        case "min" | "max":
            choose = np.minimum if function == "min" else np.maximum
            best = _exact(x)
            for argument in arguments[1:]:
                best = _column(choose(*_alike(best, _exact(argument))))
            return best
        case "abs":
            if isinstance(x, _Approximate):
                return _Approximate(np.abs(x.value), x.error)
            ratio = _ratio(x)
            return _simple(_absolute(ratio.numerator), ratio.denominator)
        case "gcd":
            common = _exact(x)
            for argument in arguments[1:]:
                common = _column(np.gcd(*_alike(common, _exact(argument))))
            return _absolute(common)
        case "lowbit":
            whole = _exact(_positive(x))
            return whole & _times(whole, -1)
        case "bitlen":
            return _bit_lengths(_exact(x))
        case _:
            raise AssertionError(function)


def _absolute(x: Column) -> Column:
    return abs(x) if isinstance(x, int) else np.abs(x)


def _column(values: npt.NDArray[Any]) -> Column:
    """A result of numpy, which makes a scalar of its own where all operands are integers of Python."""
    return values if np.ndim(values) else int(values)


def _alike(x: Column, y: Column) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    dtype = np.int64 if max(_magnitude(x), _magnitude(y)) < 1 << 63 else object
    return np.asarray(x, dtype), np.asarray(y, dtype)


def _bit_lengths(x: Column) -> Column:
    if isinstance(x, int) and x >= 0:
        return x.bit_length()
    if isinstance(x, int) or x.dtype == object or np.any(x < 0):
        raise _Elementwise
    lengths = np.zeros(len(x), np.int64)
    for bit in range(_magnitude(x).bit_length()):
        lengths += x >= 1 << bit
    return lengths


def _map_columns(map_: IndexMap, argument: Column) -> _Columns:
    if isinstance(argument, int) or argument.dtype == object or (len(argument) and argument.min() < 0):
        raise _Elementwise
    places, inverse = np.unique(argument, return_inverse=True)
    if len(places) > MAP_LIMIT:
        raise _Elementwise
    match map_:
        case ClosedMap(_, variable, body) if len(places) > 64:
            values = _columns(body, Rows(places, {variable.name: places}))
            column = _narrow(_exact(values), len(places))
        case _:
            try:
                table = [map_value(map_, int(place)) for place in places]
            except EvaluationError:
                raise _Elementwise from None
            if not all(isinstance(value, int) for value in table):
                raise _Elementwise
            column = _narrow(np.array(table, object), len(places))
    return column[inverse]


# -- approximations ------------------------------------------------------------------------------------------


def _approximate(x: _Columns, size: int) -> _Approximate:
    if isinstance(x, _Approximate):
        return _Approximate(np.broadcast_to(x.value, size), np.broadcast_to(x.error, size))
    ratio = _ratio(x)
    try:
        value = np.asarray(ratio.numerator).astype(float) / np.asarray(ratio.denominator).astype(float)
    except OverflowError:
        raise _Elementwise from None
    return _with_rounding(np.broadcast_to(value, size), np.zeros(size))


def _with_rounding(value: npt.NDArray[np.float64], error: npt.NDArray[np.float64]) -> _Approximate:
    """With an error bound that also covers the roundings of the last operation (eight units in the last
    place).
    """
    return _Approximate(value, error * 1.0001 + np.abs(value) * 2.0**-49 + 1e-290)


def _approximate_sum(x: _Approximate, y: _Approximate) -> _Approximate:
    return _with_rounding(x.value + y.value, x.error + y.error)


def _approximate_call(function: str, arguments: list[_Approximate]) -> _Approximate:
    x = arguments[0]
    match function:
        case "sqrt":
            if np.any(x.value < 0):
                raise _Elementwise
            low = np.sqrt(np.maximum(x.value - x.error, 0))
            high = np.sqrt(x.value + x.error)
            return _with_rounding(np.sqrt(x.value), high - low)
        case "log2":
            return _binary_log(x)
        case "log" if len(arguments) == 1:
            found = _binary_log(x)
            return _with_rounding(found.value * math.log(2), found.error + np.abs(found.value) * 2.0**-52)
        case "log":
            over, under = _binary_log(x), _binary_log(arguments[1])
            low = np.abs(under.value) - under.error
            if np.any(low <= 0):
                raise _Elementwise
            value = over.value / under.value
            return _with_rounding(value, (over.error + np.abs(value) * under.error) / low)
        case _:
            raise AssertionError(function)


def _approximate_power(x: _Approximate, exponent: float) -> _Approximate:
    low = x.value - x.error
    if np.any(low <= 0):
        raise _Elementwise
    value = np.power(x.value, exponent)
    spread = abs(exponent) * (2 * x.error / low + np.abs(np.log(x.value)) * 2.0**-52)
    if not np.all(spread < 0.1):
        raise _Elementwise
    return _with_rounding(value, 1.2 * spread * value)


def _binary_log(x: _Approximate) -> _Approximate:
    low = x.value - x.error
    if np.any(low <= 0):
        raise _Elementwise
    return _with_rounding(np.log2(x.value), 2 * x.error / low + 2.0**-50)


def _rounded_rows(expr: Expr, function: str, x: _Approximate, rows: Rows) -> Column:
    if np.any(np.abs(x.value) > 2.0**52) or not np.all(np.isfinite(x.value)):
        raise _Elementwise
    rounding = np.floor if function == "floor" else np.ceil
    result = rounding(x.value).astype(np.int64)
    unclear = rounding(x.value - x.error) != rounding(x.value + x.error)
    for place in np.flatnonzero(unclear):
        result[place] = evaluate_integer(expr, rows.at(int(place)))
    return result
