"""The slots and the readers of compact rows (THEORY, section 3)."""

from __future__ import annotations

import numpy as np

from glmc.analysis.forms import Compact
from glmc.analysis.recognise import values
from glmc.pattern.evaluate import BITS_LIMIT, EvaluationError, IntArray


def lifetimes(form: Compact, length: int) -> IntArray | None:
    """L(Q) = f(max{k : a_k | Q}) at index Q of 1 … length, cut where it passes ``length`` (the reader lemma).

    None where f is not strictly increasing so far, which the lemma needs.
    """
    slots = compact_slots(form, length)
    if slots is None:
        return None
    distances, units = slots
    lifetime = np.zeros(length + 1, np.int64)
    for last_of_unit in np.flatnonzero(np.diff(units, append=0)):
        lifetime[:: units[last_of_unit]] = distances[last_of_unit]
    return lifetime


def compact_slots(form: Compact, length: int) -> tuple[IntArray, IntArray] | None:
    """f(k) and a_k for k = 0, 1, … to the first f(k) beyond ``length``, cut to length + 1.

    None where f is not strictly increasing so far.
    """
    count = 4
    while max(found := _first_values(form, count)) <= length:
        if count > length:
            return None
        count *= 4
    distances, units = found[:1], [1]
    for distance in found[1:]:
        gap = distance - distances[-1]
        if distances[-1] > length:
            break
        if gap <= 0:
            return None
        distances.append(distance)
        units.append(units[-1] * -(-gap // units[-1]))
    return _cut(distances, length), _cut(units, length)


def _cut(numbers: list[int], length: int) -> IntArray:
    return np.array([min(number, length + 1) for number in numbers])


def _first_values(form: Compact, count: int) -> list[int]:
    """f(0) … f(count − 1), or to the first that is too large to write down, as one beyond all lengths."""
    for stop in range(count, 0, -1):
        try:
            written = values(form.distance, form.variable, 0, stop).tolist()
        except EvaluationError as error:
            if error.kind != "too large":
                raise
            continue
        return written if stop == count else [*written, 1 << BITS_LIMIT]
    return [1 << BITS_LIMIT]
