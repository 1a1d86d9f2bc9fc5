"""A schedule, and what its passes cost on a machine, as tables for a terminal and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from glmc.diagnostics import printable
from glmc.report.units import quantity

if TYPE_CHECKING:
    from glmc.plan.cost_model import Explained, GroupPasses
    from glmc.plan.nodes import Plan


def schedule_report(explained: Explained) -> RenderableType:
    """How the package of one mixer computes: a line a side, the operator's inputs, and the passes of each group."""
    plan = explained.plan
    inputs = Text(f"inputs: {', '.join(('x', *plan.inputs))}")
    parts: list[RenderableType] = [_sides_table(plan), inputs]
    for group in explained.passes:
        parts += [_passes_table(group, explained), _reasons(group)]
    return Group(*(Padding(part, (0, 0, 1, 0)) for part in (*parts, _total(explained))))


def _sides_table(plan: Plan) -> Table:
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
    return table


def _passes_table(group: GroupPasses, explained: Explained) -> Table:
    target = explained.target
    title = Text(f"{group.heads} heads of {printable(group.name)}, forward, {group.family.value}")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, title=title, title_justify="left")
    table.add_column("pass", style="bold", no_wrap=True)
    for column in ("at least", "bytes", "flop", "steps"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("binds", no_wrap=True)
    for found in group.passes:
        table.add_row(
            found.name,
            quantity(found.seconds(target), "s"),
            quantity(found.bytes, "B"),
            quantity(found.operations, ""),
            str(found.steps),
            found.binds(target),
        )
    return table


def _reasons(group: GroupPasses) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for found in group.passes:
        table.add_row(found.name, Text(found.because))
    return table


def _total(explained: Explained) -> Text:
    sizes, target, floor = explained.sizes, explained.target, explained.floor
    passes = sum(found.seconds(target) for group in explained.passes for found in group.passes)
    least, step = (quantity(work.seconds(target), "s") for work in (floor.prefill, floor.decode))
    return Text(
        f"{sizes.batch} × {floor.length} tokens, {sizes.heads} heads × {sizes.channels} channels in bfloat16 "
        f"on {target.name}: these passes take at least {quantity(passes, 's')}, any others at least {least} "
        f"({floor.prefill.binds(target)}: inputs and outputs once, every entry computed), the last decode steps at "
        f"least {step}. A dependent step is taken to last {quantity(target.step, 's')}."
    )


def schedule_json(explained: Explained) -> dict[str, Any]:
    """The passes of each group, and the floor."""
    target, floor = explained.target, explained.floor
    return {
        "target": target.name,
        "batch": explained.sizes.batch,
        "heads": explained.sizes.heads,
        "head_dim": explained.sizes.channels,
        "length": floor.length,
        "floor_seconds": floor.prefill.seconds(target),
        "groups": [
            {
                "group": group.name,
                "heads": group.heads,
                "family": group.family.value,
                "passes": [
                    {
                        "name": found.name,
                        "bytes": found.bytes,
                        "operations": found.operations,
                        "steps": found.steps,
                        "seconds": found.seconds(target),
                        "binds": found.binds(target),
                        "because": found.because,
                    }
                    for found in group.passes
                ],
            }
            for group in explained.passes
        ],
    }
