"""Runs small forward and backward passes of built packages under compute-sanitizer, several at a time.

    for file in examples/*.glm; do glmc build $file -o build/examples; done
    python tests/kernels/sanitize.py build/examples --jobs 8

Runs on built packages alone, on a GPU: float32 and bfloat16, 300 tokens, two heads. Prints a line a package and tool,
and exits 1 if any finds something or does not end in time.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from on_gpu import draw, packages_in

SHAPE = (1, 300, 2, 64, 16)  # batch, length, heads, channels, channels of q and k


def passes(package: str, many: int | None) -> None:
    """A forward and a backward pass in each dtype."""
    kernels, rows = (importlib.import_module(f"{package}.{name}") for name in ("kernels", "rows"))
    if many and hasattr(kernels, "MANY"):
        vars(kernels)["MANY"] = many
    for dtype in (torch.float32, torch.bfloat16):
        inputs = [value.to(dtype).requires_grad_() for value in draw(kernels, rows, SHAPE, "cuda").values()]
        y = kernels.mix(*inputs)
        if y.requires_grad:
            torch.autograd.grad(y.sum(), inputs, materialize_grads=True)
    torch.cuda.synchronize()


def checked(tool: str, package: str, options: argparse.Namespace) -> bool:
    """Prints what a tool says of one package; kernels have been compiled before."""
    command = [options.sanitizer, "--tool", tool, "--error-exitcode", "9", *_alone(package, options)]
    begun = time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=options.limit)
        said = (done.stdout.strip().splitlines() or done.stderr.strip().splitlines() or ["nothing"])[-1]
        passed = done.returncode == 0
    except subprocess.TimeoutExpired:
        said, passed = f"did not end in {options.limit:.0f} s", False
    verdict = "ok" if passed else "FAILED"
    print(f"{tool:10} {package:32} {time.monotonic() - begun:5.0f} s  {said}  {verdict}", flush=True)
    return passed


def compiled(package: str, options: argparse.Namespace) -> None:
    """The passes without a tool, which leaves their kernels in Triton's cache."""
    subprocess.run(_alone(package, options), capture_output=True, timeout=options.limit)


def _alone(package: str, options: argparse.Namespace) -> list[str]:
    many = ["--many", str(options.many)] if options.many else []
    return [sys.executable, "-W", "ignore", __file__, str(options.folder), "--passes", package, *many]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="holds the built packages")
    parser.add_argument("--only", nargs="*", help="names of packages")
    parser.add_argument("--tools", nargs="*", default=["memcheck", "racecheck"])
    parser.add_argument("--sanitizer", default="compute-sanitizer", help="where compute-sanitizer is")
    parser.add_argument("--many", type=int, help="chunks from which on rows that others read are solved first")
    parser.add_argument("--jobs", type=int, default=4, help="processes at a time")
    parser.add_argument("--limit", type=float, default=300, help="seconds for each")
    parser.add_argument("--passes", help="runs the passes of this package, without a tool")
    options = parser.parse_args()
    sys.path.insert(0, str(options.folder))
    if options.passes:
        passes(options.passes, options.many)
        return 0
    if shutil.which(options.sanitizer) is None:
        parser.error(f"no {options.sanitizer} here: it comes with the CUDA toolkit; say where with --sanitizer")
    packages = packages_in(options.folder, options.only)
    works = [(tool, package) for tool in options.tools for package in packages]
    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(lambda package: compiled(package, options), packages))
        found = list(pool.map(lambda work: checked(*work, options), works))
    print(f"{sum(found)} of {len(found)} found nothing")
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(main())
