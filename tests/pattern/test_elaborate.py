"""What files mean: names, maps, sets, weights, heads and claims, each against a meaning written here in
Python.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import pytest

from glmc.diagnostics import Severity, Sink
from glmc.pattern import nodes
from glmc.pattern.elaborate import elaborate
from glmc.pattern.rows import row
from glmc.pattern.walk import leaves
from glmc.source import Source
from glmc.syntax.parser import parse


def meaning(
    text: str, mixer: str | None = None, settings: Mapping[str, str] | None = None
) -> tuple[tuple[nodes.Pattern, ...], Sink]:
    source = Source("test.glm", f"glm 1\n{text}")
    report = Sink(source)
    module = parse(source, report)
    assert module is not None, report.diagnostics
    return elaborate(module, report, mixer=mixer, settings=settings or {}), report


def pattern(text: str, **options) -> nodes.Pattern:
    patterns, report = meaning(text, **options)
    assert not report.diagnostics, [(d.code, d.message) for d in report.diagnostics]
    return patterns[-1]


def rows(text: str, side: str = "A", lets: str = "") -> Callable[[int], set[int]]:
    """The row function of ``side`` written as a set expression over i."""
    group = pattern(f"{lets}\nmixer m {{ {side}[i] = {text} weights A, B = softmax(dot(q, k)) }}").groups[0]
    chosen = group.a if side == "A" else group.b
    return lambda i: set(row(chosen, i))


def codes(text: str, **options) -> list[str]:
    _, report = meaning(text, **options)
    return [found.code for found in report.diagnostics]


LENGTH = 70

# -- the standard library and sets ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "side", "expected"),
    [
        ("past[i]", "B", lambda i: set(range(i))),
        ("causal[i]", "A", lambda i: set(range(i + 1))),
        ("causal[i - 1]", "B", lambda i: set(range(i))),
        ("window(5)[i]", "A", lambda i: {j for j in range(i - 4, i + 1) if j >= 0}),
        ("window(5)[i - 1]", "B", lambda i: {j for j in range(i - 5, i) if j >= 0}),
        ("stride(4)[i]", "A", lambda i: set(range(i, -1, -4))),
        ("stride(s = 4)[i] - { i }", "B", lambda i: set(range(i - 4, -1, -4))),
        ("block(8)[i]", "A", lambda i: set(range(i // 8 * 8, i + 1))),
        ("fenwick[i]", "A", lambda i: {i >> k << k for k in range(i.bit_length() + 1)}),
        ("fenwick[i - 1]", "B", lambda i: {(i - 1) >> k << k for k in range(i.bit_length() + 1)} if i else
        set()), ("shifts(squares)[i]", "B", lambda i: {i - k * k - 1 for k in range(9) if i > k * k}),
        ("landmarks(squares)[i]", "B", lambda i: {k * k + 1 for k in range(9) if k * k + 1 < i}),
        ("causal[i] & { 3 * k for k in 0..i } | { i }", "A", lambda i: {*range(0, i + 1, 3), i}),
        ("past[i] - stride(3)[i]", "B", lambda i: {j for j in range(i) if (i - j) % 3}),
        ("{ 0, i // 2, i } | { } ", "A", lambda i: {0, i // 2, i}),
        ("{ i - 2 if i % 3 == 1 }", "B", lambda i: {i - 2} if i % 3 == 1 and i >= 2 else set()),
        ("{ i - 5 * a - b for a in 0..2 for b in a..3 }", "A", lambda i: {
            i - 5 * a - b for a in range(2) for b in range(a, 3) if i >= 5 * a + b}),
    ],
)  # fmt: skip
def test_sets(text, side, expected):
    found = rows(text, side, "let squares(k) = k^2 + 1")
    for i in range(LENGTH):
        assert found(i) == expected(i), i


@pytest.mark.parametrize("base", [2, 3])
def test_compact_is_the_slot_machine(base):
    """THEORY, section 3: slot 0 takes i - 1, slot k takes the old slot k - 1 whenever a_k divides i -
    f(k).
    """
    found = rows("compact(f)[i]", "B", f"let f(k) = {base}^k")
    f = [base**k for k in range(8)]
    a = [1]
    for k in range(7):
        a.append(a[-1] * -(-(f[k + 1] - f[k]) // a[-1]))
    slots: list[int | None] = [None] * 8
    for i in range(1, 200):
        old = list(slots)
        for k in range(8):
            if i >= f[k] and (i - f[k]) % a[k] == 0:
                slots[k] = i - 1 if k == 0 else old[k - 1]
        assert found(i) == {j for j in slots if j is not None}, i


def test_names_of_a_set_are_its_own():
    """Arguments mean what they mean where they are written, whatever the set calls its own variables."""
    found = rows("band(k = 2)[i] | band(i // 3)[i - 1]", "A", (
        "let far(i) = i + 1\n"
        "set band(k: int, last: int = k + 2)[j] = {\n"
        "  let i = j - k\n"
        "  let back(k) = far(k) + i - i\n"
        "  where last >= k\n"
        "  rows { i - back(k) + 1 for k in 0..last - 1 }\n"
        "}"
    ))  # fmt: skip
    for i in range(LENGTH):
        first = {i - 2 - k for k in range(3)}
        second = {i - 1 - i // 3 - k for k in range(i // 3 + 1)}
        assert found(i) == {j for j in first | second if j >= 0}, i


def test_bound_variables_are_unique():
    (group,) = pattern("mixer m { A[i] = window(3)[i] | { i - k for k in 4..6 } | window(2)[i] }").groups
    names = [generator.variable.name for leaf in leaves(group.a) for generator in leaf.generators]
    assert len(names) == 3 == len(set(names))


# -- maps ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lets", "values"),
    [
        ("let f(k) = k * (k + 1) // 2", [0, 1, 3, 6, 10]),
        ("let f(0) = 1 let f(1) = 2 let f(k + 2) = f(k + 1) + f(k)", [1, 2, 3, 5, 8, 13]),
        ("let f(m + 2) = f(m) + f(m + 1) let f(1) = 2 let f(0) = 1", [1, 2, 3, 5, 8, 13]),
        ("let f(0) = start let f(k + 1) = 2 * f(k) + g(k) let g(j) = j^2 let start = 3", [3, 6, 13, 30]),
        ("let f(k) = 2^2^k - 1", [1, 3, 15, 255]),
        ("let f(k) = floor(1.5^k) + k", [1, 2, 4, 6, 9]),
    ],
)
def test_maps(lets, values):
    found = rows(" | ".join(f"{{ f({k}) if f({k}) <= i }}" for k in range(len(values))), "A", lets)
    assert found(1000) == set(values)


def test_constants_are_exact():
    found = pattern("mixer m { let w = floor(sqrt(10) * 100) A[i] = window(w - 300)[i] state 2^3 - 2^-1 * 4 }")
    assert found.groups[0].state == 6
    (generator,) = found.groups[0].a.generators
    assert generator.stop == nodes.Number(Fraction(16))


# -- weights -------------------------------------------------------------------------------------------------

DOT = nodes.Dot("q", "k")


def test_default_weights():
    (group,) = pattern("mixer m { B[i] = { i - 1 } }").groups
    assert group.weight_a == group.weight_b == nodes.Softmax(DOT, "AB")


def test_a_side_without_rows_has_no_weight():
    (group,) = pattern("mixer m { A[i] = causal[i] B[i] = { i - k for k in 3..3 } }").groups
    assert group.weight_a == nodes.Softmax(DOT, "A")
    assert group.weight_b == nodes.Constant(Fraction(0))


def test_separate_weights():
    text = "weights A = (1 - g) * softmax(dot(q, k)) weights B = g * softmax(dot(unit(k), q) + gate)"
    (group,) = pattern(f"mixer m(g: real = 0.9) {{ B[i] = past[i] {text} }}").groups
    g = nodes.Constant(Fraction(9, 10))
    minus = nodes.WeightProduct((nodes.Constant(Fraction(-1)), g))
    one = nodes.Constant(Fraction(1))
    assert group.weight_a == nodes.WeightProduct((nodes.WeightSum((one, minus)), nodes.Softmax(DOT, "A")))
    score = nodes.WeightSum((nodes.Dot("unit(k)", "q"), nodes.Gate()))
    assert group.weight_b == nodes.WeightProduct((g, nodes.Softmax(score, "B")))


def test_gates_are_words_only_in_weights():
    (group,) = pattern("mixer m(gate: int = 3) { A[i] = window(gate)[i] weights A = sigmoid(gate) }").groups
    assert group.weight_a == nodes.Sigmoid(nodes.Gate())


# -- heads, parameters, settings -----------------------------------------------------------------------------


def test_heads_are_flattened():
    found = pattern(
        "mixer local(w: int) { A[i] = window(w)[i] }\n"
        "mixer pair(w: int = 8) { heads 1/2: local(w) heads 1/2: local(w = 2 * w) }\n"
        "mixer all { heads 1/4: pair heads 3/4: local(w = 3) }",
        mixer="all",
    )
    assert [(g.name, g.fraction) for g in found.groups] == [
        ("local", Fraction(1, 8)), ("local", Fraction(1, 8)), ("local", Fraction(3, 4))
    ]  # fmt: skip
    assert [len(row(g.a, 100)) for g in found.groups] == [8, 16, 3]


def test_a_mixer_that_only_heads_complete_is_skipped_with_a_note():
    text = "mixer local(w: int) { A[i] = window(w)[i] }\nmixer all { heads 1: local(w = 3) }"
    patterns, report = meaning(text)
    assert [found.name for found in patterns] == ["all"]
    assert [(d.code, d.severity) for d in report.diagnostics] == [("GLM114", Severity.NOTE)]
    patterns, report = meaning(text, settings={"w": "5"})
    assert [found.name for found in patterns] == ["local", "all"]
    assert not report.diagnostics
    assert codes(text, mixer="local") == ["GLM113"]
    assert codes(text, mixer="all") == []


def test_settings_have_kinds():
    text = (
        "let squares(k) = k^2 + 1\nlet powers(k) = 2^k\n"
        "mixer m(f: map = powers, g: real = 0.5, w: int = 2) { B[i] = shifts(f)[i] | window(w)[i - 1]"
        " weights A = 1 weights B = g }"
    )
    found = pattern(text, settings={"f": "squares", "g": "1/4", "w": "7"})
    assert found.parameters == (("f", "squares"), ("g", Fraction(1, 4)), ("w", Fraction(7)))
    assert found.groups[0].weight_b == nodes.Constant(Fraction(1, 4))
    assert set(row(found.groups[0].b, 30)) == {*range(23, 30), 28, 25, 20, 13, 4}
    assert codes(text, settings={"f": "cubes"}) == ["GLM128"]
    assert codes(text, settings={"w": "1/2"}) == ["GLM128"]
    assert codes(text, settings={"g": "__import__('os')"}) == ["GLM128"]
    assert codes(text, settings={"width": "3"}) == ["GLM127"]


# -- claims --------------------------------------------------------------------------------------------------

N = nodes.Length()


def log(*arguments: nodes.Expr) -> nodes.Expr:
    return nodes.Call("log", arguments)


@pytest.mark.parametrize(
    ("text", "relation", "bound"),
    [
        ("time in O(log n)", "O", log(N)),
        ("time in Theta(log log n)", "Theta", log(log(N))),
        ("total in Omega(n log n)", "Omega", nodes.Product((N, log(N)))),
        ("total in O(2 log2 n)", "O", nodes.Product((nodes.Number(Fraction(2)), nodes.Call("log2", (N,))))),
        ("time in O((log n)^2)", "O", nodes.Power(log(N), nodes.Number(Fraction(2)))),
        ("time in O(n^(1/2))", "O", nodes.Power(N, nodes.Number(Fraction(1, 2)))),
        ("path <= log(n, 3)", "<=", log(N, nodes.Number(Fraction(3)))),
        ("cache == w", "==", nodes.Number(Fraction(16))),
    ],
)
def test_claims(text, relation, bound):
    (claim,) = pattern(f"mixer m(w: int = 16) {{ claim  {text} }}").claims
    assert (claim.relation, claim.bound, claim.text) == (relation, bound, text)


# -- mistakes ------------------------------------------------------------------------------------------------


def test_all_mistakes_in_one_run():
    text = """
let a = b
let b = a
let floor = 3
set mine[i] = { j for j in 0..x }
set unused[i] = nothing[i]
mixer while { A[i] = { i + 1 } }
mixer twice { A[i] = { i } A[i] = mine[i] }
mixer twice { state 0 }
mixer m(n: int, k: number = 3) {
  B[i] = { i } | { i - f for k in 0.. }
  weights B = softmax(dot(q, v))
  claim memory <= m
  heads 1/2: missing
}
"""
    found = codes(text)
    expected = {"GLM101", "GLM102", "GLM103", "GLM104", "GLM105", "GLM106", "GLM113", "GLM116", "GLM126",
                "GLM142", "GLM150", "GLM151", "GLM153", "GLM160", "GLM170"}  # fmt: skip
    assert expected - set(found) == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("let f(0) = 1", ["GLM121"]),
        ("let f(0) = 1 let f(k + 2) = f(k)", ["GLM121"]),
        ("let f(1) = 1 let f(k + 1) = f(k)", ["GLM122", "GLM121"]),
        ("let f(k) = 1 let f(j) = 2", ["GLM122"]),
        ("let f(k) = g(k) let g(k) = f(k)", ["GLM116"]),
        ("let f(k) = f(k - 1)", ["GLM123"]),
        ("let f(0) = 1 let f(k + 1) = f(k + 1)", ["GLM123"]),
        ("A[i] = { softmax(i) }", ["GLM107"]),
        ("A[i] = { sum(A) }", ["GLM107"]),
        ("A[i] = { i, log n }", ["GLM163"]),
        ("A[i] = { i - n }", ["GLM102"]),
        ("A[i] = { i for i in 0..3 }", ["GLM101"]),
        ("A[i] = B[i]", ["GLM125"]),
        ("B[i] = { i - 1 } weights B = 1", ["GLM140"]),
        ("weights A = sum(A)", ["GLM144"]),
        ("B[i] = { i - 1 } weights A, B = sum(B)", ["GLM144"]),
        ("claim time in O(log n^2)", ["GLM162"]),
        ("claim path <= 2 n", ["GLM163"]),
        ("where i >= 1", ["GLM102"]),
        ("let f(k) = k + missing B[i] = { i - f(k) for k in 0.. } A[i] = { i - f(2) }", ["GLM102"]),
    ],
)
def test_mistakes(text, expected):
    """Each is said once: what follows from it is not said again."""
    assert codes(f"mixer m {{ {text} }}") == expected


@pytest.mark.parametrize("name", ["class", "None", "torch", "triton", "json", "Big", "_x", "os", "time"])
def test_mixer_names(name):
    assert codes(f"mixer {name} {{ }}") == ["GLM105"]


@pytest.mark.parametrize("name", ["q", "k", "gate", "match", "type", "o", "window"])
def test_ordinary_words_may_be_mixer_names(name):
    assert codes(f"mixer {name} {{ }}") == []
