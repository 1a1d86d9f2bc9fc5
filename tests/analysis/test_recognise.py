"""Normal forms are found in row sets by what they say."""

from __future__ import annotations

from fractions import Fraction

import pytest

from glmc.analysis.forms import Band, Block, Columns, Compact, Fenwick, Form, Interval, Opaque, Shifts, Stride
from glmc.analysis.recognise import is_shift_invariant, reach, recognise
from glmc.pattern.nodes import (
    EMPTY,
    SELF,
    Call,
    ClosedMap,
    Comparison,
    Comprehension,
    Condition,
    Difference,
    Earlier,
    Expr,
    FloorDivide,
    Generator,
    IndexMap,
    Intersection,
    Listed,
    MapValue,
    Number,
    Power,
    Product,
    Quotient,
    RecursiveMap,
    Relation,
    Remainder,
    Row,
    RowSet,
    Sum,
    Union,
    Variable,
)

ROW, J, K = Row(), Variable("j"), Variable("k")


def number(value: int) -> Expr:
    return Number(Fraction(value))


def plus(*terms: Expr | int) -> Expr:
    return Sum(tuple(number(t) if isinstance(t, int) else t for t in terms))


def times(*factors: Expr | int) -> Expr:
    return Product(tuple(number(f) if isinstance(f, int) else f for f in factors))


def minus(left: Expr | int, right: Expr | int) -> Expr:
    return plus(left, times(-1, right))


def power(base: Expr | int, exponent: Expr | int) -> Expr:
    return Power(*(number(e) if isinstance(e, int) else e for e in (base, exponent)))


def run(
    element: Expr,
    variable: Variable,
    start: Expr | int,
    stop: Expr | int | None,
    condition: Condition | None = None,
) -> Comprehension:
    ends = [number(e) if isinstance(e, int) else e for e in (start, stop)]
    return Comprehension(element, (Generator(variable, ends[0], ends[1]),), condition)


def where(left: Expr, relation: Relation, right: Expr | int) -> Comparison:
    return Comparison(left, relation, number(right) if isinstance(right, int) else right)


SQUARES = ClosedMap("f", K, plus(power(K, 2), 1))
POWERS = ClosedMap("f", K, power(2, K))
FIBONACCI = RecursiveMap("f", (number(1), number(2)), K, plus(Earlier(0), Earlier(1)))


def units(index_map: IndexMap) -> RecursiveMap:
    """a(0) = 1, a(m+1) = a(m)·⌈(f(m+1) − f(m)) / a(m)⌉."""
    m = Variable("m")
    gap = minus(MapValue(index_map, plus(m, 1)), MapValue(index_map, m))
    return RecursiveMap("a", (number(1),), m, times(Earlier(0), Call("ceil", (Quotient(gap, Earlier(0)),))))


def compact(index_map: IndexMap) -> RowSet:
    f, a = MapValue(index_map, K), MapValue(units(index_map), K)
    slot = minus(times(a, Call("ceil", (Quotient(minus(plus(ROW, 1), f), a),))), 1)
    return run(slot, K, 0, None, where(f, "<=", ROW))


def compact_by_hand(index_map: IndexMap) -> RowSet:
    f, a = MapValue(index_map, K), MapValue(units(index_map), K)
    slot = minus(times(plus(FloorDivide(minus(ROW, f), a), 1), a), 1)
    return run(slot, K, 0, None, where(minus(ROW, f), ">=", 0))


PAST = run(J, J, 0, ROW)

RECOGNISED: dict[str, tuple[RowSet, tuple[Form, ...]]] = {
    "empty": (EMPTY, ()),
    "self": (SELF, (Band(0, 1),)),
    "previous": (Listed((minus(ROW, 1),)), (Band(1, 2),)),
    "three offsets": (Listed((minus(ROW, 5), minus(ROW, 1), minus(ROW, 2))), (Band(1, 3), Band(5, 6))),
    "causal": (run(J, J, 0, plus(ROW, 1)), (Band(0, None),)),
    "past": (run(J, J, 0, ROW), (Band(1, None),)),
    "past by distance": (run(minus(ROW, K), K, 1, None), (Band(1, None),)),
    "past by distance with an end": (run(minus(ROW, K), K, 1, plus(ROW, 1)), (Band(1, None),)),
    "past by condition": (run(J, J, 0, plus(ROW, 1), where(J, "<", ROW)), (Band(1, None),)),
    "window": (run(minus(ROW, K), K, 0, 8), (Band(0, 8),)),
    "window of columns": (run(J, J, minus(ROW, 7), plus(ROW, 1)), (Band(0, 8),)),
    "clipped window": (run(J, J, Call("max", (number(0), minus(ROW, 7))), plus(ROW, 1)), (Band(0, 8),)),
    "window, clip last": (run(J, J, Call("max", (minus(ROW, 7), number(0))), plus(ROW, 1)), (Band(0, 8),)),
    "window by condition": (run(J, J, 0, plus(ROW, 1), where(minus(ROW, J), "<", 8)), (Band(0, 8),)),
    "empty window": (run(minus(ROW, K), K, 3, 3), ()),
    "self and past": (Union(SELF, run(J, J, 0, ROW)), (Band(0, None),)),
    "causal but self": (Difference(run(J, J, 0, plus(ROW, 1)), SELF), (Band(1, None),)),
    "two windows' common part": (
        Intersection(run(minus(ROW, K), K, 0, 8), run(minus(ROW, J), J, 4, None)),
        (Band(4, 8),),
    ),
    "stride": (run(minus(ROW, times(4, K)), K, 0, None), (Stride(0, 4, None),)),
    "stride by residue": (
        run(J, J, 0, ROW, where(Remainder(minus(ROW, J), number(4)), "==", 0)),
        (Stride(4, 4, None),),
    ),
    "short stride": (run(minus(ROW, times(4, K)), K, 1, 3), (Stride(4, 4, 2),)),
    "block": (run(J, J, times(FloorDivide(ROW, number(8)), 8), plus(ROW, 1)), (Block(8, 0),)),
    "past block": (run(J, J, times(FloorDivide(ROW, number(8)), 8), ROW), (Block(8, 1),)),
    "block by remainder": (run(J, J, minus(ROW, Remainder(ROW, number(8))), plus(ROW, 1)), (Block(8, 0),)),
    "block by equal quotients": (
        run(J, J, 0, plus(ROW, 1), where(FloorDivide(J, number(8)), "==", FloorDivide(ROW, number(8)))),
        (Block(8, 0),),
    ),
    "blocks before": (
        run(J, J, 0, ROW, where(FloorDivide(J, number(8)), "<", FloorDivide(ROW, number(8)))),
        (Interval(number(0), times(8, Call("floor", (times(Number(Fraction(1, 8)), ROW),)))),),
    ),
    "sink": (Listed((number(0),)), (Columns(number(0), Variable("k"), 0, 1, 0),)),
    "sinks": (run(J, J, 0, 4, where(J, "<", ROW)), (Columns(J, J, 0, 4, 1),)),
    "sinks by min": (run(J, J, 0, Call("min", (ROW, number(4)))), (Columns(J, J, 0, 4, 1),)),
    "fixed residue": (
        run(J, J, 0, ROW, where(Remainder(J, number(4)), "==", 3)),
        (Columns(plus(number(3), times(4, J)), J, 0, None, 1),),
    ),
    "squares": (
        run(minus(ROW, MapValue(SQUARES, K)), K, 0, None),
        (Shifts(plus(number(1), power(K, 2)), K, 0, None),),
    ),
    "squares with a condition": (
        run(minus(ROW, MapValue(SQUARES, K)), K, 0, None, where(MapValue(SQUARES, K), "<=", ROW)),
        (Shifts(plus(number(1), power(K, 2)), K, 0, None),),
    ),
    "landmarks": (
        run(power(K, 2), K, 0, None, where(power(K, 2), "<", ROW)),
        (Columns(power(K, 2), K, 0, None, 1),),
    ),
    "fenwick": (
        run(times(FloorDivide(ROW, power(2, K)), power(2, K)), K, 0, plus(Call("bitlen", (ROW,)), 1)),
        (Fenwick(0, 0),),
    ),
    "fenwick by remainder": (
        run(minus(ROW, Remainder(ROW, power(2, K))), K, 0, plus(1, Call("bitlen", (ROW,)))),
        (Fenwick(0, 0),),
    ),
    "fenwick without the row itself": (
        Intersection(
            run(times(FloorDivide(ROW, power(2, K)), power(2, K)), K, 0, plus(Call("bitlen", (ROW,)), 1)),
            PAST,
        ),
        (Fenwick(1, 0),),
    ),
    "fenwick tree": (
        run(minus(times(FloorDivide(ROW, power(2, K)), power(2, K)), 1), K, 0, Call("bitlen", (ROW,))),
        (Fenwick(1, 1),),
    ),
    "stride without the row itself": (
        Difference(run(minus(ROW, times(4, K)), K, 0, None), SELF),
        (Stride(4, 4, None),),
    ),
    "block without the last two": (
        Intersection(run(J, J, times(FloorDivide(ROW, number(8)), 8), plus(ROW, 1)), run(minus(ROW, K), K, 2, None)),
        (Block(8, 2),),
    ),
}


@pytest.mark.parametrize("name", RECOGNISED)
def test_recognised(name: str) -> None:
    row_set, forms = RECOGNISED[name]
    assert recognise(row_set) == forms


@pytest.mark.parametrize("index_map", [SQUARES, POWERS, FIBONACCI])
@pytest.mark.parametrize("write", [compact, compact_by_hand])
def test_compact_is_recognised(index_map: IndexMap, write: object) -> None:
    assert callable(write)
    (form,) = recognise(write(index_map))
    assert isinstance(form, Compact)


def test_almost_compact_is_not_compact() -> None:
    f = MapValue(SQUARES, K)
    row_set = run(minus(ROW, f), K, 0, None, where(f, "<", ROW))
    assert recognise(row_set) == (Opaque(row_set),)
    wrong = RecursiveMap("a", (number(1),), K, times(Earlier(0), 2))
    a = MapValue(wrong, K)
    slot = minus(times(a, Call("ceil", (Quotient(minus(plus(ROW, 1), f), a),))), 1)
    row_set = run(slot, K, 0, None, where(f, "<=", ROW))
    assert recognise(row_set) == (Opaque(row_set),)


def test_invariance_and_reach() -> None:
    assert is_shift_invariant(run(minus(ROW, power(2, K)), K, 0, None))
    assert is_shift_invariant(Intersection(run(minus(ROW, power(2, K)), K, 0, None), run(minus(ROW, K), K, 0, 9)))
    assert reach(Intersection(run(minus(ROW, power(2, K)), K, 0, None), run(minus(ROW, K), K, 0, 9))) == 8
    assert not is_shift_invariant(RECOGNISED["block"][0])
    assert reach(RECOGNISED["block"][0]) == 7
    assert reach(RECOGNISED["past"][0]) is None


def test_reach_of_moving_columns() -> None:
    block = FloorDivide(minus(ROW, 1), number(16))
    assert reach(run(times(16, minus(block, K)), K, 0, 16)) == 256
    assert reach(Listed((minus(times(12, FloorDivide(ROW, number(12))), 1),))) == 12
    assert reach(run(minus(ROW, K), K, 0, Remainder(ROW, number(7)))) == 5
    assert reach(run(minus(ROW, K), K, 0, FloorDivide(ROW, number(2)))) is None
