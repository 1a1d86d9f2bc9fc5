"""Runs the kernels of drawn mixers in Triton's interpreter, beside the float64 reference of the same packages.

Prints, as JSON, how many mixers ran and the largest error of an output or a gradient, relative to the largest value.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from glmc.diagnostics import GlmError
from tests import strategies
from tests.emit.built import built, needed

errors: list[float] = []


def compare(drawn: strategies.Drawn, length: int) -> None:
    note(drawn.text)
    with TemporaryDirectory() as folder:
        try:
            operator = built(drawn.text, Path(folder), drawn.name)
        except GlmError:
            return
        every = strategies.inputs(
            length=length, heads=drawn.heads, slots=operator.slots(length) + 1, batch=1, seed=length
        )
        exact = [torch.from_numpy(every[name]).requires_grad_() for name in ("x", *needed(operator))]
        single = [value.detach().float().requires_grad_() for value in exact]
        slope = torch.randn(exact[0].shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        found = []
        for call, inputs in ((operator.reference, exact), (operator, single)):
            y = call(**dict(zip(("x", *needed(operator)), inputs, strict=True)))
            grads = torch.autograd.grad(y, inputs, slope.to(y.dtype), allow_unused=True, materialize_grads=True)
            found.append((y, *grads))
    for want, got in zip(*found, strict=True):
        errors.append(float((got - want).abs().max() / want.abs().max().clamp(min=1.0)))
        assert errors[-1] < 1e-4  # NaN fails, too


def main() -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = True
    draw = settings(
        max_examples=int(sys.argv[1]),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    draw(given(strategies.mixers(), st.sampled_from([1, 5, 37, 131, 260]))(compare))()
    print(json.dumps({"compared": len(errors), "worst": max(errors)}))


if __name__ == "__main__":
    main()
