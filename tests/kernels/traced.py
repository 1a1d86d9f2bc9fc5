"""Traces layers of examples as torch.compile(fullgraph=True) does on a GPU, which takes a process of its own.

Nothing is computed: kernels are launched nowhere. Prints the names of what was traced, forward and backward, whole and
packed, at two lengths.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import torch
import torch.utils._triton
import triton
from triton.backends.compiler import GPUTarget

from glmc.emit.package import build
from glmc.pattern.nodes import Pattern
from tests.emit.built import NO_FACTS, imported, patterns

EXAMPLES = Path(__file__).parents[2] / "examples"


def pretend() -> None:
    """Lets torch.compile take kernels on CPU tensors for a GPU's."""
    target = GPUTarget("cuda", 90, 32)
    driver: Any = SimpleNamespace(
        get_current_target=lambda: target, get_active_torch_device=lambda: torch.device("cpu")
    )
    triton.runtime.driver.set_active(driver)
    triton.runtime.jit.JITFunction.run = lambda *arguments, **constants: None
    torch.utils._triton.has_triton = lambda *arguments: True


def trace(pattern: Pattern, folder: Path) -> None:
    (path,) = build([(pattern, NO_FACTS)], folder, force=False)
    package = imported(path)
    for module in [value for key, value in sys.modules.items() if key.startswith(package.__name__)]:
        if hasattr(module, "runs_kernels"):
            module.runs_kernels = lambda x: True
        if hasattr(module, "MANY"):
            module.MANY = 2
    layer_class = next(value for value in vars(package).values() if isinstance(value, type))
    grows = "max_length" in inspect.signature(layer_class).parameters
    layer = layer_class(d_model=64, num_heads=4, **({"max_length": 300} if grows else {}))
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    for length in (300, 170):
        x = torch.randn(1, length, 64, requires_grad=True)
        bounds = torch.tensor([0, 70, length], dtype=torch.int32)
        for y in (compiled(x), compiled(x, cu_seqlens=bounds)):
            assert y.shape == x.shape
            torch.autograd.grad(y.sum(), [x, *layer.parameters()], allow_unused=True)


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
