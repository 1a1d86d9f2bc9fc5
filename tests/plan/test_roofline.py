"""Costs on a machine: by hand, and against what the emitted packages allocate."""

from __future__ import annotations

import pytest
import torch

from glmc.plan.roofline import Cost, Sizes, Work, costs
from glmc.plan.schedule import schedule
from glmc.plan.target import DEFAULT, TARGETS
from tests.analysis.mixers import EXAMPLES
from tests.emit.built import NO_FACTS, built, patterns


def found(text: str, sizes: Sizes, *lengths: int) -> tuple[Cost, ...]:
    return costs(schedule(patterns(text)[-1], NO_FACTS, DEFAULT), sizes, lengths)


def example(name: str) -> str:
    return (EXAMPLES / f"{name}.glm").read_text()


def test_powers_by_hand():
    """Row i holds x_i and the outputs 1, 2, 4, … before: ten from i = 512 on, 10241 entries below 1024. An entry is 64
    channels of the value and 64 of the score, each a product and a sum.
    """
    (cost,) = found(example("power_of_two"), Sizes(1, 16, 64), 1024)
    entry = 2 * (64 + 64)
    token = 2 * 4 * 64  # x, y, q and k
    assert cost.state == 16 * 1024 * (64 + 64) * 2
    assert cost.decode == Work(16 * (token + (10 + 1) * (64 + 64) * 2), 16 * 11 * entry)
    assert cost.prefill == Work(16 * 1024 * token, 16 * 10241 * entry)
    (twice,) = found(example("power_of_two"), Sizes(2, 16, 64), 1024)
    assert (twice.state, twice.decode, twice.prefill) == (cost.state, cost.decode.times(2), cost.prefill.times(2))


def test_attention_by_hand():
    """Row i reads x_0 … x_i, all but its own from the history."""
    (cost,) = found(example("attention"), Sizes(1, 1, 8), 100)
    assert cost.state == 100 * 16 * 2
    assert cost.decode == Work(2 * 32 + (99 + 1) * 16 * 2, 100 * 32)
    assert cost.prefill == Work(100 * 64, 5050 * 32)


def test_a_window_of_gated_outputs_by_hand():
    """The last 16 outputs are kept in float32, a logit for each of them and for x_i."""
    short, long = found(example("kth_order"), Sizes(1, 1, 8), 10, 1000)
    assert (short.state, long.state) == (10 * 8 * 4, 16 * 8 * 4)
    assert long.decode == Work(2 * (8 + 8) + 17 * 2 + (16 + 1) * 8 * 4, 17 * 16)
    entries = 17 * 1000 - 16 * 17 // 2
    assert long.prefill == Work(1000 * 32 + entries * 2, entries * 16)


def test_state_channels_by_hand():
    """64 channels of state for each of 8: an entry is 512 channels; lifting takes 512 products, reading twice as many
    operations.
    """
    (cost,) = found(example("scalar_gated_ssm"), Sizes(1, 1, 8), 100)
    assert cost.state == 512 * 4
    token = 2 * (8 + 8 + 1 + 64 + 64)
    assert cost.decode == Work(token + (1 + 1) * 512 * 4, 2 * 1024 + 3 * 512)
    assert cost.prefill == Work(100 * token, 199 * 1024 + 100 * 3 * 512)


def test_groups_of_heads_add_up():
    text = example("hybrid")
    both = found(text, Sizes(1, 8, 16), 256)[0]
    near = found(text.split("mixer squares_rec")[0].replace("= 64", "= 32"), Sizes(1, 6, 16), 256)[0]
    far = found("glm 1 " + text[text.index("mixer squares_rec") : text.index("mixer hybrid")], Sizes(1, 2, 16), 256)[0]
    assert both.state == near.state + far.state
    assert both.decode.bytes == near.decode.bytes + far.decode.bytes
    assert both.prefill == Work(
        near.prefill.bytes + far.prefill.bytes, near.prefill.operations + far.prefill.operations
    )
    with pytest.raises(ValueError, match="3/4 of 6 heads"):
        found(text, Sizes(1, 6, 16), 256)


POOLED = """glm 1
mixer m {
  A[i] = { i } | { 5*k for k in 0.. if 5*k <= i }
  B[i] = { 7*k for k in 0.. if 7*k < i }
  weights A, B = softmax(dot(q, unit(k)))
}
"""


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.glm")), ids=lambda path: path.stem)
def test_the_state_is_what_the_package_allocates(path, tmp_path):
    check_state(path.read_text(), tmp_path)


def test_a_shared_pool_is_what_the_package_allocates(tmp_path):
    check_state(POOLED, tmp_path)


def check_state(text: str, folder) -> None:
    mixer = patterns(text)[-1].name
    operator = built(text, folder, mixer)
    for length in (33, 200):
        state = operator.new_state(1, length, 8, 4, dtype=torch.bfloat16)
        assert found(text, Sizes(3, 8, 4), length)[0].state == kept_bytes(state)


def kept_bytes(state) -> int:
    """The vectors of a state and its parts, [batch, places, heads, channels], each tensor once."""
    parts = [part for value in vars(state).values() for part in (value if isinstance(value, list | tuple) else [value])]
    tensors = {t.data_ptr(): t.nbytes for t in parts if isinstance(t, torch.Tensor) and t.ndim == 4 and t.numel()}
    inner = sum(kept_bytes(part) for part in parts if hasattr(part, "__dict__") and not isinstance(part, torch.Tensor))
    return sum(tensors.values()) + inner


def test_what_binds():
    """An H200 computes 790e12 / 4.24e12 ≈ 186 operations in the time that a byte takes."""
    h200 = TARGETS["h200"]
    assert Work(1000, 186_000).binds(h200) == "memory" and Work(1000, 187_000).binds(h200) == "compute"
    assert Work(4_240_000, 0).seconds(h200) == pytest.approx(1e-6)
    assert Work(0, 790_000_000).seconds(h200) == pytest.approx(1e-6)
    (attention,) = found(example("attention"), Sizes(1, 16, 64), 65536)
    assert (attention.decode.binds(h200), attention.prefill.binds(h200)) == ("memory", "compute")


def test_what_enumeration_cannot_afford_is_left_out():
    text = "glm 1 mixer m { B[i] = { j for j in 0..i if gcd(i, j) == 1 } }"
    assert [cost.length for cost in found(text, Sizes(1, 1, 1), 64, 1 << 20)] == [64]
