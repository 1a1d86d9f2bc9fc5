"""From a .glm file to a trained language model: what `make demo` runs."""

from __future__ import annotations

import argparse
import importlib
import inspect
import os
import subprocess
import sys
import time
from pathlib import Path

import torch
from byte_model import ByteModel, bits_per_byte, sample, standard_library_text
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

EXAMPLES = Path(__file__).parent
LENGTH, BATCH, WIDTH, HEADS, DEPTH = 256, 8, 128, 4, 2

console = Console()


def glmc(*arguments: str) -> None:
    """Run the command line as a user would, and show the command."""
    console.print(f"\n[bold]$ glmc {' '.join(arguments)}[/bold]", highlight=False)
    subprocess.run([sys.executable, "-m", "glmc", *arguments], check=True)


def train(model: ByteModel, seconds: float) -> None:
    text, held_out = standard_library_text()
    generator = torch.Generator().manual_seed(0)
    validation = sample(held_out, 16, LENGTH, generator)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    console.print(f"\nTraining on {len(text) / 1e6:.1f} MB of the Python standard library's sources")
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[loss]}"),
        TimeRemainingColumn(),
        console=console,
    )
    with bar:
        task = bar.add_task("bits per byte", total=seconds, loss="")
        start, step, reported = time.monotonic(), 0, -1
        while (elapsed := time.monotonic() - start) < seconds:
            for group in optimizer.param_groups:
                group["lr"] = 3e-3 * min(1.0, (step + 1) / 20) * (1 - 0.9 * elapsed / seconds)
            loss = bits_per_byte(model, sample(text, BATCH, LENGTH, generator))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            step += 1
            bar.update(task, completed=elapsed, loss=f"step {step}: {loss.item():.2f}")
            if (tenth := int(10 * elapsed / seconds)) > reported:
                reported = tenth
                with torch.no_grad():
                    score = bits_per_byte(model, validation).item()
                bar.console.print(f"  {elapsed:4.0f} s, step {step:4d}: {score:.3f} bits per byte on held-out files")
    with torch.no_grad():
        console.print(f"  held-out, at the end: {bits_per_byte(model, validation).item():.3f} bits per byte")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="training time (default: 60)")
    parser.add_argument("--mixer", default="power_of_two", help="which example to train (default: power_of_two)")
    parser.add_argument("--output", type=Path, default=Path("build/demo"), help="where the package goes")
    arguments = parser.parse_args()

    source = os.path.relpath(EXAMPLES / f"{arguments.mixer}.glm")
    glmc("analyze", source)
    glmc("build", source, "-o", str(arguments.output))

    sys.path.insert(0, str(arguments.output))
    package = importlib.import_module(arguments.mixer)
    layer = getattr(package, "".join(word.capitalize() for word in arguments.mixer.split("_")))
    console.print(f"\n[bold]from {arguments.mixer} import {layer.__name__}[/bold]", highlight=False)

    torch.manual_seed(0)
    # a layer whose logits belong to slots asks how many there may be
    options = {"max_length": 2 * LENGTH} if "max_length" in inspect.signature(layer).parameters else {}
    model = ByteModel(lambda: layer(d_model=WIDTH, num_heads=HEADS, **options), WIDTH, DEPTH)
    console.print(f"{sum(p.numel() for p in model.parameters()) / 1e3:.0f} thousand parameters, {DEPTH} layers")
    train(model, arguments.seconds)

    console.print("\nGenerated through the decode state, one step a byte:\n")
    console.print(model.generate(b"def ", 200).decode("utf-8", "replace"), markup=False, highlight=False)
    console.print(
        f"\nTry next: edit {source} (another index map, say k^2 + 1), run `make demo` again;\n"
        "or `glmc analyze examples/squares_compact.glm`; or write your own, starting from docs/language.md."
    )


if __name__ == "__main__":
    main()
