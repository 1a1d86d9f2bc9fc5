"""Runs every mixer's kernels in Triton's interpreter, which takes a process of its own.

Prints, as JSON, by mixer: the errors of the output and of every gradient against the dense float64 meaning,
whose gradients are central differences; and whether a second run agrees bit for bit. `torch.empty` holds NaN.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from fractions import Fraction

import torch

from glmc.pattern.interpret import interpret
from tests.kernels.mixers import BY_CHUNKS, BY_DISTANCE, BY_SCAN, BY_SLOT, BY_TILE, GATHERED, MIXERS
from tests.kernels.packages import Inputs, bounds, draw, kernels, pattern, slots

LENGTHS = (41, 1, 2, 27)  # packed; chunks have 16 rows by slot and by scan
LONG = (201, 1, 40)  # packed; longer than the distances that go by tiles
LENGTHS_BY_TILE = (131, 1, 2, 33)  # chunks have 32
STEP = 1e-5
NORMED = ("past_keys", "window_read", "recurrence_joint")  # whose norms are found with the outputs


def meaning(name: str, inputs: Inputs, lengths: tuple[int, ...]) -> torch.Tensor:
    """The dense float64 result of each sequence by itself."""
    whole = replace(pattern(name), groups=(replace(pattern(name).groups[0], fraction=Fraction(1)),))
    pieces = zip(
        *(value.split(lengths, 1) if key != "const" else [value] * len(lengths) for key, value in inputs.items()),
        strict=True,
    )
    rows = [interpret(whole, dict(zip(inputs, map(torch.Tensor.numpy, piece), strict=True))) for piece in pieces]
    return torch.cat([torch.from_numpy(row) for row in rows], 1)


def run(name: str, inputs: Inputs, lengths: tuple[int, ...], grad: torch.Tensor) -> list[torch.Tensor]:
    """The output and the gradients of all inputs."""
    starts, stops = bounds(lengths) if len(lengths) > 1 else (None, None)
    leaves = [value.detach().clone().requires_grad_() for value in inputs.values()]
    y = kernels(name).mix(*leaves, starts, stops)
    return [y.detach(), *torch.autograd.grad(y, leaves, grad.to(y.dtype), materialize_grads=True)]


def compare(
    name: str, lengths: tuple[int, ...], dtype: torch.dtype = torch.float32, heads: int = 1
) -> dict[str, float | bool]:
    logits = None if len(lengths) == 1 else slots(name, max(lengths))  # packed, fewer than all tokens would need
    inputs = {key: value.to(dtype) for key, value in draw(name, (1, sum(lengths), heads, 20, 16), logits).items()}
    exact = {key: value.double() for key, value in inputs.items()}
    want = meaning(name, exact, lengths)
    grad = torch.randn(want.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    first, second = run(name, inputs, lengths, grad), run(name, inputs, lengths, grad)
    with torch.no_grad():
        leaves = [value.clone().requires_grad_() for value in inputs.values()]
        alone = kernels(name).mix(*leaves, *(bounds(lengths) if len(lengths) > 1 else ()))
    found: dict[str, float | bool] = {
        "y": float((first[0].double() - want).abs().max()),
        "repeats": all(map(torch.equal, first, second)) and torch.equal(first[0], alone),
    }
    for (key, value), got in zip(exact.items(), first[1:], strict=True):
        direction = torch.randn(value.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
        direction = STEP * direction / direction.norm()
        above, below = (meaning(name, {**exact, key: value + sign * direction}, lengths) for sign in (1, -1))
        slope = ((above - below) * grad).sum() / (2 * STEP)
        found[key] = float(((got.double() * direction).sum() / STEP - slope).abs() / slope.abs().clamp(min=1.0))
    return found


def forward(name: str, length: int) -> dict[str, float | bool]:
    """The error of the output alone, in bfloat16, where gradients would take long."""
    inputs = {key: value.bfloat16() for key, value in draw(name, (1, length, 1, 20, 16)).items()}
    y = kernels(name).mix(*inputs.values())
    want = meaning(name, {key: value.double() for key, value in inputs.items()}, (length,))
    return {"y": float((y.double() - want).abs().max()), "repeats": True}


def sharp(name: str) -> dict[str, float]:
    """Gradients in bfloat16 where rows have nearly all their weight in one entry: relative errors.

    All that is left of those of scores is differences of nearly equal terms. Beside autograd of the dense meaning.
    """
    generator = torch.Generator().manual_seed(0)
    x, q, k, grad = (
        (scale * torch.randn(1, 100, 1, 64, generator=generator)).bfloat16() for scale in (1.0, 3.0, 1.5, 1.0)
    )
    inputs = {"x": x, "q": q if name == "recurrence_joint" else k.clone(), "k": k}
    if name == "past_keys":
        del inputs["q"]
    leaves = [value.requires_grad_() for value in inputs.values()]
    got = torch.autograd.grad(kernels(name).mix(*leaves), leaves, grad)
    exact = {key: value.detach().double().requires_grad_() for key, value in inputs.items()}
    values, right = (exact[key][0, :, 0] for key in ("x", "k"))
    left = exact.get("q", exact["k"])[0, :, 0]
    present = torch.ones(100, 100, dtype=torch.bool).tril()
    if name == "window_read":
        present = present.triu(-39)
    weights = (left @ right.T / 8).masked_fill(~present, -torch.inf).softmax(1)
    if name == "recurrence_joint":
        own = weights.diagonal()[:, None] * values
        y = torch.linalg.solve(torch.eye(100, dtype=torch.float64) - weights.tril(-1), own)
    else:
        y = weights @ values
    want = torch.autograd.grad(y, list(exact.values()), grad[0, :, 0].double())
    pairs = zip(inputs, got, want, strict=True)
    return {key: float((a.double() - b).norm() / b.norm()) for key, a, b in pairs}


def set_span(rows: int) -> None:
    """Spans of one chunk, which is 64 rows in float32 and 128 in 16 bits."""
    vars(kernels("squares_joint")).update(SPAN=rows)
    kernels("squares_joint")._index.cache_clear()


def set_many(chunks: int) -> None:
    """So many chunks, 128 in what is built, are solved by the rows that they read of each other."""
    for name in GATHERED:
        vars(kernels(name)).update(MANY=chunks, PLACES=8)
        kernels(name).reduced.cache_clear()


def is_reduced(name: str, length: int) -> bool:
    """Whether so many rows are solved by those that later chunks of 64 read."""
    module = kernels(name)
    source = module.index(module.rows.table_b, length, torch.device("cpu")).source
    return module.reduced(source, 64) is not None


def main() -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = True
    for name in BY_SCAN:  # so that short sequences have several chunks, and those several blocks
        vars(kernels(name)).update(CHUNK=16, STATES=2)
    for name in BY_SLOT:  # so that short sequences have several spans of columns
        if hasattr(kernels(name), "COLUMNS"):
            vars(kernels(name)).update(COLUMNS=32)
    for name in BY_CHUNKS:  # so that those have several parts of coefficients where none are kept for gradients
        vars(kernels(name)).update(ROWS=32)
    set_span(64)
    names = sys.argv[1:] or [*MIXERS]
    found: dict[str, dict[str, float | bool]] = {}
    found |= {f"{name} packed": compare(name, LENGTHS_BY_TILE if name in BY_TILE else LENGTHS) for name in names}
    found |= {f"{name} long": compare(name, LONG) for name in names if name in BY_DISTANCE}
    found |= {f"{name} gathered": compare(name, (150,), heads=2) for name in names if name in GATHERED}
    found |= {f"{name} one": compare(name, (1,), heads=2) for name in names}
    set_many(2)
    assert all(is_reduced(name, 150) for name in GATHERED)
    found |= {f"{name} reduced": compare(name, (150,), heads=2) for name in names if name in GATHERED}
    set_many(128)
    set_span(512)
    found |= {f"{name} chunks": forward(name, 600) for name in names if name in BY_CHUNKS}
    set_span(128)
    found |= {f"{name} bfloat16": compare(name, (67,), torch.bfloat16, heads=2) for name in names[::6]}
    found |= {f"{name} sharp": sharp(name) for name in names if name in NORMED}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
