"""Traces layers of examples as torch.compile(fullgraph=True) does on a GPU, which takes a process of its own.

Nothing is computed: kernels are launched nowhere. Prints the names of what was traced, forward and backward, whole and
packed, at two lengths, and fails where that launches no kernel.
"""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import torch
import torch.utils._triton
import triton
from triton.backends.compiler import GPUTarget

from glmc.pattern.nodes import Pattern
from glmc.plan.schedule import class_name
from tests.emit.built import package, patterns

EXAMPLES = Path(__file__).parents[2] / "examples"

launched: list[str] = []


def pretend() -> None:
    """Lets torch.compile take kernels on CPU tensors for a GPU's."""
    target = GPUTarget("cuda", 90, 32)
    driver: Any = SimpleNamespace(
        get_current_target=lambda: target, get_active_torch_device=lambda: torch.device("cpu")
    )
    triton.runtime.driver.set_active(driver)
    triton.runtime.jit.JITFunction.run = lambda kernel, *_, **__: launched.append(kernel.__name__)
    torch.utils._triton.has_triton = lambda *_: True


def trace(pattern: Pattern, folder: Path) -> None:
    built = package(pattern, folder)
    operators = [module for module in [*sys.modules.values()] if module.__name__.startswith(built.__name__ + ".")]
    for operator in operators:
        if hasattr(operator, "runs_kernels"):
            operator.runs_kernels = lambda x: True
            kernels: Any = import_module(f"{operator.__package__}.kernels")
            if hasattr(kernels, "MANY"):  # chunks that are solved by the rows that later ones read
                kernels.MANY = 2
    layer_class = getattr(built, class_name(pattern.name))
    grows = "max_length" in inspect.signature(layer_class).parameters
    layer = layer_class(d_model=64, num_heads=4, **({"max_length": 300} if grows else {}))
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    for length in (300, 170):
        x = torch.randn(1, length, 64, requires_grad=True)
        bounds = torch.tensor([0, 70, length], dtype=torch.int32)
        for packing in ({}, {"cu_seqlens": bounds}):
            launched.clear()
            y = compiled(x, **packing)
            assert y.shape == x.shape
            assert launched
            launched.clear()
            torch.autograd.grad(y.sum(), [x, *layer.parameters()], allow_unused=True)
            assert launched


def main() -> None:
    pretend()
    for file in sys.argv[1:]:
        for pattern in patterns((EXAMPLES / f"{file}.glm").read_text()):
            torch.compiler.reset()
            with TemporaryDirectory() as folder:
                trace(pattern, Path(folder))
            print(pattern.name, flush=True)


if __name__ == "__main__":
    main()
