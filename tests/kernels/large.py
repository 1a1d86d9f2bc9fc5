"""Runs built packages on a GPU where offsets pass 2^31, and under torch.compile.

    glmc build benchmarks/mixers.glm -o build/bench
    python tests/kernels/large.py build/bench

Tensors of 2.7 · 10^9 elements: the last of 40 sequences of 65536 tokens has the outputs and gradients that it has by
itself. Compiled to one graph, outputs and gradients of 1000 tokens are those without. Needs about 70 GB and no glmc.
Exits 1 if any differs.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import torch

SEQUENCES, LENGTH, HEADS, CHANNELS = 40, 65536, 16, 64
TOLERANCE = 1e-2  # bfloat16; channels go side by side in other numbers
Call = Callable[..., torch.Tensor]


def draw(operator: Call, batch: int, length: int) -> dict[str, torch.Tensor]:
    vectors = (batch, length, HEADS, CHANNELS)
    shapes = {"x": vectors, "q": vectors, "k": vectors, "gate": vectors[:3]}
    shapes["slot_gate"] = (*vectors[:3], operator.slots(length))
    names = ["x", *(name for name in operator.inputs if name != "x")]
    generator = torch.Generator("cuda").manual_seed(0)
    return {name: torch.randn(shapes[name], generator=generator, device="cuda", dtype=torch.bfloat16) for name in names}


def results(call: Call, inputs: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    """The output, and the gradients by its sum's."""
    leaves = {name: value.detach().requires_grad_() for name, value in inputs.items()}
    y = call(**leaves)
    return [y.detach(), *torch.autograd.grad(y, list(leaves.values()), torch.ones_like(y))]


def agree(what: str, got: Callable[[], list[torch.Tensor]], want: Callable[[], list[torch.Tensor]]) -> bool:
    """Prints how far apart they are, relative to the largest value; what does not fit into memory is not counted."""
    try:
        pairs = zip(got(), want(), strict=True)
    except torch.OutOfMemoryError:
        print(f"{what:40} not run: does not fit into this GPU's memory", flush=True)
        return True
    found = [float((a.float() - b.float()).abs().max() / b.float().abs().max().clamp(min=1)) for a, b in pairs]
    passed = all(error < TOLERANCE for error in found)  # NaN fails
    print(f"{what:40} {' '.join(f'{error:.0e}' for error in found)} {'ok' if passed else 'FAILED'}", flush=True)
    return passed


def compiled(operator: Call, name: str) -> bool:
    inputs = draw(operator, 2, 1000)
    return agree(
        f"{name}, compiled",
        lambda: results(torch.compile(operator, fullgraph=True), inputs),
        lambda: results(operator, inputs),
    )


def far(operator: Call, name: str) -> bool:
    inputs = draw(operator, SEQUENCES, LENGTH)
    last = {key: value[-1:] for key, value in inputs.items()}
    return agree(
        f"{name}, {inputs['x'].numel():.1e} elements",
        lambda: [value[-1:].clone() for value in results(operator, inputs)],
        lambda: results(operator, last),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="holds the built packages")
    parser.add_argument("--only", nargs="*", help="names of packages")
    options = parser.parse_args()
    sys.path.insert(0, str(options.folder))
    passed = True
    for name in options.only or sorted(path.parent.name for path in options.folder.glob("*/manifest.json")):
        operator = getattr(importlib.import_module(name), name)
        passed &= compiled(operator, name)
        passed &= far(operator, name)
        torch.cuda.empty_cache()
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
