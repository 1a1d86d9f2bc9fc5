"""Bounds on Σ_j |a_ij| and Σ_j |b_ij| that hold in every row for all inputs, by interval reasoning over the weights.

A side's weight is Σ c·e: each ``e`` is an *atom* with one value an element (1, a softmax, a sigmoid of a score …),
each ``c`` a polynomial in *quantities* of the row (sigmoid(gate), the totals of atoms), whose ranges are known.

    Σ_j |Σ c·e_j| <= Σ |c|·m(e)        m(e) = Σ_j |e_j|, which is |Σ_j e_j| where e has one sign or one element

Where no quantity has an exponent above 1, each |c·m| is convex in each quantity alone, and so is their sum: it is
largest at a corner of the box of ranges. Corners are few and values rational, so the bound is exact arithmetic. A
quantity to a higher power is replaced by independent ones of the same range, which can only enlarge the bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, product
from math import prod
from typing import assert_never

from glmc.analysis.forms import Band, Block
from glmc.analysis.polynomial import Polynomial, TooLarge, constant, polynomial
from glmc.analysis.recognise import reach
from glmc.analysis.rules.known import forms
from glmc.pattern.nodes import (
    Constant,
    Dot,
    Expr,
    Gate,
    Group,
    Learned,
    RowSet,
    RowSum,
    Side,
    Sigmoid,
    SlotGate,
    Softmax,
    Variable,
    Weight,
    WeightProduct,
    WeightQuotient,
    WeightSum,
)
from glmc.pattern.printer import print_weight
from glmc.pattern.rows import slot_capacity
from glmc.pattern.weights import subweights

_MOST_QUANTITIES = 10
_NOTHING, _UNIT = Fraction(0), Fraction(1)
_ONE = Constant(_UNIT)

Ends = tuple[Fraction | None, Fraction | None]
"""The least and the greatest value of a quantity; None is unbounded."""

_EVERYWHERE: Ends = (None, None)


@dataclass(frozen=True)
class RowSums:
    """What the rows of one group sum to, in absolute values.

    ``a`` and ``b`` bound Σ_j |a_ij| and Σ_j |b_ij| for every row i, ``element_a`` each |a_ij|. ``gain`` is the
    least c with Σ|a_ij| + c·Σ|b_ij| <= c in every row. None where there is no such number.
    """

    a: Fraction | None
    b: Fraction | None
    element_a: Fraction | None
    gain: Fraction | None


def row_sums(group: Group) -> RowSums:
    """The bounds for one group of heads, over all inputs.

    Where rows of a side have at most one element, those with it and those without are looked at apart.
    """
    try:
        cases = [_corners(Reading(group, empty)) for empty in _empty_sides(group)]
    except TooLarge:
        return RowSums(None, None, None, None)
    a, b, element_a = (
        _largest(sums) for sums in zip(*((case.a, case.b, case.element_a) for case in cases), strict=True)
    )
    known = a is not None and b is not None
    return RowSums(a, b, element_a, _gain(corner for case in cases for corner in case.both) if known else None)


@dataclass(frozen=True)
class _Case:
    a: Fraction | None
    b: Fraction | None
    element_a: Fraction | None
    both: tuple[tuple[Fraction, ...], ...]  # (Σ|a_ij|, Σ|b_ij|) at every corner


def _corners(reading: Reading) -> _Case:
    a, b = reading.masses("A"), reading.masses("B")
    return _Case(
        reading.largest(a),
        reading.largest(b),
        reading.largest(reading.elements("A")),
        tuple(reading.corners(a, b)),
    )


def _largest(values: Iterable[Fraction | None]) -> Fraction | None:
    found = tuple(values)
    return None if None in found else max(value for value in found if value is not None)


def _empty_sides(group: Group) -> Iterator[frozenset[Side]]:
    single: list[Side] = ["A"] if most_elements(group.a) == 1 and not _reads_itself(group.a) else []
    single += ["B"] if most_elements(group.b) == 1 else []
    for count in range(len(single) + 1):
        for sides in combinations(single, count):
            yield frozenset(sides)


def _reads_itself(row_set: RowSet) -> bool:
    return any(isinstance(form, Band) and form.first == 0 for form in forms(row_set))


def _gain(corners: Iterable[tuple[Fraction, ...]]) -> Fraction | None:
    """The least c >= 0 with a + c·b <= c at every corner (a, b)."""
    needed = _NOTHING
    for a, b in corners:
        if b < 1:
            needed = max(needed, a / (1 - b))
        elif a > 0 or b > 1:
            return None
    return needed


def most_elements(row_set: RowSet) -> int | None:
    """A bound on the elements of every row, None where rows grow or none is evident."""
    found = forms(row_set)
    bounds = [slot_capacity(row_set)]
    furthest = reach(row_set)
    if furthest is not None:
        bounds.append(furthest + 1)
    match found:
        case (Block(width),):
            bounds.append(width)
    return min((bound for bound in bounds if bound is not None), default=None)


@dataclass(frozen=True)
class Atom:
    """One value an element: its range, and over a row its total and what |total| of absolute values is at most."""

    low: Fraction | None
    high: Fraction | None
    total: Polynomial
    mass: Polynomial

    @property
    def element(self) -> Polynomial:
        """At least |e_j|: a constant, or a quantity without bounds."""
        if self.low is None or self.high is None:
            return self.total
        return constant(max(-self.low, self.high))


Terms = dict[Weight, Polynomial]
"""Σ coefficient · atom, by the weight that the atom stands for."""


@dataclass
class Reading:
    """The weights of one group as sums of atoms, in rows that lack the ``empty`` sides."""

    group: Group
    empty: frozenset[Side] = frozenset()
    ranges: dict[Variable, Ends] = field(default_factory=dict)
    atoms: dict[tuple[Side, Weight], Atom] = field(default_factory=dict)

    def masses(self, side: Side) -> tuple[Polynomial, ...]:
        """Polynomials whose absolute values sum to at least Σ_j |weight_ij|."""
        terms = self.terms(self._weight(side), side)
        if self._most(side) == 1:
            return (self._total(terms, side),)
        return tuple(coefficient * self._atom(atom, side).mass for atom, coefficient in terms.items())

    def elements(self, side: Side) -> tuple[Polynomial, ...]:
        """Polynomials whose absolute values sum to at least every |weight_ij|."""
        terms = self.terms(self._weight(side), side)
        return tuple(coefficient * self._atom(atom, side).element for atom, coefficient in terms.items())

    def largest(self, masses: tuple[Polynomial, ...]) -> Fraction | None:
        """The largest sum of the absolute values of ``masses`` over all ranges."""
        return max((sums[0] for sums in self.corners(masses)), default=None)

    def corners(self, *groups: tuple[Polynomial, ...]) -> Iterator[tuple[Fraction, ...]]:
        """Σ |mass| of each group at every corner of the ranges; nothing where a range is unbounded.

        Raises TooLarge where there are too many corners.
        """
        affine = [[self._affine(mass) for mass in masses] for masses in groups]
        quantities = dict.fromkeys(atom for masses in affine for mass in masses for atom in _quantities(mass))
        if len(quantities) > _MOST_QUANTITIES:
            raise TooLarge
        ends = [self.ranges[quantity] for quantity in quantities]
        known = [[end for end in dict.fromkeys(pair) if end is not None] for pair in ends]
        if any(None in pair for pair in ends):
            return
        for corner in product(*known):
            values: dict[Expr, Fraction] = dict(zip(quantities, corner, strict=True))
            yield tuple(sum((abs(_value(mass, values)) for mass in masses), _NOTHING) for masses in affine)

    def _affine(self, mass: Polynomial) -> Polynomial:
        """``mass`` with independent quantities in place of powers."""
        result = constant(0)
        for monomial, coefficient in mass.terms:
            term = constant(coefficient)
            for atom, exponent in monomial:
                assert isinstance(atom, Variable)
                for copy in range(exponent):
                    name = f"{atom.name}{'′' * copy}"
                    term = term * self._quantity(name, self.ranges[atom])
            result = result + term
        return result

    # -- a weight as a sum of atoms ---------------------------------------------------------------------------

    def _weight(self, side: Side) -> Weight:
        return self.group.weight_a if side == "A" else self.group.weight_b

    def _most(self, side: Side) -> int | None:
        return most_elements(self.group.a if side == "A" else self.group.b)

    def terms(self, weight: Weight, side: Side) -> Terms:
        if side in self.empty:
            return {}
        match weight:
            case Constant(value):
                return {_ONE: constant(value)}
            case RowSum(summed):
                return {_ONE: self._total(self.terms(self._weight(summed), summed), summed)}
            case Gate():
                return {_ONE: self._quantity("gate", _EVERYWHERE)}
            case Sigmoid(argument) if is_shared(argument):
                return {_ONE: self._quantity(print_weight(weight), (_NOTHING, _UNIT))}
            case Dot() | SlotGate() | Learned() | Softmax() | Sigmoid():
                return {weight: constant(1)}
            case WeightSum(parts):
                result: Terms = {}
                for part in parts:
                    for atom, coefficient in self.terms(part, side).items():
                        result[atom] = result.get(atom, constant(0)) + coefficient
                return result
            case WeightProduct(factors):
                result = {_ONE: constant(1)}
                for factor in factors:
                    result = _multiplied(result, self.terms(factor, side))
                return result
            case WeightQuotient(numerator, denominator):
                return _multiplied(self.terms(numerator, side), self._reciprocal(denominator, side))
            case _:
                assert_never(weight)

    def _reciprocal(self, weight: Weight, side: Side) -> Terms:
        """1 / weight: by the ends of a quantity of the row that keeps away from 0, unbounded otherwise."""
        terms = self.terms(weight, side)
        ends = _EVERYWHERE
        if terms.keys() == {_ONE}:
            value = terms[_ONE].constant
            if value:
                return {_ONE: constant(1 / value)}
            ends = self._reciprocal_ends(terms[_ONE])
        return {_ONE: self._quantity(f"1 / {print_weight(weight)} over {side}", ends)}

    def _reciprocal_ends(self, denominator: Polynomial) -> Ends:
        """A multi-affine denominator is least and greatest at corners too; the sum of it and a large shift tells."""
        size = self.largest((denominator,))
        if size is None:
            return _EVERYWHERE
        high = self.largest((denominator + constant(size),))
        low = self.largest((constant(size) - denominator,))
        assert high is not None and low is not None
        greatest, least = high - size, size - low
        return _EVERYWHERE if least <= 0 <= greatest else (1 / greatest, 1 / least)

    def _total(self, terms: Terms, side: Side) -> Polynomial:
        total = constant(0)
        for atom, coefficient in terms.items():
            total = total + coefficient * self._atom(atom, side).total
        return total

    # -- atoms ------------------------------------------------------------------------------------------------

    def _atom(self, weight: Weight, side: Side) -> Atom:
        key = (side, weight)
        if key not in self.atoms:
            self.atoms[key] = self._new_atom(weight, side)
        return self.atoms[key]

    def _new_atom(self, weight: Weight, side: Side) -> Atom:
        name = f"{print_weight(weight)} over {side}"
        match weight:
            case Constant():
                most = self._most(side)
                rows = self.group.a if side == "A" else self.group.b
                least = _UNIT if most == 1 or _reads_itself(rows) else _NOTHING
                count = self._quantity(name, (least, None if most is None else Fraction(most)))
                return Atom(_UNIT, _UNIT, count, count)
            case Softmax(score, "AB"):
                share = self._quantity(f"A's share of softmax({print_weight(score)})", (_NOTHING, _UNIT))
                total = share if side == "A" else constant(1) - share
                return Atom(_NOTHING, _UNIT, total, total)
            case Softmax():  # nothing where the row is empty
                total = self._quantity(name, (_NOTHING, _UNIT))
                return Atom(_NOTHING, _UNIT, total, total)
            case Sigmoid():
                return self._spread(name, side, _NOTHING, _UNIT)
            case Dot(left, right) if "unit" in left and "unit" in right:
                return self._spread(name, side, -_UNIT, _UNIT)
            case WeightProduct(factors):
                return self._product(name, side, tuple(self._atom(factor, side) for factor in factors))
            case _:
                return self._spread(name, side, None, None)

    def _spread(self, name: str, side: Side, low: Fraction | None, high: Fraction | None) -> Atom:
        """Elements that lie anywhere in [low, high], as many as a row has."""
        most = self._most(side)
        if most is None or low is None or high is None:
            total = self._quantity(name, _EVERYWHERE)
            return Atom(low, high, total, total)
        total = self._quantity(name, (min(_NOTHING, most * low), max(_NOTHING, most * high)))
        one_sign = most == 1 or low >= 0 or high <= 0
        return Atom(low, high, total, total if one_sign else constant(most * max(-low, high)))

    def _product(self, name: str, side: Side, factors: tuple[Atom, ...]) -> Atom:
        """Σ |e·f| <= max |f| · Σ |e|, for the best choice of e; its total is anything between ± that."""
        ends = [(factor.low, factor.high) for factor in factors]
        low, high = _range_of_product(ends)
        bounds = []
        for place, factor in enumerate(factors):
            others = _range_of_product(ends[:place] + ends[place + 1 :])
            mass = self.largest((factor.mass,))
            if mass is not None and None not in others:
                bounds.append(mass * max(abs(end) for end in others if end is not None))
        if not bounds:
            total = self._quantity(name, _EVERYWHERE)
            return Atom(low, high, total, total)
        bound = min(bounds)
        negative = low is None or low < 0
        total = self._quantity(name, (-bound if negative else _NOTHING, bound))
        return Atom(low, high, total, constant(bound) if negative else total)

    def _quantity(self, name: str, ends: Ends) -> Polynomial:
        quantity = Variable(name)
        self.ranges[quantity] = ends
        if ends[0] is not None and ends[0] == ends[1]:
            return constant(ends[0])
        return polynomial(quantity)


def is_shared(weight: Weight) -> bool:
    """Whether a weight has one value a row."""
    return not any(isinstance(part, Dot | SlotGate | Learned | Softmax) for part in subweights(weight))


def _multiplied(left: Terms, right: Terms) -> Terms:
    result: Terms = {}
    for x, c in left.items():
        for y, d in right.items():
            factors = [f for part in (x, y) if part != _ONE for f in _factors(part)]
            atom = _ONE if not factors else factors[0] if len(factors) == 1 else WeightProduct(tuple(factors))
            result[atom] = result.get(atom, constant(0)) + c * d
    return result


def _factors(atom: Weight) -> tuple[Weight, ...]:
    return atom.factors if isinstance(atom, WeightProduct) else (atom,)


def _range_of_product(ends: list[Ends]) -> Ends:
    low, high = _UNIT, _UNIT
    for least, greatest in ends:
        if least is None or greatest is None:
            return _EVERYWHERE
        products = [x * y for x in (low, high) for y in (least, greatest)]
        low, high = min(products), max(products)
    return low, high


def _quantities(mass: Polynomial) -> Iterator[Variable]:
    for monomial, _ in mass.terms:
        for atom, _ in monomial:
            assert isinstance(atom, Variable)
            yield atom


def _value(mass: Polynomial, values: Mapping[Expr, Fraction]) -> Fraction:
    """The value of a polynomial whose exponents are all 1."""
    return sum((c * prod(values[atom] for atom, _ in monomial) for monomial, c in mass.terms), _NOTHING)
