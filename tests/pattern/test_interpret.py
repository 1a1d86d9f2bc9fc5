"""The dense meaning against the oracle's loops, and what the weightings promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from glmc.pattern.interpret import interpret, meaning
from tests import oracle, strategies
from tests.pattern.texts import pattern

LENGTH = 20


def agrees(text: str, name: str, heads: int, length: int = LENGTH) -> None:
    inputs = strategies.inputs(length=length, heads=heads, slots=length + 40)
    found = interpret(pattern(text, name), inputs)
    expected = oracle.read(text)[name].solve(inputs)
    assert np.abs(found - expected).max() <= 1e-9 * max(1.0, np.abs(expected).max()), text


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(strategies.mixers())
def test_outputs(drawn: strategies.Drawn) -> None:
    agrees(drawn.text, drawn.name, drawn.heads)


def mixed(body: str) -> str:
    return f"glm 1\nmixer tested {{\n{body}\n}}\n"


def inputs(length: int = LENGTH, slots: int = 12) -> dict[str, np.ndarray]:
    return strategies.inputs(length=length, heads=2, slots=slots, batch=2)


def test_joint_softmax_is_one_distribution() -> None:
    found = meaning(pattern(mixed("let f(k) = 2^k  B[i] = shifts(f)[i]"), "tested"), inputs())
    assert np.allclose(found.a.sum(-1) + found.b.sum(-1), 1)
    assert found.a.min() >= 0 <= found.b.min()


def test_rows_without_entries_give_zero() -> None:
    text = mixed("A[i] = { i - 3 }  B[i] = { i - 5 }")
    y = interpret(pattern(text, "tested"), inputs())
    assert np.all(y[:, :3] == 0)
    assert np.all(np.isfinite(y))
    assert np.all(y[:, 3:].any(-1))


def test_a_position_in_both_rows_is_two_entries() -> None:
    """x_j and y_j have the same score, so each gets half where they are alone."""
    found = meaning(pattern(mixed("A[i] = { i - 1 }  B[i] = { i - 1 }"), "tested"), inputs())
    assert np.allclose(found.a[:, :, 1, 0], 0.5)
    assert np.allclose(found.b[:, :, 1, 0], 0.5)


def test_weights_follow_the_head_and_slot() -> None:
    """A's two slots come first in const, then B's; one logit for the slot whatever the row."""
    given = inputs(slots=4)
    found = meaning(
        pattern(
            mixed("A[i] = { i, i - 2 }  B[i] = { i - 1, i - 3 }  weights A = const  weights B = const"),
            "tested",
        ),
        given,
    )
    for i in range(3, LENGTH):
        assert np.array_equal(found.a[0, :, i, [i, i - 2]].T, given["const"][:, :2])
        assert np.array_equal(found.b[0, :, i, [i - 1, i - 3]].T, given["const"][:, 2:])


def test_gated_recurrence_with_state_is_the_scan() -> None:
    given = inputs()
    text = mixed("B[i] = { i - 1 }  weights B = sigmoid(gate)  weights A = 1 - sum(B)  state 3")
    y = interpret(pattern(text, "tested"), given)
    h = np.zeros((2, 2, 2, 3))
    for t in range(LENGTH):
        g = 0 if t == 0 else 1 / (1 + np.exp(-given["gate"][:, t, :, None, None]))
        h = (1 - g) * given["x"][:, t, :, :, None] * given["write"][:, t, :, None, :] + g * h
        assert np.allclose(y[:, t], (h * given["read"][:, t, :, None, :]).sum(-1))


def test_operations_are_the_entries() -> None:
    """One product an entry, head, batch and channel: THEORY's total, times the state's channels."""
    body = "let f(k) = 2^k  B[i] = shifts(f)[i]"
    plain = meaning(pattern(mixed(body), "tested"), inputs(64))
    assert plain.multiply_adds == 385 * 2 * 2 * 2
    lifted = meaning(pattern(mixed(f"{body}  state 3"), "tested"), inputs(64))
    assert lifted.multiply_adds == 3 * plain.multiply_adds


def test_unit_of_a_small_vector_is_not_blown_up() -> None:
    given = inputs()
    given["k"] = given["k"] * 1e-9
    text = mixed("B[i] = { i - 1 }  weights A = 1  weights B = dot(unit(k), unit(k))")
    assert np.abs(meaning(pattern(text, "tested"), given).b).max() < 1e-4


def test_heads_must_divide() -> None:
    text = "glm 1\nmixer one { }\nmixer both { heads 1/3: one heads 2/3: one }\n"
    with pytest.raises(ValueError, match="1/3 of 2 heads"):
        interpret(pattern(text, "both"), inputs())
