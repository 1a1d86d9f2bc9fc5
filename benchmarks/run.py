"""Time generated operators beside scaled-dot-product attention, on the device at hand.

    glmc build examples/power_of_two.glm -o build/bench
    python benchmarks/run.py --packages build/bench --length 4096 8192

Needs torch alone, so that packages built elsewhere can be measured on a machine without glmc. Every figure
is the median of one run; the ratio is attention's time over the operator's, in the same run.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def seconds(work: Callable[[], object], budget: float, device: torch.device) -> float:
    """Median time of one call after a warm-up, from as many repetitions as fit the budget."""

    def once() -> float:
        if device.type == "cuda":
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            work()
            end.record()
            end.synchronize()
            return begin.elapsed_time(end) / 1e3
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    for _ in range(2):
        once()
    times: list[float] = []
    while sum(times) < budget and len(times) < 100:
        times.append(once())
    return median(times)


def draw(operator: Any, arguments: argparse.Namespace, length: int) -> dict[str, Tensor]:
    """Random inputs that the operator's weights need, with gradients wanted."""
    batch, heads, width = arguments.batch, arguments.heads, arguments.head_dim
    slots = operator.slots(length)
    shapes = {
        "x": (batch, length, heads, width),
        "q": (batch, length, heads, width),
        "k": (batch, length, heads, width),
        "gate": (batch, length, heads),
        "slot_gate": (batch, length, heads, slots),
        "const": (heads, slots),
        "write": (batch, length, heads, getattr(operator, "channels", 1)),
        "read": (batch, length, heads, getattr(operator, "channels", 1)),
    }
    return {
        name: torch.randn(shapes[name], device=arguments.device, dtype=arguments.dtype, requires_grad=True)
        for name in ("x", *operator.inputs)
    }


def forward_and_backward(call: Callable[[], Tensor], inputs: list[Tensor]) -> Callable[[], None]:
    gradient = torch.randn_like(call())

    def work() -> None:
        torch.autograd.grad(call(), inputs, gradient)

    return work


def measure(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    rows = []
    for length in arguments.length:
        shape = (arguments.batch, arguments.heads, length, arguments.head_dim)
        q, k, v = (
            torch.randn(shape, device=arguments.device, dtype=arguments.dtype, requires_grad=True) for _ in range(3)
        )

        def attention(q: Tensor = q, k: Tensor = k, v: Tensor = v) -> Tensor:
            return functional.scaled_dot_product_attention(q, k, v, is_causal=True)

        works: dict[str, tuple[Callable[[], Tensor], list[Tensor]]] = {"SDPA": (attention, [q, k, v])}
        for folder in sorted(path.parent for path in arguments.packages.glob("*/manifest.json")):
            operator = getattr(importlib.import_module(folder.name), folder.name)
            inputs = draw(operator, arguments, length)

            def mix(operator: Any = operator, inputs: dict[str, Tensor] = inputs) -> Tensor:
                return operator(**inputs)

            works[folder.name] = (mix, list(inputs.values()))
        peer: dict[str, float] = {}
        for name, (call, tensors) in works.items():
            with torch.no_grad():
                forward = seconds(call, arguments.budget, arguments.device)
            both = seconds(forward_and_backward(call, tensors), arguments.budget, arguments.device)
            peer = peer or {"forward": forward, "both": both}
            rows.append(
                {
                    "name": name,
                    "length": length,
                    "forward_us": 1e6 * forward,
                    "forward_ratio": peer["forward"] / forward,
                    "forward_backward_us": 1e6 * both,
                    "forward_backward_ratio": peer["both"] / both,
                }
            )
            print(
                f"{name:28} {length:7} {1e6 * forward:11.0f} us {peer['forward'] / forward:7.2f}x"
                f" {1e6 * both:11.0f} us {peer['both'] / both:7.2f}x",
                flush=True,
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=Path, required=True, help="folder that holds built packages")
    parser.add_argument("--length", type=int, nargs="+", default=[1024, 4096])
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--heads", type=int, default=16)
    parser.add_argument("--head-dim", type=int, default=64)
    parser.add_argument("--budget", type=float, default=0.5, help="seconds a figure")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    cuda = torch.cuda.is_available()
    arguments.device = torch.device("cuda" if cuda else "cpu")
    arguments.dtype = torch.bfloat16 if cuda else torch.float32
    sys.path.insert(0, str(arguments.packages))
    where = torch.cuda.get_device_name() if cuda else f"CPU, {torch.get_num_threads()} threads"
    shape = f"{arguments.heads} heads of {arguments.head_dim}"
    print(f"torch {torch.__version__}, {where}, {arguments.dtype}, {shape}")
    print(f"{'':28} {'length':>7} {'forward':>14} {'ratio':>8} {'and backward':>14} {'ratio':>8}")
    rows = measure(arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
