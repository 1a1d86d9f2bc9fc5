"""Compares compiled decode steps with the plain-torch step in float64, on the GPU at hand.

    python -m tests.decode.mixers build/decode
    python tests/decode/on_gpu.py build/decode

The second command needs torch, triton and the built packages, not glmc. Of each package it checks single
steps in float32 and bfloat16, steps replayed from a CUDA graph, one launch a step, and rows beyond
max_length; it times a replayed step too. Prints a line a package, and exits 1 if any fails.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any

import torch

TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 6e-2}
BATCH, HEADS, LENGTH = 2, 4, 150

Inputs = dict[str, torch.Tensor]


class Package:
    """A built mixer with random inputs for it, which bfloat16 holds exactly."""

    def __init__(self, name: str, d: int, d_k: int) -> None:
        self.operator = getattr(importlib.import_module(name), name)
        self.d, self.d_k = d, d_k
        shapes = importlib.import_module(f"{name}.operator").SHAPES
        sizes = {"B": BATCH, "T": LENGTH, "H": HEADS, "D": d, "d_k": d_k, "N": 3}
        sizes["S"] = self.operator.slots(LENGTH)
        generator = torch.Generator().manual_seed(0)
        self.inputs: Inputs = {
            key: torch.randn([sizes[size] for size in shape], generator=generator).bfloat16().double()
            for key, shape in shapes.items()
        }

    def state(self, dtype: torch.dtype, device: str, length: int = LENGTH) -> Any:
        keys = {"d_k": self.d_k} if {"q", "k"} & set(self.inputs) else {}
        return self.operator.new_state(BATCH, length, HEADS, self.d, dtype=dtype, device=device, **keys)

    def token(self, t: int, dtype: torch.dtype, device: str) -> Inputs:
        return {
            key: (value if key == "const" else value[:, t : t + 1]).to(device, dtype)
            for key, value in self.inputs.items()
        }

    def step(self, token: Inputs, state: Any) -> torch.Tensor:
        rest = {key: value for key, value in token.items() if key != "x"}
        result: torch.Tensor = self.operator(token["x"], **rest, state=state)
        return result


def rows(package: Package, dtype: torch.dtype, device: str) -> torch.Tensor:
    """All rows, a step each, and one beyond max_length as if the host had not counted."""
    state = package.state(dtype, device)
    found = [package.step(package.token(t, dtype, device), state) for t in range(LENGTH)]
    state.length = 0
    found.append(package.step(package.token(0, dtype, device), state))
    return torch.cat(found, 1).double().cpu()


def captured(package: Package, token: Inputs, state: Any) -> tuple[torch.cuda.CUDAGraph, torch.Tensor]:
    """A graph of one step over `token`, and the tensor that holds its row; the state is at its start."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        package.step(token, state)
    torch.cuda.current_stream().wait_stream(stream)
    state.reset()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        row = package.step(token, state)
    return graph, row


def replayed(package: Package, dtype: torch.dtype) -> torch.Tensor:
    state, token = package.state(dtype, "cuda"), package.token(0, dtype, "cuda")
    graph, row = captured(package, token, state)
    found = []
    for t in [*range(LENGTH), 0]:
        for key, value in package.token(t, dtype, "cuda").items():
            token[key].copy_(value)
        graph.replay()
        found.append(row.clone())
    return torch.cat(found, 1).double().cpu()


def launches(package: Package) -> int:
    """Kernels that one step launches."""
    state, token = package.state(torch.bfloat16, "cuda"), package.token(0, torch.bfloat16, "cuda")
    package.step(token, state)
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        package.step(token, state)
        torch.cuda.synchronize()
    return sum(event.device_type == torch.autograd.DeviceType.CUDA for event in profile.events())


def microseconds(package: Package, length: int) -> float:
    """Of one replayed step near the end of a state of `length` tokens, in bfloat16."""
    state, token = package.state(torch.bfloat16, "cuda", length), package.token(0, torch.bfloat16, "cuda")
    graph, _ = captured(package, token, state)
    state.position.fill_(length - 300)
    for _ in range(20):
        graph.replay()
    start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for _ in range(200):
        graph.replay()
    stop.record()
    torch.cuda.synchronize()
    return start.elapsed_time(stop) * 1000 / 200


def check(name: str, d: int, d_k: int, length: int) -> bool:
    package = Package(name, d, d_k)
    want = rows(package, torch.float64, "cpu")
    worst, sound = [], launches(package) == 1
    for dtype, tolerance in TOLERANCE.items():
        for got in (rows(package, dtype, "cuda"), replayed(package, dtype)):
            worst.append((got - want)[:, :LENGTH].abs().max().item())
            sound &= worst[-1] < tolerance * max(1.0, want[:, :LENGTH].abs().max().item())
            sound &= bool(got[:, LENGTH:].isnan().all())
    time = microseconds(package, length)
    errors = " ".join(f"{error:.1e}" for error in worst)
    print(f"{'ok' if sound else 'FAIL':5}{name:18} D {d:3}  errors {errors}  {time:6.1f} us", flush=True)
    return sound


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path, help="folder of built packages")
    parser.add_argument("--length", type=int, default=4096, help="tokens of the timed states (default: 4096)")
    parser.add_argument("--mixer", help="only this one")
    options = parser.parse_args()
    sys.path.insert(0, str(options.packages))
    built = (folder.name for folder in options.packages.iterdir() if (folder / "decode.py").is_file())
    names = [name for name in sorted(built) if options.mixer in (None, name)]
    sound = [check(name, d, d_k, options.length) for name in names for d, d_k in ((64, 64), (128, 48))]
    sys.exit(not all(sound))


if __name__ == "__main__":
    main()
