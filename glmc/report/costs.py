"""The costs of a layer on a machine, as JSON and as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from glmc.report.units import quantity

if TYPE_CHECKING:
    from glmc.plan.roofline import Cost, Sizes, Work
    from glmc.plan.target import Target


def cost_json(costs: tuple[Cost, ...], sizes: Sizes, target: Target) -> dict[str, Any]:
    """The costs of one mixer; `state_bytes` of one sequence, `decode` and `prefill` of the batch."""
    return {
        "target": target.name,
        "source": target.source,
        "batch": sizes.batch,
        "heads": sizes.heads,
        "head_dim": sizes.channels,
        "lengths": [
            {
                "length": cost.length,
                "state_bytes": cost.state,
                "decode": _work_json(cost.decode, target),
                "prefill": _work_json(cost.prefill, target),
            }
            for cost in costs
        ],
    }


def _work_json(work: Work, target: Target) -> dict[str, Any]:
    return {
        "bytes": work.bytes,
        "operations": work.operations,
        "seconds": work.seconds(target),
        "binds": work.binds(target),
    }


@dataclass(frozen=True)
class CostTable:
    """Lines of texts, a decode step and a prefill for each length, and what they are figures of."""

    rows: tuple[tuple[str, ...], ...]
    machine: str


COLUMNS = ("length", "state", "work", "time", "bytes", "flop", "binds")


def cost_table(costs: tuple[Cost, ...], sizes: Sizes, target: Target) -> CostTable:
    """What a sequence keeps at each length, and what a decode step and a prefill of the batch take at least."""
    rows: list[tuple[str, ...]] = []
    for cost in costs:
        rows.append((str(cost.length), quantity(cost.state, "B"), "decode step", *_cells(cost.decode, target)))
        rows.append(("", "", "prefill", *_cells(cost.prefill, target)))
    rates = f"{quantity(target.bandwidth, 'B/s')}, {quantity(target.throughput, 'flop/s')}"
    machine = (
        f"{target.name}: {rates} ({target.source})\n"
        f"{sizes.batch} × {sizes.heads} heads × {sizes.channels} channels in bfloat16; the state is one sequence's; "
        "times are rooflines, without launches and dependent steps"
    )
    return CostTable(tuple(rows), machine)


def _cells(work: Work, target: Target) -> tuple[str, ...]:
    return (
        quantity(work.seconds(target), "s"),
        quantity(work.bytes, "B"),
        quantity(work.operations, ""),
        work.binds(target),
    )


def cost_report(costs: CostTable) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in COLUMNS:
        words = column in ("work", "binds")
        table.add_column(column, justify="left" if words else "right", style="bold" if column == "length" else None)
    for row in costs.rows:
        table.add_row(*row)
    return Group(*(Padding(part, (0, 0, 1, 0)) for part in (table, Text(costs.machine))))
