"""Whether the slots that weights speak of can be numbered."""

from __future__ import annotations

from glmc.diagnostics import Sink
from glmc.pattern import errors, nodes
from glmc.pattern.evaluate import EvaluationError
from glmc.pattern.rows import SideSlots, side_slots, slot_capacity
from glmc.pattern.walk import leaves
from glmc.pattern.weights import slot_word
from glmc.source import Span


def check_slots(group: nodes.Group, weight_spans: dict[str, Span], report: Sink) -> None:
    """Reports ``slot_gate`` and ``const`` over rows whose elements have no lasting slot numbers."""
    growing: list[str] = []
    for side, rows, weight in (("A", group.a, group.weight_a), ("B", group.b, group.weight_b)):
        word = slot_word(weight)
        if word is None:
            continue
        several = next((leaf for leaf in leaves(rows) if _has_several_variables(leaf)), None)
        if several is not None and _numbers_count(rows, several):
            report(errors.SlotsUnnumbered(span=several.span, what=word))
            continue
        slots = _slots(rows)
        if slots is None:
            continue
        if not slots.numbered:
            inner = _grows_early(rows)
            reason = (
                "an operand before the last one grows" if inner else f"the rows of {side} are dense: they grow with i"
            )
            span = inner.span if inner else rows.span
            report(errors.SlotsGrow(span=span, what=word, reason=reason, label_text="grows"))
        elif slots.growing:
            growing.append(side)
    if len(growing) == 2:
        word = slot_word(group.weight_b) or "slot_gate"
        reason = "both sides grow with i, so neither can come after the other"
        report(errors.SlotsGrow(span=weight_spans["B"], what=word, reason=reason, label_text="over A and B"))


def _slots(rows: nodes.RowSet) -> SideSlots | None:
    try:
        return side_slots(rows)
    except EvaluationError:  # reported by the checks of the rows
        return None


def _has_several_variables(leaf: nodes.RowSet) -> bool:
    return isinstance(leaf, nodes.Comprehension) and len(leaf.generators) > 1


def _numbers_count(rows: nodes.RowSet, leaf: nodes.RowSet) -> bool:
    """Whether the numbers of ``leaf`` are the row's: only the left operand of & and - gives numbers."""
    match rows:
        case nodes.Union(left, right):
            return _numbers_count(left, leaf) or _numbers_count(right, leaf)
        case nodes.Difference(left, _) | nodes.Intersection(left, _):
            return _numbers_count(left, leaf)
        case _:
            return rows is leaf


def _grows_early(rows: nodes.RowSet) -> nodes.RowSet | None:
    """The first operand of a union, other than the last, that grows."""
    match rows:
        case nodes.Union(left, right):
            if slot_capacity(left) is None:
                return left
            return _grows_early(right)
        case nodes.Difference(left, _) | nodes.Intersection(left, _):
            return _grows_early(left)
        case _:
            return None
