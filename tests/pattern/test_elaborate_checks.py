"""Rows end, hold integers that exist, are causal: proved, refuted by the least witness, or said to be open.

Each proof stands beside a perturbation under which it must not be given.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from glmc.pattern import nodes
from glmc.pattern.endings import endings
from glmc.pattern.walk import leaves
from tests import strategies
from tests.pattern.test_elaborate import codes, meaning, pattern

LETS = (
    "let squares(k) = k^2 + 1\nlet powers(k) = 2^k\n"
    "let fibonacci(0) = 1 let fibonacci(1) = 2 let fibonacci(k + 2) = fibonacci(k) + fibonacci(k + 1)\n"
    "let doubling(0) = 1 let doubling(k + 1) = doubling(k) + doubling(k)\n"
)
BLOCKS = "{ i // powers(k) * powers(k) for k in 0..9 }"

# (side, what is proved, what is refuted, the least row at which that fails)
CAUSAL = [
    ("A", "{ i }", "{ i + 1 }", 0),
    ("B", "{ i - 1 }", "{ i }", 0),
    ("A", "{ j for j in 0..i + 1 }", "{ j for j in 0..i + 2 }", 0),
    ("A", "{ j for j in floor(sqrt(i))^2..i + 1 }", "{ j for j in 0..floor(sqrt(i))^2 + 2 }", 0),
    ("A", "{ k^2 - 1 for k in 1.. if k^2 <= i }", "{ k^2 + 1 for k in 1.. if k^2 <= i }", 1),
    ("A", "{ i // 2 * 2 }", "{ i // 2 * 2 + 1 }", 0),
    ("A", BLOCKS, "{ i // powers(k) * powers(k) + k for k in 0..9 }", 0),
    ("A", "fenwick[i]", "fenwick[i + 1]", 0),
    ("B", "block(4)[i - 1]", "block(4)[i] - { 5 }", 0),
    ("B", "landmarks(squares)[i]", "landmarks(squares)[i + 2]", 0),
    ("B", "shifts(fibonacci)[i]", "shifts(fibonacci)[i + 2]", 0),
    ("B", "compact(squares)[i]", "compact(squares)[i + 1]", 0),
    ("B", "compact(fibonacci)[i]", "{ j + 1 for j in 0..i }", 1),
    ("B", "compact(doubling)[i]", "compact(doubling)[i + 1]", 0),
    ("B", "stride(3)[i] - { i }", "stride(3)[i] - { i - 1 }", 0),
    ("B", "{ j for j in 0..2 * i } & past[i]", "{ j for j in 0..2 * i } & causal[i]", 1),
    ("A", "{ i * i // (i + 1) }", "{ i * (i + 2) // (i + 1) + i // 40 }", 40),
    ("A", "{ max(i - 3, i // 2) }", "{ max(i - 3, i // 2, 5) }", 0),
    ("A", "{ i - lowbit(i) if i > 0 }", "{ i + lowbit(i) if i > 6 }", 7),
    ("A", "{ floor(log2(i)) if i >= 1 }", "{ 2 * ceil(log2(i)) if i >= 5 }", 5),
    ("A", "{ abs(i - 2 * k) for k in 0..i + 1 }", "{ abs(i - 2 * k) for k in 0..i + 2 }", 0),
    ("A", "{ i - gcd(i, 6) if i > 5 }", "{ i + 5 - gcd(i, 6) if i > 5 }", 7),
    ("B", "{ i - 1 - floor(log(i, 3)) if i > 0 }", "{ i - floor(log(i, 3)) if i > 0 }", 1),
    ("B", "{ i - floor(i^(1/2)) if i > 0 }", "{ i - floor(i^(1/2)) if i >= 0 }", 0),
    ("B", "{ floor(i^(1/3)) if i > 1 }", "{ floor(i^(1/3)) if i > 0 }", 1),
    ("A", "{ floor(i^(2/3)) }", "{ floor(i^(3/2)) }", 3),
]


@pytest.mark.parametrize(("side", "text", "broken", "row"), CAUSAL)
def test_causality(side, text, broken, row):
    weights = "weights A, B = softmax(dot(q, k))"
    assert codes(f"{LETS}mixer m {{ {side}[i] = {text} {weights} }}") == []
    _, report = meaning(f"{LETS}mixer m {{ {side}[i] = {broken} {weights} }}")
    (found,) = report.diagnostics
    assert found.code == "GLM170"
    assert found.witness.split(",")[0] == f"i = {row}"
    assert found.element > row - (side == "B")


def test_a_violation_far_away_is_found_by_its_proof():
    _, report = meaning("mixer m { A[i] = { i + i // 1000000 } }")
    (found,) = report.diagnostics
    assert (found.code, found.witness) == ("GLM170", "i = 1000000")


def test_what_is_neither_proved_nor_refuted_is_a_warning():
    found, report = meaning("mixer m { B[i] = { i - 1 + bitlen(i) % 97 // 90 } }")
    (warning,) = report.diagnostics
    assert (warning.code, warning.checked_to) == ("GLM171", 65536)
    assert [p.name for p in found] == ["m"]


def test_the_witness_names_variables_as_written():
    element = "i - k + 2 * k // 3 * u"
    _, report = meaning(f"mixer m {{ A[i] = window(2)[i] | {{ {element} for k in 0..4 for u in 0..9 }} }}")
    (found,) = report.diagnostics
    i, k, u = (int(part.split("=")[1]) for part in found.witness.split(","))
    assert found.witness == f"i = {i}, k = {k}, u = {u}"
    assert found.element == i - k + 2 * k // 3 * u > i
    assert report.source.text[found.span.start : found.span.stop] == element


ENDS = [
    ("{ i - k for k in 0.. }", "{ i - k % 5 for k in 0.. }"),
    ("{ i - (k^2 - 7 * k + 13) for k in 0.. }", "{ i + (k^2 - 7 * k) for k in 0.. }"),
    ("{ i - 2^k + k for k in 0.. }", "{ i - 2^k + 3^k for k in 0.. }"),
    ("{ i - fibonacci(k) for k in 0.. }", "{ fibonacci(k) for k in 0.. if fibonacci(k) >= i }"),
    ("{ squares(k) for k in 0.. if squares(k) <= i }", "{ squares(k) for k in 0.. if squares(k) != i }"),
    ("{ k for k in 0.. if k < 5 or 2 * k == i }", "{ k for k in 0.. if k < 5 or k % 2 == 0 }"),
    ("{ k for k in 0.. if not (k >= i) }", "{ k for k in 0.. if not (k < i) }"),
    ("{ i - u - v for u in 0.. for v in 0.. }", "{ i - u + v for u in 0.. for v in 0..u + 1 }"),
    ("{ i - k * (i + 1) for k in 0.. }", "{ i - k * i for k in 0.. }"),
    ("{ i - k * bitlen(k) for k in 0.. }", "{ i - floor(sqrt(min(k, 9))) for k in 0.. }"),
    ("{ i - max(k, 3) for k in 0.. }", "{ i - min(k, 3) for k in 0.. }"),
    ("{ i // 2^k for k in 0.. if 2^k <= i }", "{ i // 2^k for k in 0.. }"),
]


@pytest.mark.parametrize(("text", "broken"), ENDS)
def test_endless_ranges(text, broken):
    assert "GLM176" not in codes(f"{LETS}mixer m {{ A[i] = {text} }}")
    assert codes(f"{LETS}mixer m {{ A[i] = {broken} }}") == ["GLM176"]


INCREASING = [
    ("k + 1", "k // 2 + 1"),
    ("k * (k + 1) // 2 + 1", "k * (k - 1) // 2 + 1"),
    ("3 * k + k % 3 + 1", "3 * k - 4 * (k % 3) + 9"),
    ("floor(k * sqrt(2)) + 1", "floor(k * sqrt(2) / 2) + 1"),
    ("2^k", "2^(k // 2)"),
    ("2^2^k", "2^(k % 2) + k - k"),
    ("k * bitlen(k + 1) + 1", "bitlen(k + 1)"),
    ("k^3 + 1", "k^3 - 9 * k + 100"),
]


@pytest.mark.parametrize(("body", "broken"), INCREASING)
def test_increasing_maps(body, broken):
    first = "set first(f: map)[i] = { i - 1 - f(k) for k in 0..6 }\n"
    assert codes(f"{first}let f(k) = {body}\nmixer m {{ B[i] = first(f)[i] & past[i] }}") == []
    assert codes(f"{first}let f(k) = {broken}\nmixer m {{ B[i] = first(f)[i] & past[i] }}") == ["GLM177"]


INTEGERS = [
    ("{ floor(i / 2) }", "{ i / 2 }"),
    ("{ floor(sqrt(i)) }", "{ sqrt(i) }"),
    ("{ ceil(log2(i + 1)) }", "{ log2(i + 1) }"),
    ("{ j for j in 0..floor(sqrt(i)) }", "{ j for j in 0..sqrt(i) }"),
    ("{ 2^k - 1 for k in 0..3 if 2^k <= i }", "{ 2^(k - 1) - 1 for k in 0..3 if 2^k <= i }"),
    ("{ i * (i - 1) // 2 // (i + 1) }", "{ i * (i + 1) / 2 }"),
    ("{ h(2 * (i // 4)) }", "{ h(i / 2) }"),
]


@pytest.mark.parametrize(("text", "broken"), INTEGERS)
def test_indices_are_integers(text, broken):
    lets = "let h(k) = k // 2\n"
    assert codes(f"{lets}mixer m {{ A[i] = {text} & causal[i] }}") == []
    assert set(codes(f"{lets}mixer m {{ A[i] = {broken} & causal[i] }}")) == {"GLM172"}


DEFINED = [
    ("{ i // (i + 1) }", "{ i // i }", "i = 0"),
    ("{ i // (k + 1) for k in 0..4 }", "{ i // (k - 2) for k in 2..4 }", "i = 0, k = 2"),
    ("{ floor(i / k) for k in 0..4 if k > 0 }", "{ floor(i / k) for k in 0..4 if k != 1 }", "i = 0, k = 0"),
    ("{ k for k in 0..4 if k > 0 and i // k == 2 }", "{ k for k in 0..4 if i // k == 2 }", "i = 0, k = 0"),
    ("{ lowbit(i) if i > 0 }", "{ lowbit(i) if i >= 0 }", "i = 0"),
    ("{ floor(log2(i)) if i != 0 }", "{ floor(log2(i)) if i != 1 }", "i = 0"),
    ("{ floor(sqrt(i - 7)) if i >= 7 }", "{ floor(sqrt(i - 7)) if i >= 6 }", "i = 6"),
    ("{ g(i - 3) if i > 3 }", "{ g(i - 3) }", "i = 0"),
    ("{ i % (i // 9 + 1) }", "{ i % (4 - i // 9) }", "i = 36"),
    ("{ i // 2 }", "{ i // -2 }", "i = 0"),
    ("{ i // k for k in 1..3 }", "{ i // -k for k in 1..3 }", "i = 0, k = 1"),
]


@pytest.mark.parametrize(("text", "broken", "witness"), DEFINED)
def test_operations_are_defined(text, broken, witness):
    lets = "let g(k) = k\n"
    assert codes(f"{lets}mixer m {{ A[i] = {text} & causal[i] }}") == []
    _, report = meaning(f"{lets}mixer m {{ A[i] = {broken} & causal[i] }}")
    (found,) = report.diagnostics
    assert (found.code, found.witness) == ("GLM174", witness)


def test_slots():
    gated = "weights A, B = softmax(slot_gate)"
    assert codes(f"mixer m {{ A[i] = window(4)[i] B[i] = {{ i - 2^k for k in 0.. }} {gated} }}") == []
    assert codes(f"mixer m {{ A[i] = causal[i] {gated} }}") == ["GLM146"]
    assert codes(f"mixer m {{ A[i] = window(4)[i] & causal[i] {gated} }}") == []
    two = "{ i - 4 * u - v for u in 0..2 for v in 0..2 }"
    assert codes(f"mixer m {{ A[i] = {two} {gated} }}") == ["GLM145"]
    assert codes(f"mixer m {{ A[i] = window(9)[i] - {two} {gated} }}") == []
    growing = "A[i] = { i - k^2 for k in 0.. } B[i] = { i - 2^k for k in 0.. }"
    assert codes(f"mixer m {{ {growing} {gated} }}") == ["GLM146"]
    assert codes(f"mixer m {{ {growing} weights A = const weights B = sigmoid(gate) }}") == []


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(strategies.mixers())
def test_ordinary_mixers_are_proved(drawn):
    _, report = meaning(drawn.text.removeprefix("glm 1"))
    assert {found.code for found in report.diagnostics} <= {"GLM114"}


def test_every_unbounded_generator_of_a_pattern_ends():
    text = "A[i] = compact(powers)[i] | stride(3)[i] B[i] = shifts(squares)[i]"
    (group,) = pattern(f"{LETS}mixer m {{ {text} }}").groups
    for rows in (group.a, group.b):
        for leaf in leaves(rows):
            assert isinstance(leaf, nodes.Comprehension)
            assert endings(leaf, 0)
