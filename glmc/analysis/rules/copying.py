"""Congestion of copying n tokens by n positions (THEORY, section 3)."""

from __future__ import annotations

from dataclasses import replace

from glmc.analysis.forms import Band, Columns, Compact
from glmc.analysis.formula import N, call, number, rewrite
from glmc.analysis.growth import CONSTANT, LINEAR, LOG, Growth
from glmc.analysis.rules.known import forms, moves_only
from glmc.analysis.rules.laws import Law, theta
from glmc.analysis.rules.liveness import cache_law
from glmc.analysis.rules.maps import ExponentialMap, PolynomialMap, RecurrenceMap, classify
from glmc.analysis.rules.paths import groups_law, reads_itself, shift_hops
from glmc.analysis.rules.readers import fewest_loads, longest_gap
from glmc.analysis.rules.slots import distinct_slots
from glmc.pattern.nodes import Expr, Group, Length, Pattern, Quotient, RowSet, Sum


def congestion_law(pattern: Pattern) -> Law:
    """The best law of one group for all tokens, and the live-set bound of all groups together."""
    for rule in (_dense, _window, _shifts):
        found = [law for group in pattern.groups if (law := rule(group)) is not None]
        if found and (len(pattern.groups) == 1 or found[0].growth == CONSTANT):
            return found[0]
    live = _live_sets(pattern)
    rules = (_shift_part, _compact, _landmarks)
    routed = [law for group in pattern.groups for rule in rules if (law := rule(group)) is not None]
    best = min(routed, key=lambda law: law.upper or LINEAR, default=live)
    return replace(best, lower=min(live.lower or CONSTANT, best.upper or LINEAR), at_least=number(1))


def _alone(group: Group) -> bool:
    return forms(group.a) == (Band(0, 1),)


def _dense(group: Group) -> Law | None:
    """A dense side joins x_j and y_{j+n} by one edge, so every path enters its own target alone: 1."""
    own = any(isinstance(form, Band) and form.first == 0 for form in forms(group.a))
    dense = [side for side in (group.a, group.b) if _reads_all_before(side)]
    return theta(CONSTANT, "a dense side joins every pair by one edge", number(1)) if own and dense else None


def _reads_all_before(side: RowSet) -> bool:
    return any(isinstance(form, Band) and form.first <= 1 and form.stop is None for form in forms(side))


def _window(group: Group) -> Law | None:
    """A = {i}, offsets 1 … K: exactly ⌈n / K⌉.

    The n paths pass the K outputs n − 1 … n − K, on which all later ones depend; all but those that end or
    start there must enter one. Stepping by K, and a last shorter step, reaches the bound.
    """
    match forms(group.b):
        case (Band(first, int(stop)),) if _alone(group) and first <= 1 < stop:
            width = stop - 1
            exact = N if width == 1 else call("ceil", Quotient(N, number(width)))
            return theta(LINEAR, f"all n paths pass the same {width} outputs", exact)
        case _:
            return None


def _shifts(group: Group) -> Law | None:
    """Shift-invariant A and B: d/2 < congestion(n) <= d, where distance n takes d hops; ⌊d/2⌋ + 1 at least.

    Upper: all pairs take the same hops, and enter a position at most once a hop. Lower: n·d entries fall on 2n − 1
    positions. So the growth of the largest congestion up to n is that of the path.
    """
    if not (moves_only(group.a) and moves_only(group.b)):
        return None
    law = groups_law((group,))
    if law is None or law.infinite or law.upper is None:
        return None
    because = "pairs of one distance share their hops, so congestion is at most and at least half their number"
    return Law(because, law.lower, law.upper, number(1), None if law.at_most is None else _longer(law.at_most))


def _longer(expr: Expr) -> Expr:
    """The path bound at length n + 1, where the largest distance is n."""
    return rewrite(expr, lambda e: Sum((N, number(1))) if isinstance(e, Length) else e)


def _live_sets(pattern: Pattern) -> Law:
    """n <= |live_x(n)| + |live_y(n)|·(congestion + 1): at least about n / cache(n), also within the longest gap between
    landmarks. At most n paths enter a position, if every pair has a path.
    """
    cache = cache_law(pattern)
    lower = CONSTANT if cache.upper is None or cache.upper >= LINEAR else LINEAR * cache.upper**-1
    lower = max(lower, fewest_loads(pattern.groups))
    because = "all n paths pass the live vectors, so congestion is at least about n / cache(n)"
    hops = groups_law(pattern.groups)
    if hops is None or hops.upper is None:
        return Law(because, lower, at_least=number(1))
    return Law(f"{because}, and it is at most n", lower, LINEAR, number(1), N)


def _shift_part(group: Group) -> Law | None:
    """i in A[i], and a shift-invariant part of B that takes d hops for distance n: all pairs take them, at most d."""
    hops = shift_hops(group)
    if hops is None:
        return None
    at_most = None if hops.at_most is None else _longer(hops.at_most)
    return Law("pairs of one distance share the hops of the shift-invariant part", CONSTANT, hops.upper, None, at_most)


def _compact(group: Group) -> Law | None:
    """i in A[i], and compact(f), f(0) = 1, in B: tokens collect in lanes of outputs that hand over to each other.

    1-based, Q is read up to Q + L(Q), and L(Q) >= f(k) if a_k | Q (reader lemma). One lane has all positions; tokens
    wait there, from output to output, until they change to their own lane for good. Targets read every lane.

    Polynomials of degree p: let f(K) <= n < f(K+1), u = a_K, R = ⌊f(K)/u⌋. Lane r < R has the positions u·(r + R·m);
    each reads the one R·u <= f(K) before. Tokens wait at most u steps for the next multiple of u, and each lane
    collects at most u tokens in R·u steps: a position is entered by at most (u + 1) + (n/R + u) + 1 paths. As
    u < 2·max gap = O(n^((p−1)/p)) (rule T6) and R >= c·n^(1/p), that is O(n^((p−1)/p)).

    Where f(k+1) <= C·f(k), f(k+s) − a_{k+s} >= f(k) for large k, and a_{k+D} > a_{k+s}: for k a multiple of D, lane k
    has the multiples of a_k that are none of a_{k+D}, without those between P − a_{k+s} and P for the multiples P of
    a_{k+D}. It hands over by steps of a_k <= f(k), and from P − a_{k+s} to P + a_k, which are at most f(k+s) apart.
    Lanes share no position, and Theta(log n) of them have positions at most √n apart. The tokens are dealt to these in
    runs: a position is entered by O(√n) paths that wait and O(n/log n) of its lane.
    """
    if not reads_itself(group.a):
        return None
    found = [growth for form in forms(group.b) if isinstance(form, Compact) and (growth := _lanes(form)) is not None]
    if not found:
        return None
    because = "tokens wait in lanes of outputs that hand over to each other, as many as a row has elements"
    return Law(because, CONSTANT, min(found), at_most=N)


def _lanes(form: Compact) -> Growth | None:
    match classify(form.distance, form.variable, 0):
        case PolynomialMap() as index_map:
            return longest_gap(index_map)
        case (ExponentialMap() | RecurrenceMap()) as index_map if distinct_slots(index_map) is not None:
            return LINEAR * LOG**-1
        case _:
            return None


def _landmarks(group: Group) -> Law | None:
    """i in A[i], {i − 1} and landmarks in B: the longest gap below 2n and a constant, O(n^((p−1)/p)) for degree p.

    A token steps to the next landmark, waits there, and its target reads the landmark. A position between landmarks is
    entered by the tokens since the last one, a landmark by those of one gap.
    """
    steps = any(isinstance(form, Band) and form.first <= 1 for form in forms(group.b))
    if not (steps and reads_itself(group.a)):
        return None
    maps = [
        classify(c.column, c.variable, c.start) for c in forms(group.b) if isinstance(c, Columns) and c.stop is None
    ]
    gaps = [longest_gap(index_map) for index_map in maps if isinstance(index_map, PolynomialMap)]
    if not gaps:
        return None
    return Law("tokens step to the next landmark and wait there for their targets", CONSTANT, min(gaps), at_most=N)
