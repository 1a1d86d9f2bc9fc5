"""Printed patterns elaborate to themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from glmc.pattern.nodes import Comprehension, Pattern, Union
from glmc.pattern.printer import (
    print_condition,
    print_expr,
    print_map,
    print_pattern,
    print_set,
    print_weight,
)
from tests import strategies
from tests.pattern.texts import group, pattern

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.glm"))


def comes_back(found: Pattern) -> None:
    text = print_pattern(found)
    again = pattern(text, found.name)
    assert again == found, text
    assert print_pattern(again) == text


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(strategies.mixers())
def test_drawn_mixers(drawn: strategies.Drawn) -> None:
    comes_back(pattern(drawn.text, drawn.name))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples(path: Path) -> None:
    comes_back(pattern(path.read_text(), path.stem))


def test_a_whole_pattern() -> None:
    text = r"""
glm 1
let base = 3
let far(k) = base^k + offset
let offset = 1
mixer tested(w: int = 4, share: real = 0.9) {
  doc "Says \"hello\" \\ twice."
  where w > 1
  A[t] = window(w)[t] - { t - 2 }
  B[t] = { t - far(k) for k in 0.. if t % 2 == 0 or not k < 3 } | { 0 if t > 0 }
  weights A = (1 - share) * softmax(dot(q, unit(k)))
  weights B = -share * softmax(gate) / 2
  state 8
  claim time in O(log n)
  claim cache <= w * n
}
"""
    printed = print_pattern(pattern(text, "tested"))
    assert (
        printed
        == r"""glm 1

let far(k) = 3^k + 1

mixer tested(w: int = 4, share: real = 0.9) {
  doc "Says \"hello\" \\ twice."
  A[i] = { i - k for k in 0..4 } - { i - 2 }
  B[i] = { i - far(k_2) for k_2 in 0.. if i % 2 == 0 or not (k_2 < 3) } | { 0 if i > 0 }
  weights A = (1 - 0.9) * softmax(dot(q, unit(k)))
  weights B = -0.9 * softmax(gate) / 2
  state 8
  claim time in O(log n)
  claim cache <= w * n
}
"""
    )


def test_maps_of_one_name_are_told_apart() -> None:
    text = """
glm 1
set near(s: int)[i] = { let f(k) = s * k + 1  rows { i - f(k) for k in 0.. } }
mixer tested { let f(0) = 1  let f(k + 1) = 2 * f(k)  A[i] = near(2)[i] | near(3)[i]  B[i] = shifts(f)[i] }
"""
    found = pattern(text, "tested")
    assert "let f_2(k) = 3 * k + 1" in print_pattern(found)
    comes_back(found)


def test_parts() -> None:
    found = group("let f(0) = 1  let f(k + 1) = 2 * f(k) + k  B[i] = shifts(f)[i] | { i - 1 if i >= 2 }").b
    assert isinstance(found, Union) and isinstance(found.left, Comprehension)
    assert isinstance(found.right, Comprehension) and found.right.condition is not None
    assert print_set(found) == "{ i - f(k) for k in 0.. } | { i - 1 if i >= 2 }"
    assert print_expr(found.left.element) == "i - f(k)"
    assert print_condition(found.right.condition) == "i >= 2"
    element = found.left.element
    index_map = element.terms[1].factors[1].map  # type: ignore[union-attr]
    assert print_map(index_map).splitlines()[0] == "f(0) = 1"
    assert print_weight(group("").weight_a) == "softmax(dot(q, k))"
