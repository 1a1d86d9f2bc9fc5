"""The mixers' packages, and inputs for them. `python -m tests.kernels.packages FOLDER` builds them all there."""

from __future__ import annotations

import inspect
import sys
from functools import cache
from importlib import import_module
from itertools import accumulate
from types import ModuleType

import torch

import glmc
from glmc.diagnostics import Sink
from glmc.pattern.elaborate import elaborate
from glmc.pattern.nodes import Pattern
from glmc.source import Source
from glmc.syntax.parser import parse
from tests.kernels.mixers import MIXERS, text

Inputs = dict[str, torch.Tensor]


@cache
def kernels(name: str) -> ModuleType:
    """`kernels.py` of a mixer, built for the purpose."""
    return import_module(f"{glmc.load(text(name)).__name__}.kernels")


@cache
def slots(name: str, length: int) -> int:
    count: int = getattr(glmc.load(text(name)), name).slots(length)
    return count


@cache
def pattern(name: str) -> Pattern:
    source = Source("<test>", text(name))
    sink = Sink(source)
    module = parse(source, sink)
    assert module is not None
    return elaborate(module, sink)[-1]


def draw(name: str, shape: tuple[int, int, int, int, int], logits: int | None = None) -> Inputs:
    """Random float32 inputs of `mix` for (batch, length, heads, channels, channels of q and k).

    ``logits`` by slot are one more than the length needs unless given.
    """
    batch, length, heads, channels, key_channels = shape
    logits = slots(name, length) + 1 if logits is None else logits
    sizes = {
        "x": (batch, length, heads, channels),
        "q": (batch, length, heads, key_channels),
        "k": (batch, length, heads, key_channels),
        "gate": (batch, length, heads),
        "slot_gate": (batch, length, heads, logits),
        "const": (heads, logits),
    }
    generator = torch.Generator().manual_seed(0)
    taken = [parameter for parameter in inspect.signature(kernels(name).mix).parameters if parameter in sizes]
    drawn = {parameter: torch.randn(sizes[parameter], generator=generator) for parameter in taken}
    return {parameter: value / 8 if parameter == "const" else value for parameter, value in drawn.items()}


def bounds(lengths: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """First token and end of every token's sequence, int32."""
    ends = torch.tensor(list(accumulate(lengths)), dtype=torch.int32)
    count = torch.tensor(lengths)
    return (ends - count.int()).repeat_interleave(count), ends.repeat_interleave(count)


if __name__ == "__main__":
    for name in MIXERS:
        glmc.build(text(name), sys.argv[1])
