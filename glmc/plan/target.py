"""The machines that schedules are made for, and what they can do at most."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A machine's figures.

    ``chunk``: the rows that one triangular solve takes, a power of two. ``bandwidth``: bytes a second, those read
    and those written. ``throughput``: operations a second of dense bfloat16 products. ``step``: seconds that one step
    of a chain takes whose operands come from the step before. ``source`` says where the figures come from.
    """

    name: str
    chunk: int
    multiprocessors: int
    bandwidth: float
    throughput: float
    step: float
    source: str


_STEP = 1.3e-6

TARGETS = {
    target.name: target
    for target in (
        Target(
            "h200", 64, 132, 4.24e12, 790e12, _STEP, "measured: device copy, bfloat16 matrix product, chained products"
        ),
        Target(
            "h100", 64, 132, 3.0e12, 798e12, _STEP, "measured: device copy, bfloat16 matrix product; step as on an H200"
        ),
        Target("a100", 64, 108, 2.039e12, 312e12, _STEP, "NVIDIA's data sheet, 80 GB SXM; step as on an H200"),
        Target("cpu", 64, 8, 50e9, 500e9, 1e-7, "a plain default, not measured: 8 cores, two channels of memory"),
    )
}

DEFAULT = TARGETS["h200"]
