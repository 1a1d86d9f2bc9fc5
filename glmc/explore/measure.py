"""What the analysis finds about one candidate: the numbers that a search compares, and the claims it proves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from glmc.analysis.batches import TooManyEntries
from glmc.analysis.congestion import congestion
from glmc.analysis.evidence import QUANTITIES, Evidence, Quantity, evidence
from glmc.analysis.verify import judge
from glmc.compiler import find_patterns
from glmc.diagnostics import GlmError, Sink
from glmc.explore.candidates import Candidate
from glmc.pattern.nodes import Pattern
from glmc.source import Source

INFINITE = float("inf")

LADDER = ("1", "log log n", "log n", "log(n)^2", "n^(1/4)", "n^(1/3)", "sqrt n", "n")
"""Growths to claim, smallest first, of a quantity whose Theta class is unknown."""


@dataclass(frozen=True)
class Bound:
    """What a search asks of one quantity: a growth that must be proved, or a largest value at its length."""

    quantity: str
    growth: str | None  # "O(log n)"
    most: int | None

    @property
    def claim(self) -> str | None:
        return None if self.growth is None else f"{self.quantity} in {self.growth}"


@dataclass(frozen=True)
class Values:
    """The four axes at one length; less is better. ``path`` may be infinite, congestion lies in [low, high]."""

    time: int
    cache: int
    path: float
    congestion: tuple[float, float]

    def __le__(self, other: Values) -> bool:
        """Whether these are nowhere worse, however the congestions lie in their intervals."""
        return (
            self.time <= other.time
            and self.cache <= other.cache
            and self.path <= other.path
            and self.congestion[1] <= other.congestion[0]
        )


@dataclass(frozen=True)
class Point:
    """A candidate, its values at the lengths asked for (the last is the search's own), and its growths."""

    candidate: Candidate
    values: tuple[Values, ...]
    growths: tuple[str | None, ...]  # of time, cache and path

    @property
    def last(self) -> Values:
        return self.values[-1]


def pattern_of(candidate: Candidate, claims: tuple[str, ...] = ()) -> Pattern:
    """The mixer of a candidate. Raises GlmError if a claim is no claim of the language."""
    report = Sink(Source(f"{candidate.name}.glm", candidate.text(claims)))
    patterns = find_patterns(report, mixer=None, settings={})
    if report.has_errors:
        raise GlmError(report.source, report.diagnostics)
    (pattern,) = patterns
    return pattern


def measure(candidate: Candidate, lengths: tuple[int, ...], bounds: tuple[Bound, ...]) -> Point | None:
    """The candidate's values at ascending lengths, without congestion; None unless it keeps the bounds."""
    claims = tuple(bound.claim for bound in bounds if bound.claim is not None)
    pattern = pattern_of(candidate, claims)
    found = evidence(pattern, lengths[-1])
    values = tuple(_values(found, length) for length in lengths)
    point = Point(candidate, values, tuple(_growth(quantity) for quantity in (found.time, found.cache, found.path)))
    if not all(_keeps(bound, values[-1]) for bound in bounds):
        return None
    verdicts = judge(pattern, found, Sink(pattern.source))
    return point if all(verdict.verdict == "proved" for verdict in verdicts) else None


def measure_congestion(point: Point, lengths: tuple[int, ...], bounds: tuple[Bound, ...]) -> Point | None:
    """The point with congestion at those of its lengths that are asked for; None unless it keeps the bounds."""
    pattern = pattern_of(point.candidate)
    skipped = len(point.values) - len(lengths)
    measured = (
        replace(values, congestion=_congestion(pattern, length))
        for values, length in zip(point.values[skipped:], lengths, strict=True)
    )
    found = replace(point, values=(*point.values[:skipped], *measured))
    return found if all(_keeps(bound, found.last) for bound in bounds) else None


def proved_claims(candidate: Candidate, length: int) -> tuple[str, ...]:
    """Claims that analysis proves: each quantity's exact expression and its growth, or the least O that holds."""
    found = evidence(pattern_of(candidate), length)
    offered = [list(_claims(name, getattr(found, name))) for name in QUANTITIES if name != "total"]
    pattern = pattern_of(candidate, tuple(claim for claims in offered for claim in claims))
    verdicts = iter(judge(pattern, found, Sink(pattern.source)))
    proved = [[claim for claim in claims if next(verdicts).verdict == "proved"] for claims in offered]
    return tuple(claim for claims in proved for claim in _strongest(claims))


def _claims(name: str, quantity: Quantity) -> Iterator[str]:
    fact = quantity.fact(quantity.checked_to)
    if fact.unreachable is not None:
        return
    if fact.expression is not None:
        yield f"{name} == {fact.expression}"
    if fact.growth is not None:
        yield f"{name} in Theta({fact.growth})"
    else:
        yield from (f"{name} in O({growth})" for growth in LADDER)


def _strongest(proved: list[str]) -> list[str]:
    """All but the O claims that the first of them implies."""
    exact = [claim for claim in proved if " in O(" not in claim]
    return exact + [claim for claim in proved if claim not in exact][:1]


def _values(found: Evidence, length: int) -> Values:
    """The values at one length, congestion no better bounded than by the cache.

    Of n paths c + 1 at most pass one live output, and one each live input: n <= cache(n) · (congestion(n) + 1).
    """
    cache = found.cache.at(length)
    time = found.time.at(length)
    assert cache is not None and time is not None
    path = found.path.at(length)
    least = max(1, -(-length // max(cache, 1)) - 1)
    return Values(time, cache, INFINITE if path is None else path, (least, INFINITE))


def _growth(quantity: Quantity) -> str | None:
    return None if quantity.growth is None else str(quantity.growth)


def _congestion(pattern: Pattern, length: int) -> tuple[float, float]:
    try:
        found = congestion(pattern, length)
    except TooManyEntries:
        return 1, INFINITE
    if found.lower is None or found.upper is None:
        return INFINITE, INFINITE
    return found.lower, found.upper


def _keeps(bound: Bound, values: Values) -> bool:
    """Whether a number that is asked for at the search's length may be kept."""
    if bound.most is None:
        return True
    if bound.quantity == "congestion":
        return values.congestion[0] <= bound.most
    return bool(getattr(values, bound.quantity) <= bound.most)
