"""All rules together: what is proved about each quantity of a pattern."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from glmc.analysis.rules.copying import congestion_law
from glmc.analysis.rules.laws import Law
from glmc.analysis.rules.liveness import cache_law
from glmc.analysis.rules.paths import path_law
from glmc.analysis.rules.sizes import time_law, total_law
from glmc.pattern.nodes import Pattern


@dataclass(frozen=True)
class Laws:
    """The law of each quantity; None where no rule applies."""

    time: Law
    total: Law
    cache: Law
    path: Law | None
    congestion: Law


@lru_cache(maxsize=64)
def laws(pattern: Pattern) -> Laws:
    return Laws(time_law(pattern), total_law(pattern), cache_law(pattern), path_law(pattern), congestion_law(pattern))
