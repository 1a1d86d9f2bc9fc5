"""The delta rule, B_ij = −β_i v_iᵀv_j over the whole past: row sums say nothing, products of reflections do."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from glmc.analysis.forms import Band
from glmc.analysis.polynomial import TooLarge, constant
from glmc.analysis.rules.known import forms
from glmc.analysis.rules.row_sums import Reading
from glmc.pattern.nodes import Dot, Group

_LARGEST = 2


@dataclass(frozen=True)
class Delta:
    """``strength``: the largest β; ``coupled``: A is the diagonal matrix of the same β, and β <= 1."""

    strength: Fraction
    coupled: bool


def delta(group: Group) -> Delta | None:
    """B_ij = −β_i v_iᵀv_j for all j < i, v unit(k) (or unit(q)) on both sides, 0 <= β_i <= 2 a quantity of the row.

    Let S_i = (I − β_i v_i v_iᵀ) S_{i−1} + v_i u_iᵀ, S_{−1} = 0. Then y_i = u_i − β_i v_iᵀ S_{i−1} solves (I − B) y =
    u: S_i = S_{i−1} + v_i y_iᵀ, so v_iᵀ S_{i−1} = Σ_{j<i} v_iᵀ v_j y_j. Hence for j < i the entry of (I − B)⁻¹ is −β_i
    v_iᵀ (Π (I − β v vᵀ)) v_j. As |v| <= 1, the eigenvalues of each factor are 1 and 1 − β|v|², between −1 and 1, and
    the entry is at most β_i: ‖(I − B)⁻¹‖∞ <= 1 + (n − 1)·max β.

    If u = β x and β <= 1, then with s = v_iᵀ S_{i−1} and c = β|v|² <= 1
        |S_i|² − |S_{i−1}|² − β x² = −β (s² + (1 − c)(s − x)²) <= 0,
    so |S|² <= max x² · Σ β, and |y_i| = β |x − v_iᵀ S_{i−1}| <= max β · (1 + sqrt(max β · (n − 1))) · max |x|.
    """
    try:
        reading = Reading(group)
        terms = reading.terms(group.weight_b, "B")
        match tuple(terms):
            case (Dot(left, right),) if left == right and "unit" in left and forms(group.b) == (Band(1, None),):
                coefficient = terms[Dot(left, right)]
            case _:
                return None
        strength = reading.largest((coefficient,))
        if strength is None or strength > _LARGEST or reading.largest((coefficient + constant(strength),)) != strength:
            return None
        own = reading.masses("A") if forms(group.a) == (Band(0, 1),) else ()
        return Delta(strength, strength <= 1 and own == (-coefficient,))
    except TooLarge:
        return None
