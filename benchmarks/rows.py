"""What is to be reached: each row compares one figure of ours with those of peers in the same run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Phase = Literal["forward", "forward + backward", "decode"]
FORWARD: Phase = "forward"
BOTH: Phase = "forward + backward"
DECODE: Phase = "decode"

SHORT, MEDIUM, LONG = (4, 8192), (1, 32768), (1, 131072)  # batch, tokens
SWEEP = (4096, 8192, 16384, 32768, 65536, 131072)  # tokens of one sequence, for growth with the length
DECODED = (8192, 32768, 131072, 1048576)  # tokens before a decoded one


@dataclass(frozen=True)
class Row:
    """``bar``: how many times the time of the fastest of ``peers`` must be ours, at least."""

    subject: str
    phase: Phase
    shape: tuple[int, int]
    peers: tuple[str, ...]
    bar: float


ROWS = (
    Row("powers", FORWARD, SHORT, ("cudnn",), 3.5),
    Row("powers", FORWARD, MEDIUM, ("cudnn",), 8),
    Row("powers", FORWARD, LONG, ("cudnn",), 30),
    Row("powers", BOTH, SHORT, ("cudnn",), 4),
    Row("powers", BOTH, MEDIUM, ("cudnn",), 8),
    Row("powers", BOTH, LONG, ("cudnn",), 25),
    Row("squares", FORWARD, MEDIUM, ("cudnn",), 1.5),
    Row("compact_powers", FORWARD, MEDIUM, ("powers",), 1),
    Row("compact_squares", FORWARD, MEDIUM, ("squares",), 1),
    Row("compact_powers", BOTH, MEDIUM, ("powers",), 1),
    Row("compact_squares", BOTH, MEDIUM, ("squares",), 1),
    Row("dense", FORWARD, SHORT, ("deltaformer",), 14),
    Row("dense", FORWARD, SHORT, ("cudnn",), 1 / 1.7),
    Row("dense", FORWARD, MEDIUM, ("cudnn",), 1 / 1.7),
    Row("dense", BOTH, SHORT, ("cudnn",), 1 / 2),
    Row("dense", BOTH, MEDIUM, ("cudnn",), 1 / 2),
    Row("first_order", FORWARD, SHORT, ("hgrn",), 3),
    Row("first_order", FORWARD, MEDIUM, ("hgrn",), 3),
    Row("first_order", BOTH, SHORT, ("hgrn",), 3),
    Row("first_order", BOTH, MEDIUM, ("hgrn",), 3),
    Row("powers_attention", FORWARD, MEDIUM, ("cudnn", "flex_powers"), 2),
    Row("squares_attention", FORWARD, MEDIUM, ("cudnn", "flex_squares"), 2),
    Row("powers", DECODE, LONG, ("cache",), 15),
)
