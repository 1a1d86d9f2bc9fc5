"""Canonical glm text of patterns and of their parts.

``print_pattern`` writes a whole file that elaborates to the same pattern again: sets written out, parameters
as
defaults, maps as ``let``. The other functions write one part for a message, its maps by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import assert_never

from glmc.pattern.nodes import (
    EMPTY,
    And,
    Call,
    Claim,
    ClosedMap,
    Comparison,
    Comprehension,
    Condition,
    Constant,
    Difference,
    Dot,
    Earlier,
    Expr,
    FloorDivide,
    Gate,
    Generator,
    Group,
    IndexMap,
    Intersection,
    Learned,
    Length,
    Listed,
    MapValue,
    Not,
    Number,
    Or,
    Pattern,
    Power,
    Product,
    Quotient,
    RecursiveMap,
    Remainder,
    Row,
    RowSet,
    RowSum,
    Sigmoid,
    SlotGate,
    Softmax,
    Sum,
    Union,
    Variable,
    Weight,
    WeightProduct,
    WeightQuotient,
    WeightSum,
)
from glmc.pattern.walk import map_parts, set_expressions, subexpressions

_RESERVED = "glm mixer set let rows doc where weights state claim heads for in if and or not A B"
_FUNCTIONS = "floor ceil sqrt log2 log min max abs gcd lowbit bitlen"
_LIBRARY = "past causal window shifts compact stride block landmarks fenwick"
_WEIGHTS = "softmax sigmoid dot unit sum q k gate slot_gate const"
_CLAIMS = "n time total cache path congestion in O Omega Theta"

_CLAIM_WORDS = frozenset(f"claim {_CLAIMS} {_FUNCTIONS}".split())
_TAKEN = frozenset(f"{_RESERVED} {_FUNCTIONS} {_LIBRARY} {_WEIGHTS} {_CLAIMS}".split())  # no names for maps

# How tightly a printed expression binds: a sum, a product, a negative number, a power, an atom.
_SUM, _PRODUCT, _UNARY, _POWER, _ATOM = range(5)


@dataclass(frozen=True)
class Names:
    """What the row index and the maps are called; ``current`` is the recursive map whose step is printed."""

    row: str = "i"
    maps: Mapping[IndexMap, str] = field(default_factory=dict)
    current: RecursiveMap | None = None

    def of(self, index_map: IndexMap) -> str:
        return self.maps.get(index_map, index_map.name)


PLAIN = Names()


def print_signature(pattern: Pattern) -> str:
    """The mixer and its parameters: ``power_of_two(base = 2)``."""
    parameters = ", ".join(f"{name} = {value}" for name, value in pattern.parameters)
    return f"{pattern.name}({parameters})" if parameters else pattern.name


# -- parts ---------------------------------------------------------------------------------------------------


def print_expr(expr: Expr, names: Names = PLAIN) -> str:
    return _expr(expr, names)[0]


def print_condition(condition: Condition, names: Names = PLAIN) -> str:
    match condition:
        case Comparison(left, relation, right):
            return f"{print_expr(left, names)} {relation} {print_expr(right, names)}"
        case And(parts) | Or(parts):
            word = " and " if isinstance(condition, And) else " or "
            inner = [print_condition(part, names) for part in parts]
            return word.join(
                f"({text})" if isinstance(part, And | Or) else text for part, text in zip(parts, inner, strict=True)
            )
        case Not(part):
            return f"not ({print_condition(part, names)})"
        case _:
            assert_never(condition)


def print_set(row_set: RowSet, names: Names = PLAIN) -> str:
    """For example ``{ i - f(k) for k in 0.. } | { 0 }``."""
    match row_set:
        case Listed(()):
            return "{ }"
        case Listed(elements):
            return f"{{ {', '.join(print_expr(element, names) for element in elements)} }}"
        case Comprehension(element, generators, condition):
            words = [print_expr(element, names)]
            words += [f"for {_generator(generator, names)}" for generator in generators]
            if condition is not None:
                words.append(f"if {print_condition(condition, names)}")
            return f"{{ {' '.join(words)} }}"
        case Union(Union(first, second), third) if not any(isinstance(part, Union) for part in (first, second, third)):
            return " | ".join(_operand(part, names) for part in (first, second, third))
        case Union(left, right):
            return f"{_operand(left, names)} | {_operand(right, names)}"
        case Difference(left, right):
            return f"{_operand(left, names)} - {_operand(right, names)}"
        case Intersection(left, right):
            return f"{_operand(left, names)} & {_operand(right, names)}"
        case _:
            assert_never(row_set)


def print_weight(weight: Weight) -> str:
    return _weight(weight)[0]


def print_map(index_map: IndexMap, names: Names = PLAIN) -> str:
    """The equations, one a line: ``f(k) = 2^k``."""
    name = names.of(index_map)
    match index_map:
        case ClosedMap(_, variable, body):
            return f"{name}({variable.name}) = {print_expr(body, names)}"
        case RecursiveMap(_, first, variable, step):
            inner = Names(names.row, names.maps, index_map)
            lines = [f"{name}({place}) = {print_expr(value, names)}" for place, value in enumerate(first)]
            lines.append(f"{name}({variable.name} + {len(first)}) = {print_expr(step, inner)}")
            return "\n".join(lines)
        case _:
            assert_never(index_map)


def _generator(generator: Generator, names: Names) -> str:
    stop = "" if generator.stop is None else print_expr(generator.stop, names)
    return f"{generator.variable.name} in {print_expr(generator.start, names)}..{stop}"


def _operand(row_set: RowSet, names: Names) -> str:
    text = print_set(row_set, names)
    return text if isinstance(row_set, Listed | Comprehension) else f"({text})"


def _expr(expr: Expr, names: Names) -> tuple[str, int]:
    """The text, and how tightly it binds."""

    def tight(part: Expr, least: int) -> str:
        text, binding = _expr(part, names)
        return text if binding >= least else f"({text})"

    match expr:
        case Number(value):
            return _number(value)
        case Row():
            return names.row, _ATOM
        case Length():
            return "n", _ATOM
        case Variable(name):
            return name, _ATOM
        case Sum(terms):
            return _joined([tight(term, _PRODUCT) for term in terms]), _SUM
        case Product((Number(value), *factors)) if value == -1 and factors:
            return "-" + " * ".join(tight(factor, _UNARY) for factor in factors), _PRODUCT
        case Product(factors):
            first, *rest = factors
            return " * ".join([tight(first, _PRODUCT), *(tight(part, _UNARY) for part in rest)]), _PRODUCT
        case Quotient(numerator, denominator):
            return f"{tight(numerator, _PRODUCT)} / {tight(denominator, _UNARY)}", _PRODUCT
        case FloorDivide(numerator, denominator):
            return f"{tight(numerator, _PRODUCT)} // {tight(denominator, _UNARY)}", _PRODUCT
        case Remainder(numerator, denominator):
            return f"{tight(numerator, _PRODUCT)} % {tight(denominator, _UNARY)}", _PRODUCT
        case Power(base, exponent):
            return f"{tight(base, _ATOM)}^{tight(exponent, _UNARY)}", _POWER
        case Call(function, arguments):
            return f"{function}({', '.join(print_expr(part, names) for part in arguments)})", _ATOM
        case MapValue(map_, argument):
            return f"{names.of(map_)}({print_expr(argument, names)})", _ATOM
        case Earlier(offset):
            assert names.current is not None
            variable = names.current.variable.name
            return f"{names.of(names.current)}({variable}{f' + {offset}' if offset else ''})", _ATOM
        case _:
            assert_never(expr)


def _number(value: Fraction) -> tuple[str, int]:
    if value.denominator == 1:
        return str(value), _ATOM if value >= 0 else _UNARY
    return f"{value.numerator} / {value.denominator}", _PRODUCT


def _decimal(value: Fraction) -> tuple[str, int]:
    """As ``_number``, but 9/10 is 0.9."""
    places = next((p for p in range(1, 19) if 10**p % value.denominator == 0), None)
    if value.denominator == 1 or places is None:
        return _number(value)
    digits = f"{abs(value.numerator) * 10**places // value.denominator:0{places + 1}d}"
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}", _UNARY if sign else _ATOM


def _joined(terms: list[str]) -> str:
    """A sum; a term that starts with a minus sign is taken away."""
    text = terms[0]
    for term in terms[1:]:
        text += f" - {term[1:]}" if term.startswith("-") else f" + {term}"
    return text


def _weight(weight: Weight) -> tuple[str, int]:
    def tight(part: Weight, least: int) -> str:
        text, binding = _weight(part)
        return text if binding >= least else f"({text})"

    match weight:
        case Constant(value):
            return _decimal(value)
        case Dot(left, right):
            return f"dot({left}, {right})", _ATOM
        case Gate():
            return "gate", _ATOM
        case SlotGate():
            return "slot_gate", _ATOM
        case Learned():
            return "const", _ATOM
        case Softmax(score, _):
            return f"softmax({print_weight(score)})", _ATOM
        case Sigmoid(argument):
            return f"sigmoid({print_weight(argument)})", _ATOM
        case RowSum(side):
            return f"sum({side})", _ATOM
        case WeightSum(terms):
            return _joined([tight(term, _PRODUCT) for term in terms]), _SUM
        case WeightProduct((Constant(value), *factors)) if value == -1 and factors:
            return "-" + " * ".join(tight(factor, _UNARY) for factor in factors), _PRODUCT
        case WeightProduct(factors):
            first, *rest = factors
            return " * ".join([tight(first, _PRODUCT), *(tight(part, _UNARY) for part in rest)]), _PRODUCT
        case WeightQuotient(numerator, denominator):
            return f"{tight(numerator, _PRODUCT)} / {tight(denominator, _UNARY)}", _PRODUCT
        case _:
            assert_never(weight)


# -- whole patterns ------------------------------------------------------------------------------------------


def print_pattern(pattern: Pattern) -> str:
    """A glm file whose mixer ``pattern.name`` elaborates to ``pattern`` (claims written anew where a ``let``
    named in their text is gone; groups of one name that differ are told apart by a number).
    """
    names = _names(pattern)
    parameters = ", ".join(_parameter(name, value) for name, value in pattern.parameters)
    opening = f"mixer {pattern.name}{f'({parameters})' if parameters else ''} {{"
    head = [] if pattern.doc is None else [f'doc "{_escaped(pattern.doc)}"']
    claims = [f"claim {_claim_text(claim, pattern)}" for claim in pattern.claims]
    lets = [f"let {line}" for index_map in names.maps for line in print_map(index_map, names).splitlines()]
    whole = len(pattern.groups) == 1 and pattern.groups[0].name == pattern.name
    if whole:
        parts = [_braced(opening, [*head, *_group(pattern.groups[0], names), *claims])]
    else:
        called = _group_names(pattern.groups)
        shares = [f"heads {group.fraction}: {called[_alone(group)]}" for group in pattern.groups]
        parts = [_braced(f"mixer {name} {{", _group(group, names)) for group, name in called.items()]
        parts.append(_braced(opening, [*head, *shares, *claims]))
    return "\n\n".join(["glm 1", *(["\n".join(lets)] if lets else []), *parts]) + "\n"


def _alone(group: Group) -> Group:
    return Group(group.name, Fraction(1), group.a, group.b, group.weight_a, group.weight_b, group.state)


def _group_names(groups: tuple[Group, ...]) -> dict[Group, str]:
    called: dict[Group, str] = {}
    for group in map(_alone, groups):
        if group not in called:
            called[group] = _fresh(group.name, called.values())
    return called


def _group(group: Group, names: Names) -> list[str]:
    lines = [f"A[{names.row}] = {print_set(group.a, names)}", f"B[{names.row}] = {print_set(group.b, names)}"]
    if any(_is_joint(weight) for weight in (group.weight_a, group.weight_b)):
        shared = group.weight_a if _is_joint(group.weight_a) else group.weight_b
        lines.append(f"weights A, B = {print_weight(shared)}")
    else:
        sides = (("A", group.a, group.weight_a), ("B", group.b, group.weight_b))
        lines += [f"weights {side} = {print_weight(weight)}" for side, rows, weight in sides if rows != EMPTY]
    if group.state is not None:
        lines.append(f"state {group.state}")
    return lines


def _is_joint(weight: Weight) -> bool:
    match weight:
        case Softmax(score, over):
            return over == "AB" or _is_joint(score)
        case Sigmoid(argument):
            return _is_joint(argument)
        case WeightSum(parts) | WeightProduct(parts):
            return any(map(_is_joint, parts))
        case WeightQuotient(numerator, denominator):
            return _is_joint(numerator) or _is_joint(denominator)
        case _:
            return False


def _braced(opening: str, lines: list[str]) -> str:
    return "\n".join([opening, *(f"  {line}" for line in lines), "}"])


def _parameter(name: str, value: Fraction | str) -> str:
    if isinstance(value, str):
        return f"{name}: map = {value}"
    return f"{name}: {'int' if value.denominator == 1 else 'real'} = {_decimal(value)[0]}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _claim_text(claim: Claim, pattern: Pattern) -> str:
    known = _CLAIM_WORDS | {name for name, _ in pattern.parameters}
    if set(re.findall(r"[^\W\d]\w*", claim.text)) <= known:
        return claim.text.removeprefix("claim ")
    bound = print_expr(claim.bound)
    if claim.relation in ("<=", "=="):
        return f"{claim.quantity} {claim.relation} {bound}"
    return f"{claim.quantity} in {claim.relation}({bound})"


# -- names ---------------------------------------------------------------------------------------------------


def _names(pattern: Pattern) -> Names:
    """Names for the row and for every map, those that a map uses before it."""
    maps: dict[IndexMap, None] = {}
    variables: set[str] = {name for name, _ in pattern.parameters}
    for group in pattern.groups:
        for expr in (*set_expressions(group.a), *set_expressions(group.b)):
            _note(expr, maps, variables)
    chosen: dict[IndexMap, str] = {}
    for index_map in maps:
        chosen[index_map] = _fresh(index_map.name, {*chosen.values(), *variables, *_TAKEN})
    return Names(_fresh("i", variables), chosen)


def _note(expr: Expr, maps: dict[IndexMap, None], variables: set[str]) -> None:
    for part in subexpressions(expr):
        if isinstance(part, Variable):
            variables.add(part.name)
        if isinstance(part, MapValue) and part.map not in maps:
            variables.add(part.map.variable.name)
            for inner in map_parts(part.map):
                _note(inner, maps, variables)
            maps[part.map] = None


def _fresh(name: str, taken: Iterable[str]) -> str:
    used = set(taken)
    unique, count = name, 1
    while unique in used:
        count += 1
        unique = f"{name}_{count}"
    return unique
