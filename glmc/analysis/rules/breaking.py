"""Inputs that make the outputs of a group as large as one likes: the row that breaks every bound.

Only coefficients that inputs attain are used: logits that are constant (or favour one distance), keys that are alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from typing import assert_never

import numpy as np
import numpy.typing as npt

from glmc.analysis.batches import TooManyEntries
from glmc.analysis.compact import compact_slots
from glmc.analysis.forms import Band, Compact
from glmc.analysis.formula import N, number
from glmc.analysis.recognise import is_shift_invariant, reach
from glmc.analysis.rules.known import forms
from glmc.analysis.rules.maps import plus
from glmc.pattern.evaluate import EvaluationError
from glmc.pattern.nodes import (
    Constant,
    Dot,
    Expr,
    FloorDivide,
    Gate,
    Group,
    Learned,
    Power,
    RowSet,
    RowSum,
    Side,
    Sigmoid,
    SlotGate,
    Softmax,
    Weight,
    WeightProduct,
    WeightQuotient,
    WeightSum,
)
from glmc.pattern.rows import row
from glmc.pattern.weights import subweights

_TRIED = 64
_MOST_PARTS = 64
_NEAREST = 8
_STRONG, _WEAK = Fraction(7, 8), Fraction(1, 8)
_PEAK = Fraction(255, 256)


@dataclass(frozen=True)
class Breaking:
    """Row ``row`` of ``side`` reads ``columns`` with ``coefficients``, whose absolute values sum to ``row_sum``; None:
    to any number. With such rows ‖(I − B)⁻¹‖∞ is at least ``at_least`` for every n (None: not proved), and ‖Y‖∞/‖X‖∞
    at least ``factor`` times that. ``norms`` are both at the length ``tried``, computed.
    """

    side: Side
    row: int
    columns: tuple[int, ...]
    coefficients: tuple[Fraction, ...]
    row_sum: Fraction | None
    at_least: Expr | None
    factor: Fraction
    tried: int
    norms: tuple[float, float]

    @property
    def breaks_inverse(self) -> bool:
        """Whether ‖(I − B)⁻¹‖∞ is proved to outgrow every polynomial."""
        return self.side == "B" and (self.row_sum is None or self.at_least is not None)

    @property
    def breaks_output(self) -> bool:
        """Whether ‖Y‖∞/‖X‖∞ is proved to outgrow every polynomial."""
        return self.factor > 0 and (self.row_sum is None or self.at_least is not None)


@dataclass(frozen=True)
class Choice:
    """What the inputs are chosen to be: the values of sigmoids of gates and of scores, of raw logits, and of products
    of unit vectors; ``peak``: the distance that a softmax over B favours, None for equal scores.
    """

    gate: Fraction = _STRONG
    score: Fraction = _STRONG
    raw: Fraction = Fraction(1)
    unit: Fraction = Fraction(1)
    peak: int | None = None


def breaking(group: Group) -> Breaking | None:
    """The choice of inputs with the largest outputs, if they outgrow every polynomial or the norms say so."""
    parts = [*subweights(group.weight_a), *subweights(group.weight_b)]
    if len(parts) > _MOST_PARTS:
        return None
    try:
        return _unbounded(group) or _growing(group)
    except (EvaluationError, TooManyEntries, ZeroDivisionError, OverflowError):
        return None


def _unbounded(group: Group) -> Breaking | None:
    """A coefficient that is a polynomial in a logit, and not constant: it grows with the logit.

    In the first row i of B that has an element j, (I − B)⁻¹_ij is b_ij, for the rows before are those of I. Where A =
    {i}, y_i holds b_ij a_jj x_j.
    """
    sides: tuple[tuple[Side, RowSet], ...] = (("B", group.b), ("A", group.a))
    for side, rows in sides:
        weight = group.weight_b if side == "B" else group.weight_a
        first = next((i for i in range(_TRIED) if row(rows, i)), None)
        if first is None or not _has_raw(weight) or _divides(group) or not _is_attained(group):
            continue
        once, twice = (_Rows(group, Choice(raw=Fraction(raw))) for raw in (1, 2))
        if once.coefficients(side, first)[0] == twice.coefficients(side, first)[0]:
            continue
        columns = row(rows, first)
        factor = Fraction(1)
        if side == "B":
            factor = abs(once.coefficients("A", columns[0])[0]) if _is_direct(group) else Fraction(0)
        return Breaking(side, first, columns, (), None, None, factor, first + 1, (np.inf, np.inf))
    return None


def _growing(group: Group) -> Breaking | None:
    if not _is_attained(group):
        return None
    tried = ((choice, _tried(group, choice)) for choice in _choices(group))
    telling = [
        found
        for choice, found in tried
        if found is not None and (found.at_least is not None or (choice.peak is None and max(found.norms) > _TRIED**2))
    ]
    return max(telling, key=lambda found: (found.breaks_output, found.breaks_inverse, found.norms[1]), default=None)


def _choices(group: Group) -> Iterator[Choice]:
    parts = [part for weight in (group.weight_a, group.weight_b) for part in subweights(weight)]
    values = [_STRONG, _WEAK] if any(isinstance(part, Sigmoid) for part in parts) else [_STRONG]
    two_signed = any(isinstance(part, Dot) and part.left != part.right for part in parts)
    units = [Fraction(1), Fraction(-1)] if two_signed else [Fraction(1)]
    peaks = [None, min(_certain_distances(group.b), default=None)] if _can_favour(group) else [None]
    for gate, score, unit, peak in product(values, values, units, dict.fromkeys(peaks)):
        yield Choice(gate=gate, score=score, unit=unit, peak=peak)


def _tried(group: Group, choice: Choice) -> Breaking | None:
    """The first row of B whose absolute coefficients sum to more than 1, and what such rows lead to."""
    rows = _Rows(group, choice)
    coefficients = {i: rows.coefficients("B", i) for i in range(_TRIED)}
    first = next((i for i, values in coefficients.items() if sum(map(abs, values)) > 1), None)
    if first is None:
        return None
    grown = _of_one_sign(group, coefficients)
    proved = None if grown is None else _lower_bound(group, choice, grown)
    at_least, factor = None, Fraction(0)
    if grown is not None and proved is not None:
        first, at_least = proved
        factor = min(_signed_outputs(group, rows, grown, first), default=factor)
    used = coefficients[first]
    columns = row(group.b, first)
    row_sum = sum(map(abs, used), Fraction(0))
    return Breaking("B", first, columns, used, row_sum, at_least, factor, _TRIED, rows.norms(_TRIED))


_Coefficients = dict[int, tuple[Fraction, ...]]
"""Of B, by row."""


def _of_one_sign(group: Group, coefficients: _Coefficients) -> _Coefficients | None:
    """Coefficients >= 0 in all rows that lead to the same norms, if there are such.

    Coefficients <= 0 at distances that are all odd multiples of one power of two p: with s_i = (−1)^⌊i/p⌋, s_i s_j = −1
    wherever b_ij is not 0, so with S = diag(s) the matrix S B S is −B, and ‖(I − S B S)⁻¹‖∞ = ‖S (I − B)⁻¹ S‖∞.
    """
    if any(isinstance(part, RowSum) for part in subweights(group.weight_b)):
        return None  # they may change their sign in later rows
    values = {value for found in coefficients.values() for value in found}
    if all(value >= 0 for value in values):
        return coefficients
    if any(value > 0 for value in values) or not _alternates(group.b):
        return None
    return {i: tuple(map(abs, found)) for i, found in coefficients.items()}


def _alternates(b: RowSet) -> bool:
    furthest = reach(b)
    if not is_shift_invariant(b) or furthest is None or furthest >= _TRIED:
        return False
    distances = [_TRIED - 1 - j for j in row(b, _TRIED - 1)]
    return len({distance & -distance for distance in distances}) == 1


def _signed_outputs(group: Group, rows: _Rows, grown: _Coefficients, count: int) -> Iterator[Fraction]:
    """The first outputs for x_j = ±1 with the sign of a_jj, where A = {j}; nothing for other rows of A."""
    outputs: list[Fraction] = []
    for i in range(count if _is_direct(group) else 0):
        own = abs(rows.coefficients("A", i)[0])
        read = zip(grown[i], rows.columns("B", i), strict=True)
        outputs.append(own + sum((value * outputs[j] for value, j in read), Fraction(0)))
    yield from outputs


def _lower_bound(group: Group, choice: Choice, coefficients: _Coefficients) -> tuple[int, Expr] | None:
    """If all coefficients of B are >= 0 and those at distances up to F sum to s > 1 in every row i >= F, then
    m_i = Σ_j (I − B)⁻¹_ij >= s·min(m_{i−F} … m_{i−1}), hence m_{n−1} >= s^⌊(n−1)/F⌋.

    Where A = {i}, x_j = ±1 for j < F with the sign of a_jj, and 0 later, make outputs that grow alike from the least of
    y_0 … y_{F−1} on.
    """
    best: tuple[float, int, Expr] | None = None
    for furthest, least in _near(group, choice, coefficients):
        if least > 1:
            rate = float(least) ** (1 / furthest)
            steps = plus(N, -1) if furthest == 1 else FloorDivide(plus(N, -1), number(furthest))
            if best is None or rate > best[0]:
                best = rate, furthest, Power(number(least), steps)
    return None if best is None else best[1:]


def _near(group: Group, choice: Choice, coefficients: _Coefficients) -> Iterator[tuple[int, Fraction]]:
    """(F, s): in every row i >= F the coefficients at distances up to F sum to at least s."""
    distances = _certain_distances(group.b)
    if choice.peak is not None:
        value = coefficients[choice.peak][0]  # alone in its row, or beside A's element
        shared = any(isinstance(part, Softmax) and part.over == "AB" for part in subweights(group.weight_b))
        yield choice.peak, value if shared else value * _PEAK
    elif not _has_softmax(group.weight_b):  # every element of every row has one value, whatever the row
        value = next((values[0] for values in coefficients.values() if values), Fraction(0))
        for place, furthest in enumerate(distances, 1):
            yield furthest, place * value
    elif distances and reach(group.b) == distances[-1] and distances[-1] < _TRIED and _is_direct(group):
        furthest = distances[-1]
        yield furthest, sum(coefficients[furthest], Fraction(0))  # from here on all rows are of one size


def _certain_distances(b: RowSet) -> tuple[int, ...]:
    """Up to eight distances F_1 < F_2 < …: every row i >= F_K has at least K elements at distances up to F_K.

    Shift-invariant rows hold i − d for each of their distances d. Slot k of compact rows shows a distance in (f(k) −
    a_k, f(k)]; while these intervals are disjoint, F_K is f(K − 1).
    """
    if is_shift_invariant(b):
        return tuple(sorted(_TRIED - 1 - j for j in row(b, _TRIED - 1)))[:_NEAREST]
    for form in forms(b):
        if isinstance(form, Compact) and (slots := compact_slots(form, _TRIED)) is not None:
            far, units = (part.tolist() for part in slots)
            disjoint = [far[0]]
            for k in range(1, len(far)):
                if far[k] - units[k] < far[k - 1]:
                    break
                disjoint.append(far[k])
            return tuple(disjoint[:_NEAREST])
        if isinstance(form, Band) and form.first <= 1:
            stop = _NEAREST + 1 if form.stop is None else form.stop
            return tuple(range(1, min(stop, _NEAREST + 1)))
    return ()


# -- which coefficients inputs attain -----------------------------------------------------------------------


def _is_attained(group: Group) -> bool:
    """Whether every choice is one of inputs: each kind of logit stands in one place, where it takes every value."""
    holders: dict[type[Weight], set[Weight]] = {}
    for weight in (group.weight_a, group.weight_b):
        for kind, holder in _holders(weight, None):
            holders.setdefault(kind, set()).add(holder)
    return all(len(places) == 1 and _takes_every_value(next(iter(places))) for places in holders.values())


def _holders(weight: Weight, outer: Weight | None) -> Iterator[tuple[type[Weight], Weight]]:
    """Each logit and product with the outermost sigmoid or softmax around it."""
    match weight:
        case Gate() | SlotGate() | Learned() | Dot():
            yield type(weight), outer or weight
        case Softmax(inner) | Sigmoid(inner):
            yield from _holders(inner, outer or (Sigmoid(inner) if isinstance(weight, Sigmoid) else _alike(weight)))
        case WeightSum(parts) | WeightProduct(parts):
            for part in parts:
                yield from _holders(part, outer)
        case WeightQuotient(numerator, denominator):
            yield from _holders(numerator, outer)
            yield from _holders(denominator, outer)
        case Constant() | RowSum():
            pass
        case _:
            assert_never(weight)


def _alike(weight: Softmax) -> Weight:
    """One place for the same softmax over one side and over the other: equal scores make both uniform."""
    return Softmax(weight.score, "AB")


def _takes_every_value(holder: Weight) -> bool:
    match holder:
        case Softmax():
            return True  # equal scores
        case Sigmoid(argument):
            return _is_onto(argument)
        case Dot():
            return True  # at least from 0 to 1, or all from 0 on
        case _:
            return _is_onto(holder)


def _is_onto(weight: Weight) -> bool:
    """Whether a logit makes this every real number."""
    match weight:
        case Gate() | SlotGate() | Learned():
            return True
        case Dot(left, right):
            return {left, right} == {"q", "k"}  # others are of one sign or bounded
        case WeightSum(parts) | WeightProduct(parts):
            moving = [part for part in parts if not isinstance(part, Constant)]
            zero = isinstance(weight, WeightProduct) and any(p == Constant(Fraction(0)) for p in parts)
            return len(moving) == 1 and not zero and _is_onto(moving[0])
        case _:
            return False


def _has_raw(weight: Weight) -> bool:
    """Whether a logit stands outside every sigmoid and softmax."""
    bare = [holder for _, holder in _holders(weight, None) if not isinstance(holder, Sigmoid | Softmax)]
    return any(not (isinstance(holder, Dot) and "unit" in holder.left and "unit" in holder.right) for holder in bare)


def _has_softmax(weight: Weight) -> bool:
    return any(isinstance(part, Softmax) for part in subweights(weight))


def _divides(group: Group) -> bool:
    parts = [part for weight in (group.weight_a, group.weight_b) for part in subweights(weight)]
    return any(isinstance(part, WeightQuotient) and not isinstance(part.denominator, Constant) for part in parts)


def _can_favour(group: Group) -> bool:
    """Whether scores can favour one distance in every row: slot gates, or keys on a circle and queries among them.

    Only where B is a product: the other elements keep its sign, however small they are.
    """
    parts = tuple(subweights(group.weight_b))
    scores = {part.score for part in parts if isinstance(part, Softmax)}
    is_product = not any(isinstance(part, WeightSum | RowSum) for part in parts)
    return is_product and _is_direct(group) and scores in ({SlotGate()}, {Dot("q", "k")})


def _is_direct(group: Group) -> bool:
    return forms(group.a) == (Band(0, 1),)


# -- the coefficients of a choice ---------------------------------------------------------------------------


class _Rows:
    """The rows of A and B of one group for one choice of inputs, exactly."""

    def __init__(self, group: Group, choice: Choice) -> None:
        self.weights: dict[Side, Weight] = {"A": group.weight_a, "B": group.weight_b}
        self.row_sets: dict[Side, RowSet] = {"A": group.a, "B": group.b}
        self.choice = choice
        self.columns = cache(lambda side, i: row(self.row_sets[side], i))
        self.coefficients = cache(self._coefficients)

    def norms(self, length: int) -> tuple[float, float]:
        """‖(I − B)⁻¹‖∞ and ‖(I − B)⁻¹ A‖∞ at ``length``, in floating point."""
        a, b = (np.zeros((length, length)) for _ in range(2))
        matrices: tuple[tuple[Side, npt.NDArray[np.float64]], ...] = (("A", a), ("B", b))
        for side, matrix in matrices:
            for i in range(length):
                matrix[i, list(self.columns(side, i))] = [float(value) for value in self.coefficients(side, i)]
        inverse = np.eye(length)
        with np.errstate(all="ignore"):  # beyond all numbers is told as infinite
            for i in range(length):
                inverse[i] += b[i, :i] @ inverse[:i]
            return float(np.abs(inverse).sum(1).max()), float(np.abs(inverse @ a).sum(1).max())

    def _coefficients(self, side: Side, i: int) -> tuple[Fraction, ...]:
        """The coefficients of row i, by column."""
        return tuple(self._value(self.weights[side], side, i, j) for j in self.columns(side, i))

    def _value(self, weight: Weight, side: Side, i: int, j: int) -> Fraction:
        match weight:
            case Constant(value):
                return value
            case Gate() | SlotGate() | Learned():
                return self.choice.raw
            case Dot(left, right):
                return self.choice.unit if "unit" in left and "unit" in right else self.choice.raw
            case Softmax(_, over):
                return self._softmax(side, over, i, j)
            case Sigmoid(argument):
                shared = not any(isinstance(part, Dot | SlotGate | Learned) for part in subweights(argument))
                return self.choice.gate if shared else self.choice.score
            case RowSum(summed):
                return sum(self.coefficients(summed, i), Fraction(0))
            case WeightSum(parts):
                return sum((self._value(part, side, i, j) for part in parts), Fraction(0))
            case WeightProduct(factors):
                value = Fraction(1)
                for factor in factors:
                    value *= self._value(factor, side, i, j)
                return value
            case WeightQuotient(numerator, denominator):
                return self._value(numerator, side, i, j) / self._value(denominator, side, i, j)
            case _:
                assert_never(weight)

    def _softmax(self, side: Side, over: str, i: int, j: int) -> Fraction:
        sides: tuple[Side, ...] = ("A", "B") if over == "AB" else (side,)
        elements = sum(len(self.columns(s, i)) for s in sides)
        peak = None if self.choice.peak is None else i - self.choice.peak
        if "B" not in sides or peak not in self.columns("B", i) or elements == 1:
            return Fraction(1, elements)
        return _PEAK if side == "B" and j == peak else (1 - _PEAK) / (elements - 1)
