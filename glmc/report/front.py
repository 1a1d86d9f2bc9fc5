"""What a search found, as a table and as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from string import ascii_lowercase
from typing import Any

from rich import box
from rich.table import Table

from glmc.explore.measure import Point


def front_json(points: tuple[Point, ...], ahead: Mapping[str, tuple[int, ...]]) -> list[dict[str, Any]]:
    """One entry a mixer, by ascending time; an infinite path or congestion is null."""
    return [
        {
            "name": point.candidate.name,
            "family": point.candidate.family,
            "form": point.candidate.form,
            "time": point.last.time,
            "cache": point.last.cache,
            "path": _finite(point.last.path),
            "congestion": [_finite(bound) for bound in point.last.congestion],
            "growth": dict(zip(("time", "cache", "path"), point.growths, strict=True)),
            "ahead_at": list(ahead.get(point.candidate.name, ())),
            "text": point.candidate.text(),
        }
        for point in points
    ]


def _finite(value: float) -> int | None:
    return None if math.isinf(value) else int(value)


def front_table(points: tuple[Point, ...], ahead: Mapping[str, tuple[int, ...]], rival: str) -> Table:
    """One line a mixer, with the letters of the picture, the growths of time, cache and path, and where it beats
    the rival."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("", style="bold", no_wrap=True)
    table.add_column("mixer", overflow="fold", min_width=16)
    for name in ("time", "cache", "path", "congestion"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("growth", overflow="fold")
    if ahead:
        table.add_column(f"beats {rival} at", overflow="fold")
    for letter, point in zip(letters(len(points)), points, strict=True):
        row = [
            letter,
            point.candidate.name,
            str(point.last.time),
            str(point.last.cache),
            _number(point.last.path),
            _interval(point.last.congestion),
            ", ".join(growth or "?" for growth in point.growths),
        ]
        if ahead:
            row.append(_lengths(ahead.get(point.candidate.name, ())))
        table.add_row(*row)
    return table


def letters(count: int) -> list[str]:
    """a, b, … z, aa, ab, …: names for the marks of a picture."""
    doubled = [first + second for first in ascii_lowercase for second in ascii_lowercase]
    return [*ascii_lowercase, *doubled][:count]


def _number(value: float) -> str:
    return "∞" if math.isinf(value) else str(int(value))


def _interval(bounds: tuple[float, float]) -> str:
    low, high = map(_number, bounds)
    return low if low == high else f"{low}–{high}"


def _lengths(found: tuple[int, ...]) -> str:
    """Lengths, each the double of the one before, as a range."""
    if len(found) > 2 and all(later == 2 * earlier for earlier, later in pairwise(found)):
        return f"{found[0]} … {found[-1]}"
    return ", ".join(map(str, found))
