"""What a rule proves about one quantity."""

from __future__ import annotations

from dataclasses import dataclass, replace

from glmc.analysis.growth import Growth
from glmc.pattern.nodes import Expr


@dataclass(frozen=True)
class Law:
    """Proved bounds: ``lower`` and ``upper`` of the growth, ``at_least`` and ``at_most`` for n >= 2.

    None where nothing is proved. ``because`` is one sentence that names the rule. ``infinite`` says that the
    quantity is infinite for every large n.
    """

    because: str
    lower: Growth | None = None
    upper: Growth | None = None
    at_least: Expr | None = None
    at_most: Expr | None = None
    infinite: bool = False

    @property
    def growth(self) -> Growth | None:
        """The Theta class, if the bounds meet."""
        return self.upper if self.lower == self.upper else None

    @property
    def exact(self) -> Expr | None:
        """The value for every n >= 2, if the bounds are one expression."""
        return self.at_most if self.at_least == self.at_most else None

    def within(self, at_least: Expr | None = None, at_most: Expr | None = None) -> Law:
        """This law with closed bounds added where it has none."""
        return replace(self, at_least=self.at_least or at_least, at_most=self.at_most or at_most)


def theta(growth: Growth, because: str, exact: Expr | None = None) -> Law:
    return Law(because, growth, growth, exact, exact)
