"""What was derived about a pattern: values, growths, closed expressions, and how each is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from glmc.analysis.growth import Growth
from glmc.pattern.nodes import Claim

Status = Literal["proved", "checked"]


@dataclass(frozen=True)
class Fact:
    """One quantity as a function of the length n.

    ``at_length`` is the exact value at the asked length (None: infinite, or not computed when ``unreachable`` is None
    too); ``expression`` is exact for every n >= 2 where known; ``because`` names the rule in one sentence;
    ``checked_to`` is the largest n up to which enumeration agrees.
    """

    growth: Growth | None
    expression: str | None
    at_length: int | None
    status: Status
    because: str
    checked_to: int
    unreachable: tuple[int, int] | None = None  # (j, i), only for path


@dataclass(frozen=True)
class CongestionFact:
    """[lower, upper] at ``length``; None bounds where unknown or unroutable."""

    length: int
    lower: int | None
    upper: int | None
    growth: Growth | None
    status: Status
    because: str
    unroutable: tuple[int, int] | None = None


@dataclass(frozen=True)
class Facts:
    length: int
    time: Fact
    total: Fact
    cache: Fact
    path: Fact
    congestion: CongestionFact

    def _repr_html_(self) -> str:
        """The table, for notebooks."""
        from glmc.report.notebook import facts_html

        return facts_html(self)


@dataclass(frozen=True)
class Verdict:
    """``derived`` is the derived growth or expression, ``witness`` a sentence with an n and the value there."""

    claim: Claim
    verdict: Literal["proved", "refuted", "checked", "open"]
    derived: str | None
    witness: str | None
