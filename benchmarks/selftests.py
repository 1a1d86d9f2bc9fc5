"""Run the self-test of every built package on the device at hand, several at a time, and print a table.

    for file in examples/*.glm; do glmc build $file -o build/examples; done
    python benchmarks/selftests.py --packages build/examples

Needs torch (and triton on a GPU), not glmc. Exits 1 if any self-test fails; --logs keeps what each printed.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch


def selftest(folder: Path, name: str, options: list[str], limit: float) -> tuple[str, int, float, str]:
    """Name, exit status (124: ran out of time), seconds and output of one package's self-test."""
    start = time.monotonic()
    command = [sys.executable, "-m", f"{name}.selftest", *options]
    try:
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=limit)
        status, output = run.returncode, run.stdout + run.stderr
    except subprocess.TimeoutExpired as expired:
        status, output = 124, str(expired)
    return name, status, time.monotonic() - start, output


def versions() -> str:
    """The machine and the libraries, for the record."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or "CPU"
    try:
        triton = version("triton")
    except PackageNotFoundError:
        triton = "none"
    return f"{device}; Python {platform.python_version()}, torch {torch.__version__}, triton {triton}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=Path, required=True, help="folder that holds built packages")
    parser.add_argument("--jobs", type=int, default=4, help="self-tests at a time (default: 4)")
    parser.add_argument("--limit", type=float, default=300, help="seconds for each (default: 300)")
    parser.add_argument("--quick", action="store_true", help="pass --quick on")
    parser.add_argument("--logs", type=Path, help="folder for each self-test's output")
    arguments = parser.parse_args()

    print(versions())
    names = sorted(path.parent.name for path in arguments.packages.glob("*/manifest.json"))
    options = ["--quick"] if arguments.quick else []
    failed = []
    with ThreadPoolExecutor(arguments.jobs) as pool:
        runs = pool.map(lambda name: selftest(arguments.packages, name, options, arguments.limit), names)
        for name, status, elapsed, output in runs:
            print(
                f"{name:28} {'passed' if status == 0 else f'FAILED ({status})':12} {elapsed:6.1f} s",
                flush=True,
            )
            if status:
                failed.append(name)
                print("\n".join(f"    {line}" for line in output.splitlines()[-12:]))
            if arguments.logs:
                arguments.logs.mkdir(parents=True, exist_ok=True)
                (arguments.logs / f"{name}.txt").write_text(output)
    print(f"{len(names) - len(failed)} of {len(names)} self-tests passed")
    sys.exit(bool(failed) or not names)


if __name__ == "__main__":
    main()
