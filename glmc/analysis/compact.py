"""The slots and the readers of compact rows (THEORY, section 3)."""

from __future__ import annotations

import numpy as np

from glmc.analysis.forms import Compact
from glmc.analysis.recognise import values
from glmc.pattern.evaluate import IntArray


def lifetimes(form: Compact, length: int) -> IntArray | None:
    """L(Q) = f(max{k : a_k | Q}) at index Q of 1 … length, cut where it passes ``length`` (the reader lemma).

    None where f is not strictly increasing so far, which the lemma needs.
    """
    gaps, units = compact_slots(form, length)
    if (np.diff(gaps) <= 0).any():
        return None
    last_of_unit = np.flatnonzero(np.diff(units, append=0))
    lifetime = np.zeros(length + 1, np.int64)
    for k in last_of_unit:
        lifetime[:: units[k]] = gaps[k]
    return lifetime


def compact_slots(form: Compact, length: int) -> tuple[IntArray, IntArray]:
    """f(k) and a_k for k = 0, 1, … to the first f(k) or a_k beyond ``length``, cut to length + 1."""
    count = 16
    while True:
        pair = [values(expr, form.variable, 0, count) for expr in (form.distance, form.unit)]
        beyond = np.flatnonzero((pair[0] > length) | (pair[1] > length))
        if len(beyond):
            gaps, units = (np.minimum(v[: beyond[0] + 1], length + 1).astype(np.int64) for v in pair)
            return gaps, units
        count *= 4
