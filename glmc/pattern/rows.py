"""Row sets as arrays: the entries of many rows, their slot numbers, and how many there are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from glmc.pattern.endings import Ending, endings
from glmc.pattern.evaluate import (
    BoolArray,
    Environment,
    EvaluationError,
    IntArray,
    Rows,
    evaluate_integer,
    evaluate_rows,
    hold_rows,
    holds,
)
from glmc.pattern.nodes import (
    And,
    Call,
    Comparison,
    Comprehension,
    Difference,
    Expr,
    FloorDivide,
    Generator,
    Group,
    Intersection,
    Learned,
    Listed,
    Number,
    Product,
    Quotient,
    Remainder,
    Row,
    RowSet,
    Side,
    SlotGate,
    Sum,
    Union,
    Weight,
)
from glmc.pattern.walk import compared, conjuncts, subexpressions, subweights

BLOCK_ENTRIES = 1 << 22  # entries that one block of rows may hold, about
WORK_LIMIT = 1 << 26  # evaluations of an element, for one call
LOOP_LIMIT = 1 << 15  # values of one variable tried one after the other, beyond eight for each position


@dataclass(frozen=True)
class Entries:
    """Entries of some rows, each (row, column) once, sorted by (row, slot); int64 arrays of one length.

    ``slot`` is LANGUAGE's slot number if ``numbered``, else the rank of the column in its row.
    """

    row: IntArray
    column: IntArray
    slot: IntArray
    numbered: bool

    def __len__(self) -> int:
        return len(self.row)


def entries(row_set: RowSet, start: int, stop: int) -> Entries:
    """The entries of rows start … stop − 1. Columns below 0 are dropped, columns above the row are kept.

    Raises ``EvaluationError`` with a witness.
    """
    members = _members(row_set, np.arange(start, stop, dtype=np.int64), _Budget())
    if side_slots(row_set).numbered:
        return Entries(members.row, members.column, members.slot, True)
    order = np.lexsort((members.column, members.row))
    row, column = members.row[order], members.column[order]
    firsts = np.searchsorted(row, row)
    return Entries(row, column, np.arange(len(row)) - firsts, False)


def entry_blocks(row_set: RowSet, start: int, stop: int) -> Iterator[tuple[int, int, Entries]]:
    """(first row, end, entries) of consecutive blocks of rows, each of a bounded number of entries."""
    if start >= stop:
        return
    fullest = len(_members(row_set, np.array([stop - 1], np.int64), _Budget()).row)
    height = min(max(BLOCK_ENTRIES // (fullest + 1), 64), 1 << 15)
    for first in range(start, stop, height):
        end = min(first + height, stop)
        yield first, end, entries(row_set, first, end)


def sizes(row_set: RowSet, start: int, stop: int) -> IntArray:
    """|row i| for i = start … stop − 1."""
    result = np.zeros(max(stop - start, 0), np.int64)
    for first, end, block in entry_blocks(row_set, start, stop):
        result[first - start : end - start] = np.bincount(block.row - first, minlength=end - first)
    return result


def row(row_set: RowSet, index: int) -> tuple[int, ...]:
    """The columns of one row, ascending."""
    members = _members(row_set, np.array([index], np.int64), _Budget())
    return tuple(int(column) for column in np.sort(members.column))


# -- sets of entries -----------------------------------------------------------------------------------------


@dataclass
class _Budget:
    """Work that one call may still do; what is untrusted may ask for any amount."""

    left: int = WORK_LIMIT

    def spend(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise EvaluationError("too large")


@dataclass(frozen=True)
class _Members:
    """Distinct entries by ascending row; within a row in the order in which they were first reached."""

    row: IntArray
    column: IntArray
    slot: IntArray

    def select(self, chosen: BoolArray) -> _Members:
        return _Members(self.row[chosen], self.column[chosen], self.slot[chosen])


_Piece = tuple[IntArray, IntArray, IntArray]  # rows, columns, slots


def _members(row_set: RowSet, rows: IntArray, budget: _Budget) -> _Members:
    match row_set:
        case Listed(elements):
            pieces = []
            for place, element in enumerate(elements):
                pieces += _elements(evaluate_rows(element, Rows(rows)), rows, np.int64(place))
            return _collected(pieces)
        case Comprehension():
            expansion = _Expansion(row_set, budget)
            expansion.expand(0, Rows(rows), np.zeros(len(rows), np.int64))
            return _collected(expansion.pieces)
        case Union(left, right):
            x, y = _members(left, rows, budget), _members(right, rows, budget)
            offset = slot_capacity(left) or 0
            return _collected([(x.row, x.column, x.slot), (y.row, y.column, y.slot + offset)])
        case Difference(left, right):
            x, y = _members(left, rows, budget), _members(right, rows, budget)
            return x.select(~_contained(x, y))
        case Intersection(left, right):
            x, y = _members(left, rows, budget), _members(right, rows, budget)
            return x.select(_contained(x, y))
        case _:
            assert_never(row_set)


def _elements(columns: npt.NDArray[Any], rows: IntArray, slots: IntArray | np.int64) -> list[_Piece]:
    """The entries whose column is not below 0."""
    kept = np.flatnonzero(columns >= 0)
    if len(kept) == 0:
        return []
    chosen = columns[kept]
    if chosen.dtype == object:
        wide = next((place for place in kept if columns[place] >= 1 << 62), None)
        if wide is not None:
            raise EvaluationError("too large", row=int(rows[wide]))
        chosen = chosen.astype(np.int64)
    return [(rows[kept], chosen, np.broadcast_to(slots, len(columns))[kept])]


def _collected(pieces: list[_Piece]) -> _Members:
    if not pieces:
        empty = np.zeros(0, np.int64)
        return _Members(empty, empty, empty)
    members = _Members(*(np.concatenate(parts) for parts in zip(*pieces, strict=True)))
    if np.any(np.diff(members.row) < 0):
        local = members.row - members.row.min()
        narrow = local.astype(np.uint16) if local.max() < 1 << 16 else local  # numpy sorts 16 bits by radix
        order = np.argsort(narrow, kind="stable")
        members = _Members(members.row[order], members.column[order], members.slot[order])
    return _distinct(members)


def _distinct(members: _Members) -> _Members:
    """Only the first entry of every (row, column)."""
    steps = np.diff(members.column)[np.diff(members.row) == 0]
    if np.all(steps > 0) or np.all(steps < 0):
        return members
    key = _keys(members)[0]
    order = np.argsort(key, kind="stable")
    repeated = np.zeros(len(key), bool)
    repeated[order[1:]] = key[order[1:]] == key[order[:-1]]
    return members.select(~repeated)


def _contained(x: _Members, y: _Members) -> BoolArray:
    x_keys, y_keys = _keys(x, y)
    return np.isin(x_keys, y_keys, assume_unique=True)


def _keys(*parts: _Members) -> list[IntArray]:
    """One integer for each (row, column), the same in all parts."""
    filled = [part for part in parts if len(part.row)]
    if not filled:
        return [part.row for part in parts]
    first = min(int(part.row[0]) for part in filled)
    height = max(int(part.row[-1]) for part in filled) - first + 1
    width = max(int(part.column.max()) for part in filled) + 1
    if height * width < 1 << 63:
        return [(part.row - first) * width + part.column for part in parts]
    places = np.unique(np.concatenate([part.column for part in parts]))
    return [(part.row - first) * len(places) + np.searchsorted(places, part.column) for part in parts]


# -- comprehensions ------------------------------------------------------------------------------------------

_ZERO = Number(Fraction(0))


@dataclass
class _Expansion:
    """The entries of one comprehension, for many rows at once.

    Bounded generators unfold into one long array of (row, value) pairs. Unbounded ones, and bounded ones far
    longer than the rows, take one value after the other and leave a row once it is proved that no later value
    gives it an element.
    """

    comprehension: Comprehension
    budget: _Budget
    pieces: list[_Piece] = field(default_factory=list)

    def expand(self, level: int, rows: Rows, slots: IntArray) -> None:
        """Adds what the generators from ``level`` on give; ``slots`` number the values bound last."""
        generators = self.comprehension.generators
        if len(rows) == 0:
            return
        if level == len(generators):
            self._reach(rows, slots)
            return
        generator = generators[level]
        starts = evaluate_rows(generator.start, rows)
        if generator.stop is None:
            self._loop(level, rows, starts, None)
            return
        stops = evaluate_rows(generator.stop, rows)
        counts = np.maximum(stops - starts, 0)
        if counts.max() > 4 * (int(rows.rows[-1]) + 1024):
            self._loop(level, rows, starts, stops)
        else:
            self._unfold(level, rows, starts, counts.astype(np.int64))

    def _unfold(self, level: int, rows: Rows, starts: IntArray, counts: IntArray) -> None:
        total = int(counts.sum())
        if total > BLOCK_ENTRIES and len(rows) > 1:
            for half in np.array_split(np.arange(len(rows)), 2):
                self._unfold(level, rows.select(half), starts[half], counts[half])
            return
        index = np.repeat(np.arange(len(rows)), counts)
        slots = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
        variable = self.comprehension.generators[level].variable
        self.expand(level + 1, rows.select(index).bind(variable, starts[index] + slots), slots)

    def _loop(self, level: int, rows: Rows, starts: npt.NDArray[Any], stops: npt.NDArray[Any] | None) -> None:
        endings = _endings(self.comprehension, level)
        if stops is None and not endings:
            raise EvaluationError("endless", row=int(rows.rows[0]))
        counts = self._counts(level, rows, starts, stops, endings)
        if counts is not None:
            self._unfold(level, rows, starts.astype(np.int64), counts)
            return
        variable = self.comprehension.generators[level].variable
        shared = bool(np.all(starts == starts[0]))
        live = np.arange(len(rows))
        for step in range(LOOP_LIMIT + 8 * int(rows.rows[-1])):
            if stops is not None:
                live = live[np.asarray(starts[live] + step < stops[live], bool)]
            value = int(starts[0]) + step if shared else starts[live] + step
            inner = (rows if len(live) == len(rows) else rows.select(live)).bind(variable, value)
            going = _going_on(endings, inner)
            if not np.all(going):
                live, inner = live[going], inner.select(going)
            if len(live) == 0:
                return
            self.expand(level + 1, inner, np.full(len(live), step))
        raise EvaluationError("too large", row=int(rows.rows[live[0]]))

    def _counts(
        self,
        level: int,
        rows: Rows,
        starts: npt.NDArray[Any],
        stops: npt.NDArray[Any] | None,
        endings: tuple[Ending, ...],
    ) -> IntArray | None:
        """How many values of the variable may give elements, for each row: an ending stays one, so doubling
        and bisecting find it. None where a probe has no value; then values are taken one after the other.
        """
        variable = self.comprehension.generators[level].variable
        if not endings or np.any(np.abs(starts) > LOOP_LIMIT):
            return None

        def going(live: IntArray, steps: IntArray) -> BoolArray:
            inner = rows.select(live).bind(variable, starts[live].astype(np.int64) + steps)
            return _going_on(endings, inner, strict=True)

        going_at, ended_at = np.full(len(rows), -1), np.zeros(len(rows), np.int64)
        try:
            live = np.arange(len(rows))
            while len(live):
                more = going(live, ended_at[live])
                going_at[live[more]] = ended_at[live[more]]
                ended_at[live[more]] = 2 * ended_at[live[more]] + 1
                live = live[more]
                if stops is not None:
                    live = live[np.asarray(starts[live] + ended_at[live] < stops[live], bool)]
                self.budget.spend(int(going_at.max()) + 1)
            while len(live := np.flatnonzero(ended_at - going_at > 1)):
                middle = (going_at[live] + ended_at[live]) // 2
                more = going(live, middle)
                going_at[live[more]], ended_at[live[~more]] = middle[more], middle[~more]
        except EvaluationError as error:
            if error.kind == "too large" and error.expression is None:
                raise
            return None
        if stops is not None:
            ended_at = np.minimum(ended_at, np.maximum(stops - starts, 0)).astype(np.int64)
        self.budget.spend(int(ended_at.sum()))
        return ended_at

    def _reach(self, rows: Rows, slots: IntArray) -> None:
        self.budget.spend(len(rows) + 64)
        if self.comprehension.condition is not None:
            held = hold_rows(self.comprehension.condition, rows)
            rows, slots = rows.select(held), slots[held]
        self.pieces += _elements(evaluate_rows(self.comprehension.element, rows), rows.rows, slots)


@lru_cache(maxsize=1024)
def _endings(comprehension: Comprehension, level: int) -> tuple[Ending, ...]:
    return endings(comprehension, level)


def _going_on(endings: tuple[Ending, ...], rows: Rows, *, strict: bool = False) -> BoolArray:
    """The rows that may get an element at this value of the variable or at a later one.

    An ending without a value is no end; ``strict`` raises ``EvaluationError`` instead.
    """
    going = np.ones(len(rows), bool)
    for ending in endings:
        signs = [Comparison(guard, ">=", _ZERO) for guard in ending.guards]
        signs += [Comparison(quantity, "<", _ZERO) for quantity in ending.quantities]
        try:
            going &= ~hold_rows(And(tuple(signs)), rows)
        except EvaluationError:  # undefined at some row, which then is no end
            if strict:
                raise
    return going


# -- slots ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SideSlots:
    """How LANGUAGE's "Slots" numbers one side: not at all (several variables, a dense row), or from 0.

    ``capacity`` is the number of slots of a bounded side, for every length; None if they grow.
    """

    row_set: RowSet
    numbered: bool
    capacity: int | None

    @property
    def growing(self) -> bool:
        return self.numbered and self.capacity is None

    def slots(self, length: int) -> int:
        """Slots that a sequence of ``length`` tokens needs; 0 if the side is not numbered."""
        if not self.numbered:
            return 0
        return _slots_reached(self.row_set, length) if self.capacity is None else self.capacity


@dataclass(frozen=True)
class SlotLayout:
    """The logits of ``slot_gate`` and ``const`` of one group: A's slots and B's, one side after the other.

    ``order`` names the sides that have logits: A before B, a bounded side before a growing one.
    """

    a: SideSlots
    b: SideSlots
    order: tuple[Side, ...]

    def side(self, side: Side) -> SideSlots:
        return self.a if side == "A" else self.b

    def slots(self, length: int) -> int:
        """Logits that a sequence of ``length`` tokens needs: the least S."""
        return sum(self.side(side).slots(length) for side in self.order)

    def offset(self, side: Side, length: int) -> int:
        """The logit of slot 0 of a side."""
        before = self.order[: self.order.index(side)] if side in self.order else ()
        return sum(self.side(other).slots(length) for other in before)

    @property
    def grows(self) -> bool:
        return any(self.side(side).growing for side in self.order)

    @property
    def ambiguous(self) -> bool:
        """Both sides ask for slots and grow, so no offset of the second would stay in place."""
        return all(self.side(side).growing for side in self.order) and len(self.order) == 2


def slot_layout(group: Group) -> SlotLayout:
    """How the slots of a group's sides are numbered: every side that has numbers, whether its weight asks for
    them or not; but where both grow, only those that ask.
    """
    a, b = side_slots(group.a), side_slots(group.b)
    sides: list[tuple[Side, SideSlots, Weight]] = [("A", a, group.weight_a), ("B", b, group.weight_b)]
    numbered = [side for side in sides if side[1].numbered]
    if a.growing and b.growing:
        numbered = [side for side in numbered if asks_for_slots(side[2])]
    return SlotLayout(a, b, tuple(name for name, _, _ in sorted(numbered, key=lambda side: side[1].growing)))


def asks_for_slots(weight: Weight) -> bool:
    """Whether a weight speaks of ``slot_gate`` or ``const``."""
    return any(isinstance(part, SlotGate | Learned) for part in subweights(weight))


@lru_cache(maxsize=256)
def side_slots(row_set: RowSet) -> SideSlots:
    numbered = is_numbered(row_set)
    capacity = slot_capacity(row_set) if numbered else None
    if numbered and capacity is None and _is_dense(row_set):
        numbered = False
    return SideSlots(row_set, numbered, capacity)


def is_numbered(row_set: RowSet) -> bool:
    """Whether every element has a slot number: comprehensions have one variable, and only the last operand of
    a union grows. (A dense row has numbers too, but ``side_slots`` refuses them.)
    """
    match row_set:
        case Listed():
            return True
        case Comprehension(_, generators):
            return len(generators) <= 1
        case Union(left, right):
            return is_numbered(left) and slot_capacity(left) is not None and is_numbered(right)
        case Difference(left, _) | Intersection(left, _):
            return is_numbered(left)
        case _:
            assert_never(row_set)


def slot_capacity(row_set: RowSet) -> int | None:
    """How many slot numbers a row set may use at any row; None if they grow, or are not known to stay
    bounded.
    """
    match row_set:
        case Listed(elements):
            return len(elements)
        case Comprehension(_, ()):
            return 1
        case Comprehension(_, (Generator(_, start, None),)):
            return _values_before_the_end(row_set, start)
        case Comprehension(_, (Generator(_, start, stop),)) if stop is not None:
            most = difference_bound(stop, start)
            return None if most is None else max(most, 0)
        case Comprehension():
            return None
        case Union(left, right):
            x, y = slot_capacity(left), slot_capacity(right)
            return None if x is None or y is None else x + y
        case Difference(left, _) | Intersection(left, _):
            return slot_capacity(left)
        case _:
            assert_never(row_set)


def _values_before_the_end(comprehension: Comprehension, start: Expr) -> int | None:
    """Values of the one variable, from a start that is the same in every row, up to an end that is so too,
    such as that of ``if k < 16``; None if there is no such end.
    """
    variable = comprehension.generators[0].variable
    common = [part for part in conjuncts(comprehension.condition) if not _depends_on_row(*compared(part))]
    if not common or _depends_on_row(start):
        return None
    condition = And(tuple(common))
    endings = _endings(Comprehension(_ZERO, comprehension.generators, condition), 0)
    if not endings:
        return None
    first = evaluate_integer(start, Environment())
    any_row = Rows(np.zeros(1, np.int64))
    most = 0
    for count in range(LOOP_LIMIT):
        if not _going_on(endings, any_row.bind(variable, first + count))[0]:
            return most
        if holds(condition, Environment(0, {variable.name: first + count})):
            most = count + 1
    return None


def _depends_on_row(*exprs: Expr) -> bool:
    return any(isinstance(part, Row) for expr in exprs for part in subexpressions(expr))


@lru_cache(maxsize=1024)
def _slots_reached(row_set: RowSet, length: int) -> int:
    blocks = (block for _, _, block in entry_blocks(row_set, 0, length) if len(block))
    return max((int(block.slot.max()) + 1 for block in blocks), default=0)


def _is_dense(row_set: RowSet) -> bool:
    """Whether rows that grow hold more than three quarters of their past, at places far apart."""
    return all(4 * len(row(row_set, index)) > 3 * index for index in (1022, 1023, 4095))


# -- bounds of ranges ----------------------------------------------------------------------------------------


def difference_bound(upper: Expr, lower: Expr) -> int | None:
    """A proved bound of upper − lower over all rows, None if there is none to be seen."""
    match upper, lower:
        case Call("max", arguments), _:
            return _every(difference_bound(argument, lower) for argument in arguments)
        case _, Call("min", arguments):
            return _every(difference_bound(upper, argument) for argument in arguments)
        case Call("min", arguments), _:
            return _least(difference_bound(argument, lower) for argument in arguments)
        case _, Call("max", arguments):
            return _least(difference_bound(upper, argument) for argument in arguments)
    terms: dict[Expr, Fraction] = {}
    slack = _collect(upper, Fraction(1), terms) + _collect(lower, Fraction(-1), terms)
    return None if any(terms.values()) else math.floor(slack)


def _every(bounds: Iterable[int | None]) -> int | None:
    known = list(bounds)
    return None if None in known else max(bound for bound in known if bound is not None)


def _least(bounds: Iterable[int | None]) -> int | None:
    return min((bound for bound in bounds if bound is not None), default=None)


def _collect(expr: Expr, factor: Fraction, terms: dict[Expr, Fraction]) -> Fraction:
    """Adds factor · expr to ``terms`` as a linear form; returns an upper bound of the rest."""
    match expr:
        case Number(value):
            return factor * value
        case Sum(parts):
            return sum((_collect(part, factor, terms) for part in parts), Fraction(0))
        case Product(factors):
            scale = factor
            others = []
            for part in factors:
                if isinstance(part, Number):
                    scale *= part.value
                else:
                    others.append(part)
            if len(others) <= 1:
                return _collect(others[0], scale, terms) if others else scale
        case Quotient(numerator, Number(value)) if value:
            return _collect(numerator, factor / value, terms)
        case FloorDivide(numerator, Number(value)) if value > 0:
            rest = max(Fraction(0), -factor / value * (value - 1))  # x // c = (x − r)/c with 0 <= r <= c − 1
            return _collect(numerator, factor / value, terms) + rest
        case Remainder(_, Number(value)) if value > 0:
            return max(Fraction(0), factor * (value - 1))
        case Call("floor", (argument,)):
            return _collect(argument, factor, terms) + max(Fraction(0), -factor)
        case Call("ceil", (argument,)):
            return _collect(argument, factor, terms) + max(Fraction(0), factor)
    terms[expr] = terms.get(expr, Fraction(0)) + factor
    return Fraction(0)
