"""The facts of a pattern: what rules prove, what enumeration finds, and that both agree."""

from __future__ import annotations

from glmc.analysis.evidence import evidence
from glmc.analysis.facts import Facts
from glmc.pattern.nodes import Pattern


def analyze(pattern: Pattern, length: int) -> Facts:
    """Facts at ``length`` (at least 1), with growths and closed expressions where a rule proves them.

    Raises EvaluationError where a row has no value.
    """
    found = evidence(pattern, length)
    return Facts(
        length,
        found.time.fact(length),
        found.total.fact(length),
        found.cache.fact(length),
        found.path.fact(length),
        found.congestion.fact(),
    )
