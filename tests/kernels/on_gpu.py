"""Compares compiled kernels with the float64 reference of the same packages, on the GPU at hand.

    python -m tests.kernels.packages build/mixers      # or glmc build … -o build/mixers
    python tests/kernels/on_gpu.py build/mixers --jobs 8

Runs on built packages alone: it needs torch and triton, not glmc. Of each package's kernels it checks outputs
and all gradients in float32 and bfloat16, odd lengths, packed sequences, that two runs agree bit for bit, and
that every element of every result is written. Prints a line a case, and exits 1 if any fails.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path
from types import ModuleType

import torch

TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 4e-2}
LENIENT = {"constant_past": 2}  # 4097 rows grow e^41-fold, and its constant's rounding to 16 bits with them
#        batch, length, heads, channels, channels of q and k, lengths of packed sequences
SHAPES = (
    (2, 1, 2, 16, 16, None),
    (1, 63, 1, 48, 16, None),
    (2, 300, 2, 8, 4, None),
    (2, 300, 2, 16, 16, None),
    (1, 300, 2, 32, 80, (100, 7, 193)),
    (2, 1000, 2, 64, 64, None),
    (1, 1000, 2, 128, 64, (1, 70, 2, 300, 64, 563)),
    (1, 257, 1, 256, 128, None),
    (2, 300, 16, 64, 16, None),  # so many channels that chains take 16 at once, and 32
    (4, 300, 16, 64, 16, None),
    (1, 4097, 4, 64, 64, None),
)


def draw(kernels: ModuleType, rows: ModuleType, shape: tuple[int, ...], device: str) -> dict[str, torch.Tensor]:
    """Random float64 inputs of `mix`, that float32 and bfloat16 hold exactly."""
    B, T, H, D, d_k = shape
    slots = rows.slots(T)
    sizes = {
        "x": (B, T, H, D),
        "q": (B, T, H, d_k),
        "k": (B, T, H, d_k),
        "gate": (B, T, H),
        "slot_gate": (B, T, H, slots),
        "const": (H, slots),
    }
    generator = torch.Generator(device).manual_seed(0)
    names = [name for name in inspect.signature(kernels.mix).parameters if name in sizes]
    scale = {"const": 0.1}
    return {
        name: (scale.get(name, 1.0) * torch.randn(sizes[name], generator=generator, device=device)).bfloat16().double()
        for name in names
    }


def bounds(lengths: tuple[int, ...], device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """First token and end of every token's sequence, int32."""
    ends = torch.tensor(list(accumulate(lengths)), dtype=torch.int32, device=device)
    count = torch.tensor(lengths, device=device)
    return (ends - count.int()).repeat_interleave(count), ends.repeat_interleave(count)


def gradients(y: torch.Tensor, inputs: list[torch.Tensor], grad: torch.Tensor) -> list[torch.Tensor]:
    if not y.requires_grad:
        return [y]
    return [y, *torch.autograd.grad(y, inputs, grad.to(y.dtype), materialize_grads=True)]


def error(got: torch.Tensor, want: torch.Tensor) -> float:
    """The largest error, relative to the largest value where that is above 1; NaN counts as infinite."""
    found = (got.detach().double() - want.detach()).abs().max() / want.detach().abs().max().clamp(min=1.0)
    return float("inf") if found.isnan() else float(found)


def compare(package: str, shape: tuple[int, ...], lengths: tuple[int, ...] | None, device: str) -> bool:
    """Prints the errors of one package on one shape; whether all are small."""
    kernels, reference, rows = (
        importlib.import_module(f"{package}.{name}") for name in ("kernels", "reference", "rows")
    )
    inputs = draw(kernels, rows, shape, device)
    starts, stops = (None, None) if lengths is None else bounds(lengths, device)
    exact = [value.requires_grad_() for value in inputs.values()]
    y = reference.mix(*exact, starts)
    generator = torch.Generator(device).manual_seed(1)
    grad = torch.randn(y.shape, generator=generator, device=device).bfloat16().double()
    wanted = gradients(y, exact, grad)
    passed = True
    for dtype, tolerance in TOLERANCE.items():
        tolerance *= LENIENT.get(package.split(".")[0], 1)
        cast = [value.detach().to(dtype).requires_grad_() for value in exact]
        begun = time.perf_counter()
        runs = [gradients(kernels.mix(*cast, starts, stops), cast, grad) for _ in range(2)]
        seconds = time.perf_counter() - begun
        errors = [error(got, want) for got, want in zip(runs[0], wanted, strict=True)]
        repeats = all(torch.equal(first, second) for first, second in zip(*runs, strict=True))
        good = max(errors) < tolerance and repeats
        passed &= good
        listed = " ".join(f"{name} {value:.0e}" for name, value in zip(("y", *inputs), errors, strict=False))
        verdict = "ok" if good else "FAILED" if repeats else "FAILED: two runs differ"
        print(
            f"{package:24} {str(dtype)[6:]:9} {shape} {lengths or ''} {listed} {seconds:.1f}s {verdict}",
            flush=True,
        )
    return passed


def compare_all(package: str, longest: int, device: str) -> bool:
    """`compare` for all shapes up to a length; what fails does not keep the others from being compared."""
    passed = True
    for *shape, lengths in SHAPES:
        if shape[1] <= longest:
            try:
                passed &= compare(package, tuple(shape), lengths, device)
            except Exception as problem:
                print(f"{package} {shape} FAILED: {type(problem).__name__}: {str(problem)[:400]}", flush=True)
                passed = False
    return passed


def packages_in(folder: Path, only: list[str] | None) -> list[str]:
    """The modules of a folder's packages that have kernels; ``only``: of packages with these names."""
    paths = sorted(folder.glob("**/kernels.py"))
    packages = [".".join(path.parent.relative_to(folder).parts) for path in paths]
    return [package for package in packages if not only or package.split(".")[0] in only]


def in_process(name: str, arguments: list[str]) -> bool:
    """The same for one package in a process of its own; prints what that printed."""
    command = [sys.executable, "-W", "ignore", __file__, *arguments, "--only", name, "--jobs", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    print(done.stdout, end="", flush=True)
    if done.returncode and "FAILED" not in done.stdout:
        print(f"{name} FAILED: {done.stderr.strip()[-400:]}", flush=True)
    return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare compiled kernels with the float64 reference.")
    parser.add_argument("folder", type=Path, help="holds the built packages")
    parser.add_argument("--only", nargs="*", help="names of packages")
    parser.add_argument("--longest", type=int, default=4097)
    parser.add_argument("--many", type=int, help="chunks from which on rows that others read are solved first")
    parser.add_argument("--jobs", type=int, default=1, help="packages at a time")
    parser.add_argument("--device", default="cuda")
    options = parser.parse_args()
    sys.path.insert(0, str(options.folder))
    packages = packages_in(options.folder, options.only)
    names = list(dict.fromkeys(package.split(".")[0] for package in packages))
    if options.jobs > 1 and len(names) > 1:
        with ThreadPoolExecutor(options.jobs) as pool:
            return 0 if all(list(pool.map(lambda name: in_process(name, sys.argv[1:]), names))) else 1
    torch.utils.deterministic.fill_uninitialized_memory = True  # torch.empty holds NaN
    torch.use_deterministic_algorithms(True, warn_only=True)
    passed = True
    for package in packages:
        if options.many:
            kernels = importlib.import_module(f"{package}.kernels")
            if not hasattr(kernels, "MANY"):
                continue
            vars(kernels)["MANY"] = options.many
        passed &= compare_all(package, options.longest, options.device)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
