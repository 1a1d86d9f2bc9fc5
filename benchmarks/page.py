"""Write docs/benchmarks.md and its figure from what a run found.

python -m benchmarks.page build/bench.json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill
from typing import Any

from benchmarks.measure import CACHE, ERRORS
from benchmarks.mixers import MIXERS
from benchmarks.run import FITTED, PEAK_FLOPS, title

DOCS = Path(__file__).parents[1] / "docs"
COMMAND = """    glmc build benchmarks/mixers.glm -o build/bench
    python -m benchmarks.run --packages build/bench --json build/bench.json
    python -m benchmarks.page build/bench.json"""


def page(found: dict[str, Any]) -> Iterator[str]:
    """The paragraphs of docs/benchmarks.md."""
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    yield "# Benchmarks"
    yield f"One run of the commands below, on one {found['machine']}; {versions}."
    yield COMMAND
    yield (
        f"{found['heads']} heads of {found['channels']} channels, {found['dtype']}, random inputs. A time is the "
        "median of several calls, between two events on the device, with cold caches; the device is kept busy until "
        "the host has sent the whole call, so that *host* tells apart how long that takes. "
        f"A copy moves {found['bandwidth'] / 1e12:.2f} TB/s there. Every subject, ours or a peer, has a process of its "
        "own and, once all are compiled, the device to itself. The mixers are those of "
        "[mixers.glm](../benchmarks/mixers.glm); fla's gates are per channel where ours are per head."
    )
    yield "## Beside peers"
    yield (
        "*Ratio*: the fastest peer's time over ours; *bar*: what it is to reach. *Floor*: inputs, outputs and "
        "gradients moved once (inputs twice with backward) at the speed of the copy, or the products of the entries at "
        f"{PEAK_FLOPS / 1e12:.0f} Tflop/s, whichever is more. *Memory*: the peak over inputs, outputs and gradients."
    )
    yield table(
        (
            "work",
            "batch × tokens",
            "ours, µs",
            "peer, µs",
            "ratio",
            "bar",
            "",
            "floor, µs",
            "of it",
            "host, µs",
            "memory",
        ),
        [compared(row) for row in found["rows"]],
    )
    missing = [f"- {title(name)}: {reason}" for name, reason in sorted(missed(found["rows"]).items())]
    if missing:
        yield "Not measured:"
        yield "\n".join(missing)
    yield "## Growth with the length"
    yield "![Microseconds of a forward pass by tokens, both axes logarithmic](benchmarks.svg)"
    yield (
        f"Forward, one sequence, µs. *Exponent*: the power of the length that fits the times best from {FITTED} tokens "
        "on, beside that of the entries of A and B over the same lengths, and the total that `glmc analyze` derives."
    )
    lengths = sorted({length for growth in found["growth"] for length, _ in growth["points"]})
    yield table(
        ("", *map(str, lengths), "exponent", "entries", "derived"),
        [grown(growth, lengths) for growth in found["growth"]],
    )
    yield "## Decode"
    yield "One step after so many tokens, batch 1, replayed from a CUDA graph, and how many kernels a step launches."
    steps = [figure for figure in found["figures"] if figure["phase"] == "decode"]
    yield table(
        ("", "tokens", "µs", "launches"),
        [
            (title(step["subject"]), str(step["length"]), f"{step['microseconds']:.1f}", str(step["launches"]))
            for step in sorted(steps, key=lambda step: (step["subject"] == CACHE, step["subject"], step["length"]))
        ],
    )
    yield "## Errors"
    yield (
        "Six draws against a dense float64 solve of 1000 tokens that shares no code with glmc, relative to the largest "
        "value; of gradients the worst input's. In float32 the largest error. In bfloat16 the error over the least "
        "that the dtype allows, which is that of an exact solve of rounded inputs, rounded: root mean squares; and the "
        "largest errors, of the draw where they compare worst (one element of each decides)."
    )
    yield table(
        ("", *ERRORS),
        [
            (
                title(name),
                *(f"{error[kind]:.1e}" for kind in ERRORS[:2]),
                *(f"{error[kind]:.2f}" for kind in ERRORS[2:]),
            )
            for name, error in found["errors"].items()
        ],
    )


def compared(row: dict[str, Any]) -> tuple[str, ...]:
    peers = row["peers"]
    fastest = min(peers, key=peers.get) if peers else None
    floor = max(row["byte_floor"], row["flop_floor"]) if "byte_floor" in row else None
    return (
        f"{title(row['subject'])}, {row['phase']}",
        f"{row['batch']} × {row['length']}",
        number(row.get("microseconds")),
        f"{number(peers[fastest])} ({title(fastest)})" if fastest else "–",
        number(row.get("ratio"), 2),
        f"{row['bar']:.2f}",
        {True: "reached", False: "missed", None: "–"}[row.get("reached")],
        number(floor),
        f"{row['achieved']:.0%}" if "achieved" in row else "–",
        number(row.get("host"), 0),
        number(row["peak"] / row["held"] if row.get("peak") else None, 2),
    )


def missed(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {name: reason for row in rows for name, reason in row["missing"].items()}


def grown(growth: dict[str, Any], lengths: list[int]) -> tuple[str, ...]:
    times = dict(growth["points"])
    derived = growth.get("derived", "").rpartition("Theta(")[2].partition("), ")[0]
    return (
        title(growth["subject"]),
        *(number(times.get(length), 0) for length in lengths),
        number(growth.get("exponent"), 2),
        number(growth.get("entries_exponent"), 2),
        f"Θ({derived})" if derived else "",
    )


def number(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, ("---", *("--:" for _ in heads[1:])), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def draw(found: dict[str, Any], target: Path) -> None:
    """Time against tokens, ours as lines and peers dashed."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "glmc"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    for growth in found["growth"]:
        ours = growth["subject"] in MIXERS
        lengths, times = zip(*growth["points"], strict=True)
        style = {"linestyle": "-", "marker": "o"} if ours else {"linestyle": "--", "marker": "x", "alpha": 0.7}
        axes.plot(lengths, times, label=title(growth["subject"]), markersize=4, **style)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlabel("tokens")
    axes.set_ylabel("µs, forward")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(target, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("found", type=Path, help="the JSON of a run")
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder for the page and its figure (default: docs)")
    arguments = parser.parse_args()
    found = json.loads(arguments.found.read_text())
    text = (part if part.startswith((" ", "|", "-", "#")) else fill(part, 120) for part in page(found))
    (arguments.docs / "benchmarks.md").write_text("\n\n".join(text) + "\n")
    draw(found, arguments.docs / "benchmarks.svg")


if __name__ == "__main__":
    main()
