"""An analysis as INTERFACE's JSON object."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from glmc.pattern.printer import print_expr
from glmc.report.rows import breaking_sentence

if TYPE_CHECKING:
    from glmc.analysis.facts import CongestionFact, Fact, Verdict
    from glmc.analysis.rules.breaking import Breaking
    from glmc.analysis.stability import Bound, Stability
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
        "stability": [_stability_json(group, facts.length) for group in analysis.stability],
        "claims": [_claim_json(pattern.source, verdict) for verdict in analysis.verdicts],
    }


def squares_json(pattern: Pattern, groups: Iterable[Squares]) -> dict[str, Any]:
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


def _stability_json(stability: Stability, length: int) -> dict[str, Any]:
    return {
        "group": stability.group,
        "heads": str(stability.fraction),
        "lifted": stability.lifted,
        "inverse": _bound_json(stability.inverse, length),
        "output": _bound_json(stability.output, length),
        "breaking": None if stability.breaking is None else _breaking_json(stability.breaking),
    }


def _bound_json(bound: Bound | None, length: int) -> dict[str, Any] | None:
    if bound is None:
        return None
    value = bound.at(length)
    return {
        "expression": print_expr(bound.most),
        "growth": None if bound.growth is None else str(bound.growth),
        "at_length": plain(value) if isinstance(value, Fraction) else value,
        "because": bound.because,
    }


def _breaking_json(breaking: Breaking) -> dict[str, Any]:
    return {
        "side": breaking.side,
        "row": breaking.row,
        "columns": list(breaking.columns),
        "coefficients": [plain(value) for value in breaking.coefficients],
        "row_sum": None if breaking.row_sum is None else plain(breaking.row_sum),
        "inverse_at_least": None if breaking.at_least is None else print_expr(breaking.at_least),
        "breaks_inverse": breaking.breaks_inverse,
        "breaks_output": breaking.breaks_output,
        "because": breaking_sentence(breaking),
    }


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
