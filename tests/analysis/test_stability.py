"""Bounds on (I − B)⁻¹ and on the outputs: against dense solves with adverse inputs, and each condition perturbed."""

from __future__ import annotations

import math
import time as clock
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from glmc.analysis.rules.chains import longest_chain
from glmc.analysis.rules.row_sums import row_sums
from glmc.analysis.stability import Bound, Stability, stability
from glmc.diagnostics import Sink
from glmc.pattern.elaborate import elaborate
from glmc.pattern.interpret import meaning
from glmc.pattern.nodes import Pattern
from glmc.pattern.printer import print_expr
from glmc.source import Source
from glmc.syntax.parser import parse
from tests import oracle
from tests.analysis.mixers import EXAMPLES, mixer_text, pattern, patterns

POWERS = "B[i] = { i - 2^k for k in 0.. }"
TWO = "B[i] = { i - 1, i - 2 }"
LAST = "B[i] = { i - 1 }"

# statements: the bounds on ‖(I − B)⁻¹‖∞ and on ‖Y‖∞/‖X‖∞, None where there is none
BOUNDS: dict[str, tuple[str | None, str | None]] = {
    # rows of [A B] that are convex, and what takes that from them
    f"{POWERS} weights A, B = softmax(dot(q, k))": ("n", "1"),
    f"{POWERS} weights A, B = softmax(dot(q, k)) / 2": ("2", "1 / 2"),
    f"{POWERS} weights A, B = -softmax(dot(q, k))": ("n", "1"),
    f"{POWERS} weights A, B = 1.01 * softmax(dot(q, k))": ("100 * ((101 / 100)^n - 1)", "101 * ((101 / 100)^n - 1)"),
    "A[i] = causal[i] weights A = softmax(dot(q, k))": ("1", "1"),
    "A[i] = causal[i] weights A = 3 * softmax(dot(q, k))": ("1", "3"),
    # a mixing constant below 1, and 1
    "A[i] = causal[i] B[i] = past[i] weights A = 0.1 * softmax(dot(q, k)) weights B = 0.9 * softmax(dot(q, k))": (
        "10",
        "1",
    ),
    "A[i] = causal[i] B[i] = past[i] weights A = 0.1 * softmax(dot(q, k)) weights B = softmax(dot(q, k))": (
        "n",
        "1 / 10 * n",
    ),
    # one gate for A and B together, and gates that do not belong together
    f"{POWERS} weights A = 1 - sigmoid(gate) weights B = sigmoid(gate) * softmax(dot(q, k))": ("n", "1"),
    f"{POWERS} weights A = 1 - sigmoid(2 * gate) weights B = sigmoid(gate) * softmax(dot(q, k))": ("n", "n"),
    # 1 − sum(B): one slot, two slots, two that are halved
    f"{LAST} weights A = 1 - sum(B) weights B = sigmoid(slot_gate)": ("n", "1"),
    f"{LAST} weights A = 1 - sum(B) weights B = 2 * sigmoid(slot_gate) - 1": ("n", "2 * n"),
    f"{TWO} weights A = 1 - sum(B) weights B = sigmoid(slot_gate)": ("2^n - 1", "2^n - 1"),
    f"{TWO} weights A = 1 - sum(B) weights B = sigmoid(slot_gate) / 2": ("n", "1"),
    f"{POWERS} weights A = 1 - sum(B) weights B = sigmoid(slot_gate)": (None, None),
    f"{LAST} weights A = 1 - sum(B) weights B = dot(unit(q), unit(k)) / 2": ("2", "3"),
    # products of scores; a quotient by a sum that keeps away from 0, and by one that does not
    f"{POWERS} weights A = 1 weights B = softmax(dot(q, k)) * sigmoid(dot(q, k)) / 2": ("2", "2"),
    f"{LAST} weights A = 1 / (1 + sum(B)) weights B = sigmoid(gate)": ("n", "n"),
    f"{LAST} weights A = 1 / (1 - sum(B)) weights B = sigmoid(gate)": ("n", None),
    f"{LAST} weights A = sigmoid(gate) * sigmoid(gate) weights B = 1 - sigmoid(gate)": ("n", "1"),
    # the delta rule, and each of its conditions
    "B[i] = past[i] weights A = sigmoid(gate) weights B = -sigmoid(gate) * dot(unit(k), unit(k))": (
        "n",
        "sqrt(n - 1) + 1",
    ),
    "B[i] = past[i] weights A = 1 weights B = -2 * sigmoid(gate) * dot(unit(k), unit(k))": (
        "2 * (n - 1) + 1",
        "2 * (n - 1) + 1",
    ),
    "B[i] = past[i] weights A = 2 * sigmoid(gate) weights B = -sigmoid(gate) * dot(unit(k), unit(k))": ("n", "2 * n"),
    "B[i] = past[i] weights A = 1 weights B = -3 * sigmoid(gate) * dot(unit(k), unit(k))": (None, None),
    "B[i] = past[i] weights A = 1 weights B = sigmoid(gate) * dot(unit(k), unit(k))": (None, None),
    "B[i] = past[i] weights A = 1 weights B = -sigmoid(gate) * dot(unit(q), unit(k))": (None, None),
    "B[i] = past[i] weights A = 1 weights B = -sigmoid(gate) * dot(k, unit(k))": (None, None),
    "B[i] = past[i] - { i - 1 } weights A = 1 weights B = -sigmoid(gate) * dot(unit(k), unit(k))": (None, None),
    # chains that end, for coefficients up to 2
    "B[i] = { i - 1 if i % 2 == 1 } weights A = 1 weights B = 2 * sigmoid(gate)": ("3", "3"),
    "B[i] = { i - 1 if i % 3 != 1 } weights A = 1 weights B = 2 * sigmoid(gate)": ("7", "7"),
    "B[i] = block(4)[i] - { i } weights A = 1 weights B = softmax(dot(q, k))": ("4", "4"),
    "B[i] = fenwick[i] & past[i] weights A = 1 weights B = softmax(dot(q, k))": (
        "floor(log2(n)) + 1",
        "floor(log2(n)) + 1",
    ),
    "B[i] = { j for j in 0..3 if j < i } weights A = 1 weights B = softmax(dot(q, k))": (
        "min(n - 1, 3) + 1",
        "min(n - 1, 3) + 1",
    ),
    "B[i] = { k^2 for k in 0.. if k^2 < i } weights A = 1 weights B = softmax(dot(q, k))": (
        "floor(sqrt(n - 2)) + 2",
        "floor(sqrt(n - 2)) + 2",
    ),
    "B[i] = { i - 3, i - 7 } weights A = 1 weights B = softmax(dot(q, k))": ("(n - 1) // 3 + 1", "(n - 1) // 3 + 1"),
    # sums that grow with the rows of A alone
    "A[i] = causal[i] weights A = 1": ("1", "n"),
    "A[i] = causal[i] weights A = dot(q, k)": ("1", None),
    "A[i] = { } B[i] = { i - 1 } weights B = 1 / 2": ("2", "0"),
}


def bounds(body: str) -> Stability:
    (found,) = stability(pattern(body))
    return found


def texts(found: Stability) -> tuple[str | None, str | None]:
    both = (found.inverse, found.output)
    return tuple(None if bound is None else print_expr(bound.most) for bound in both)  # type: ignore[return-value]


@pytest.mark.parametrize("body", BOUNDS)
def test_bounds(body):
    assert texts(bounds(body)) == BOUNDS[body]


# -- adverse inputs never exceed a bound -----------------------------------------------------------------------


def adverse(rng: np.random.Generator, mixer: oracle.Mixer, length: int, heads: int) -> dict[str, np.ndarray]:
    """Logits at their extremes, keys that are alike, opposite or near each other; x the unit vectors."""
    slots = max(sum(g.slots(side, length) for side in "AB") for g in mixer.groups)
    shape = (1, length, heads)

    def logits(*more: int) -> np.ndarray:
        return rng.choice([-30.0, -2.0, 0.0, 2.0, 30.0], (*shape, *more)) * rng.choice([0.1, 1.0])

    turn = rng.uniform(0, 2 * np.pi, shape) if rng.random() < 0.5 else rng.choice([0, 0.1, np.pi], shape)
    keys = np.stack([np.cos(turn), np.sin(turn)], -1)
    scale = rng.choice([1e-7, 1.0, 40.0])
    return {
        "x": np.broadcast_to(np.eye(length)[None, :, None], (*shape, length)),
        "q": np.roll(keys, 1, 1) * scale * rng.choice([-1, 1]),
        "k": keys,
        "gate": logits(),
        "slot_gate": logits(slots),
        "const": logits(slots)[0, 0],
        "write": np.ones((*shape, 64)),
        "read": np.ones((*shape, 64)) / 64,
    }


def norms(mixer: oracle.Mixer, found: Pattern, inputs: dict[str, np.ndarray]) -> tuple[float, float]:
    """‖(I − B)⁻¹‖∞ of the first head by substitution, and ‖Y‖∞/‖X‖∞ by the oracle's own solve of unit inputs."""
    b = meaning(found, inputs).b[0, 0]
    inverse = np.eye(len(b))
    for i in range(len(b)):
        inverse[i] += b[i, :i] @ inverse[:i]
    return float(np.abs(inverse).sum(1).max()), float(np.abs(mixer.solve(inputs)[0, :, 0]).sum(1).max())


def check(text: str, name: str, found: Pattern, seed: int, *, draws: int = 6, finite: bool = False) -> None:
    """``draws`` adverse inputs at each length; ``finite`` passes over those that divide by zero."""
    mixer = oracle.read(text)[name]
    (known,) = stability(found)
    rng = np.random.default_rng(seed)
    for length in (2, 3, 7, 16):
        for _ in range(draws):
            inputs = adverse(rng, mixer, length, 1)
            if found.groups[0].state is not None:
                inputs["read"][:] = 1 / found.groups[0].state
            try:
                reached = norms(mixer, found, inputs)
            except ZeroDivisionError:
                assert finite
                continue
            for bound, norm in zip((known.inverse, known.output), reached, strict=True):
                value = None if bound is None else bound.at(length)
                if value is not None and not (finite and not np.isfinite(norm)):
                    assert norm <= float(value) * (1 + 1e-9) + 1e-12


@pytest.mark.parametrize("body", [body for body, both in BOUNDS.items() if both != (None, None)])
def test_no_input_exceeds_a_bound(body):
    check(mixer_text(body), "m", pattern(body), len(body))


@pytest.mark.parametrize(
    "path", [p for p in sorted(EXAMPLES.glob("*.glm")) if p.stem != "hybrid"], ids=lambda p: p.stem
)
def test_no_input_exceeds_a_bound_of_an_example(path):
    (found,) = patterns(path.read_text())
    check(path.read_text(), found.name, found, 1)


ROWS_OF_A = ("{ i }", "causal[i]", "window(2)[i]", "{ i - 1 }", "{ i if i % 2 == 0 }", "block(3)[i]", "{ }")
ROWS_OF_B = ("{ i - 1 }", "{ i - 1, i - 2 }", "{ i - 2^k for k in 0.. }", "past[i]", "{ i - 1 if i % 2 == 1 }", "{ }")
ATOMS = (
    *("1", "2", "0.3", "sigmoid(gate)", "sigmoid(2 * gate)", "sigmoid(dot(q, k))", "softmax(dot(q, k))"),
    *("dot(unit(k), unit(k))", "dot(unit(q), unit(k))", "sigmoid(const)", "sigmoid(slot_gate)", "softmax(slot_gate)"),
)
JOINED = ("({} + {})", "({} - {})", "({}) * ({})", "({}) / (2 + {})", "({}) / ({})")


def weights(*more: str) -> st.SearchStrategy[str]:
    return st.recursive(
        st.sampled_from((*ATOMS, *more)),
        lambda part: st.builds(lambda form, a, b: form.format(a, b), st.sampled_from(JOINED), part, part),
        max_leaves=4,
    )


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    a=st.sampled_from(ROWS_OF_A),
    b=st.sampled_from(ROWS_OF_B),
    first=weights(),
    second=weights("sum(B)", "sum(B)"),
    seed=st.integers(0, 99),
)
def test_no_input_exceeds_a_bound_of_drawn_weights(a, b, first, second, seed):
    text = mixer_text(f"A[i] = {a} B[i] = {b} weights B = {first} weights A = {second}")
    report = Sink(Source("drawn.glm", text))
    module = parse(report.source, report)
    assert module is not None
    found = elaborate(module, report)
    assume(not report.has_errors)  # slots that both grow
    with np.errstate(all="ignore"):
        check(text, "m", found[0], seed, draws=2, finite=True)


@pytest.mark.parametrize(
    ("body", "length"),
    [
        (f"{LAST} weights A = 1 weights B = sigmoid(gate)", 12),
        (f"{LAST} weights A = 1 - sum(B) weights B = sigmoid(slot_gate)", 12),
        ("B[i] = { i - 3, i - 7 } weights A = 1 weights B = softmax(slot_gate)", 13),
        (f"{POWERS} weights A, B = softmax(dot(q, k)) / 2", 5),
        ("A[i] = causal[i] weights A = 1", 9),
        ("B[i] = { i - 1 if i % 2 == 1 } weights A = 1 weights B = 2 * sigmoid(gate)", 8),
    ],
)
def test_bounds_are_reached(body, length):
    found = pattern(body)
    mixer = oracle.read(mixer_text(body))["m"]
    inputs = adverse(np.random.default_rng(0), mixer, length, 1)
    inputs["gate"][:], inputs["slot_gate"][:] = 30.0, -30.0
    inputs["slot_gate"][..., mixer.groups[0].offset("B")] = 30.0
    _, output = norms(mixer, found, inputs)
    (known,) = stability(found)
    assert known.output is not None
    assert output == pytest.approx(float(known.output.at(length) or 0), rel=1e-6)


# -- chains ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", [*BOUNDS, "B[i] = { i - k for k in 2..5 if (i - k) % 5 == 1 }", "B[i] = fenwick[i] - { i }"]
)
def test_no_chain_is_longer(body):
    group = pattern(body).groups[0]
    rows = oracle.read(mixer_text(body))["m"].groups[0]
    chain = longest_chain(group.b)
    longest: list[int] = []
    for i in range(70):
        longest.append(max((longest[j] + 1 for j in rows.b(i)), default=0))
        if i >= 1:
            assert max(longest) <= float(Bound(chain.most, chain.growth, "").at(i + 1) or 0)


@pytest.mark.parametrize(
    ("rows", "most"),
    [
        ("{ i - 1 if i % 2 == 1 }", "1"),
        ("{ i - 1 if i % 2 == 1 } | { i - 2 }", "n - 1"),
        ("block(4)[i] - { i }", "3"),
        ("(block(4)[i] - { i }) | { i - 1 }", "n - 1"),
        ("fenwick[i] & past[i]", "floor(log2(n))"),
        ("{ i // 2^k * 2^k - 1 for k in 0..bitlen(i) }", "n - 1"),
        ("{ k^2 for k in 0.. if k^2 < i } | { i - 2 }", "n - 1"),
        ("{ i - 4, i - 6 }", "(n - 1) // 4"),
        ("{ i - 4, i - 6 } | { 0 if i > 0 }", "n - 1"),
    ],
)
def test_chains(rows, most):
    assert print_expr(longest_chain(pattern(f"B[i] = {rows}").groups[0].b).most) == most


# -- rows that break every bound ---------------------------------------------------------------------------------


def chosen(length: int, mixer: oracle.Mixer, logit: float) -> dict[str, np.ndarray]:
    inputs = adverse(np.random.default_rng(0), mixer, length, 1)
    inputs["gate"][:] = inputs["slot_gate"][:] = inputs["const"][:] = logit
    inputs["q"], inputs["k"] = np.ones((2, 1, length, 1, 2))
    return inputs


STRONG = math.log(7)  # its sigmoid is 7/8


@pytest.mark.parametrize(
    ("body", "at_least", "factor"),
    [
        (f"{TWO} weights A = 1 - sum(B) weights B = sigmoid(slot_gate)", "(7 / 4)^((n - 1) // 2)", Fraction(1)),
        (f"{POWERS} weights A = 1 - sum(B) weights B = sigmoid(gate)", "(7 / 4)^((n - 1) // 2)", Fraction(1)),
        (f"{POWERS} weights A = 1 - sum(B) weights B = 1 / 2", "(3 / 2)^((n - 1) // 4)", Fraction(1)),
        (f"{TWO} weights A = 1 weights B = 3 / 5", "(6 / 5)^((n - 1) // 2)", Fraction(1)),
        (f"{TWO} weights A = 1 weights B = sigmoid(const)", "(7 / 4)^((n - 1) // 2)", Fraction(1)),
        (f"{TWO} weights A = 1 weights B = dot(unit(k), unit(k))", "2^((n - 1) // 2)", Fraction(1)),
        (
            "B[i] = { i - 2, i - 6 } weights A = 1 weights B = -sigmoid(slot_gate)",
            "(7 / 4)^((n - 1) // 6)",
            Fraction(1),
        ),
        (
            "let f(k) = 2^k B[i] = compact(f)[i] weights A = 1 weights B = sigmoid(slot_gate)",
            "(7 / 4)^((n - 1) // 2)",
            Fraction(1),
        ),
    ],
)
def test_what_breaks_every_bound_is_attained(body, at_least, factor):
    found = bounds(body)
    broken = found.breaking
    assert broken is not None and broken.breaks_inverse and broken.breaks_output and broken.at_least is not None
    assert (print_expr(broken.at_least), broken.factor) == (at_least, factor)
    assert (broken.row_sum or 0) == sum(abs(c) for c in broken.coefficients) > 1
    mixer = oracle.read(mixer_text(body))["m"]
    assert broken.columns == tuple(sorted(mixer.groups[0].b(broken.row)))
    for length in (5, 20, 41, 64):
        least = float(Bound(broken.at_least, None, "").at(length) or 0)
        inverse, output = norms(mixer, pattern(body), chosen(length, mixer, STRONG))
        assert inverse >= least * (1 - 1e-9) and output > 0
        signed = chosen(length, mixer, STRONG)
        assert largest_output(mixer, signed) >= float(factor) * least * (1 - 1e-9)


def largest_output(mixer: oracle.Mixer, inputs: dict[str, np.ndarray]) -> float:
    return float(np.abs(mixer.solve(inputs)[0, :, 0]).sum(1).max())


def test_a_favoured_distance_is_attained_by_keys_on_a_circle():
    body = f"{POWERS} weights A = 1 weights B = 2 * softmax(dot(q, k))"
    broken = bounds(body).breaking
    assert broken is not None and broken.at_least is not None
    assert print_expr(broken.at_least) == "(255 / 128)^(n - 1)"
    mixer = oracle.read(mixer_text(body))["m"]
    length = 40
    inputs = chosen(length, mixer, 0.0)
    turn = np.linspace(0, 3, length)
    inputs["k"] = np.stack([np.cos(turn), np.sin(turn)], -1)[None, :, None]
    inputs["q"] = 1e5 * np.roll(inputs["k"], 1, 1)
    inverse, _ = norms(mixer, pattern(body), inputs)
    assert inverse >= float(Bound(broken.at_least, None, "").at(length) or 0)


@pytest.mark.parametrize(
    "weight", ["dot(q, k)", "const", "slot_gate", "-gate", "dot(k, unit(k))", "gate * sigmoid(const)"]
)
def test_a_coefficient_without_bound(weight):
    body = f"{TWO} weights A = 1 weights B = {weight}"
    found = bounds(body)
    assert (found.inverse, found.output) == (None, None)
    assert found.breaking is not None and found.breaking.row_sum is None
    assert (found.breaking.row, found.breaking.columns) == (1, (0,))
    assert found.breaking.breaks_inverse and found.breaking.breaks_output
    mixer = oracle.read(mixer_text(body))["m"]
    for size in (1e3, 1e6):
        inputs = chosen(2, mixer, size)
        inputs["q"] = inputs["k"] = inputs["q"] * size
        assert min(norms(mixer, pattern(body), inputs)) > size / 2


@pytest.mark.parametrize(
    "body",
    [
        f"{TWO} weights A = 1 weights B = -sigmoid(slot_gate)",  # grows, but is it ever faster than n?
        f"{TWO} weights A = 1 weights B = sigmoid(dot(q, k)) * dot(q, k)",  # both from one score
        f"{LAST} weights A = 1 weights B = gate / (1 + gate * gate)",
        "B[i] = fenwick[i] & past[i] weights A = 1 weights B = 2 * sigmoid(gate)",
    ],
)
def test_what_no_rule_decides_is_left_open(body):
    assert bounds(body).breaking is None


def test_mixed_parities_are_told_by_the_norms():
    body = f"{TWO} weights A = 1 weights B = -2 * sigmoid(slot_gate)"
    broken = bounds(body).breaking
    assert broken is not None and broken.at_least is None and not broken.breaks_inverse
    mixer = oracle.read(mixer_text(body))["m"]
    inverse, output = norms(mixer, pattern(body), chosen(broken.tried, mixer, STRONG))
    assert broken.norms == pytest.approx((inverse, output))


def test_many_quantities_are_given_up():
    weight = " * ".join(f"sigmoid({k} * gate)" for k in range(2, 16))
    assert row_sums(pattern(f"{LAST} weights A = 1 weights B = {weight}").groups[0]).b is None


@pytest.mark.parametrize(
    "weight",
    [
        " * ".join(f"(1 - sigmoid({k} * gate))" for k in range(2, 12)),
        " + ".join(f"sigmoid({k} * gate)" for k in range(2, 40)),
        " * ".join(["sigmoid(gate)"] * 60),
        " * ".join(["(sigmoid(gate) - softmax(dot(q, k)))"] * 12),
        "1" + "0" * 300 + " * sigmoid(gate)",
        "2" + "0" * 400,
    ],
)
@pytest.mark.filterwarnings("error")
def test_hostile_weights_end_soon(weight):
    start = clock.process_time()
    bounds(f"B[i] = past[i] weights A = 1 weights B = {weight}")
    assert clock.process_time() - start < 5


def test_groups_apart():
    near, far = stability(patterns((EXAMPLES / "hybrid.glm").read_text())[-1])
    assert (near.group, near.fraction, texts(near)) == ("local", Fraction(3, 4), ("1", "1"))
    assert (far.group, far.fraction, texts(far)) == ("squares_recurrence", Fraction(1, 4), ("n", "1"))
