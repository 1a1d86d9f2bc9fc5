"""Prints index expressions and conditions as exact Python: integers stay ``int``, rationals are ``Fraction``.

Irrational values are printed as calls into ``reals``, a copy of glmc's exact real arithmetic in the package.
"""

from __future__ import annotations

import builtins
import keyword
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from fractions import Fraction
from typing import assert_never

from glmc.diagnostics import InternalError
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
from glmc.pattern.walk import parts

_SUM, _PRODUCT, _UNARY, _POWER, _ATOM = range(5)
_COMPARISON = -1
# What the code around an expression calls its own: locals, imports and functions.
_TAKEN = re.compile(
    r"i|j|columns?|device|distances|found|left|length|place|right|row|slots?|start|stop|values|widest|width"
    r"|count|lru_cache|Fraction|torch|reals|lowbit|bitlen|(map|row|slots|distances|periods|table)_.*|_.*"
)


def _is_taken(name: str) -> bool:
    reserved = keyword.iskeyword(name) or keyword.issoftkeyword(name) or hasattr(builtins, name) or hasattr(math, name)
    return reserved or _TAKEN.fullmatch(name) is not None


class Kind(IntEnum):
    """The numbers that an expression can have, each containing the one before."""

    INTEGER = 0
    RATIONAL = 1
    REAL = 2


@dataclass(frozen=True)
class Code:
    """Python source, the precedence of its outermost operator, and what it evaluates to."""

    text: str
    precedence: int
    kind: Kind

    def at(self, least: int) -> str:
        """The text as an operand of an operator that binds with ``least``."""
        return self.text if self.precedence >= least else f"({self.text})"


@dataclass
class IndexPrinter:
    """Prints expressions of one package's ``rows.py``; collects the maps and imports that they use."""

    maps: dict[IndexMap, str] = field(default_factory=dict)
    uses: set[str] = field(default_factory=set)
    naturals: set[Variable] = field(default_factory=set)  # variables that are never negative
    _variables: dict[str, str] = field(default_factory=dict)
    _recursion: tuple[int, Kind] = (0, Kind.INTEGER)  # order and kind of the recursive map being printed

    def variable(self, variable: Variable) -> str:
        """A name for the variable that hides nothing of the code around it."""
        name = variable.name
        if name not in self._variables:
            stem = re.sub(r"\W", "_", name)
            candidate = f"{stem}_" if _is_taken(name) or stem in self._variables.values() else stem
            while candidate in self._variables.values():
                candidate += "_"
            self._variables[name] = candidate
        return self._variables[name]

    def integer(self, expr: Expr, least: int = _COMPARISON) -> str:
        """``expr`` as an ``int``; whoever calls this knows that it is one."""
        code = self.code(expr)
        match code.kind:
            case Kind.INTEGER:
                return code.at(least)
            case Kind.RATIONAL:
                return f"int({code.text})"
            case Kind.REAL:
                return self._call("reals", f"reals.floor({code.text})").text

    def condition(self, condition: Condition) -> str:
        """``condition`` as a Boolean expression."""
        return self._condition(condition)[0]

    def conjunction(self, conditions: Iterable[Condition]) -> str:
        """That all of ``conditions`` hold."""
        return " and ".join(self._operand(part, 1) for part in conditions)

    def negation(self, condition: Condition) -> str:
        """The opposite of ``condition``."""
        match condition:
            case Comparison(left, relation, right):
                return self.condition(Comparison(left, _OPPOSITE[relation], right))
            case Not(part):
                return self.condition(part)
            case And(parts):
                return self.condition(Or(tuple(Not(part) for part in parts)))
            case Or(parts):
                return self.condition(And(tuple(Not(part) for part in parts)))
            case _:
                assert_never(condition)

    def _condition(self, condition: Condition) -> tuple[str, int]:
        match condition:
            case Comparison(left, relation, right):
                x, y = self.code(left), self.code(right)
                if Kind.REAL in (x.kind, y.kind):
                    self.uses.add("reals")
                    return f"reals.compare({x.text}, {y.text}) {relation} 0", 3
                return f"{x.at(_SUM)} {relation} {y.at(_SUM)}", 3
            case And(parts):
                return " and ".join(self._operand(part, 1) for part in parts), 1
            case Or(parts):
                return " or ".join(self._operand(part, 0) for part in parts), 0
            case Not(Comparison() | Not()):
                return self.negation(condition.part), 3
            case Not(part):
                return f"not {self._operand(part, 3)}", 2
            case _:
                assert_never(condition)

    def _operand(self, condition: Condition, outer: int) -> str:
        text, precedence = self._condition(condition)
        return text if precedence >= outer else f"({text})"

    def code(self, expr: Expr) -> Code:
        """``expr`` as Python source."""
        match expr:
            case Number(value) if value.denominator == 1:
                return Code(str(value.numerator), _ATOM if value >= 0 else _UNARY, Kind.INTEGER)
            case Number(value):
                return self._call("Fraction", f"Fraction({value.numerator}, {value.denominator})", Kind.RATIONAL)
            case Row():
                return Code("i", _ATOM, Kind.INTEGER)
            case Variable():
                return Code(self.variable(expr), _ATOM, Kind.INTEGER)
            case Sum(terms):
                return self._sum([self._term(term) for term in terms])
            case Product(factors):
                return self._product([self.code(factor) for factor in factors])
            case Quotient(numerator, denominator):
                return self._quotient(self.code(numerator), self.code(denominator))
            case FloorDivide(numerator, denominator):
                return self._floor_divide(self.code(numerator), self.code(denominator))
            case Remainder(numerator, denominator):
                x, y = self.code(numerator), self.code(denominator)
                if Kind.REAL in (x.kind, y.kind):
                    multiple = f"reals.multiply({y.text}, -reals.floor(reals.divide({x.text}, {y.text})))"
                    return self._call("reals", f"reals.add({x.text}, {multiple})", Kind.REAL)
                return Code(f"{x.at(_PRODUCT)} % {y.at(_UNARY)}", _PRODUCT, max(x.kind, y.kind))
            case Power(base, exponent):
                return self._power(base, exponent)
            case Call(function, arguments):
                return self._function(function, arguments)
            case MapValue(map_, argument):
                return Code(f"{self.map_name(map_)}({self.integer(argument)})", _ATOM, self._map_kind(map_))
            case Earlier(offset):
                order, kind = self._recursion
                return Code(f"values[{offset - order}]", _ATOM, kind)
            case Length():
                raise InternalError("a row set speaks of the length")
            case _:
                assert_never(expr)

    # -- arithmetic

    def _term(self, term: Expr) -> tuple[str, Code]:
        """Sign and magnitude of a term of a sum."""
        match term:
            case Number(value) if value < 0:
                return "-", self.code(Number(-value))
            case Product((Number(value), *rest)) if value < 0:
                positive: tuple[Expr, ...] = (*rest,) if value == -1 else (Number(-value), *rest)
                return "-", self.code(positive[0] if len(positive) == 1 else Product(positive))
            case _:
                return "+", self.code(term)

    def _sum(self, terms: list[tuple[str, Code]]) -> Code:
        kind = max(code.kind for _, code in terms)
        if kind is Kind.REAL:
            signed = [c.text if sign == "+" else f"reals.multiply({c.text}, -1)" for sign, c in terms]
            return self._fold("reals.add", signed)
        terms = sorted(terms, key=lambda term: term[0] == "-")  # a leading minus reads worse
        (sign, first), *rest = terms
        text = first.at(_SUM) if sign == "+" else f"-{first.at(_UNARY)}"
        return Code(text + "".join(f" {sign} {code.at(_PRODUCT)}" for sign, code in rest), _SUM, kind)

    def _product(self, factors: list[Code]) -> Code:
        kind = max(code.kind for code in factors)
        if kind is Kind.REAL:
            return self._fold("reals.multiply", [code.text for code in factors])
        if factors[0].text == "-1" and len(factors) > 1:
            rest = self._product(factors[1:])
            return Code(f"-{rest.at(_UNARY)}", _UNARY, kind)
        first, *others = factors
        return Code(" * ".join((first.at(_PRODUCT), *(code.at(_UNARY) for code in others))), _PRODUCT, kind)

    def _quotient(self, x: Code, y: Code) -> Code:
        match max(x.kind, y.kind):
            case Kind.INTEGER:
                return self._call("Fraction", f"Fraction({x.text}, {y.text})", Kind.RATIONAL)
            case Kind.RATIONAL:
                return Code(f"{_fraction(x).at(_PRODUCT)} / {y.at(_UNARY)}", _PRODUCT, Kind.RATIONAL)
            case Kind.REAL:
                return self._call("reals", f"reals.divide({x.text}, {y.text})", Kind.REAL)

    def _floor_divide(self, x: Code, y: Code) -> Code:
        if Kind.REAL in (x.kind, y.kind):
            return self._call("reals", f"reals.floor(reals.divide({x.text}, {y.text}))")
        return Code(f"{x.at(_PRODUCT)} // {y.at(_UNARY)}", _PRODUCT, Kind.INTEGER)

    def _power(self, base: Expr, exponent: Expr) -> Code:
        x, n = self.code(base), self.code(exponent)
        if x.kind is not Kind.REAL and n.kind is Kind.INTEGER:
            if self.is_natural(exponent):
                return Code(_raised(x, n), _POWER, x.kind)
            self.uses.add("Fraction")
            return Code(_raised(_fraction(x), n), _POWER, Kind.RATIONAL)
        return self._call("reals", f"reals.power({x.text}, {n.text}, reals.POWER_BITS_LIMIT)", Kind.REAL)

    def _function(self, function: str, arguments: tuple[Expr, ...]) -> Code:
        match function:
            case "floor":
                return self._floor(arguments[0])
            case "ceil":
                return self._ceil(arguments[0])
            case "min" | "max" | "gcd":
                codes = [self.code(argument) for argument in arguments]
                if len(codes) == 1 and function != "gcd":
                    return codes[0]
                kind = max(code.kind for code in codes)
                text = f"{function}({', '.join(code.text for code in codes)})"
                if function == "gcd":
                    return self._call("gcd", text)
                if kind is Kind.REAL:
                    self.uses.add("cmp_to_key")
                    return self._call("reals", f"{text[:-1]}, key=cmp_to_key(reals.compare))", kind)
                return Code(text, _ATOM, kind)
            case "abs":
                code = self.code(arguments[0])
                if code.kind is Kind.REAL:
                    return self._function("max", (arguments[0], Product((_MINUS_ONE, arguments[0]))))
                return Code(f"abs({code.text})", _ATOM, code.kind)
            case "lowbit":
                return self._call("lowbit", f"lowbit({self.integer(arguments[0])})")
            case "bitlen":
                return self._call("bitlen", f"bitlen({self.integer(arguments[0])})")
            case "sqrt":
                return self._call("reals", f"reals.root({self.code(arguments[0]).text}, 2)", Kind.REAL)
            case "log2":
                return self._call("reals", f"reals.logarithm({self.code(arguments[0]).text}, 2)", Kind.REAL)
            case "log":
                base = self.code(arguments[1]).text if len(arguments) > 1 else "None"
                return self._call("reals", f"reals.logarithm({self.code(arguments[0]).text}, {base})", Kind.REAL)
            case _:
                raise InternalError(f"no Python for the function {function}")

    def _floor(self, argument: Expr) -> Code:
        match argument:
            case Quotient(numerator, denominator):
                return self._floor_divide(self.code(numerator), self.code(denominator))
            case Call("sqrt", (inner,)) if self.code(inner).kind is Kind.INTEGER:
                return self._call("isqrt", f"isqrt({self.code(inner).text})")
            case Call("sqrt", (inner,)) if self.code(inner).kind is Kind.RATIONAL:
                self.uses.add("floor")
                return self._call("isqrt", f"isqrt(floor({self.code(inner).text}))")
            case Call("log2", (inner,)) if self.code(inner).kind is Kind.INTEGER:
                return self._call("bitlen", f"bitlen({self.code(inner).text}) - 1", precedence=_SUM)
        code = self.code(argument)
        match code.kind:
            case Kind.INTEGER:
                return code
            case Kind.RATIONAL:
                return self._call("floor", f"floor({code.text})")
            case Kind.REAL:
                return self._call("reals", f"reals.floor({code.text})")

    def _ceil(self, argument: Expr) -> Code:
        match argument:
            case Quotient(numerator, denominator):
                x, y = self.code(numerator), self.code(denominator)
                if Kind.REAL not in (x.kind, y.kind):
                    return Code(f"-(-{x.at(_UNARY)} // {y.at(_UNARY)})", _UNARY, Kind.INTEGER)
            case Call("log2", (inner,)) if self.code(inner).kind is Kind.INTEGER:
                return self._call("bitlen", f"bitlen({self.code(inner).at(_SUM)} - 1)")
        code = self.code(argument)
        match code.kind:
            case Kind.INTEGER:
                return code
            case Kind.RATIONAL:
                return self._call("ceil", f"ceil({code.text})")
            case Kind.REAL:
                return self._call("reals", f"reals.ceil({code.text})")

    def _call(self, name: str, text: str, kind: Kind = Kind.INTEGER, precedence: int = _ATOM) -> Code:
        self.uses.add(name)
        return Code(text, precedence, kind)

    def _fold(self, function: str, parts: list[str]) -> Code:
        text = parts[0]
        for part in parts[1:]:
            text = f"{function}({text}, {part})"
        return self._call("reals", text, Kind.REAL)

    # -- maps

    def map_name(self, map_: IndexMap) -> str:
        """The function of ``map_`` in rows.py; maps that it needs come before it in ``maps``."""
        if map_ not in self.maps:
            for inner in _maps_within(map_):
                self.map_name(inner)
            stem = f"map_{map_.name.lower()}"
            taken = set(self.maps.values())
            numbered = (f"{stem}_{number}" for number in range(2, len(taken) + 3))
            self.maps[map_] = next(name for name in (stem, *numbered) if name not in taken)
        return self.maps[map_]

    def _map_kind(self, map_: IndexMap) -> Kind:
        return self._map_code(map_).kind

    def map_definition(self, map_: IndexMap) -> str:
        """The function of ``map_`` as Python source."""
        name, code = self.map_name(map_), self._map_code(map_)
        result = _TYPE[code.kind]
        if code.kind is not Kind.INTEGER:
            self.uses.add("Fraction" if code.kind is Kind.RATIONAL else "reals")
        match map_:
            case ClosedMap(_, variable, _):
                k = self.variable(variable)
                body = f"return {code.text}"
                if "**" in code.text:  # whose type is not known to be an integer's
                    body = f"value: {result} = {code.text}\n    return value"
                return f"def {name}({k}: int) -> {result}:\n    {body}\n"
            case RecursiveMap(_, first, variable, step):
                k, order = self.variable(variable), map_.order
                memory = f"_{name.upper()}"
                lines = [
                    f"{memory}: list[{result}] = [{', '.join(self.code(part).text for part in first)}]",
                    "",
                    "",
                    f"def {name}(place: int) -> {result}:",
                    f"    values = {memory}",
                    "    while len(values) <= place:",
                ]
                if _mentions(step, variable):
                    lines.append(f"        {k} = len(values) - {order}")
                lines += [f"        values.append({code.text})", "    return values[place]", ""]
                return "\n".join(lines)
            case _:
                assert_never(map_)

    def _map_code(self, map_: IndexMap) -> Code:
        self.naturals.add(map_.variable)
        match map_:
            case ClosedMap(_, _, body):
                return self.code(body)
            case RecursiveMap(_, first, _, step):
                outer = self._recursion
                kind = max(self.code(part).kind for part in first)
                while True:
                    self._recursion = (map_.order, kind)
                    code = self.code(step)
                    if code.kind <= kind:
                        self._recursion = outer
                        return Code(code.text, code.precedence, kind)
                    kind = code.kind
            case _:
                assert_never(map_)

    def is_natural(self, expr: Expr) -> bool:
        """Whether the integer ``expr`` is evidently not negative."""
        match expr:
            case Number(value):
                return value >= 0
            case Row():
                return True
            case Variable():
                return expr in self.naturals
            case Sum(parts) | Product(parts):
                return all(self.is_natural(part) for part in parts)
            case FloorDivide(x, y) | Remainder(x, y) | Quotient(x, y) | Power(x, y):
                return self.is_natural(x) and self.is_natural(y)
            case Call("floor" | "ceil" | "sqrt", (x,)):
                return self.is_natural(x)
            case Call("bitlen" | "lowbit" | "abs" | "gcd", _):
                return True
            case _:
                return False


_MINUS_ONE = Number(Fraction(-1))
_TYPE = {Kind.INTEGER: "int", Kind.RATIONAL: "int | Fraction", Kind.REAL: "reals.Value"}
_OPPOSITE: Mapping[Relation, Relation] = {
    "<": ">=",
    "<=": ">",
    "==": "!=",
    "!=": "==",
    ">=": "<",
    ">": "<=",
}


def _raised(x: Code, n: Code) -> str:
    """x to the n-th, spaced as ruff format spaces simple operands."""
    simple = all(re.fullmatch(r"-?\w+", text) for text in (x.at(_ATOM), n.at(_UNARY)))
    return f"{x.at(_ATOM)}{'**' if simple else ' ** '}{n.at(_UNARY)}"


def _fraction(code: Code) -> Code:
    """``code`` such that a quotient of it is exact."""
    if code.kind is Kind.RATIONAL:
        return code
    return Code(f"Fraction({code.text})", _ATOM, Kind.RATIONAL)


def may_fail(expr: Expr) -> bool:
    """Whether some value of the variables may leave ``expr`` without a value."""
    match expr:
        case FloorDivide(_, Number(value)) | Remainder(_, Number(value)) | Quotient(_, Number(value)) if value > 0:
            return may_fail(parts(expr)[0])
        case FloorDivide() | Remainder() | Quotient() | MapValue():
            return True
        case Call("sqrt" | "log2" | "log" | "lowbit" | "bitlen", _):
            return True
        case Power(Number(value), exponent) if value > 0:
            return may_fail(exponent)
        case Power(base, Number(value)) if value >= 0 and value.denominator == 1:
            return may_fail(base)
        case Power():
            return True
        case _:
            return any(may_fail(part) for part in parts(expr))


def _mentions(expr: Expr, wanted: Expr) -> bool:
    return expr == wanted or any(_mentions(part, wanted) for part in parts(expr))


def _maps_within(map_: IndexMap) -> Iterator[IndexMap]:
    match map_:
        case ClosedMap(_, _, body):
            yield from _maps_of(body)
        case RecursiveMap(_, first, _, step):
            for expr in (*first, step):
                yield from _maps_of(expr)
        case _:
            assert_never(map_)


def _maps_of(expr: Expr) -> Iterator[IndexMap]:
    if isinstance(expr, MapValue):
        yield expr.map
    for part in parts(expr):
        yield from _maps_of(part)
