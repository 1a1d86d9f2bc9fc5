"""Congestion of copying n tokens by n positions (THEORY, section 3)."""

from __future__ import annotations

from glmc.analysis.forms import Band
from glmc.analysis.formula import N, call, number, rewrite
from glmc.analysis.growth import CONSTANT, LINEAR
from glmc.analysis.rules.known import forms, moves_only
from glmc.analysis.rules.laws import Law, theta
from glmc.analysis.rules.liveness import cache_law
from glmc.analysis.rules.paths import groups_law
from glmc.pattern.nodes import Expr, Group, Length, Pattern, Quotient, RowSet, Sum


def congestion_law(pattern: Pattern) -> Law:
    """The best law of one group for all tokens, and the live-set bound of all groups together."""
    for rule in (_dense, _window, _shifts):
        found = [law for group in pattern.groups if (law := rule(group)) is not None]
        if found and (len(pattern.groups) == 1 or found[0].growth == CONSTANT):
            return found[0]
    return _live_sets(pattern)


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
    """A = {i} and shift-invariant B: ⌊d/2⌋ + 1 <= congestion(n) <= d, where distance n takes d hops.

    Upper: all pairs with the same hops enter a position at most once a hop. Lower: n·d entries fall on 2n − 1
    positions. So the growth of the largest congestion up to n is that of the path.
    """
    if not (_alone(group) and moves_only(group.b)):
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
    """n <= |live_x(n)| + |live_y(n)|·(congestion + 1): at least about n / cache(n). At most n paths enter a
    position.
    """
    cache = cache_law(pattern)
    lower = CONSTANT if cache.upper is None or cache.upper >= LINEAR else LINEAR * cache.upper**-1
    because = "all n paths pass the live vectors, so congestion is at least about n / cache(n), and it is at most n"
    return Law(because, lower, LINEAR, number(1), N)
