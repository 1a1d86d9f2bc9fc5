"""Measures many candidates on all cores and keeps those that no other one beats."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from typing import TypeVar

from glmc.explore.candidates import Candidate
from glmc.explore.measure import Bound, Point, Values, measure, measure_congestion

SHORTEST = 64
Progress = Callable[[str, int], None]
"""Told what is being done and how many pieces of work that is, and −1 whenever one is finished."""

_T = TypeVar("_T")


def lengths_to(length: int) -> tuple[int, ...]:
    """The lengths at which mixers are compared: the powers of two from 64 below ``length``, and ``length``."""
    powers = (2**power for power in range(SHORTEST.bit_length() - 1, length.bit_length()))
    return (*(power for power in powers if power < length), length)


def search(
    candidates: tuple[Candidate, ...],
    length: int,
    bounds: tuple[Bound, ...] = (),
    *,
    jobs: int,
    progress: Progress = lambda doing, more: None,
) -> tuple[Point, ...]:
    """The candidates within the bounds that no other one beats at ``length``, by ascending time.

    Congestion takes longest, so it is measured only where a better value could still save a candidate. Points
    hold the other values at every length of ``lengths_to``.
    """
    lengths = lengths_to(length)
    last = lengths[-1:]
    with _Pool(jobs, progress) as pool:
        found = pool.map("measuring mixers", partial(measure, lengths=lengths, bounds=bounds), candidates)
        shortest = [point for point in found if not any(_is_shorter(other.last, point.last) for other in found)]
        routed = pool.map("routing copies", partial(measure_congestion, lengths=last, bounds=bounds), shortest)
        open_still = [
            point for point in found if point not in shortest and not any(other.last <= point.last for other in routed)
        ]
        routed += pool.map("routing copies", partial(measure_congestion, lengths=last, bounds=bounds), open_still)
        return tuple(sorted(front(routed), key=lambda point: (point.last.time, point.last.cache, point.last.path)))


def compare(
    points: tuple[Point, ...],
    rival: Candidate,
    length: int,
    *,
    jobs: int,
    progress: Progress = lambda doing, more: None,
) -> dict[str, tuple[int, ...]]:
    """By the names of those points that beat ``rival`` at ``length``: all lengths of ``lengths_to`` at which they do.

    To beat is to be nowhere worse on the four axes and somewhere better.
    """
    lengths = lengths_to(length)
    with _Pool(jobs, progress) as pool:
        (other,) = pool.map("measuring the rival", partial(measure, lengths=lengths, bounds=()), [rival])
        work = partial(measure_congestion, lengths=lengths, bounds=())
        (other,) = pool.map("measuring the rival", work, [other])
        ahead = [point for point in points if _beats(point.last, other.last)]
        found = pool.map("comparing lengths", work, ahead)
    return {point.candidate.name: _lengths_ahead(point, other, lengths) for point in found}


def front(points: list[Point]) -> list[Point]:
    """The points that none of the others beats; of equal ones the first."""
    return [
        point
        for place, point in enumerate(points)
        if not any(
            other.last <= point.last and (earlier < place or not point.last <= other.last)
            for earlier, other in enumerate(points)
            if other is not point
        )
    ]


def _lengths_ahead(point: Point, rival: Point, lengths: tuple[int, ...]) -> tuple[int, ...]:
    pairs = zip(lengths, point.values, rival.values, strict=True)
    return tuple(length for length, ours, theirs in pairs if _beats(ours, theirs))


def _beats(ours: Values, theirs: Values) -> bool:
    return ours <= theirs and not theirs <= ours


def _is_shorter(a: Values, b: Values) -> bool:
    """Whether ``a`` beats ``b`` on time, cache and path."""
    ours, theirs = (a.time, a.cache, a.path), (b.time, b.cache, b.path)
    return ours != theirs and all(x <= y for x, y in zip(ours, theirs, strict=True))


class _Pool:
    """Processes that measure points; results keep the order of the work, and those that are None are left out."""

    def __init__(self, jobs: int, progress: Progress) -> None:
        self._progress = progress
        context = multiprocessing.get_context("spawn")  # forked processes would share z3's and torch's state
        self._executor = ProcessPoolExecutor(jobs, mp_context=context)

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(cancel_futures=True)

    def map(self, doing: str, work: Callable[[_T], Point | None], items: Sequence[_T]) -> list[Point]:
        self._progress(doing, len(items))
        futures = [self._executor.submit(work, item) for item in items]
        for future in as_completed(futures):
            future.result()
            self._progress(doing, -1)
        return [point for future in futures if (point := future.result()) is not None]
