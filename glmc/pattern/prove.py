"""Proofs of integer statements by z3, without quantifiers: what it cannot decide in time is not proved.

floor(x / m) becomes a q with q·m <= x < q·m + m, c^k any m >= k + 1, floor(sqrt(x)) an s with s² <= x < (s +
1)², and a value of a map any number that respects the map's proved growth. A proof so holds for more than the
expressions say, and a counterexample is only a candidate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, assert_never

from glmc.pattern import arithmetic, nodes
from glmc.pattern.endings import variable_box
from glmc.pattern.monotone import NATURAL, Box, interval, is_integer, map_difference

TIME_LIMIT = 500  # milliseconds for one question to z3
EXPANDED_POWER = 4


@dataclass(frozen=True)
class Proof:
    """``candidate``: a row where the statement may fail, if z3 has one."""

    proved: bool
    candidate: int | None = None


def prove(
    assumptions: Sequence[nodes.Condition],
    goal: nodes.Condition,
    generators: tuple[nodes.Generator, ...] = (),
) -> Proof:
    """Whether ``goal`` holds for every row >= 0 and all variables in their ranges, wherever the assumptions
    do.

    What has no value (a division by zero) is taken not to occur.
    """
    import z3

    candidate = None
    for bodies in (False, True):
        statement = _Statement(bodies, variable_box(generators))
        premises = [part for generator in generators for part in statement.range(generator)]
        premises += [statement.condition(assumption) for assumption in assumptions]
        conclusion = statement.condition(goal)
        solver = z3.Solver()
        solver.set("timeout", TIME_LIMIT)
        solver.add(*premises, z3.Not(conclusion), *statement.facts)
        answer = solver.check()
        if answer == z3.unsat:
            return Proof(True)
        if answer == z3.sat:
            row = solver.model().eval(statement.row, model_completion=True)
            candidate = row.as_long() if z3.is_int_value(row) else None
    return Proof(False, candidate)


@lru_cache(maxsize=256)
def never_above(lower: nodes.RecursiveMap, upper: nodes.IndexMap) -> bool:
    """Whether lower(k) <= upper(k) for every k >= 0, by induction on k; for maps of one first value."""
    import z3

    if lower.order != 1 or map_difference(upper)[0] < 0:
        return False
    first = arithmetic.closed_value(lower.first[0])
    least = arithmetic.closed_value(nodes.MapValue(upper, arithmetic.ZERO))
    if not isinstance(first, int | Fraction) or not isinstance(least, int | Fraction) or first > least:
        return False
    statement = _Statement(False, {lower.variable: NATURAL})
    following = arithmetic.total((lower.variable, arithmetic.ONE))
    now = statement.expression(nodes.MapValue(upper, lower.variable))
    after = statement.expression(nodes.MapValue(upper, following))
    earlier = statement.expression(nodes.Earlier(0))
    step = statement.expression(lower.step)
    solver = z3.Solver()
    solver.set("timeout", TIME_LIMIT)
    solver.add(statement.expression(lower.variable) >= 0, *statement.facts)
    low = interval(nodes.MapValue(lower, lower.variable), {lower.variable: NATURAL})[0]
    if isinstance(low, Fraction):
        solver.add(earlier >= _constant(low))
    solver.add(earlier <= now, z3.Not(step <= after))
    return bool(solver.check() == z3.unsat)


def _constant(value: Fraction) -> Any:
    import z3

    return z3.IntVal(int(value)) if value.denominator == 1 else z3.RealVal(str(value))


class _Statement:
    """z3 terms for the expressions of one statement, each written once, and the facts about them."""

    def __init__(self, bodies: bool, box: Box) -> None:
        import z3

        self.z3 = z3
        self.box = box
        self.bodies = bodies  # whether values of closed maps equal their bodies
        self.row = z3.Int("i")
        self.facts: list[Any] = [self.row >= 0]
        self._terms: dict[nodes.Expr, Any] = {}
        self._values: list[tuple[nodes.MapValue, Any]] = []
        self._powers: list[tuple[Fraction, Any, Any]] = []
        self._count = 0

    def range(self, generator: nodes.Generator) -> list[Any]:
        variable = self.expression(generator.variable)
        bounds = [variable >= self.expression(generator.start)]
        if generator.stop is not None:
            bounds.append(variable < self.expression(generator.stop))
        return bounds

    def condition(self, condition: nodes.Condition) -> Any:
        match condition:
            case nodes.Comparison(left, relation, right):
                a, b = self.expression(left), self.expression(right)
                return {"<": a < b, "<=": a <= b, "==": a == b, "!=": a != b, ">=": a >= b, ">": a > b}[relation]
            case nodes.And(parts):
                return self.z3.And(*map(self.condition, parts))
            case nodes.Or(parts):
                return self.z3.Or(*map(self.condition, parts))
            case nodes.Not(part):
                return self.z3.Not(self.condition(part))
            case _:
                assert_never(condition)

    def expression(self, expr: nodes.Expr) -> Any:
        term = self._terms.get(expr)
        if term is None:
            term = self._terms[expr] = self._written(expr)
        return term

    def _written(self, expr: nodes.Expr) -> Any:
        match expr:
            case nodes.Number(value):
                return _constant(value)
            case nodes.Row():
                return self.row
            case nodes.Variable() | nodes.Earlier() | nodes.Length():
                return self._integer()
            case nodes.Sum(terms):
                return self.z3.Sum(*map(self.expression, terms))
            case nodes.Product(factors):
                result = self.expression(factors[0])
                for factor in factors[1:]:
                    result = result * self.expression(factor)
                return result
            case nodes.Quotient(a, b):
                result = self._real()
                self.facts.append(result * self.expression(b) == self.expression(a))
                return result
            case nodes.FloorDivide(a, b):
                return self._floor_of_quotient(a, b)
            case nodes.Remainder(a, b):
                return self.expression(a) - self._floor_of_quotient(a, b) * self.expression(b)
            case nodes.Power(a, b):
                return self._power(a, b)
            case nodes.Call():
                return self._call(expr)
            case nodes.MapValue():
                return self._map_value(expr)
            case _:
                assert_never(expr)

    def _integer(self) -> Any:
        self._count += 1
        return self.z3.Int(f"n{self._count}")

    def _real(self) -> Any:
        self._count += 1
        return self.z3.Real(f"r{self._count}")

    def _floor_of_quotient(self, a: nodes.Expr, b: nodes.Expr) -> Any:
        key = nodes.FloorDivide(a, b)
        if key not in self._terms:
            whole, x, m = self._integer(), self.expression(a), self.expression(b)
            self._terms[key] = whole
            self.facts += [self.z3.Implies(m > 0, self.z3.And(whole * m <= x, x < whole * m + m))]
        return self._terms[key]

    def _power(self, a: nodes.Expr, b: nodes.Expr) -> Any:
        match a, b:
            case _, nodes.Number(e) if e.denominator == 1 and 1 <= e <= EXPANDED_POWER:
                base = self.expression(a)
                result = base
                for _ in range(int(e) - 1):
                    result = result * base
                return result
            case nodes.Number(c), _ if c > 1 and is_integer(nodes.Power(a, b), self.box):
                result, exponent = self._integer(), self.expression(b)
                self.facts += [self.z3.Implies(exponent >= 0, result >= exponent + 1)]
                self.facts += [self.z3.Implies(exponent > 0, result >= int(c) * exponent)]
                for base, other, value in self._powers:
                    if base == c:
                        self._compare_powers(int(c), (exponent, result), (other, value))
                self._powers.append((c, exponent, result))
                return result
        result = self._real()
        low, high = interval(nodes.Power(a, b), self.box)
        self._bound(result, low, high)
        if isinstance(b, nodes.Number) and b.value > 0:
            self._between_powers(result, self.expression(a), b.value)
        return result

    def _between_powers(self, result: Any, x: Any, exponent: Fraction) -> None:
        """0^e = 0; x^e is between 1 and x for x >= 0 and e <= 1, and x is between 1 and x^e for e >= 1.

        For x >= 1 and e <= 1/2 its square is at most x.
        """
        z3 = self.z3
        inner, outer = (result, x) if exponent <= 1 else (x, result)
        self.facts += [
            z3.Implies(x == 0, result == 0),
            z3.Implies(x >= 1, z3.And(inner >= 1, inner <= outer)),
            z3.Implies(z3.And(x >= 0, x <= 1), z3.And(outer <= inner, inner <= 1)),
        ]
        if exponent <= Fraction(1, 2):
            self.facts.append(z3.Implies(x >= 1, result * result <= x))

    def _compare_powers(self, c: int, x: tuple[Any, Any], y: tuple[Any, Any]) -> None:
        for (a, value_a), (b, value_b) in ((x, y), (y, x)):
            ordered = self.z3.And(a >= 0, b > a)
            self.facts.append(self.z3.Implies(ordered, value_b >= c * value_a))
        self.facts.append(self.z3.Implies(x[0] == y[0], x[1] == y[1]))

    def _bound(self, term: Any, low: Fraction | float, high: Fraction | float) -> None:
        if isinstance(low, Fraction):
            self.facts.append(term >= _constant(low))
        if isinstance(high, Fraction):
            self.facts.append(term <= _constant(high))

    def _call(self, expr: nodes.Call) -> Any:
        z3, arguments = self.z3, expr.arguments
        match expr.function:
            case "floor" | "ceil":
                return self._rounded(arguments[0], up=expr.function == "ceil")
            case "sqrt":
                root, x = self._real(), self.expression(arguments[0])
                self.facts += [root >= 0, root * root == x]
                return root
            case "log2" | "log":
                result = self._real()
                self._bound(result, *interval(expr, self.box))
                if self._is_flat(expr):
                    x = self.expression(arguments[0])
                    self.facts.append(z3.Implies(x >= 1, z3.And(result >= 0, result <= x - 1)))
                return result
            case "min" | "max":
                result = self.expression(arguments[0])
                for other in map(self.expression, arguments[1:]):
                    result = z3.If((result < other) == (expr.function == "min"), result, other)
                return result
            case "abs":
                x = self.expression(arguments[0])
                return z3.If(x < 0, -x, x)
            case "gcd":
                result = self._integer()
                self.facts.append(result >= 0)
                for x in map(self.expression, arguments):
                    self.facts += [z3.Implies(x != 0, z3.And(result >= 1, result <= z3.If(x < 0, -x, x)))]
                return result
            case "lowbit":
                result, x = self._integer(), self.expression(arguments[0])
                self.facts += [result >= 1, result <= x]
                return result
            case "bitlen":
                result, x = self._integer(), self.expression(arguments[0])
                self.facts += [result >= 0, result <= x]
                return result
            case _:
                assert_never(expr.function)

    def _is_flat(self, logarithm: nodes.Call) -> bool:
        """Whether log(x) <= x − 1 for every x >= 1: natural ones and larger bases, and base 2 for integers."""
        x, *base = logarithm.arguments
        match logarithm.function, base:
            case "log", []:
                return True
            case "log", [nodes.Number(value)] if value >= 3:
                return True
            case "log2", _:
                return is_integer(x, self.box)
            case "log", [nodes.Number(value)]:
                return value >= 2 and is_integer(x, self.box)
            case _:
                return False

    def _rounded(self, argument: nodes.Expr, *, up: bool) -> Any:
        z3 = self.z3
        match argument:
            case nodes.Quotient(a, b) if not up:
                return self._floor_of_quotient(a, b)
            case nodes.Quotient(a, b):
                whole, x, m = self._integer(), self.expression(a), self.expression(b)
                self.facts += [z3.Implies(m > 0, z3.And(whole * m - m < x, x <= whole * m))]
                return whole
            case nodes.Call("sqrt", (square,)):
                whole, x = self._integer(), self.expression(square)
                s = whole - 1 if up else whole
                self.facts += [whole >= 0, whole * whole >= x if up else whole * whole <= x]
                self.facts += [z3.Or(whole == 0, s * s < x) if up else x < (whole + 1) * (whole + 1)]
                return whole
            case nodes.Call("log2", (x_expr,)) if not up:
                whole, x = self._integer(), self.expression(x_expr)
                self.facts += [z3.Implies(x >= 1, z3.And(whole >= 0, whole <= x - 1))]
                return whole
        whole, x = self._integer(), self.expression(argument)
        self.facts += [whole - 1 < x, x <= whole] if up else [whole <= x, x < whole + 1]
        return whole

    def _map_value(self, expr: nodes.MapValue) -> Any:
        z3, index_map = self.z3, expr.map
        value = self._integer() if is_integer(expr, self.box) else self._real()
        argument = self.expression(expr.argument)
        self._bound(value, *interval(expr, self.box))
        low, _ = map_difference(index_map)
        if low >= 0 and isinstance(low, Fraction):
            first = arithmetic.map_value(index_map, arithmetic.ZERO)
            if isinstance(first, nodes.Number):
                self.facts.append(
                    z3.Implies(argument >= 0, value >= _constant(first.value) + _constant(low) * argument)
                )
            for other, other_value in self._values:
                if other.map == index_map:
                    x = self.expression(other.argument)
                    for a, value_a, b, value_b in (
                        (x, other_value, argument, value),
                        (argument, value, x, other_value),
                    ):
                        self.facts.append(
                            z3.Implies(z3.And(a >= 0, b >= a), value_b >= value_a + _constant(low) * (b - a))
                        )
        for other, other_value in self._values:
            if other.argument == expr.argument:
                for (lower, a), (upper, b) in (
                    ((index_map, value), (other.map, other_value)),
                    ((other.map, other_value), (index_map, value)),
                ):
                    if isinstance(lower, nodes.RecursiveMap) and never_above(lower, upper):
                        self.facts.append(a <= b)
        self._values.append((expr, value))
        if self.bodies and isinstance(index_map, nodes.ClosedMap):
            body = arithmetic.substitute(index_map.body, {index_map.variable: expr.argument})
            self.facts.append(value == self.expression(body))
        return value
