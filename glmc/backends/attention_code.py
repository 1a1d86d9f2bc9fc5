"""Prints softmax attention over inputs at fixed distances."""

from __future__ import annotations

from collections.abc import Iterator

from glmc.backends.expressions import print_number
from glmc.backends.tile_code import is_scaled, times, unit_vectors, vectors_of
from glmc.backends.weight_code import VECTOR
from glmc.pattern.nodes import Gate
from glmc.plan.nodes import Attention


def attention_statements(attention: Attention) -> Iterator[str]:
    """The body of `mix`."""
    left, right = VECTOR[attention.dot.left], VECTOR[attention.dot.right]
    units = {left, right} & {"unit_q", "unit_k"}
    yield from unit_vectors(units)
    for name in sorted(units):
        yield f"{name} = {name}.to(x.dtype)"
    scale = "" if attention.scale == 1 else print_number(attention.scale)
    if is_scaled(attention.dot):
        scale = " * ".join((*filter(None, [scale]), f"{left}.shape[-1] ** -0.5"))
    yield f"scale = {scale or '1.0'}"
    vectors = vectors_of(attention.dot)
    factor = times(attention.factor, {Gate(): "gate.float()[..., None]"})
    if factor:
        yield f"u = {factor}Attend.apply(at, {vectors}, scale, x, torch.float32)"
        yield "return u.to(x.dtype)"
    else:
        yield f"return Attend.apply(at, {vectors}, scale, x, x.dtype)"
