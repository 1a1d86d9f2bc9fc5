"""A schedule as a table for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from glmc.plan.nodes import Plan


def schedule_report(plan: Plan) -> RenderableType:
    """How the package of one mixer computes: a line a side, and the inputs of the operator."""
    table = Table(
        "heads",
        "side",
        "rows",
        "slots",
        "decoding keeps",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    for share in plan.shares:
        group = plan.groups[share.group]
        for side in group.sides:
            slots = "grow" if side.slot_count is None else str(side.slot_count)
            table.add_row(
                f"{share.fraction} {group.name}",
                side.side,
                side.row_class.value,
                slots,
                side.addressing.value,
            )
    inputs = Text(f"inputs: {', '.join(('x', *plan.inputs))}")
    return Group(*(Padding(part, (0, 0, 1, 0)) for part in (table, inputs)))
