"""Rows that are printed in ways of their own: exact, row by row, against the independent reading."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from glmc.diagnostics import GlmError
from tests import oracle
from tests.emit.built import built

ROWS = [
    "{ i - k for k in 1.. if k % 3 == 1 or k == 2 }",
    "past[i] & { j for j in 2..i if j % 5 == 0 or j % 7 == 1 }",
    "{ i - 1, i - 2, i - 30 } - { j for j in 3..i if j % 2 == 0 or j == 9 }",
    "{ i - 2^a * 3^b for a in 0.. for b in 0.. }",
    "{ i - 2^a * 3^b for a in 0..4 for b in 0.. if (a + b) % 2 == 0 }",
    "{ i - a * b - 1 for a in 0..i for b in 0..a }",
    "{ i - lowbit(i) if i > 0 } | { i - gcd(i, 12) if i > 0 }",
    "{ floor(i / 3 * 2) - 1, i - ceil(sqrt(i)) - 1 }",
    "{ floor(sqrt(2) * i / 2) - 1, i - floor(log(i + 1, 3)) - 1, i - ceil(log2(i + 3)) }",
    "{ i - floor(sqrt(k) + sqrt(2)) - k for k in 0..9 }",
    "{ min(i - 1, max(3, i // 2)) - 1, abs(i - 7) - 8, (i + 1) % 8 + i - 9 }",
    "{ i - bitlen(k) * k - 1 for k in 0.. }",
    "{ } | { i - 2^(2^k) for k in 0.. }",
    "{ i // 2^k * 2^k for k in 0..bitlen(i) + 1 } & { j for j in 0..i }",
    "{ i - 3^k for k in 0.. if k != 1 }",
    "{ i - k - 1 for k in 0.. if k > 2 and k < 9 }",
    "{ i - 1 - (k - 5)^2 for k in 0.. }",
    "{ i - k - 1 for k in 0.. if k == 3 or k == 5 }",
    "{ 0 for k in 0.. if k < i and k == 4 }",
    "{ i - 30 - a + 2*b for a in 0.. for b in 0..a + 1 if a < 20 }",
    "{ i - 2^count - 3 * lru_cache^2 for count in 0.. for lru_cache in 0.. }",
    "{ i - torch * Fraction - 1 for torch in 1..4 for Fraction in 0.. } & { row_b for row_b in 0..i }",
    "({ i - 1 } | { i - 3 * k - 2 for k in 0..4 }) - { i - 5 }",
]


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("weights", ["dot(q, k)", "slot_gate"])
def test_rows(rows: str, weights: str, tmp_path: Path) -> None:
    text = f"glm 1 mixer m {{ B[i] = {rows} weights A, B = softmax({weights}) }}"
    group = oracle.read(text)["m"].groups[0]
    try:
        operator = built(text, tmp_path)
    except GlmError as error:
        assert {diagnostic.code for diagnostic in error.diagnostics} <= {"GLM145", "GLM146"}
        pytest.skip("its slots have no numbers")
    package = sys.modules[type(operator).__module__.rpartition(".")[0] + ".rows"]
    for start, stop in ((0, 1), (0, 30), (64, 67), (130, 132)):
        table = package.table_b(start, stop, torch.device("cpu"))
        assert table.shape == (stop - start, package.slots_b(stop)) and table.dtype == torch.int64
        for i, columns in enumerate(table.tolist(), start):
            found = {column: slot for slot, column in enumerate(columns) if column >= 0}
            want = group.b(i)
            assert found.keys() == want.keys() and len(found) == sum(column >= 0 for column in columns)
            assert weights != "slot_gate" or found == want
