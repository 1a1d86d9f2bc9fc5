"""How many columns chunks read, and which systems are solved, against what the emitted kernels do."""

from __future__ import annotations

from types import ModuleType

import pytest
import torch

from glmc.analysis.batches import TooManyEntries
from glmc.plan import gather
from glmc.plan.gather import Level, levels
from glmc.plan.nodes import SidePlan
from glmc.plan.schedule import schedule
from glmc.plan.target import DEFAULT
from tests.emit.built import NO_FACTS, patterns
from tests.kernels.mixers import GATHERED, text
from tests.kernels.packages import kernels

pytest.importorskip("triton")


def side(name: str) -> SidePlan:
    return schedule(patterns(text(name))[-1], NO_FACTS, DEFAULT).groups[0].b


def solved(module: ModuleType, length: int) -> tuple[Level, ...]:
    """What `solve_whole` does."""
    source, rows = module.index(module.rows.table_b, length, torch.device("cpu")).source, length
    found = []
    while (inner := module.reduced(source, 64)) is not None:
        found.append(Level(rows, 64, module.gathered(source, 64).column.shape[1], inner.share))
        source, rows = inner.source, inner.share * -(-rows // 64)
    return (*found, Level(rows, 128, module.gathered(source, 128).column.shape[1], 0))


@pytest.mark.parametrize("length", [1, 200, 1000, 5000, 9001])
@pytest.mark.parametrize("name", GATHERED)
def test_levels_are_those_of_the_kernels(name: str, length: int) -> None:
    assert levels(side(name), length) == solved(kernels(name), length)


def test_systems_of_systems() -> None:
    """Rows S of 2^17 rows are 2^14, which are solved by rows S of their own."""
    assert [level.share > 0 for level in levels(side("compacted"), 1 << 17)] == [True, True, False]


def test_more_entries_than_can_be_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "_FOLLOWED", 1000)
    with pytest.raises(TooManyEntries):
        levels(side("compacted"), 1000)


def test_constants_are_those_of_the_kernels() -> None:
    assert kernels("compacted").MANY == gather.MANY
