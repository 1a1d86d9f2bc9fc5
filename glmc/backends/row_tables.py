"""What `rows.py` of a group says: its maps, its rows, its slots and its tables of columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from glmc.analysis.forms import Band
from glmc.analysis.recognise import is_shift_invariant, recognise
from glmc.backends.index_code import IndexPrinter
from glmc.backends.row_code import RowPrinter
from glmc.pattern.nodes import ClosedMap
from glmc.plan.nodes import GroupPlan, RowClass, SidePlan


@dataclass(frozen=True)
class SideRows:
    """One side in `rows.py`; ``functions`` print its exact rows.

    ``table`` says how a table of columns is made: from the "distances" of one late row, as the "past" from distance
    ``nearest`` on, or row by row ("exact").
    """

    side: str
    name: str
    functions: tuple[str, ...]
    slotted: bool
    prefix: bool
    capacity: int | None
    table: Literal["distances", "past", "exact"]
    nearest: int
    nested: tuple[str, str, str] | None  # the variable k, f(k) and a_k of compact(f)


def row_tables(group: GroupPlan) -> dict[str, Any]:
    """The context of `templates/torch/rows.py.jinja`."""
    index = IndexPrinter()
    sides = tuple(_side(side, index) for side in group.sides)
    maps = [index.map_definition(map_) for map_ in index.maps]
    functions = [name for name in ("ceil", "floor", "gcd", "isqrt") if name in index.uses]
    if any(side.nested for side in sides):
        index.uses.add("count")
    return {
        "sides": sides,
        "maps": maps,
        "uses": index.uses,
        "math": functions,
        "slot_sides": _slot_sides(group),
    }


def _side(side: SidePlan, index: IndexPrinter) -> SideRows:
    printer = RowPrinter(index)
    name = f"row_{side.name}"
    if side.numbered:
        printer.slotted(name, side.rows, f"The slot of every column that row i of {side.side} reads.")
    else:
        printer.plain(name, side.rows, f"The columns that row i of {side.side} reads.")
    return SideRows(
        side=side.side,
        name=side.name,
        functions=tuple(printer.functions),
        slotted=side.numbered,
        prefix=side.is_prefix,
        capacity=side.slot_count,
        table=_table(side),
        nearest=_nearest(side) or 0,
        nested=_nested(side, index),
    )


def _table(side: SidePlan) -> Literal["distances", "past", "exact"]:
    if side.row_class in (RowClass.SELF, RowClass.BAND, RowClass.SHIFTS):
        return "distances"
    if side.is_prefix:
        return "exact" if _nearest(side) is None else "past"
    return "distances" if not side.numbered and is_shift_invariant(side.rows) else "exact"


def _nearest(side: SidePlan) -> int | None:
    """d where row i is { j : j <= i − d }."""
    match recognise(side.rows):
        case (Band(first, None),):
            return first
        case _:
            return None


def _nested(side: SidePlan, index: IndexPrinter) -> tuple[str, str, str] | None:
    match side.index_map, side.unit_map:
        case ClosedMap(_, variable, distance), ClosedMap(_, _, unit):
            index.naturals.add(variable)
            return index.variable(variable), index.integer(distance), index.integer(unit)
        case _:
            return None


def _slot_sides(group: GroupPlan) -> tuple[SidePlan, ...]:
    """Sides whose slots have logits, first to last."""
    return tuple(
        sorted(
            (side for side in group.sides if side.first_logit is not None),
            key=lambda side: side.first_logit or 0,
        )
    )
