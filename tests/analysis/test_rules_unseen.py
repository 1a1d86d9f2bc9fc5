"""Mixers that nobody tuned for: what is proved holds at lengths beyond the analysed one."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings

from glmc.analysis import evidence as side_by_side
from glmc.analysis.evidence import QUANTITIES, agrees, evidence
from glmc.analysis.growth import Growth
from glmc.analysis.rules.derive import laws
from tests import strategies
from tests.analysis import closed
from tests.analysis.mixers import patterns

SHORT, LONG = 48, 700


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(strategies.mixers())
def test_laws_hold_at_every_length(drawn: strategies.Drawn) -> None:
    (pattern,) = (found for found in patterns(drawn.text) if found.name == drawn.name)
    known = laws(pattern)
    long = evidence(pattern, LONG)
    for name in QUANTITIES:
        law, quantity = getattr(known, name), getattr(long, name)
        if law is None or quantity.is_lower_bound:
            continue
        if law.infinite:
            assert quantity.unreachable is not None or len(quantity.values) <= LONG
        else:
            assert agrees(law, quantity.values), (name, law)
        if law.growth is not None and quantity.unreachable is None and len(quantity.values) > LONG:
            _fits(law.growth, quantity.values[LONG // 10], quantity.values[LONG])


def _fits(growth: Growth, small: int, large: int) -> None:
    """Within a generous constant over a factor of 10 in n."""
    if small:
        ratio = large / small / (_at(growth, LONG) / _at(growth, LONG // 10))
        assert 1 / 8 < ratio < 8, str(growth)


def _at(growth: Growth, n: int) -> float:
    return float(n**growth.power * math.log(n) ** growth.log * math.log(math.log(n)) ** growth.loglog)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(strategies.mixers())
def test_expressions_found_at_a_short_length_hold_at_a_long_one(drawn: strategies.Drawn) -> None:
    (pattern,) = (found for found in patterns(drawn.text) if found.name == drawn.name)
    short, long = evidence(pattern, SHORT), evidence(pattern, LONG)
    for name in QUANTITIES:
        expression = getattr(short, name).fact(SHORT).expression
        values = getattr(long, name).values
        for n in (2, 3, SHORT - 1, SHORT + 1, 101, 255, 256, 257, 500, LONG):
            if expression is not None and n < len(values):
                assert closed.value(expression, n) == values[n], (name, expression, n)


def test_a_contradicted_law_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    (pattern,) = patterns("glm 1\nmixer m { B[i] = { i - 1, i - 11 } }")
    assert evidence(pattern, 60).time.fact(60).status == "proved"
    evidence.cache_clear()
    monkeypatch.setattr(side_by_side, "agrees", lambda law, values: False)
    assert evidence(pattern, 60).time.fact(60).status == "checked"
    evidence.cache_clear()
