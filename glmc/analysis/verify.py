"""Claims against facts: proved, refuted with a witness, checked, or open."""

from __future__ import annotations

from fractions import Fraction
from typing import assert_never

from glmc.analysis import errors, series
from glmc.analysis.bounds import far_above, first_above, first_below, never_above
from glmc.analysis.evidence import Evidence, Quantity, evidence
from glmc.analysis.facts import Facts, Verdict
from glmc.analysis.formula import enclose
from glmc.analysis.growth import Growth
from glmc.analysis.intervals import Interval, OutOfRange
from glmc.analysis.rules.laws import Law
from glmc.analysis.series import NotPositive, Scale, TooFast, Unknown
from glmc.diagnostics import Sink
from glmc.pattern.evaluate import EvaluationError
from glmc.pattern.nodes import Claim, Expr, Pattern
from glmc.pattern.printer import print_expr


def verify(pattern: Pattern, facts: Facts, report: Sink) -> tuple[Verdict, ...]:
    """The verdict of each claim, in order; refuted and senseless claims are reported."""
    found = evidence(pattern, facts.length)
    return tuple(_verdict(claim, found, report) for claim in pattern.claims)


def _verdict(claim: Claim, found: Evidence, report: Sink) -> Verdict:
    quantity = _quantity(claim, found)
    if quantity is None:
        return Verdict(claim, "open", None, None)
    try:
        verdict = _judged(claim, quantity)
    except NotPositive:
        report(errors.BoundNotPositive(span=claim.span, bound=print_expr(claim.bound)))
        return Verdict(claim, "refuted", _derived(quantity), "the bound is not positive for large n")
    except EvaluationError as error:
        report(errors.BoundUndefined(span=claim.span, length=error.row or 2, reason=error.kind))
        return Verdict(claim, "refuted", _derived(quantity), f"the bound has no value: {error.kind}")
    if verdict.verdict == "refuted":
        _report(verdict, report)
    return verdict


def _quantity(claim: Claim, found: Evidence) -> Quantity | None:
    match claim.quantity:
        case "time":
            return found.time
        case "total":
            return found.total
        case "cache":
            return found.cache
        case "path":
            return found.path
        case "congestion":
            return None
        case _:
            assert_never(claim.quantity)


def _judged(claim: Claim, quantity: Quantity) -> Verdict:
    match claim.relation:
        case "O" | "Omega" | "Theta":
            return _growth_verdict(claim, quantity)
        case "<=" | "==":
            return _value_verdict(claim, quantity)
        case _:
            assert_never(claim.relation)


def _derived(quantity: Quantity) -> str | None:
    return None if quantity.growth is None else str(quantity.growth)


# -- growth claims -


def _growth_verdict(claim: Claim, quantity: Quantity) -> Verdict:
    """O holds if the proved upper growth is at most the bound's, and fails if the lower one is above it."""
    if quantity.unreachable is not None:
        if claim.relation == "Omega":
            return Verdict(claim, "proved", "infinite", _no_path(quantity.unreachable))
        return Verdict(claim, "refuted", "infinite", _no_path(quantity.unreachable))
    derived = _derived(quantity)
    law = quantity.law
    if law is None or (quantity.is_lower_bound and law.growth is None):
        _order(claim.bound)
        return Verdict(claim, "open", derived, None)
    below = _compare(law.upper, claim.bound)
    above = _compare(law.lower, claim.bound)
    holds_above = below is not None and below <= 0
    holds_below = above is not None and above >= 0
    fails_above = above is not None and above > 0
    fails_below = below is not None and below < 0
    match claim.relation:
        case "O":
            holds, fails = holds_above, fails_above
        case "Omega":
            holds, fails = holds_below, fails_below
        case _:
            holds, fails = holds_above and holds_below, fails_above or fails_below
    if fails:
        return Verdict(claim, "refuted", derived, _growth_witness(claim, quantity, law))
    return Verdict(claim, "proved" if holds else "open", derived, None)


def _growth_witness(claim: Claim, quantity: Quantity, law: Law) -> str:
    if law.growth is not None:
        grows = f"{claim.quantity} grows as {law.growth}"
    else:
        grows = f"{claim.quantity} grows at least as {law.lower} and at most as {law.upper}"
    last = quantity.checked_to
    values = [f"{quantity.at(n)} at n = {n}" for n in (last // 16, last) if n >= 2]
    return f"{grows}: {', '.join(values)}" if values else grows


def _order(bound: Expr) -> Scale | int | None:
    """The scale of a bound, ±1 beyond all powers of n, None where it does not show. Raises NotPositive."""
    try:
        return series.order(bound)
    except TooFast as beyond:
        return beyond.sign
    except (Unknown, OutOfRange):
        return None


def _compare(growth: Growth | None, bound: Expr) -> int | None:
    """The sign of growth − bound as growth classes; None where one of them is unknown."""
    order = _order(bound)
    if growth is None or order is None:
        return None
    if isinstance(order, int):
        return -order
    own = series.scale_of(growth)
    return (own > order) - (own < order)


# -- value claims -


def _value_verdict(claim: Claim, quantity: Quantity) -> Verdict:
    """<= and ==: refuted by a length, or by growth; proved from closed bounds; otherwise checked."""
    derived = print_expr(quantity.exact) if quantity.exact is not None else _derived(quantity)
    above = first_above(quantity.values, claim.bound)
    below = first_below(quantity.values, claim.bound) if claim.relation == "==" else None
    if quantity.is_lower_bound:
        below = None
    least = min((n for n in (above, below) if n is not None), default=None)
    if least is not None:
        return Verdict(claim, "refuted", derived, _at(claim, quantity, least))
    if quantity.unreachable is not None:
        return Verdict(claim, "refuted", "infinite", _no_path(quantity.unreachable))
    law = quantity.law
    if law is None:
        return Verdict(claim, "open" if quantity.is_lower_bound else "checked", derived, None)
    if (witness := _far_witness(claim, quantity)) is not None:
        return Verdict(claim, "refuted", derived, witness)
    checked_to = quantity.checked_to
    holds = law.at_most is not None and never_above(law.at_most, claim.bound, checked_to)
    if claim.relation == "==":
        holds = holds and law.at_least is not None and never_above(claim.bound, law.at_least, checked_to)
    if holds and not quantity.is_lower_bound:
        return Verdict(claim, "proved", derived, None)
    return Verdict(claim, "open" if quantity.is_lower_bound else "checked", derived, None)


def _at(claim: Claim, quantity: Quantity, length: int) -> str:
    value = quantity.at(length)
    shown = f"at least {value}" if quantity.is_lower_bound else str(value)
    bound = _bound_at(claim.bound, length)
    return f"at n = {length} the {claim.quantity} is {shown}, and the claimed bound is {bound}"


def _bound_at(bound: Expr, length: int) -> str:
    """Its value, to four digits where it is no integer."""
    at = Fraction(length)
    found = enclose(bound, Interval(at, at))
    if found.is_point and found.low.denominator == 1:
        return str(found.low)
    return f"about {float(found.low):.4g}"


def _far_witness(claim: Claim, quantity: Quantity) -> str | None:
    """A violation beyond the checked lengths: a growth that differs, with a length if one is found."""
    law = quantity.law
    assert law is not None
    below, above = _compare(law.upper, claim.bound), _compare(law.lower, claim.bound)
    too_large = above is not None and above > 0
    too_small = claim.relation == "==" and below is not None and below < 0
    if quantity.exact is not None:
        for value, bound in ((quantity.exact, claim.bound), (claim.bound, quantity.exact)):
            if value is claim.bound and claim.relation == "<=":
                continue
            length = far_above(value, bound, quantity.checked_to)
            if length is not None:
                return _at(claim, quantity, length)
    if too_large or too_small:
        return f"the derived growth is {law.growth or law.lower}, so it fails for all large n"
    return None


def _no_path(pair: tuple[int, int]) -> str:
    j, i = pair
    return f"no path leads from input {j} to output {i}, so path is infinite from n = {i + 1} on"


# -- reports -


def _report(verdict: Verdict, report: Sink) -> None:
    claim = verdict.claim
    relation = {"O": "O", "Omega": "Omega", "Theta": "Theta"}.get(claim.relation)
    bound = print_expr(claim.bound)
    claimed = f"{claim.relation} {bound}" if relation is None else f"{relation}({bound})"
    kind: type[errors.BoundRefuted]
    if verdict.derived is None or verdict.derived == "infinite":
        kind = errors.WitnessRefuted
    else:
        kind = errors.BoundRefuted if relation is not None else errors.ValueRefuted
    report(
        kind(
            span=claim.span,
            quantity=claim.quantity,
            claimed=claimed,
            derived=verdict.derived or "unknown",
            witness=verdict.witness or "",
        )
    )
