"""Claims against facts: proved, refuted with a witness, checked, or open."""

from __future__ import annotations

from fractions import Fraction
from typing import assert_never

from glmc.analysis import errors, series
from glmc.analysis.bounds import below_at, far_above, first_above, first_below, never_above, same, sign_at
from glmc.analysis.congestion import Congestion, congestion
from glmc.analysis.evidence import Copying, Evidence, Quantity, evidence
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
    return judge(pattern, evidence(pattern, facts.length), report)


def judge(pattern: Pattern, found: Evidence, report: Sink) -> tuple[Verdict, ...]:
    """`verify` from the evidence itself, of which no more is measured than the claims speak of."""
    return tuple(_verdict(claim, pattern, found, report) for claim in pattern.claims)


def _verdict(claim: Claim, pattern: Pattern, found: Evidence, report: Sink) -> Verdict:
    quantity = _quantity(claim, pattern, found)
    try:
        verdict = _judged(claim, quantity, pattern)
    except NotPositive:
        report(errors.BoundNotPositive(span=claim.span, bound=print_expr(claim.bound)))
        return Verdict(claim, "refuted", _derived(quantity), "the bound is not positive for large n")
    except EvaluationError as error:
        report(errors.BoundUndefined(span=claim.span, length=error.row or 2, reason=error.kind))
        return Verdict(claim, "refuted", _derived(quantity), f"the bound has no value: {error.kind}")
    if verdict.verdict == "refuted":
        _report(verdict, _derived(quantity), report)
    return verdict


def _quantity(claim: Claim, pattern: Pattern, found: Evidence) -> Quantity | Copying:
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
            return found.congestion
        case _:
            assert_never(claim.quantity)


def _judged(claim: Claim, quantity: Quantity | Copying, pattern: Pattern) -> Verdict:
    match claim.relation, quantity:
        case "O" | "Omega" | "Theta", _:
            return _growth_verdict(claim, quantity, pattern)
        case "<=" | "==", Quantity():
            return _value_verdict(claim, quantity)
        case "<=" | "==", Copying():
            return _copying_verdict(claim, quantity, pattern)
    raise AssertionError(claim.relation)


def _derived(quantity: Quantity | Copying) -> str | None:
    return None if quantity.law is None or quantity.law.growth is None else str(quantity.law.growth)


# -- growth claims -


def _growth_verdict(claim: Claim, quantity: Quantity | Copying, pattern: Pattern) -> Verdict:
    """O holds if the proved upper growth is at most the bound's, and fails if the lower one is above it."""
    infinite = _infinite(quantity) or (_short_gap(quantity, pattern) if isinstance(quantity, Copying) else None)
    if infinite is not None:
        return Verdict(claim, "proved" if claim.relation == "Omega" else "refuted", "infinite", infinite)
    derived = _derived(quantity)
    law = quantity.law
    if law is None:
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


def _growth_witness(claim: Claim, quantity: Quantity | Copying, law: Law) -> str:
    if law.growth is not None:
        grows = f"{claim.quantity} grows as {law.growth}"
    else:
        grows = f"{claim.quantity} grows at least as {law.lower} and at most as {law.upper}"
    if isinstance(quantity, Copying):
        return grows
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

_ONE_BY_ONE = 4096


def _value_verdict(claim: Claim, quantity: Quantity) -> Verdict:
    """<= and ==: refuted by a length, or by growth; proved from closed bounds; otherwise checked."""
    derived = print_expr(quantity.exact) if quantity.exact is not None else _derived(quantity)
    if quantity.exact is not None and quantity.unreachable is None and same(quantity.exact, claim.bound):
        return Verdict(claim, "proved", derived, None)
    above = first_above(quantity.values, claim.bound)
    below = first_below(quantity.values, claim.bound) if claim.relation == "==" else None
    if quantity.is_lower_bound:
        below = None
    least = min((n for n in (above, below) if n is not None), default=None)
    if least is not None:
        return Verdict(claim, "refuted", derived, _at(claim, quantity, least))
    infinite = _infinite(quantity)
    if infinite is not None:
        return Verdict(claim, "refuted", "infinite", infinite)
    law = quantity.law
    if law is None:
        return Verdict(claim, "open" if quantity.is_lower_bound else "checked", derived, None)
    witness = _far_witness(claim, quantity, law) or _growth_difference(claim, law)
    if witness is not None:
        return Verdict(claim, "refuted", derived, witness)
    if _holds_beyond(claim, law, quantity.checked_to) and not quantity.is_lower_bound:
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


def _holds_beyond(claim: Claim, law: Law, checked_to: int) -> bool:
    """Whether closed bounds prove the claim for every n > checked_to."""
    above = law.at_most is not None and _never_above(law.at_most, claim.bound, checked_to)
    if claim.relation == "<=" or not above:
        return above
    return law.at_least is not None and _never_above(claim.bound, law.at_least, checked_to)


def _never_above(left: Expr, right: Expr, checked_to: int) -> bool:
    """left <= right for every n > checked_to: one by one at first, where that is affordable, then at once."""
    tail = max(checked_to, _ONE_BY_ONE)
    try:
        one_by_one = below_at(left, right, checked_to + 1, tail)
    except EvaluationError:
        return never_above(left, right, checked_to)
    return one_by_one and never_above(left, right, tail)


def _far_witness(claim: Claim, quantity: Quantity, law: Law) -> str | None:
    """A length beyond the checked ones at which closed bounds contradict the claim."""
    sides = [] if law.at_least is None else [(law.at_least, claim.bound)]
    if claim.relation == "==" and law.at_most is not None:
        sides.append((claim.bound, law.at_most))
    for larger, smaller in sides:
        length = far_above(larger, smaller, quantity.checked_to)
        if length is not None and quantity.at(length) is not None:
            return _at(claim, quantity, length)
    return None


def _growth_difference(claim: Claim, law: Law) -> str | None:
    """A proved growth that the bound does not have, so that the claim fails for all large n."""
    try:
        below, above = _compare(law.upper, claim.bound), _compare(law.lower, claim.bound)
    except NotPositive:
        return None
    too_large = above is not None and above > 0
    too_small = claim.relation == "==" and below is not None and below < 0
    if not (too_large or too_small):
        return None
    return f"the derived growth is {law.growth or law.lower}, so the claim fails for all large n"


def _infinite(quantity: Quantity | Copying) -> str | None:
    """Why the quantity is infinite, if it is."""
    match quantity:
        case Quantity(unreachable=(j, i)):
            return f"no path leads from input {j} to output {i}, so path is infinite from n = {i + 1} on"
        case Copying(unroutable=(j, i)):
            return f"no path leads from input {j} to output {i}, so {i - j} tokens cannot be copied"
        case _:
            return None


# -- congestion -


_FEW = 17


def _short_gap(copying: Copying, pattern: Pattern) -> str | None:
    """Why the largest congestion up to n is infinite, if a token cannot be copied at one of the first lengths."""
    if copying.law.upper is not None:
        return None
    lengths = range(2, min(_FEW, copying.length))
    found = next((n for n in lengths if congestion(pattern, n).unroutable is not None), None)
    return None if found is None else _uncopied(found)


def _uncopied(length: int) -> str:
    return f"some token cannot be copied at n = {length}"


def _copying_verdict(claim: Claim, copying: Copying, pattern: Pattern) -> Verdict:
    """As for values, from intervals at the first lengths and at the measured one, and from closed bounds."""
    derived = _derived(copying)
    infinite = _infinite(copying)
    if infinite is not None:
        return Verdict(claim, "refuted", "infinite", infinite)
    found = [congestion(pattern, n) for n in range(2, min(_FEW, copying.length))]
    found += [] if copying.measured is None else [copying.measured]
    inside = True
    for interval in found:
        if interval.lower is None or interval.upper is None:
            return Verdict(claim, "refuted", "infinite", _uncopied(interval.length))
        over = sign_at(claim.bound, interval.lower, interval.length) < 0
        under = sign_at(claim.bound, interval.upper, interval.length) > 0
        if over or (claim.relation == "==" and under):
            shown = _bound_at(claim.bound, interval.length)
            value = f"at n = {interval.length} the congestion is {_range(interval)}"
            return Verdict(claim, "refuted", derived, f"{value}, and the claimed bound is {shown}")
        inside = inside and sign_at(claim.bound, interval.upper, interval.length) >= 0
        inside = inside and (claim.relation == "<=" or interval.lower == interval.upper)
    law = copying.law
    witness_of_growth = _growth_difference(claim, law)
    if witness_of_growth is not None:
        return Verdict(claim, "refuted", derived, witness_of_growth)
    if _holds_beyond(claim, law, 1):
        return Verdict(claim, "proved", derived, None)
    return Verdict(claim, "checked" if inside and copying.measured is not None else "open", derived, None)


def _range(interval: Congestion) -> str:
    if interval.unroutable is not None:
        return "infinite"
    if interval.lower == interval.upper:
        return str(interval.lower)
    return f"between {interval.lower} and {interval.upper}"


# -- reports -


def _report(verdict: Verdict, growth: str | None, report: Sink) -> None:
    claim = verdict.claim
    relation = {"O": "O", "Omega": "Omega", "Theta": "Theta"}.get(claim.relation)
    bound = print_expr(claim.bound)
    claimed = f"{claim.relation} {bound}" if relation is None else f"{relation}({bound})"
    kind: type[errors.BoundRefuted]
    if verdict.derived is None or verdict.derived == "infinite":
        kind = errors.WitnessRefuted
    else:
        kind = errors.BoundRefuted if verdict.derived == growth else errors.ValueRefuted
    report(
        kind(
            span=claim.span,
            quantity=claim.quantity,
            claimed=claimed,
            derived=verdict.derived or "unknown",
            witness=verdict.witness or "",
        )
    )
