"""Mixers as a researcher would write them, each beside its meaning in plain Python.

The Python side is written by hand from the language's definitions and shares nothing with glmc: a row
is a list of slots, each a column or None, and weights are a function of scores. What glmc derives and
builds is compared with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isqrt

import numpy as np

Slots = list[int | None]


@dataclass(frozen=True)
class Case:
    """``a(i)`` and ``b(i)`` list the columns by slot (None: absent). ``kind`` chooses the weights.

    ``growth`` holds the expected growths (time, total, cache, path), None where infinite or not asserted.
    """

    source: str
    a: Callable[[int], Slots]
    b: Callable[[int], Slots]
    kind: str
    growth: tuple[str | None, str | None, str | None, str | None]

    @property
    def name(self) -> str:
        return self.source.split("mixer ", 1)[1].split()[0].split("(")[0]


def own(i: int) -> Slots:
    return [i]


def nothing(i: int) -> Slots:
    return []


def shifts(f: Callable[[int], int]) -> Callable[[int], Slots]:
    """Row i of { i - f(k) for k in 0.. }, f increasing."""

    def row(i: int) -> Slots:
        slots: Slots = []
        while f(len(slots)) <= i:
            slots.append(i - f(len(slots)))
        return slots

    return row


def compact(f: Callable[[int], int]) -> Callable[[int], Slots]:
    """THEORY's transform, entry by entry; a coinciding entry counts at its least slot."""
    a = [1]

    def row(i: int) -> Slots:
        slots: Slots = []
        while f(k := len(slots)) <= i:
            while len(a) <= k:
                gap = f(len(a)) - f(len(a) - 1)
                a.append(a[-1] * -(-gap // a[-1]))
            column = a[k] * -((f(k) - i - 1) // a[k]) - 1
            slots.append(None if column in slots else column)
        return slots

    return row


def fibonacci(k: int) -> int:
    x, y = 1, 2
    for _ in range(k):
        x, y = y, x + y
    return x


def either(*rows: Callable[[int], Slots]) -> Callable[[int], Slots]:
    """The union, left first; a column that an earlier slot holds is absent later."""

    def row(i: int) -> Slots:
        slots: Slots = []
        for part in rows:
            for column in part(i):
                slots.append(None if column in slots else column)
        return slots

    return row


CASES = (
    Case(
        "glm 1\nmixer cubes { let f(k) = k^3 + 1 A[i] = { i } B[i] = { i - f(k) for k in 0.. } }",
        own,
        shifts(lambda k: k**3 + 1),
        "joint",
        ("n^(1/3)", "n^(4/3)", "n", "1"),
    ),
    Case(
        "glm 1\nmixer triangular { B[i] = { i - (k*(k + 1)//2 + 1) for k in 0.. } weights A, B = softmax(slot_gate) }",
        own,
        shifts(lambda k: k * (k + 1) // 2 + 1),
        "joint slots",
        ("sqrt(n)", "n^(3/2)", "n", "1"),
    ),
    Case(
        "glm 1\nmixer fib { let f(0) = 1 let f(1) = 2 let f(k+2) = f(k+1) + f(k) B[i] = shifts(f)[i] "
        "weights A, B = softmax(dot(q, k)) }",
        own,
        shifts(fibonacci),
        "joint",
        ("log(n)", "n*log(n)", "n", "log(n)"),
    ),
    Case(
        "glm 1\nmixer fib_compact { let f(0) = 1 let f(1) = 2 let f(k+2) = f(k+1) + f(k) "
        "B[i] = compact(f)[i] weights A, B = softmax(slot_gate) }",
        own,
        compact(fibonacci),
        "joint slots",
        ("log(n)", "n*log(n)", "log(n)", "log(n)"),
    ),
    Case(
        "glm 1\nmixer cubes_compact { let g(m) = m^3 + 1 B[i] = compact(g)[i] }",
        own,
        compact(lambda k: k**3 + 1),
        "joint",
        ("n^(1/3)", "n^(4/3)", "n^(1/3)", "log(log(n))"),
    ),
    Case(
        "glm 1\nmixer my_window { A[i] = { i - k for k in 0..8 } weights A = softmax(dot(q, k)) }",
        lambda i: [i - k if k <= i else None for k in range(8)],
        nothing,
        "joint",
        ("1", "n", "1", None),
    ),
    Case(
        "glm 1\nmixer two_bands { A[i] = { i, i - 3 } B[i] = { i - k for k in 1..5 } | { i - 11 } "
        "weights A = 0.25 * softmax(const) weights B = 0.75 * softmax(slot_gate) }",
        lambda i: [i, i - 3 if i >= 3 else None],
        lambda i: [i - k if k <= i else None for k in (1, 2, 3, 4, 11)],
        "quarter",
        ("1", "n", "1", "n"),
    ),
    Case(
        "glm 1\nmixer squares_and_last { B[i] = { i - 1 } | { k^2 for k in 0.. if k^2 < i } }",
        own,
        either(
            lambda i: [i - 1] if i >= 1 else [],
            lambda i: [k * k for k in range(isqrt(i - 1) + 1)] if i else [],
        ),
        "joint",
        ("sqrt(n)", "n^(3/2)", "sqrt(n)", None),
    ),
    Case(
        "glm 1\nset odd_shifts(s: int)[i] = { i - s*k for k in 1.. if k % 2 == 1 }\n"
        "mixer odd { A[i] = { i } B[i] = odd_shifts(3)[i] | { i - 1 } "
        "weights A, B = softmax(dot(unit(q), k)) }",
        own,
        either(
            lambda i: [i - 3 * k if k % 2 else None for k in range(1, i // 3 + 1)],
            lambda i: [i - 1] if i >= 1 else [],
        ),
        "joint unit",
        ("n", "n^2", "n", None),
    ),
    Case(
        "glm 1\nmixer past_without_powers { A[i] = { i } B[i] = past[i] - { i - 2^k for k in 1.. } }",
        own,
        lambda i: [j for j in range(i) if i - j == 1 or (i - j) & (i - j - 1)],
        "joint",
        ("n", "n^2", "n", None),
    ),
    Case(
        "glm 1\nmixer blocks { A[i] = block(12)[i] B[i] = { (i // 12) * 12 - 1 } weights A, B = softmax(dot(q, k)) }",
        lambda i: [j for j in range(i // 12 * 12, i + 1)],
        lambda i: [i // 12 * 12 - 1] if i >= 12 else [],
        "joint",
        ("1", "n", "1", "n"),
    ),
    Case(
        "glm 1\nmixer roots { A[i] = { i } B[i] = { i - floor(sqrt(i)) - 1, i - 1 } "
        "weights B = 0.5 * sigmoid(slot_gate) weights A = 1 - sum(B) }",
        own,
        lambda i: [i - isqrt(i) - 1 if i - isqrt(i) - 1 >= 0 else None, i - 1 if i >= 1 else None],
        "half gated",
        ("1", "n", None, None),
    ),
    Case(
        "glm 1\nmixer two_powers { B[i] = { i - 2^a*3^b for a in 0.. for b in 0.. } }",
        own,
        lambda i: sorted({i - 2**a * 3**b for a in range(16) for b in range(10) if 2**a * 3**b <= i}),
        "joint",
        (None, None, "n", None),
    ),
    Case(
        "glm 1\nmixer fenwick_like { A[i] = { i } B[i] = { (i // 2^k)*2^k - 1 for k in 0..bitlen(i) } }",
        own,
        either(lambda i: [(i // 2**k) * 2**k - 1 if (i // 2**k) * 2**k >= 1 else None for k in range(i.bit_length())]),
        "joint",
        ("log(n)", "n*log(n)", None, None),
    ),
    Case(
        "glm 1\nmixer attend_powers { A[i] = { i } | { i - 2^k for k in 0.. } weights A = softmax(dot(q, k)) }",
        either(own, shifts(lambda k: 2**k)),
        nothing,
        "joint",
        ("log(n)", "n*log(n)", "n", None),
    ),
    Case(
        "glm 1\nmixer double_exponential { B[i] = { i - 2^(2^k) + 1 for k in 0.. } }",
        own,
        shifts(lambda k: 2 ** (2**k) - 1),
        "joint",
        ("log(log(n))", "n*log(log(n))", "n", None),
    ),
)


# -- weights: (inputs of one head, rows a and b by slot, i) → two lists of coefficients by slot -----


def _softmax(scores: list[float]) -> list[float]:
    if not scores:
        return []
    top = max(scores)
    powers = [np.exp(score - top) for score in scores]
    return [power / sum(powers) for power in powers]


def _sigmoid(logit: float) -> float:
    return float(1 / (1 + np.exp(-logit)))


def coefficients(kind: str, inputs: dict[str, np.ndarray], a: Slots, b: Slots, i: int, bounded: int) -> tuple:
    """Weights of row i, as two dicts column → coefficient. ``bounded`` is A's slot count."""

    def dot(j: int) -> float:
        q, k = inputs["q"][i], inputs["k"][j]
        if kind == "joint unit":
            return float(q / max(np.linalg.norm(q), 1e-6) @ k)
        return float(q @ k / np.sqrt(len(q)))

    present_a = [(s, j) for s, j in enumerate(a) if j is not None]
    present_b = [(s, j) for s, j in enumerate(b) if j is not None]
    match kind:
        case "joint" | "joint unit":
            w = _softmax([dot(j) for _, j in present_a + present_b])
        case "joint slots":
            logits = inputs["slot_gate"][i]
            w = _softmax([float(logits[s]) for s, _ in present_a] + [float(logits[bounded + s]) for s, _ in present_b])
        case "quarter":
            gates, const = inputs["slot_gate"][i], inputs["const"]
            w = [0.25 * v for v in _softmax([float(const[s]) for s, _ in present_a])]
            w += [0.75 * v for v in _softmax([float(gates[bounded + s]) for s, _ in present_b])]
        case "half gated":
            gates = inputs["slot_gate"][i]
            wb = [0.5 * _sigmoid(float(gates[bounded + s])) for s, _ in present_b]
            w = [1 - sum(wb)] * len(present_a) + wb
    columns = [j for _, j in present_a], [j for _, j in present_b]
    return dict(zip(columns[0], w, strict=False)), dict(zip(columns[1], w[len(columns[0]) :], strict=True))


def dense_solve(case: Case, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """y [T, D] of one sequence and one head, by filling A and B and solving (I − B) Y = A X in float64."""
    length = len(inputs["x"])
    a, b = np.zeros((length, length)), np.zeros((length, length))
    bounded = max(len(case.a(i)) for i in range(8, 9))
    for i in range(length):
        row_a, row_b = coefficients(case.kind, inputs, case.a(i), case.b(i), i, bounded)
        for j, w in row_a.items():
            a[i, j] = w
        for j, w in row_b.items():
            b[i, j] = w
    return np.linalg.solve(np.eye(length) - b, a @ inputs["x"])


# -- structural quantities by definition ------------------------------------------------------------


def row_sets(case: Case, length: int) -> tuple[list[set[int]], list[set[int]]]:
    a = [{j for j in case.a(i) if j is not None} for i in range(length)]
    b = [{j for j in case.b(i) if j is not None} for i in range(length)]
    return a, b


def live_counts(case: Case, length: int, horizon: int) -> list[int]:
    """|live(t)| for t = 0 … length, looking for readers below ``horizon``."""
    counts = [0] * (length + 2)
    for rows in row_sets(case, horizon):
        last: dict[int, int] = {}
        for i, row in enumerate(rows):
            for j in row:
                last[j] = i
        for j, i in last.items():
            if j < length:  # alive for t = j + 1 … i
                counts[j + 1] += 1
                counts[min(i, length) + 1] -= 1
    return [int(v) for v in np.cumsum(counts[: length + 1])]


def longest_shortest_path(case: Case, length: int) -> int | None:
    """path(length), None where some pair has no influence path."""
    a, b = row_sets(case, length)
    distance = np.full((length, length), np.inf)
    for i in range(length):
        for m in b[i]:
            distance[i] = np.minimum(distance[i], distance[m] + 1)
        for j in a[i]:
            distance[i, j] = min(distance[i, j], float(j != i))
    worst = max(distance[i, j] for i in range(length) for j in range(i + 1))
    return None if np.isinf(worst) else int(worst)
