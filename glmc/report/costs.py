"""The costs of a layer on a machine, as JSON and as a table."""

from __future__ import annotations

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


def cost_report(costs: tuple[Cost, ...], sizes: Sizes, target: Target) -> RenderableType:
    """What a sequence keeps at each length, and what a decode step and a prefill of the batch take at least."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("length", style="bold", justify="right")
    table.add_column("state", justify="right")
    table.add_column("work")
    for column in ("time", "bytes", "flop"):
        table.add_column(column, justify="right")
    table.add_column("binds")
    for cost in costs:
        table.add_row(str(cost.length), quantity(cost.state, "B"), "decode step", *_cells(cost.decode, target))
        table.add_row("", "", "prefill", *_cells(cost.prefill, target))
    rates = f"{quantity(target.bandwidth, 'B/s')}, {quantity(target.throughput, 'flop/s')}"
    machine = Text(
        f"{target.name}: {rates} ({target.source})\n"
        f"{sizes.batch} × {sizes.heads} heads × {sizes.channels} channels in bfloat16; the state is one sequence's; "
        "times are rooflines, without launches and dependent steps"
    )
    return Group(*(Padding(part, (0, 0, 1, 0)) for part in (table, machine)))


def _cells(work: Work, target: Target) -> tuple[str, ...]:
    return (
        quantity(work.seconds(target), "s"),
        quantity(work.bytes, "B"),
        quantity(work.operations, ""),
        work.binds(target),
    )
