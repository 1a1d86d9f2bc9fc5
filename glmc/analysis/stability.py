"""What the declared weights guarantee about (I − B)⁻¹ and the outputs, for all inputs (THEORY, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil

from glmc.analysis.formula import N, call, enclose, number
from glmc.analysis.growth import CONSTANT, LINEAR, LOG, Growth
from glmc.analysis.intervals import OutOfRange, point
from glmc.analysis.rules.breaking import Breaking, breaking
from glmc.analysis.rules.chains import Chain, longest_chain
from glmc.analysis.rules.delta import Delta, delta
from glmc.analysis.rules.maps import plus, times
from glmc.analysis.rules.row_sums import RowSums, row_sums
from glmc.analysis.rules.sizes import size
from glmc.pattern.nodes import Expr, Group, Number, Pattern, Power, Product

_LARGEST = Fraction(10) ** 18
_FEW_STEPS = 16


@dataclass(frozen=True)
class Bound:
    """A norm is at most ``most`` at every length n >= 2, for all inputs.

    ``growth`` bounds that of ``most``; None is faster than every power of n.
    """

    most: Expr
    growth: Growth | None
    because: str

    def at(self, length: int) -> Fraction | float | None:
        """The bound at one length, rounded up where it is irrational; None where it is astronomic."""
        try:
            value = enclose(self.most, point(length))
        except OutOfRange:
            return None
        if value.high > _LARGEST:
            return None
        return value.high if value.is_point else float(value.high)


@dataclass(frozen=True)
class Stability:
    """Of one group of heads: bounds on ‖(I − B)⁻¹‖∞ and on ‖Y‖∞/‖X‖∞, both over all inputs.

    None: no bound is known; ``breaking`` tells inputs that outgrow every power of n (or every number), where a rule
    finds them. ``lifted``: with `state N`, X and Y are the values that are written to N channels.
    """

    group: str
    fraction: Fraction
    inverse: Bound | None
    output: Bound | None
    breaking: Breaking | None
    lifted: bool


def stability(pattern: Pattern) -> tuple[Stability, ...]:
    """One finding for each group of heads, in order."""
    return tuple(_group_stability(group) for group in pattern.groups)


@lru_cache(maxsize=64)
def _group_stability(group: Group) -> Stability:
    sums, chain, rule = row_sums(group), longest_chain(group.b), delta(group)
    inverse = _inverse(sums, chain, rule)
    output = _output(group, sums, inverse, rule)
    tame = all(bound is not None and bound.growth is not None for bound in (inverse, output))
    broken = None if tame else breaking(group)
    return Stability(group.name, group.fraction, inverse, output, broken, group.state is not None)


def _inverse(sums: RowSums, chain: Chain, rule: Delta | None) -> Bound | None:
    """With Σ_j |b_ij| <= s in every row and chains of at most L edges, (I − B)⁻¹ = Σ_{k <= L} B^k and ‖B^k‖∞ <= s^k:
    at most 1/(1 − s) for s < 1, L + 1 for s = 1, (s^(L+1) − 1)/(s − 1) for s > 1.
    """
    steps = chain.constant
    if steps == 0:
        return Bound(number(1), CONSTANT, chain.because)
    if sums.b is None:
        return None if rule is None else _reflections(rule)
    told = f"the absolute values in each row of B sum to at most {sums.b}"
    chained = f"{told}, and {chain.because}"
    if steps is not None and steps <= _FEW_STEPS:
        return Bound(number(sum((sums.b**k for k in range(steps + 1)), Fraction(0))), CONSTANT, chained)
    if sums.b < 1:
        return Bound(number(1 / (1 - sums.b)), CONSTANT, told)
    if sums.b == 1:
        return Bound(plus(chain.most, 1), chain.growth, chained)
    if rule is not None:
        return _reflections(rule)
    most = times(1 / (sums.b - 1), plus(Power(number(sums.b), plus(chain.most, 1)), -1))
    return Bound(most, _power_growth(sums.b, chain.growth), chained)


def _reflections(rule: Delta) -> Bound:
    most = plus(times(rule.strength, plus(N, -1)), 1)
    return Bound(most, LINEAR, "delta rule: products of reflections along unit keys have norm at most 1")


def _power_growth(base: Fraction, steps: Growth) -> Growth | None:
    """A growth that base^steps does not exceed: n^e for at most log2(n) steps and base <= 2^e."""
    if steps == CONSTANT:
        return CONSTANT
    return Growth(Fraction((ceil(base) - 1).bit_length())) if steps == LOG else None


def _output(group: Group, sums: RowSums, inverse: Bound | None, rule: Delta | None) -> Bound | None:
    """If Σ|a_ij| + c·Σ|b_ij| <= c in every row then |y_i| <= c·max |x|, by induction on i. Otherwise at most
    ‖A‖∞·‖(I − B)⁻¹‖∞.
    """
    if sums.gain is not None:
        return Bound(number(sums.gain), CONSTANT, _convex(sums))
    if rule is not None and rule.coupled:
        root = call("sqrt", times(rule.strength, plus(N, -1)))
        most = times(rule.strength, plus(root, 1))
        return Bound(most, Growth(Fraction(1, 2)), "delta rule: the energy of the memory grows by at most β x² a token")
    rows = _row_of_a(group, sums)
    if rows is None or inverse is None:
        return None
    growth = None if inverse.growth is None or rows.growth is None else rows.growth * inverse.growth
    return Bound(_times(rows.most, inverse.most), growth, f"{rows.because}; {inverse.because}")


def _convex(sums: RowSums) -> str:
    if sums.gain == 1:
        return "the absolute values in each row of [A B] sum to at most 1, so no output exceeds the largest input"
    return f"Σ|a_ij| + {sums.gain}·Σ|b_ij| <= {sums.gain} in every row, so no output exceeds {sums.gain} largest inputs"


def _row_of_a(group: Group, sums: RowSums) -> Bound | None:
    if sums.a is not None:
        return Bound(number(sums.a), CONSTANT, f"the absolute values in each row of A sum to at most {sums.a}")
    elements = size(group.a)
    if sums.element_a is None or elements.most is None:
        return None
    most = times(sums.element_a, elements.most)
    return Bound(most, elements.upper, f"no element of A exceeds {sums.element_a}, and {elements.because}")


def _times(left: Expr, right: Expr) -> Expr:
    match left, right:
        case Number(factor), _:
            return times(factor, right)
        case _, Number(factor):
            return times(factor, left)
        case _:
            return Product((left, right))
