"""What the schedule is made for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """``chunk``: the rows that one triangular solve takes, a power of two."""

    chunk: int


DEFAULT = Target(chunk=64)
