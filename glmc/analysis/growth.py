"""Growth classes n^a · log(n)^b · log(log(n))^c, up to constant factors (Theta), with exact rational
exponents.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

_ZERO = Fraction(0)


@dataclass(frozen=True, order=True)
class Growth:
    """n^power · log(n)^log · log(log(n))^loglog. Instances order by growth, as their fields do.

    The Theta class of a sum is ``max`` of the classes, that of a product their product.
    """

    power: Fraction = _ZERO
    log: Fraction = _ZERO
    loglog: Fraction = _ZERO

    def __mul__(self, other: Growth) -> Growth:
        return Growth(self.power + other.power, self.log + other.log, self.loglog + other.loglog)

    def __pow__(self, exponent: Fraction | int) -> Growth:
        return Growth(self.power * exponent, self.log * exponent, self.loglog * exponent)

    @property
    def is_regular(self) -> bool:
        """Whether Σ_{i<n} g(i) is Theta(n · g(n)): g(n) is at least n^a with a > -1, so the last half
        carries the sum.
        """
        return self.power > -1

    def __str__(self) -> str:
        """INTERFACE's normal form: `1`, `n`, `sqrt(n)`, `n^(3/2)`, `n*log(n)`, `log(n)^-1`."""
        factors = [
            _factor(base, exponent)
            for base, exponent in (("n", self.power), ("log(n)", self.log), ("log(log(n))", self.loglog))
            if exponent
        ]
        return "*".join(factors) or "1"


def _factor(base: str, exponent: Fraction) -> str:
    if exponent == 1:
        return base
    if exponent == Fraction(1, 2):
        return f"sqrt({base})"
    return f"{base}^{exponent}" if exponent.denominator == 1 else f"{base}^({exponent})"


CONSTANT = Growth()
LINEAR = Growth(Fraction(1))
LOG = Growth(log=Fraction(1))
LOGLOG = Growth(loglog=Fraction(1))
