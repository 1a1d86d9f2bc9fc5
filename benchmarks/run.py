"""Measure built mixers beside their peers, in one run: every row that is to be reached, and growth with the length.

    glmc build benchmarks/mixers.glm -o build/bench
    python -m benchmarks.run --packages build/bench --json build/bench.json

Measuring needs torch and triton alone, so that packages built elsewhere can be carried to a machine without glmc; peers
that are not installed are skipped. Each subject is prepared in a process of its own, several at a time, and then has
the device to itself. `--device cpu --quick` goes through the same at tiny sizes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.measure import CACHE, ERRORS, Setting, microseconds, serve, subjects
from benchmarks.mixers import MIXERS
from benchmarks.peers import PEERS
from benchmarks.rows import DECODE, FORWARD, ROWS, Row

PEAK_FLOPS = 989e12  # dense bfloat16 products of an H100 or H200 (SXM)
MEASURED = ("cudnn", *MIXERS, "hgrn", "deltaformer", "flex_powers", "flex_squares", CACHE, "flash", "simple_gla")
FITTED = 16384  # tokens from which on growth is fitted: shorter sequences leave the device idle


@dataclass(frozen=True)
class Limits:
    """``jobs``: subjects prepared at a time; ``prepare`` and ``measure``: seconds for all of them."""

    jobs: int
    prepare: float
    measure: float


@dataclass
class Run:
    """What has been found so far: figures and failures by (subject, phase, batch, length), reasons by subject."""

    figures: dict[tuple[str, str, int, int], dict[str, Any]] = field(default_factory=dict)
    failures: dict[tuple[str, str, int, int], str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    errors: dict[str, dict[str, float]] = field(default_factory=dict)

    def take(self, subject: str, kind: str, value: Any) -> None:
        match kind:
            case "ready":
                self.errors[subject] = value
            case "skipped":
                self.skipped[subject] = value
            case "figure":
                self.figures[subject, value["phase"], value["batch"], value["length"]] = value
            case "failed":
                *key, reason = value
                self.failures[subject, *key] = reason


# -- measuring -----------------------------------------------------------------------------------------------


def collect(run: Run, setting: Setting, names: list[str], limits: Limits) -> Iterator[str]:
    """Prepares the subjects, several at a time, then measures one after the other with nothing beside it.

    Yields once all are prepared, and after each subject. What takes longer than the limits is given up.
    """
    context = multiprocessing.get_context("spawn")
    started: dict[str, tuple[Any, Connection]] = {}
    waiting: dict[Connection, str] = {}
    until = time.monotonic() + limits.prepare
    while (queued := [name for name in names if name not in started]) or waiting:
        for name in queued[: limits.jobs - len(waiting)]:
            ours, theirs = context.Pipe()
            process = context.Process(target=serve, args=(name, setting, theirs), daemon=True)
            process.start()
            theirs.close()
            started[name] = process, ours
            waiting[ours] = name
        progress(len(started) - len(waiting), 2 * len(names), "prepared")
        heard = [found for found in wait(list(waiting), until - time.monotonic()) if isinstance(found, Connection)]
        for connection in heard or list(waiting):
            hear(run, waiting.pop(connection), connection, time.monotonic())
    for name in run.skipped:
        started[name][0].kill()
    yield "prepared"
    until = time.monotonic() + limits.measure
    for number, name in enumerate(sorted(started, key=MEASURED.index)):
        progress(len(names) + number, 2 * len(names), name)
        process, connection = started[name]
        if name not in run.skipped:
            connection.send("go")
            while hear(run, name, connection, until) in ("figure", "failed"):
                pass
        process.kill()
        process.join()
        yield name
    progress(2 * len(names), 2 * len(names), "done")


def hear(run: Run, name: str, connection: Connection, until: float) -> str:
    """Takes what a subject says next, its silence or end included; what kind of word that was."""
    kind, value = "skipped", "ran out of time"
    try:
        if connection.poll(max(0.0, until - time.monotonic())):
            kind, value = connection.recv()
    except (EOFError, OSError):
        value = "its process ended"
    run.take(name, kind, value)
    return kind


def progress(done: int, total: int, name: str) -> None:
    """A bar on a terminal, a line elsewhere."""
    bar = "#" * done + "." * (total - done)
    print(f"\r[{bar}] {name:20}", end="" if sys.stderr.isatty() and done < total else "\n", file=sys.stderr, flush=True)


def bandwidth(setting: Setting) -> float:
    """Bytes per second that a copy reads and writes."""
    size = 2**30 if setting.device == "cuda" else 2**22
    source = torch.randint(255, (size,), dtype=torch.uint8, device=setting.device)
    target = torch.empty_like(source)
    return 2 * size / microseconds(lambda: target.copy_(source), setting) * 1e6


# -- what was found ------------------------------------------------------------------------------------------


def report(run: Run, setting: Setting, names: list[str], copy: float) -> dict[str, Any]:
    """All that has been found, as JSON holds it."""
    on_gpu = setting.device == "cuda"
    grown = [name for name in (*MIXERS, *PEERS) if any((name, FORWARD, 1) == key[:3] for key in run.figures)]
    return {
        "machine": torch.cuda.get_device_name() if on_gpu else f"CPU, {torch.get_num_threads()} threads",
        "versions": versions(),
        "heads": setting.heads,
        "channels": setting.channels,
        "dtype": str(setting.dtype)[6:],
        "shrink": setting.shrink,
        "bandwidth": copy,
        "rows": [compared(run, row, copy) for row in ROWS if row.subject in names],
        "growth": [growth(run, name, Path(setting.packages), FITTED) for name in grown],
        "errors": {name: errors for name, errors in run.errors.items() if errors},
        "figures": list(run.figures.values()),
        "skipped": run.skipped,
    }


def compared(run: Run, row: Row, copy: float) -> dict[str, Any]:
    """One row: ours, the peers', the ratio and its bar, the floors, and how near ours comes to the higher one."""
    where = (row.phase, *row.shape)
    found: dict[str, Any] = {
        "subject": row.subject,
        "phase": row.phase,
        "batch": row.shape[0],
        "length": row.shape[1],
        "peers": {
            peer: run.figures[peer, *where]["microseconds"] for peer in row.peers if (peer, *where) in run.figures
        },
        "bar": row.bar,
        "missing": {name: reason for name in (row.subject, *row.peers) if (reason := _missing(run, name, where))},
    }
    ours = run.figures.get((row.subject, *where))
    if ours is not None:
        found |= {"microseconds": ours["microseconds"], "peak": ours["peak"], "held": ours["held"]}
        found |= {"host": ours["host"], "launches": ours["launches"]}
        if ours["moved"] is not None:
            found["byte_floor"] = ours["moved"] / copy * 1e6
            found["flop_floor"] = ours["flops"] / PEAK_FLOPS * 1e6
            found["achieved"] = max(found["byte_floor"], found["flop_floor"]) / ours["microseconds"]
        if found["peers"]:
            found["ratio"] = min(found["peers"].values()) / ours["microseconds"]
            found["reached"] = found["ratio"] >= row.bar
    return found


def _missing(run: Run, name: str, where: tuple[str, int, int]) -> str | None:
    if (name, *where) in run.figures:
        return None
    return run.failures.get((name, *where), run.skipped.get(name, "not measured"))


def growth(run: Run, name: str, packages: Path, fitted: int) -> dict[str, Any]:
    """The exponent of time in the length beside that of the entries, both by least squares in logarithms."""
    points = sorted(
        (length, figure["microseconds"])
        for (subject, phase, batch, length), figure in run.figures.items()
        if (subject, phase, batch) == (name, FORWARD, 1)
    )
    kept = [(length, time) for length, time in points if length >= fitted]
    found: dict[str, Any] = {"subject": name, "points": points}
    if len(kept) > 1:
        found["exponent"] = slope(kept)
    if name in MIXERS:
        found["derived"] = derived_total(packages / name)
        found["entries_exponent"] = slope([(length, MIXERS[name].entries(length)) for length, _ in kept or points])
    return found


def slope(points: list[tuple[int, float]]) -> float | None:
    """The exponent a of the power n^a that fits best."""
    if len(points) < 2:
        return None
    lengths, values = np.log(np.array(points, float)).T
    return float(np.polyfit(lengths, values, 1)[0])


def derived_total(package: Path) -> str:
    """The total that glmc derived, from the head of a generated file."""
    lines = (package / "operator.py").read_text().splitlines()
    return next((line[1:].split(maxsplit=1)[1] for line in lines if line.startswith("# total ")), "unknown")


# -- printing ------------------------------------------------------------------------------------------------


def title(name: str) -> str:
    if name == CACHE:
        return "SDPA over a KV cache"
    return MIXERS[name].title if name in MIXERS else PEERS[name].title


def print_rows(rows: list[dict[str, Any]]) -> None:
    heads = ("batch × tokens", "ours µs", "peer µs", "ratio", "bar", "", "floor µs", "achieved", "host µs", "memory")
    print(f"\n{'':46}{heads[0]:>14}" + "".join(f"{head:>10}" for head in heads[1:]))
    for row in rows:
        peers = ", ".join(title(peer) for peer in row["peers"]) or "no peer"
        what = f"{title(row['subject'])}, {row['phase']}"
        ours = row.get("microseconds")
        print(f"{what:46}{row['batch']:>4} × {row['length']:<7}{_number(ours)}", end="")
        print(
            "".join(f"{_number(value)}" for value in ([min(row["peers"].values())] if row["peers"] else [None])), end=""
        )
        verdict = {True: "reached", False: "missed", None: "–"}[row.get("reached")]
        print(f"{_number(row.get('ratio'), 2)}{row['bar']:>10.2f}{verdict:>10}", end="")
        floor = max(row["byte_floor"], row["flop_floor"]) if "byte_floor" in row else None
        memory = row["peak"] / row["held"] if row.get("peak") else None
        achieved = f"{row['achieved']:>10.0%}" if "achieved" in row else f"{'–':>10}"
        print(f"{_number(floor)}{achieved}{_number(row.get('host'), 0)}{_number(memory, 2)}   {peers}")
        for name, reason in row["missing"].items():
            print(f"{'':8}{title(name)}: {reason}")


def _number(value: float | None, digits: int = 1) -> str:
    return f"{'–':>10}" if value is None else f"{value:>10.{digits}f}"


def print_growth(found: list[dict[str, Any]]) -> None:
    lengths = sorted({length for growth in found for length, _ in growth["points"]})
    print(f"\n{'forward, µs by tokens':26}" + "".join(f"{length:>9}" for length in lengths), end="")
    print(f"{'exponent':>10}{'entries':>9}  derived total")
    for growth in found:
        times = dict(growth["points"])
        print(f"{title(growth['subject']):26}", end="")
        print("".join(f"{times[n]:>9.0f}" if n in times else f"{'–':>9}" for n in lengths), end="")
        exponents = (growth.get("exponent"), growth.get("entries_exponent"))
        print("".join(f"{'–':>10}" if e is None else f"{e:>10.2f}" for e in exponents), growth.get("derived", ""))


def print_errors(errors: dict[str, dict[str, float]]) -> None:
    print(f"\n{'error':26}" + "".join(f"{kind:>28}" for kind in ERRORS) + "   (bfloat16: beside the least possible)")
    for name, found in errors.items():
        if found:
            single, half = ([found[kind] for kind in ERRORS[part]] for part in (slice(2), slice(2, None)))
            print(f"{title(name):26}" + "".join([*(f"{e:>28.1e}" for e in single), *(f"{e:>28.2f}" for e in half)]))


def print_decode(run: Run) -> None:
    print(f"\n{'decode, µs':26}{'tokens':>10}{'µs':>10}{'launches':>10}")
    for (name, phase, _, length), figure in sorted(run.figures.items()):
        if phase == DECODE:
            print(f"{title(name):26}{length:>10}{figure['microseconds']:>10.2f}{figure['launches'] or '–':>10}")


def versions() -> dict[str, str]:
    """The libraries, for the record."""
    found = {"Python": platform.python_version(), "torch": torch.__version__}
    for name in ("triton", "fla-core"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=Path, required=True, help="folder that holds built packages")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--quick", action="store_true", help="lengths 128 times less, few heads and channels")
    parser.add_argument("--only", nargs="+", choices=subjects(), metavar="SUBJECT", help=", ".join(subjects()))
    parser.add_argument("--jobs", type=int, default=16, help="subjects prepared at a time (default: 16)")
    parser.add_argument("--prepare", type=float, default=240, help="seconds for all preparation (default: 240)")
    parser.add_argument("--measure", type=float, default=240, help="seconds for all measuring (default: 240)")
    parser.add_argument("--budget", type=float, default=0.1, help="seconds a figure (default: 0.1)")
    parser.add_argument("--json", type=Path, help="also write what is found here, after every subject")
    arguments = parser.parse_args()

    heads, channels, shrink = (2, 16, 128) if arguments.quick else (16, 64, 1)
    setting = Setting(arguments.device, heads, channels, shrink, str(arguments.packages), arguments.budget)
    names = [name for name in subjects() if arguments.only is None or name in arguments.only]
    run, limits = Run(), Limits(arguments.jobs, arguments.prepare, arguments.measure)
    copy = 0.0
    for _ in collect(run, setting, names, limits):
        copy = copy or bandwidth(setting)
        found = report(run, setting, names, copy)
        if arguments.json:
            arguments.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    listed = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    print(
        f"{found['machine']}; {listed}; {heads} heads of {channels}, {found['dtype']}; a copy: {copy / 1e12:.2f} TB/s"
    )
    print_rows(found["rows"])
    print_growth(found["growth"])
    print_decode(run)
    print_errors(found["errors"])
    for name, reason in run.skipped.items():
        print(f"{title(name)}: {reason}")


if __name__ == "__main__":
    main()
