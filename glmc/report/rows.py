"""Facts and bounds as lines of text, for tables of any kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from glmc.pattern.printer import print_expr

if TYPE_CHECKING:
    from glmc.analysis.facts import CongestionFact, Fact, Facts
    from glmc.analysis.rules.breaking import Breaking
    from glmc.analysis.stability import Bound, Stability


@dataclass(frozen=True)
class FactRow:
    """One quantity; a text is empty where there is nothing to say, and "?" where nothing is known."""

    quantity: str
    expression: str  # exact for every n >= 2
    value: str
    growth: str
    status: str
    because: str


def fact_rows(facts: Facts) -> Iterator[FactRow]:
    yield _row("time", facts.time)
    yield _row("total", facts.total)
    yield _row("cache", facts.cache)
    yield _row("path", facts.path)
    yield _congestion_row(facts.congestion, facts.length)


def _row(quantity: str, fact: Fact) -> FactRow:
    value, growth = "?" if fact.at_length is None else str(fact.at_length), _growth(fact)
    if fact.unreachable is not None:
        value = growth = "∞"
    because = f"{_unreached(fact.unreachable)}{fact.because} (enumerated to n = {fact.checked_to})"
    return FactRow(quantity, fact.expression or "", value, growth, fact.status, because)


def _congestion_row(fact: CongestionFact, length: int) -> FactRow:
    value = interval(fact, length)
    status = "" if value == "?" else fact.status
    return FactRow("congestion", "", value, _growth(fact), status, _unreached(fact.unroutable) + fact.because)


def _growth(fact: Fact | CongestionFact) -> str:
    return "?" if fact.growth is None else f"Θ({fact.growth})"


def interval(fact: CongestionFact, length: int) -> str:
    """The bounds of congestion, with the length that they hold at where it is not ``length``."""
    if fact.unroutable is not None:
        return "unroutable"
    if fact.lower is None or fact.upper is None:
        return "?"
    value = str(fact.lower) if fact.lower == fact.upper else f"{fact.lower}–{fact.upper}"
    return value if fact.length == length else f"{value} (n = {fact.length})"


def _unreached(pair: tuple[int, int] | None) -> str:
    return "" if pair is None else f"x_{pair[0]} never reaches y_{pair[1]}: "


@dataclass(frozen=True)
class StabilityRow:
    """The bound on one norm, for one group of heads; texts as those of ``FactRow``."""

    norm: str
    expression: str
    value: str
    growth: str
    because: str


INVERSE, OUTPUT = "‖(I − B)⁻¹‖∞", "‖Y‖∞ / ‖X‖∞"


def stability_rows(stability: Stability, length: int) -> Iterator[StabilityRow]:
    breaking = stability.breaking
    breaks = (False, False) if breaking is None else (breaking.breaks_inverse, breaking.breaks_output)
    yield _stability_row(INVERSE, stability.inverse, length, breaks[0])
    norm = f"{OUTPUT}, lifted" if stability.lifted else OUTPUT
    yield _stability_row(norm, stability.output, length, breaks[1])


def _stability_row(norm: str, bound: Bound | None, length: int, breaks: bool) -> StabilityRow:
    if bound is None:
        because = "" if breaks else "no rule bounds it, and none shows that it has no bound"
        return StabilityRow(norm, "none" if breaks else "?", "", "", because)
    value = bound.at(length)
    shown = "" if value is None else str(value) if isinstance(value, Fraction) else f"{value:.6g}"
    growth = "exponential" if bound.growth is None else f"O({bound.growth})"
    return StabilityRow(norm, f"≤ {print_expr(bound.most)}", shown, growth, bound.because)


def breaking_sentence(breaking: Breaking) -> str:
    """The row that breaks the bounds, its coefficients, and what follows."""
    values = "x" if breaking.side == "A" else "y"
    read = ", ".join(f"{values}_{column}" for column in breaking.columns[:_MANY])
    read += ", …" if len(breaking.columns) > _MANY else ""
    if breaking.row_sum is None:
        return f"row {breaking.row} of {breaking.side} reads {read} with a coefficient that no input bounds"
    coefficients = ", ".join(map(str, breaking.coefficients[:_MANY]))
    row = f"row {breaking.row} of {breaking.side} may read {read} with {coefficients}: {breaking.row_sum} in sum"
    if breaking.at_least is None:
        return f"{row}; with such rows {INVERSE} is {breaking.norms[0]:.3g} at n = {breaking.tried}"
    return f"{row}; with such rows {INVERSE} is at least {print_expr(breaking.at_least)}"


_MANY = 8
