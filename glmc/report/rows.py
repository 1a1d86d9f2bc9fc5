"""Facts as lines of text, for tables of any kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glmc.analysis.facts import CongestionFact, Fact, Facts


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
