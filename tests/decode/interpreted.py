"""Runs the Triton step of every mixer in Triton's interpreter, which takes a process of its own.

Prints, as JSON, by mixer and dtype: the largest error against the dense float64 meaning, whether rows beyond
max_length are NaN and leave the state as it was, and whether the plain-torch step leaves the same state.
"""

from __future__ import annotations

import json
import sys

import torch

from tests.decode.mixers import MIXERS, Mixer
from tests.decode.test_decode import draw_inputs, meaning, new_state, operator, piece, submodule

LENGTH, HEADS = 20, 2


def run(mixer: Mixer, dtype: torch.dtype) -> dict[str, float | bool]:
    op = operator(mixer)
    inputs = {
        name: value[:HEADS] if name == "const" else value[:, :, :HEADS]
        for name, value in draw_inputs(op, LENGTH + 1, dtype).items()
    }
    want = meaning(mixer.source, {name: value.double() for name, value in inputs.items()})
    step, plain_step = submodule(mixer, "decode").step, submodule(mixer, "state").step
    state, plain = new_state(op, inputs, LENGTH), new_state(op, inputs, LENGTH)
    rows = []
    for t in range(LENGTH):
        token = tuple(piece(inputs, t, t + 1).values())
        rows.append(step(state, *token))
        plain_step(plain, *token)
    before = {name: value.clone() for name, value in vars(state).items() if isinstance(value, torch.Tensor)}
    beyond = step(state, *piece(inputs, LENGTH, LENGTH + 1).values())
    return {
        "error": float((torch.cat(rows, 1).double() - want[:, :LENGTH]).abs().max()),
        "beyond": bool(beyond.isnan().all()),
        "kept": all(torch.equal(value, getattr(state, name)) for name, value in before.items()),
        "apart": max(float((value - getattr(plain, name)).abs().max()) for name, value in before.items()),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    found = {
        f"{mixer.name} {dtype}": run(mixer, dtype)
        for mixer in MIXERS
        for dtype in (torch.float32, torch.bfloat16)
        if dtype == torch.float32 or mixer.name in ("history", "ring", "past_of_both", "state_space")
    }
    json.dump(found, sys.stdout)
