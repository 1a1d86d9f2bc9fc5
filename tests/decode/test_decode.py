"""Generation with a state: the values of one long call, out of no more than the derived cache."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import glmc
from glmc.diagnostics import Sink
from glmc.pattern.elaborate import elaborate
from glmc.pattern.interpret import interpret
from glmc.source import Source
from glmc.syntax.parser import parse
from tests import strategies
from tests.decode.mixers import MIXERS, Mixer, Row

BATCH, HEADS, D, D_K, LENGTH = 2, 3, 4, 6, 70

Inputs = dict[str, torch.Tensor]


@cache
def package(source: str) -> ModuleType:
    return glmc.load(source)


def operator(mixer: Mixer) -> Any:
    return getattr(package(mixer.source), mixer.name)


def submodule(mixer: Mixer, name: str) -> Any:
    return import_module(f"{package(mixer.source).__name__}.{name}")


def draw_inputs(op: Any, length: int = LENGTH, dtype: torch.dtype = torch.float64) -> Inputs:
    """All inputs by name; only those that the operator takes."""
    given = strategies.inputs(
        length=length, heads=HEADS, slots=op.slots(length), batch=BATCH, channels=D, key_channels=D_K
    )
    return {name: torch.from_numpy(given[name]).to(dtype) for name in sys.modules[type(op).__module__].SHAPES}


def meaning(source: str, inputs: Inputs) -> torch.Tensor:
    """The dense float64 result."""
    text = Source("<test>", source)
    sink = Sink(text)
    module = parse(text, sink)
    assert module is not None
    pattern = elaborate(module, sink)[-1]
    return torch.from_numpy(interpret(pattern, {name: value.numpy() for name, value in inputs.items()}))


def piece(inputs: Inputs, start: int, stop: int) -> Inputs:
    return {name: value if name == "const" else value[:, start:stop] for name, value in inputs.items()}


def new_state(op: Any, inputs: Inputs, max_length: int = LENGTH) -> Any:
    x = inputs["x"]
    keys = {"d_k": D_K} if {"q", "k"} & set(inputs) else {}
    return op.new_state(BATCH, max_length, x.shape[2], D, dtype=x.dtype, **keys)


def run(op: Any, inputs: Inputs, cuts: tuple[int, ...], state: Any) -> torch.Tensor:
    """The outputs of one call for each piece between cuts."""
    bounds = (0, *cuts, inputs["x"].shape[1])
    pieces = [piece(inputs, *bound) for bound in pairwise(bounds)]
    return torch.cat([op(part.pop("x"), **part, state=state) for part in pieces], 1)


def each(mixers: tuple[Mixer, ...] = MIXERS) -> Callable[..., Any]:
    return pytest.mark.parametrize("mixer", mixers, ids=lambda mixer: mixer.name)


STEPS = tuple(range(1, LENGTH))


@each()
def test_steps_are_one_long_call(mixer: Mixer) -> None:
    op = operator(mixer)
    inputs = draw_inputs(op)
    got = run(op, inputs, STEPS, new_state(op, inputs))
    torch.testing.assert_close(got, meaning(mixer.source, inputs), atol=1e-9, rtol=0)


@each()
@pytest.mark.parametrize("cuts", [(), (1,), (69,), (3, 4, 40), (16, 33)], ids=str)
def test_a_prompt_comes_in_pieces(mixer: Mixer, cuts: tuple[int, ...]) -> None:
    op = operator(mixer)
    inputs = draw_inputs(op)
    got = run(op, inputs, cuts, new_state(op, inputs, LENGTH + 5))
    torch.testing.assert_close(got, meaning(mixer.source, inputs), atol=1e-9, rtol=0)


@each()
def test_steps_go_on_after_a_prompt(mixer: Mixer) -> None:
    """Every length of a prompt up to 40, then single tokens."""
    op = operator(mixer)
    inputs = draw_inputs(op, 44, torch.float32)
    want = meaning(mixer.source, {name: value.double() for name, value in inputs.items()})
    for prompt in range(2, 41):
        got = run(op, inputs, tuple(range(prompt, 44)), new_state(op, inputs, 44))
        torch.testing.assert_close(got.double(), want, atol=1e-4, rtol=0)


def live(rows: Row, length: int) -> list[int]:
    """|live(t)| of one side, for t = 0 … length (THEORY, section 2) by readers up to some lengths ahead."""
    last = [-1] * length
    for i in range(4 * length + 10):
        for j in rows(i):
            if j < length:
                last[j] = i
    return [sum(last[j] >= t for j in range(t)) for t in range(length + 1)]


@each()
@pytest.mark.parametrize("length", [1, 2, 17, LENGTH])
def test_the_state_holds_the_derived_cache(mixer: Mixer, length: int) -> None:
    op = operator(mixer)
    inputs = draw_inputs(op, 2)
    state = new_state(op, inputs, length)
    stored = {id(tensor): tensor for tensor in (getattr(state, n, None) for n in ("inputs", "outputs"))}
    places = sum(tensor.shape[1] for tensor in stored.values() if tensor is not None)
    both = [x + y for x, y in zip(live(mixer.a, length), live(mixer.b, length), strict=True)]
    assert places == (mixer.slots(length) if mixer.slots else max(both))


def test_bounded_caches_are_float32_and_histories_in_the_dtype_of_x() -> None:
    for name, dtype in (("history", torch.bfloat16), ("ring", torch.float32), ("landmark", torch.float32)):
        op = operator(next(mixer for mixer in MIXERS if mixer.name == name))
        assert op.new_state(1, 8, 1, 2, dtype=torch.bfloat16).outputs.dtype == dtype


@each()
def test_reorder_continues_other_sequences(mixer: Mixer) -> None:
    op = operator(mixer)
    inputs = draw_inputs(op)
    index = torch.tensor([1, 1])
    state = new_state(op, inputs)
    first = piece(inputs, 0, 37)
    op(first.pop("x"), **first, state=state)
    state.reorder(index)
    chosen = {name: value if name == "const" else value[index] for name, value in inputs.items()}
    rest = [piece(chosen, t, t + 1) for t in range(37, LENGTH)]
    got = torch.cat([op(part.pop("x"), **part, state=state) for part in rest], 1)
    torch.testing.assert_close(got, meaning(mixer.source, chosen)[:, 37:], atol=1e-9, rtol=0)


@each()
def test_a_reset_state_starts_again(mixer: Mixer) -> None:
    """What was stored before, NaN included, leaves no trace."""
    op = operator(mixer)
    inputs = draw_inputs(op, 20)
    state = new_state(op, inputs, 20)
    run(op, {**inputs, "x": torch.full_like(inputs["x"], float("nan"))}, (7,), state)
    state.reset()
    assert state.position.tolist() == [0] * BATCH
    got = run(op, inputs, tuple(range(1, 20)), state)
    torch.testing.assert_close(got, meaning(mixer.source, inputs), atol=1e-9, rtol=0)


@each()
def test_no_row_beyond_max_length(mixer: Mixer) -> None:
    op = operator(mixer)
    inputs = draw_inputs(op, 9)
    state = new_state(op, inputs, 8)
    with pytest.raises(ValueError, match="max_length"):
        run(op, inputs, (), state)
    got = run(op, piece(inputs, 0, 8), (5,), state)
    torch.testing.assert_close(got, meaning(mixer.source, inputs)[:, :8], atol=1e-9, rtol=0)
    with pytest.raises(ValueError, match="max_length"):
        run(op, piece(inputs, 8, 9), (), state)
    state.length = 0  # as after replays of a CUDA graph, which the host does not count
    last = run(op, piece(inputs, 8, 9), (), state)
    assert last.isnan().all()
    assert state.position.tolist() == [8] * BATCH


def test_sequences_may_stand_at_different_positions() -> None:
    for mixer in MIXERS:
        op = operator(mixer)
        inputs = draw_inputs(op, 30)
        want = meaning(mixer.source, inputs)
        ahead, state = new_state(op, inputs, 30), new_state(op, inputs, 30)
        run(op, piece(inputs, 0, 11), (), state)
        run(op, piece(inputs, 0, 17), (), ahead)
        for name, tensor in vars(state).items():
            if isinstance(tensor, torch.Tensor) and tensor.shape[:1] == (BATCH,):
                tensor[1] = getattr(ahead, name)[1]
        at = [11, 17]
        token = {
            name: value if name == "const" else torch.stack([value[b, [t]] for b, t in enumerate(at)])
            for name, value in inputs.items()
        }
        got = op(token.pop("x"), **token, state=state)
        torch.testing.assert_close(got[:, 0], torch.stack([want[b, t] for b, t in enumerate(at)]), atol=1e-9, rtol=0)


def test_no_gradient_flows_through_a_state() -> None:
    op = operator(MIXERS[0])
    inputs = draw_inputs(op, 6)
    inputs["x"].requires_grad_()
    state = new_state(op, inputs, 6)
    assert not run(op, inputs, (4, 5), state).requires_grad


def test_packed_sequences_have_no_state() -> None:
    op = operator(MIXERS[0])
    inputs = {name: value[:1] for name, value in draw_inputs(op, 6).items()}
    bounds = torch.tensor([0, 2, 6], dtype=torch.int32)
    with pytest.raises(ValueError, match="cu_seqlens"):
        op(inputs.pop("x"), **inputs, cu_seqlens=bounds, state=op.new_state(1, 6, HEADS, D, d_k=D_K))


def test_a_state_fits_its_inputs() -> None:
    op = operator(MIXERS[0])
    inputs = draw_inputs(op, 2)
    token = piece(inputs, 0, 1)
    others = (
        op.new_state(BATCH + 1, 8, HEADS, D, d_k=D_K),
        op.new_state(BATCH, 8, HEADS + 1, D, d_k=D_K),
        op.new_state(BATCH, 8, HEADS, D + 1, d_k=D_K),
        op.new_state(BATCH, 8, HEADS, D, d_k=D_K + 1),
    )
    for state in others:
        with pytest.raises(ValueError, match="must have"):
            op(token["x"], q=token["q"], k=token["k"], state=state)
    with pytest.raises(ValueError, match="max_length"):
        op.new_state(BATCH, 0, HEADS, D)


def test_logits_may_be_given_for_no_more_slots_than_the_length_has() -> None:
    op = operator(next(mixer for mixer in MIXERS if mixer.name == "history_by_slot"))
    inputs = draw_inputs(op, 12)
    short = {**inputs, "slot_gate": inputs["slot_gate"][..., : op.slots(5)]}
    state = new_state(op, inputs, 30)
    run(op, piece(short, 0, 5), (1, 2, 3, 4), state)
    with pytest.raises(ValueError, match="slots"):
        run(op, piece(short, 5, 12), tuple(range(1, 7)), state)


@settings(max_examples=12, deadline=None)
@given(strategies.mixers(heads=False), st.data())
def test_any_mixer_decodes(drawn: strategies.Drawn, data: st.DataObject) -> None:
    op = getattr(glmc.load(drawn.text, mixer=drawn.name), drawn.name)
    length = data.draw(st.integers(1, 40))
    cuts = tuple(sorted(data.draw(st.sets(st.integers(1, length - 1), max_size=8)))) if length > 1 else ()
    inputs = draw_inputs(op, length)
    got = run(op, inputs, cuts, new_state(op, inputs, length))
    want = meaning(drawn.text, inputs)
    scale = max(1.0, float(np.abs(want.numpy()).max()))
    torch.testing.assert_close(got, want, atol=1e-9 * scale, rtol=0)
