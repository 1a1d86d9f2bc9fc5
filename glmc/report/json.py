"""An analysis as INTERFACE's JSON object."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glmc.analysis.facts import CongestionFact, Fact, Verdict
    from glmc.compiler import Analysis
    from glmc.pattern.evaluate import BoolArray
    from glmc.pattern.nodes import Pattern
    from glmc.pictures.squares import Squares
    from glmc.source import Source


def mixer_json(analysis: Analysis) -> dict[str, Any]:
    """One entry of "mixers"."""
    pattern, facts = analysis.pattern, analysis.facts
    return {
        "name": pattern.name,
        "parameters": {name: plain(value) for name, value in pattern.parameters},
        "facts": {
            "time": _fact_json(facts.time),
            "total": _fact_json(facts.total),
            "cache": _fact_json(facts.cache),
            "path": _fact_json(facts.path),
            "congestion": _congestion_json(facts.congestion),
        },
        "claims": [_claim_json(pattern.source, verdict) for verdict in analysis.verdicts],
    }


def squares_json(pattern: Pattern, groups: tuple[Squares, ...]) -> dict[str, Any]:
    """A mixer's rows, those of each group of heads: row i of A and of B as the positions that it reads."""
    return {
        "name": pattern.name,
        "parameters": {name: plain(value) for name, value in pattern.parameters},
        "groups": [{"title": group.title, "A": _rows(group.a), "B": _rows(group.b)} for group in groups],
    }


def _rows(cells: BoolArray) -> list[list[int]]:
    return [row.nonzero()[0].tolist() for row in cells]


def _fact_json(fact: Fact) -> dict[str, Any]:
    found = {
        "growth": None if fact.growth is None else str(fact.growth),
        "expression": fact.expression,
        "at_length": fact.at_length,
        "status": fact.status,
        "because": fact.because,
        "checked_to": fact.checked_to,
    }
    return found if fact.unreachable is None else {**found, "unreachable": list(fact.unreachable)}


def _congestion_json(fact: CongestionFact) -> dict[str, Any]:
    found = {
        "length": fact.length,
        "lower": fact.lower,
        "upper": fact.upper,
        "growth": None if fact.growth is None else str(fact.growth),
        "status": fact.status,
        "because": fact.because,
    }
    return found if fact.unroutable is None else {**found, "unroutable": list(fact.unroutable)}


def _claim_json(source: Source, verdict: Verdict) -> dict[str, Any]:
    line, column = source.position(verdict.claim.span.start)
    return {
        "claim": verdict.claim.text,
        "verdict": verdict.verdict,
        "derived": verdict.derived,
        "witness": verdict.witness,
        "line": line,
        "column": column,
    }


def plain(value: Fraction | str) -> int | str:
    """A parameter for JSON: integers as they are, other rationals "p/q", a map by its name."""
    return int(value) if isinstance(value, Fraction) and value.denominator == 1 else str(value)
