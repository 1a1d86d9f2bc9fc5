"""The measured mixers once more, by hand: their rows, what they count, and a dense float64 solve to compare with.

Shares no code with glmc. Build the packages from mixers.glm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, pairwise, takewhile

import numpy as np
import torch
from torch import Tensor

Columns = Callable[[np.ndarray], np.ndarray]  # rows i [n] -> what they read by slot, int64 [n, slots], -1 where nothing
Map = Callable[[int], int]


def none(i: np.ndarray) -> np.ndarray:
    return np.empty((len(i), 0), np.int64)


def own(i: np.ndarray) -> np.ndarray:
    return i[:, None]


def before(i: np.ndarray) -> np.ndarray:
    return i[:, None] - 1


def past(i: np.ndarray) -> np.ndarray:
    j = np.arange(i.max() + 1)
    return np.where(j < i[:, None], j, -1)


def shifted(f: Map) -> Columns:
    def columns(i: np.ndarray) -> np.ndarray:
        distances = np.array(_values(f, int(i.max())), np.int64)
        return np.maximum(i[:, None] - distances, -1)

    return columns


def compact(f: Map) -> Columns:
    """a_k·⌈(i + 1 − f(k)) / a_k⌉ − 1; a column that several slots hold is the first one's."""

    def columns(i: np.ndarray) -> np.ndarray:
        distances = _values(f, int(i.max()))
        units = [1]
        for near, far in pairwise(distances):
            units.append(units[-1] * -((near - far) // units[-1]))
        f_k, a_k = np.array(distances, np.int64), np.array(units[: len(distances)], np.int64)
        found = np.where(f_k <= i[:, None], a_k * -((f_k - i[:, None] - 1) // a_k) - 1, -1)
        repeated = found[:, 1:] == found[:, :-1]
        found[:, 1:][repeated] = -1
        return found

    return columns


def both(left: Columns, right: Columns) -> Columns:
    return lambda i: np.concatenate((left(i), right(i)), 1)


def _values(f: Map, most: int) -> list[int]:
    return list(takewhile(lambda value: value <= most, map(f, count())))


def two(k: int) -> int:
    return 2**k


def square(k: int) -> int:
    return k * k + 1


@dataclass(frozen=True)
class Mixer:
    """``weights``: "slot_gate" and "dot" for their joint softmax, "gate" for B = sigmoid(gate), A = 1 - sum(B)."""

    title: str
    weights: str
    a: Columns
    b: Columns
    longest: int = 131072  # tokens that it is measured with

    def entries(self, length: int) -> int:
        """|A| + |B| for so many rows."""
        if self.b is past:
            return length * (length + 1) // 2
        blocks = np.split(np.arange(length), range(4096, length, 4096))
        return sum(int((rows(i) >= 0).sum()) for i in blocks for rows in (self.a, self.b))

    def flops(self, length: int, channels: int) -> int:
        """Multiplications and additions of a head forward: the values' products, and the scores'."""
        return 2 * self.entries(length) * channels * (2 if self.weights == "dot" else 1)

    def solve(self, x: Tensor, **inputs: Tensor) -> Tensor:
        """The outputs [B, T, H, D] by a dense solve in float64, differentiable."""
        i = np.arange(x.shape[1])
        a, b = (torch.from_numpy(rows(i)).to(x.device) for rows in (self.a, self.b))
        if self.weights == "gate":
            kept = torch.sigmoid(inputs["gate"]) * (torch.arange(x.shape[1], device=x.device) > 0)[:, None]
            weight_a, weight_b = _scatter(1 - kept[..., None], a), _scatter(kept[..., None], b)
        else:
            scores = self._scores(a, b, **inputs).masked_fill(torch.cat((a, b), 1)[:, None] < 0, -torch.inf)
            weights = scores.softmax(-1)
            weight_a, weight_b = _scatter(weights[..., : a.shape[1]], a), _scatter(weights[..., a.shape[1] :], b)
        u = torch.einsum("bihj,bjhd->bhid", weight_a, x)
        system = torch.eye(len(i), dtype=x.dtype, device=x.device) - weight_b.transpose(1, 2)
        return torch.linalg.solve_triangular(system, u, upper=False, unitriangular=True).transpose(1, 2)

    def _scores(self, a: Tensor, b: Tensor, **inputs: Tensor) -> Tensor:
        """By row and entry of A, then of B: [B, T, H, entries]."""
        if self.weights == "slot_gate":
            return inputs["slot_gate"][..., : a.shape[1] + b.shape[1]]
        q, k = inputs["q"], inputs["k"]
        every = torch.einsum("bihd,bjhd->bihj", q, k) / q.shape[-1] ** 0.5
        at = torch.cat((a, b), 1).clamp(min=0)[None, :, None].expand(*every.shape[:3], -1)
        return every.gather(3, at)


def _scatter(weights: Tensor, columns: Tensor) -> Tensor:
    """Weights by slot as a dense [B, T, H, T]."""
    length = weights.shape[1]
    place = torch.where(columns >= 0, columns, length)[None, :, None].expand(weights.shape)
    return weights.new_zeros(*weights.shape[:3], length + 1).scatter(3, place, weights)[..., :length]


MIXERS = {
    "powers": Mixer("2^k recurrence", "slot_gate", own, shifted(two)),
    "squares": Mixer("k²+1 recurrence", "slot_gate", own, shifted(square)),
    "compact_powers": Mixer("compact(2^k) recurrence", "slot_gate", own, compact(two)),
    "compact_squares": Mixer("compact(k²+1) recurrence", "slot_gate", own, compact(square)),
    "dense": Mixer("dense recurrence", "dot", own, past, longest=65536),
    "first_order": Mixer("gated first order", "gate", own, before),
    "powers_attention": Mixer("2^k attention", "dot", both(own, shifted(two)), none),
    "squares_attention": Mixer("k²+1 attention", "dot", both(own, shifted(square)), none),
}
