"""Expressions: one value against many at once, and the witnesses of values that do not exist."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glmc.pattern.evaluate import (
    Environment,
    EvaluationError,
    Rows,
    evaluate,
    evaluate_integer,
    evaluate_rows,
    hold_rows,
    holds,
    map_value,
)
from glmc.pattern.nodes import (
    And,
    Call,
    ClosedMap,
    Comparison,
    Condition,
    Earlier,
    Expr,
    FloorDivide,
    MapValue,
    Not,
    Number,
    Or,
    Power,
    Product,
    Quotient,
    RecursiveMap,
    Remainder,
    Row,
    Sum,
    Variable,
)

ROW, K = Row(), Variable("k")


def number(value: int | str) -> Number:
    return Number(Fraction(value))


SQUARES = ClosedMap("s", K, Sum((Power(K, number(2)), number(1))))
FIBONACCI = RecursiveMap("f", (number(1), number(2)), K, Sum((Earlier(1), Earlier(0))))
FAST = ClosedMap("t", K, Power(number(2), Power(number(2), K)))


def expressions() -> st.SearchStrategy[Expr]:
    """Integers and rationals of i and k, irrational only inside floor and ceil; some are undefined
    somewhere.
    """
    leaves: list[Expr] = [ROW, K, number(0), number(3), number(-2), number("7/2"), number(10**19)]

    def grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        small = st.sampled_from([number(1), number(2), number(3), K])
        whole = inner.map(lambda e: Call("floor", (e,)))
        return st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: Sum(tuple(parts))),
            st.lists(inner, min_size=2, max_size=2).map(lambda parts: Product(tuple(parts))),
            st.builds(Quotient, inner, inner),
            st.builds(FloorDivide, inner, inner),
            st.builds(Remainder, inner, inner),
            st.builds(Power, inner, small),
            st.builds(Power, small, whole.map(lambda e: Remainder(e, number(70)))),
            st.builds(lambda f, e: Call(f, (e,)), st.sampled_from(["floor", "ceil", "abs"]), inner),
            st.builds(lambda f, a, b: Call(f, (a, b)), st.sampled_from(["min", "max"]), inner, inner),
            st.builds(lambda a, b: Call("gcd", (a, b)), whole, whole),
            st.builds(lambda f, e: Call(f, (e,)), st.sampled_from(["lowbit", "bitlen"]), whole),
            st.builds(
                lambda f, e, c: Call("floor", (Product((Call(f, (e,)), c)),)),
                st.sampled_from(["sqrt", "log2"]),
                inner,
                st.sampled_from([number(1), number(3), number("5/3")]),
            ),
            st.builds(
                lambda e, p: Call("floor", (Power(Call("abs", (e,)), p),)),
                inner,
                st.sampled_from([number("1/3"), number("3/2"), number("-1/2"), Call("sqrt", (number(2),))]),
            ),
            st.builds(lambda e, b: Call("ceil", (Call("log", (e, b)),)), inner, small),
            st.builds(
                MapValue,
                st.sampled_from([SQUARES, FIBONACCI, FAST]),
                whole.map(lambda e: Remainder(e, number(9))),
            ),
        )

    return st.recursive(st.sampled_from(leaves), grow, max_leaves=6)


def conditions() -> st.SearchStrategy[Condition]:
    relation = st.sampled_from(["<", "<=", "==", "!=", ">=", ">"])
    root = expressions().map(lambda e: Call("sqrt", (Call("abs", (e,)),)))
    comparison = st.builds(Comparison, st.one_of(expressions(), root), relation, expressions())
    return st.recursive(
        comparison,
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
            st.builds(Not, inner),
        ),
        max_leaves=3,
    )


ROWS = np.array([0, 1, 2, 3, 7, 8, 63, 64, 65, 1000, 65535, 2**40 + 1])
VARIABLES = [2, np.array([5, 0, 1, 2, 3, 4, 9, 8, 2, 7, 6, 1])]


@settings(max_examples=400, deadline=None)
@given(expressions(), st.sampled_from(VARIABLES))
def test_many_values_are_each_the_one_value(expr: Expr, k: int | np.ndarray) -> None:
    rows = Rows(ROWS, {"k": k})
    try:
        expected = [evaluate_integer(expr, rows.at(place)) for place in range(len(rows))]
    except EvaluationError as error:
        with pytest.raises(EvaluationError) as raised:
            evaluate_rows(expr, rows)
        assert (raised.value.kind, raised.value.row) == (error.kind, error.row)
    else:
        assert list(evaluate_rows(expr, rows)) == expected


@settings(max_examples=300, deadline=None)
@given(conditions(), st.sampled_from(VARIABLES))
def test_many_conditions_are_each_the_one_condition(condition: Condition, k: int | np.ndarray) -> None:
    rows = Rows(ROWS, {"k": k})
    try:
        found = list(hold_rows(condition, rows))
    except EvaluationError as error:
        (place,) = np.flatnonzero(error.row == ROWS)
        with pytest.raises(EvaluationError) as raised:
            holds(condition, rows.at(int(place)))
        assert raised.value.kind == error.kind
    else:
        assert found == [holds(condition, rows.at(place)) for place in range(len(rows))]


@pytest.mark.parametrize(
    ("expr", "value"),
    [
        (FloorDivide(number(-7), number(2)), -4),
        (Remainder(number(-7), number(3)), 2),
        (Remainder(number("7/2"), number(2)), Fraction(3, 2)),
        (Power(number(2), number(-1)), Fraction(1, 2)),
        (Power(number(0), number(0)), 1),
        (Call("floor", (Product((Call("sqrt", (number("7/2"),)), number(3))),)), 5),
        (Call("floor", (Power(number(10**30 - 1), number("1/3")),)), 10**10 - 1),
        (Call("ceil", (Call("log", (number(3**40 + 1), number(3))),)), 41),
        (Call("floor", (Call("log2", (number("1/5"),)),)), -3),
        (Call("lowbit", (number(48),)), 16),
        (Call("bitlen", (number(0),)), 0),
        (Call("bitlen", (number(255),)), 8),
        (Call("gcd", (number(0), number(-6))), 6),
        (MapValue(FIBONACCI, number(50)), 32951280099),
        (MapValue(FAST, number(6)), 2**64),
    ],
)
def test_values(expr: Expr, value: int | Fraction) -> None:
    assert evaluate(expr, Environment()) == value


@pytest.mark.parametrize(
    ("expr", "kind", "row"),
    [
        (Call("floor", (Quotient(number(1), Sum((ROW, number(-3)))),)), "zero divisor", 3),
        (FloorDivide(number(1), Sum((number(5), Product((number(-1), ROW))))), "zero divisor", 5),
        (Remainder(ROW, Sum((ROW, number(-1)))), "negative divisor", 0),
        (
            Call("floor", (Call("sqrt", (Sum((number(6), Product((number(-1), ROW)))),)),)),
            "root of a negative number",
            7,
        ),
        (Call("floor", (Call("log2", (ROW,)),)), "logarithm of a number that is not positive", 0),
        (Call("lowbit", (ROW,)), "lowbit of a number that is not positive", 0),
        (Call("bitlen", (Sum((number(2), Product((number(-1), ROW)))),)), "bitlen of a negative number", 3),
        (Quotient(ROW, number(2)), "not an integer", 1),
        (MapValue(SQUARES, Sum((number(4), Product((number(-1), ROW))))), "negative map argument", 5),
    ],
)
def test_the_first_row_without_a_value_is_the_witness(expr: Expr, kind: str, row: int) -> None:
    with pytest.raises(EvaluationError) as raised:
        evaluate_rows(expr, Rows(np.arange(20), {"k": 4}))
    assert (raised.value.kind, raised.value.row) == (kind, row)
    assert ("k", 4) in raised.value.variables


def test_a_condition_guards_what_stands_behind_it() -> None:
    guarded = And((Comparison(ROW, ">", number(0)), Comparison(Quotient(number(6), ROW), ">=", number(2))))
    assert list(hold_rows(guarded, Rows(np.arange(6)))) == [False, True, True, True, False, False]


@pytest.mark.parametrize(
    "expr",
    [
        Power(number(2), Power(number(2), number(40))),
        Power(Power(number(3), number(2000)), number(2000)),
        MapValue(FAST, number(60)),
        MapValue(FIBONACCI, number(10**12)),
        MapValue(RecursiveMap("g", (number(2),), K, Power(Earlier(0), number(2))), number(500)),
    ],
)
def test_values_without_bound_are_refused_at_once(expr: Expr) -> None:
    with pytest.raises(EvaluationError) as raised:
        evaluate(expr, Environment())
    assert raised.value.kind == "too large"


def test_long_recursions_are_no_deep_recursions() -> None:
    count = RecursiveMap("c", (number(0),), K, Sum((Earlier(0), number(1))))
    assert map_value(count, 100_000) == 100_000
