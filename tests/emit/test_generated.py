"""Generated packages of drawn mixers, compared with the independent reading of their text."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from hypothesis import HealthCheck, Phase, assume, given, note, settings
from hypothesis import strategies as st

from glmc.diagnostics import GlmError
from tests import oracle, strategies
from tests.emit.built import built, needed

torch.set_num_threads(1)
drawn_mixers = settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.generate],  # shrinking builds packages for minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


def operator_of(drawn: strategies.Drawn, folder: str) -> Any:
    note(drawn.text)
    try:
        return built(drawn.text, Path(folder), drawn.name)
    except GlmError:
        assume(False)


def inputs_of(operator: Any, drawn: strategies.Drawn, length: int, batch: int = 1) -> dict[str, np.ndarray]:
    slots = operator.slots(length) + 1  # one more than needed is allowed
    every = strategies.inputs(length=length, heads=drawn.heads, slots=slots, batch=batch, seed=length)
    return {name: every[name] for name in ("x", *needed(operator))}


def tensors(inputs: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(value) for name, value in inputs.items()}


@drawn_mixers
@given(strategies.mixers(), st.sampled_from([0, 1, 2, 7, 40, 63, 70]))
def test_reference_is_the_meaning(drawn: strategies.Drawn, length: int) -> None:
    with TemporaryDirectory() as folder:
        operator = operator_of(drawn, folder)
        inputs = inputs_of(operator, drawn, length)
        y = operator.reference(**tensors(inputs))
        want = oracle.read(drawn.text)[drawn.name].solve(inputs) if length else inputs["x"]
    assert y.shape == want.shape and y.dtype == torch.float64
    assert np.abs(y.numpy() - want).max(initial=0) < 1e-9


@drawn_mixers
@given(strategies.mixers(), st.lists(st.integers(0, 30), min_size=1, max_size=4))
def test_packed_sequences_are_apart(drawn: strategies.Drawn, lengths: list[int]) -> None:
    bounds = [0, *np.cumsum(lengths).tolist()]
    with TemporaryDirectory() as folder:
        operator = operator_of(drawn, folder)
        inputs = tensors(inputs_of(operator, drawn, bounds[-1]))
        inputs = {name: value.requires_grad_() for name, value in inputs.items()}
        packed = operator.reference(**inputs, cu_seqlens=torch.tensor(bounds, dtype=torch.int32))
        parts = [
            operator.reference(
                **{name: value if name == "const" else value[:, start:stop] for name, value in inputs.items()}
            )
            for start, stop in pairwise(bounds)
        ]
        apart = torch.cat(parts, 1)
        assert (packed - apart).abs().sum() < 1e-9
        slope = torch.randn_like(packed)
        wanted = torch.autograd.grad(apart, list(inputs.values()), slope, allow_unused=True)
        found = torch.autograd.grad(packed, list(inputs.values()), slope, allow_unused=True)
    for want, got in zip(wanted, found, strict=True):
        assert (want is None and got is None) or (want - got).abs().sum() < 1e-8


@settings(drawn_mixers, max_examples=12)
@given(strategies.mixers(), st.sampled_from([1, 5, 66]))
def test_gradients_are_slopes(drawn: strategies.Drawn, length: int) -> None:
    """Along one random direction of all inputs, by central differences."""
    generator = torch.Generator().manual_seed(length)
    with TemporaryDirectory() as folder:
        operator = operator_of(drawn, folder)
        inputs = tensors(inputs_of(operator, drawn, length, batch=2))
        direction = {n: torch.randn(v.shape, generator=generator, dtype=v.dtype) for n, v in inputs.items()}
        leaves = {name: value.clone().requires_grad_() for name, value in inputs.items()}
        y = operator.reference(**leaves)
        weight = torch.randn(y.shape, generator=generator, dtype=y.dtype)
        (y * weight).sum().backward()
        step = 1e-5

        def at(sign: int) -> torch.Tensor:
            return operator.reference(**{n: v + sign * step * direction[n] for n, v in inputs.items()})

        slope = float(((at(1) - at(-1)) * weight).sum() / (2 * step))
    found = sum(float((leaves[n].grad * direction[n]).sum()) for n in leaves if leaves[n].grad is not None)
    assert all(v.grad is None or torch.isfinite(v.grad).all() for v in leaves.values())
    assert abs(found - slope) < 1e-5 * max(1.0, abs(slope))


@settings(drawn_mixers, max_examples=12)
@given(strategies.mixers(), st.sampled_from([1, 33, 70]))
def test_single_precision(drawn: strategies.Drawn, length: int) -> None:
    with TemporaryDirectory() as folder:
        operator = operator_of(drawn, folder)
        exact = tensors(inputs_of(operator, drawn, length))
        want, (a, b) = operator.reference(**exact, return_weights=True)
        single = {name: value.float() for name, value in exact.items()}
        got = operator(**single)
        half = {n: v.bfloat16() if n in ("x", "q", "k") else v.float() for n, v in exact.items()}
        rough = operator(**half)
    assert got.dtype == torch.float32 and rough.dtype == torch.bfloat16
    scale = max(1.0, float(want.abs().max()))
    assert (got - want).abs().max() < 1e-4 * scale
    assert (rough - want).abs().max() < 0.2 * scale
    if "write" not in exact:
        system = torch.eye(length, dtype=torch.float64) - b
        solved = torch.linalg.solve_triangular(system, a @ exact["x"].transpose(1, 2), upper=False)
        assert (solved.transpose(1, 2) - want).abs().max() < 1e-9 * scale
