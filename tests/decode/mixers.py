"""Mixers for every way in which a decode state stores vectors, each beside its rows in plain Python.

The rows are written by hand, so that what a state may hold is counted without anything of glmc.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import glmc

Row = Callable[[int], Iterable[int]]


@dataclass(frozen=True)
class Mixer:
    """``slots``: how many slots a nested side allocates at a length, which may exceed the cache."""

    name: str
    body: str
    a: Row
    b: Row
    slots: Callable[[int], int] | None = None

    @property
    def source(self) -> str:
        return f"glm 1\nmixer {self.name} {{\n{self.body}\n}}\n"


def own(i: int) -> Iterable[int]:
    return [i]


def nothing(i: int) -> Iterable[int]:
    return []


def shifted(f: Callable[[int], int]) -> Row:
    return lambda i: [i - f(k) for k in range(i + 1) if f(k) <= i]


def compact(f: Callable[[int], int]) -> Row:
    def row(i: int) -> Iterable[int]:
        a, columns = 1, []
        for k in range(i + 1):
            if f(k) > i:
                break
            if k:
                a *= -((f(k - 1) - f(k)) // a)
            columns.append(a * -((f(k) - i - 1) // a) - 1)
        return columns

    return row


def square(k: int) -> int:
    return k * k + 1


def triangle(k: int) -> int:
    return k * (k + 1) // 2 + 1


def fenwick(i: int) -> set[int]:
    return {i >> k << k for k in range(i.bit_length() + 1)}


def landmarks(i: int) -> list[int]:
    return [k * k for k in range(i) if k * k < i]


def births(f: Callable[[int], int]) -> Callable[[int], int]:
    return lambda n: sum(f(k) < n for k in range(n))


MIXERS = (
    Mixer("history", "B[i] = { i - 2^k for k in 0.. }", own, shifted(lambda k: 2**k)),
    Mixer(
        "history_by_slot",
        "B[i] = { i - (k^2 + 1) for k in 0.. } weights A, B = softmax(slot_gate)",
        own,
        shifted(square),
    ),
    Mixer(
        "slots_of_powers",
        "let f(k) = 2^k B[i] = compact(f)[i]",
        own,
        compact(lambda k: 2**k),
        births(lambda k: 2**k),
    ),
    Mixer(
        "slots_of_squares",
        "let f(k) = k^2 + 1 B[i] = compact(f)[i] weights A, B = softmax(const + gate)",
        own,
        compact(square),
        births(square),
    ),
    Mixer(
        "slots_of_inputs",
        "let f(k) = k*(k + 1)//2 + 1 A[i] = compact(f)[i] weights A = softmax(dot(k, unit(q)))",
        compact(triangle),
        nothing,
        births(triangle),
    ),
    Mixer("window_of_inputs", "A[i] = window(16)[i]", lambda i: range(max(0, i - 15), i + 1), nothing),
    Mixer(
        "ring",
        "B[i] = { i - k for k in 1..17 } weights A, B = softmax(const)",
        own,
        lambda i: range(max(0, i - 16), i),
    ),
    Mixer(
        "two_rings",
        "A[i] = { i, i - 3 } B[i] = { i - 1, i - 4, i - 9 }\n"
        "weights A = 0.25 * softmax(const) weights B = 0.75 * softmax(slot_gate)",
        lambda i: [j for j in (i, i - 3) if j >= 0],
        lambda i: [i - d for d in (1, 4, 9) if d <= i],
    ),
    Mixer(
        "two_rings_by_key",
        "A[i] = window(5)[i] B[i] = { i - k for k in 1..10 } - { i - 3 }",
        lambda i: range(max(0, i - 4), i + 1),
        lambda i: [i - d for d in range(1, 10) if d != 3 and d <= i],
    ),
    Mixer(
        "landmark",
        "let f(k) = k^2 B[i] = { i - 1 } | landmarks(f)[i]",
        own,
        lambda i: {*landmarks(i), *range(i - 1, i)} - {-1},
    ),
    Mixer(
        "both_landmarks",
        "let f(k) = k^2 A[i] = { i } | landmarks(f)[i] B[i] = { i - 1 } | landmarks(f)[i]",
        lambda i: {i, *landmarks(i)},
        lambda i: {*landmarks(i), *range(i - 1, i)} - {-1},
    ),
    Mixer("fenwick_inputs", "A[i] = fenwick[i]", fenwick, nothing),
    Mixer("fenwick_outputs", "B[i] = fenwick[i] - { i }", own, lambda i: fenwick(i) - {i}),
    Mixer(
        "blocks",
        "A[i] = block(5)[i] B[i] = { (i // 8)*8 - 1, i - 1 } - { i }",
        lambda i: range(i // 5 * 5, i + 1),
        lambda i: {j for j in (i // 8 * 8 - 1, i - 1) if j >= 0},
    ),
    Mixer(
        "past_of_both",
        "A[i] = causal[i] B[i] = past[i]\nweights A = 0.1 * softmax(dot(q, k)) weights B = 0.9 * softmax(dot(q, k))",
        lambda i: range(i + 1),
        range,
    ),
    Mixer("far_past", "A[i] = { j for j in 0..i - 3 } | { i }", lambda i: [*range(i - 3), i], nothing),
    Mixer(
        "state_space",
        "B[i] = { i - 1 } weights B = sigmoid(gate) weights A = 1 - sum(B) state 3",
        own,
        lambda i: [i - 1] if i else [],
    ),
    Mixer(
        "corrected",
        "B[i] = past[i] weights A = sigmoid(gate) weights B = -sigmoid(gate) * dot(unit(k), unit(k)) / 4",
        own,
        range,
    ),
    Mixer(
        "keys_alone",
        "B[i] = { i - 2, i - 7 } weights A = 1 weights B = sigmoid(dot(k, k)) / 8",
        own,
        lambda i: [i - d for d in (2, 7) if d <= i],
    ),
    Mixer("alone", "A[i] = { i } weights A = sigmoid(gate)", own, nothing),
)


if __name__ == "__main__":
    for mixer in MIXERS:
        glmc.build(mixer.source, sys.argv[1])
