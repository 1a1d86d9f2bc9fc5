"""Finds the kernel class of a side's rows, and how a decode state addresses what they read.

A class is chosen only where it holds for every row *and* for the slot numbers, since logits belong to slots.
Where no logit belongs to a slot the numbers are free: a side that reads all its past is laid out by column,
one whose rows leave numbers out by rank, so that its coefficients are as few as its entries.
"""

from __future__ import annotations

from glmc.analysis.forms import Band, Block, Compact, Fenwick, Form, Shifts, Stride
from glmc.analysis.polynomial import TooLarge, polynomial
from glmc.analysis.recognise import is_shift_invariant, reach, recognise
from glmc.pattern.arithmetic import substitute
from glmc.pattern.nodes import (
    Call,
    ClosedMap,
    Comparison,
    Comprehension,
    Difference,
    Expr,
    Group,
    IndexMap,
    Intersection,
    Learned,
    Listed,
    Quotient,
    Row,
    RowSet,
    Side,
    Sigmoid,
    SlotGate,
    Softmax,
    Sum,
    Union,
    Variable,
    Weight,
    WeightProduct,
    WeightQuotient,
    WeightSum,
)
from glmc.pattern.rows import SlotLayout, entries
from glmc.pattern.walk import subexpressions
from glmc.plan.nodes import Addressing, RowClass, SidePlan

_LARGEST_FIXED = 4096  # slots that a side of fixed distances may have to be printed as numbers


def classify(group: Group, side: Side, layout: SlotLayout) -> SidePlan:
    """The plan of one side of ``group``, whose slots ``layout`` numbers."""
    rows, weight = (group.a, group.weight_a) if side == "A" else (group.b, group.weight_b)
    slots = layout.side(side)
    by_slot = uses_slots(weight)
    forms = recognise(rows)
    furthest = reach(rows)
    row_class = _row_class(rows, forms, numbered=slots.numbered, free=not by_slot, capacity=slots.capacity)
    distances = _fixed_distances(rows, slots.capacity) if row_class in _SHIFTED else None
    if row_class is RowClass.SHIFTS and distances and distances == tuple(range(distances[0], distances[-1] + 1)):
        row_class = RowClass.BAND
    index_map, unit_map = _maps(rows) if row_class is RowClass.NESTED else (None, None)
    ranked = not by_slot and (row_class is RowClass.TABLE or (row_class is RowClass.SHIFTS and _may_skip_slots(rows)))
    numbered = slots.numbered and row_class is not RowClass.DENSE and not ranked
    return SidePlan(
        side=side,
        rows=rows,
        weight=weight,
        row_class=row_class,
        numbered=numbered,
        slot_count=slots.capacity if slots.numbered and not ranked else None,
        distances=distances,
        index_map=index_map,
        unit_map=unit_map,
        reach=furthest,
        addressing=_addressing(row_class, forms, furthest, is_compact=index_map is not None),
        first_logit=layout.offset(side, 1) if by_slot and slots.numbered else None,
    )


_SHIFTED = (RowClass.SELF, RowClass.SHIFTS)


def _row_class(rows: RowSet, forms: tuple[Form, ...], *, numbered: bool, free: bool, capacity: int | None) -> RowClass:
    match forms:
        case ():
            return RowClass.EMPTY
        case (Band(0, 1),) if capacity == 1:
            return RowClass.SELF
        case (Compact() | Fenwick(),) if numbered and isinstance(rows, Comprehension):
            return RowClass.NESTED
    if free and any(isinstance(form, Band) and form.stop is None for form in forms):
        return RowClass.DENSE
    if numbered and _slots_are_shifts(rows):
        return RowClass.SHIFTS
    return RowClass.TABLE


def _slots_are_shifts(rows: RowSet) -> bool:
    """Whether slot s of row i is i − d_s for distances d that depend on s alone."""
    match rows:
        case Listed(elements):
            return all(_is_shifted_row(element) for element in elements)
        case Comprehension(element, ()):
            return rows.condition is None and _is_shifted_row(element)
        case Comprehension(element, (generator,)):
            place = Sum((generator.start, Variable("slot")))
            return _is_shifted_row(substitute(element, {generator.variable: place})) and all(
                isinstance(form, Band | Stride | Shifts) for form in recognise(rows)
            )
        case Union(left, right):
            return _slots_are_shifts(left) and _slots_are_shifts(right)
        case Difference(left, right) | Intersection(left, right):
            return _slots_are_shifts(left) and is_shift_invariant(right)
        case _:
            return False


def _may_skip_slots(rows: RowSet) -> bool:
    """Whether a row may lack slots below its last."""
    match rows:
        case Listed() | Comprehension(_, _, None):
            return False
        case Union(left, right):
            return _may_skip_slots(left) or _may_skip_slots(right)
        case _:
            return True


def _is_shifted_row(expr: Expr) -> bool:
    try:
        return not (polynomial(expr) - polynomial(Row())).mentions(Row())
    except TooLarge:
        return False


def _fixed_distances(rows: RowSet, capacity: int | None) -> tuple[int, ...] | None:
    """i − j by slot where finitely many, all different and small enough to print."""
    furthest = reach(rows)
    if capacity is None or furthest is None or max(capacity, furthest) > _LARGEST_FIXED:
        return None
    found = entries(rows, furthest, furthest + 1)
    if tuple(found.slot.tolist()) != tuple(range(capacity)):
        return None
    return tuple(furthest - column for column in found.column.tolist())


def _maps(rows: RowSet) -> tuple[IndexMap | None, IndexMap | None]:
    """f and a as compact(f) is written: { a_k·⌈(i + 1 − f(k)) / a_k⌉ − 1 for k in 0.. if f(k) <= i }."""
    match rows:
        case Comprehension(element, (generator,), Comparison(distance, "<=", Row())):
            units = [unit for part in subexpressions(element) for unit in _rounding_units(part)]
            if len(units) == 1:
                return ClosedMap("f", generator.variable, distance), ClosedMap("a", generator.variable, units[0])
    return None, None


def _rounding_units(expr: Expr) -> tuple[Expr, ...]:
    """a where ``expr`` is ⌈x / a⌉."""
    match expr:
        case Call("ceil", (Quotient(_, unit),)):
            return (unit,)
        case _:
            return ()


def _addressing(row_class: RowClass, forms: tuple[Form, ...], furthest: int | None, *, is_compact: bool) -> Addressing:
    """Where every entry is kept for exactly as long as some row still reads it."""
    match row_class:
        case RowClass.EMPTY | RowClass.SELF:
            return Addressing.NONE
        case RowClass.NESTED if is_compact:
            return Addressing.NESTED
        case RowClass.DENSE:
            return Addressing.HISTORY
        case RowClass.BAND | RowClass.SHIFTS if furthest is not None:
            return Addressing.RING if furthest else Addressing.NONE
        case RowClass.SHIFTS:
            return Addressing.HISTORY
        case _:
            blocks = len(forms) == 1 and isinstance(forms[0], Block) and furthest
            return Addressing.RING if blocks else Addressing.TABLE


def uses_slots(weight: Weight) -> bool:
    """Whether a logit belongs to each slot."""
    match weight:
        case SlotGate() | Learned():
            return True
        case Softmax(inner, _) | Sigmoid(inner):
            return uses_slots(inner)
        case WeightSum(parts) | WeightProduct(parts):
            return any(uses_slots(part) for part in parts)
        case WeightQuotient(numerator, denominator):
            return uses_slots(numerator) or uses_slots(denominator)
        case _:
            return False
