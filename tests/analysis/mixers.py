"""Mixers for the tests of the analysis, from text to pattern."""

from __future__ import annotations

from pathlib import Path

from glmc.diagnostics import Sink
from glmc.pattern.elaborate import elaborate
from glmc.pattern.nodes import Pattern
from glmc.source import Source
from glmc.syntax.parser import parse

EXAMPLES = Path(__file__).parents[2] / "examples"


def patterns(text: str) -> tuple[Pattern, ...]:
    """The mixers of a file without mistakes."""
    report = Sink(Source("test.glm", text))
    module = parse(report.source, report)
    assert module is not None
    found = elaborate(module, report)
    assert not report.has_errors, report.diagnostics
    return found


def mixer_text(body: str) -> str:
    return f"glm 1\nmixer m {{\n{body}\n}}\n"


def pattern(body: str) -> Pattern:
    """The one mixer with these statements."""
    (found,) = patterns(mixer_text(body))
    return found


def example(name: str) -> Pattern:
    (found,) = patterns((EXAMPLES / f"{name}.glm").read_text())
    return found


# structure: (time, total, cache, path) at 64 and at 1024, from THEORY.md, section 4
TABLE: dict[str, tuple[tuple[int, int, int, int | None], tuple[int, int, int, int | None]]] = {
    "attention": ((64, 2080, 64, 1), (1024, 524800, 1024, 1)),
    "local_attention": ((16, 904, 15, None), (16, 16264, 15, None)),
    "diagonal_ssm": ((2, 127, 1, 63), (2, 2047, 1, 1023)),
    "kth_order": ((17, 952, 16, 4), (17, 17272, 16, 64)),
    "dense_recurrence": ((64, 2080, 64, 1), (1024, 524800, 1024, 1)),
    "power_of_two": ((7, 385, 64, 6), (11, 10241, 1024, 10)),
    "power_of_two_compact": ((7, 385, 7, 6), (11, 10241, 11, 10)),
    "squares": ((9, 428, 64, 4), (33, 23344, 1024, 4)),
    "squares_compact": ((8, 374, 7, 5), (26, 17893, 25, 6)),
}

FIBONACCI = "let f(0) = 1 let f(1) = 2 let f(k+2) = f(k+1) + f(k)"

# Each kind of rows that enumeration, a formula or a fact about last readers treats in its own way.
BODIES: dict[str, str] = {
    "shifts": "B[i] = { i - (k^2 + 1) for k in 0.. }",
    "finite shifts": "let f(k) = 2^k B[i] = { i - f(k) for k in 0..5 }",
    "fibonacci": f"{FIBONACCI} B[i] = shifts(f)[i]",
    "compact fibonacci": f"{FIBONACCI} B[i] = compact(f)[i]",
    "compact, late": "let f(k) = 3*k + 1 B[i] = compact(f)[i]",
    "compact by hand": """let f(k) = k^3 + 1
        let a(0) = 1
        let a(k+1) = a(k) * ceil((f(k+1) - f(k)) / a(k))
        B[i] = { a(k) * ((i - f(k)) // a(k) + 1) - 1 for k in 0.. if f(k) <= i }""",
    "compact of every distance": "let f(k) = k + 1 B[i] = compact(f)[i]",
    "compact of towers": "let f(k) = 2^(2^k) - 1 B[i] = compact(f)[i]",
    "compact and more": "let f(k) = 2^k B[i] = compact(f)[i] | { i - 5 }",
    "direct and recurrent": "A[i] = window(3)[i] B[i] = { i - 4 } | { i - 7 }",
    "no own input": "A[i] = { i - 1 } B[i] = { i - 1, i - 2 }",
    "distances beyond one": "B[i] = { i - (2*k + 2) for k in 0.. }",
    "stride": "A[i] = stride(3)[i] B[i] = { i - 1 }",
    "stride without the row": "B[i] = stride(3)[i] - { i } | { i - 2 }",
    "two powers": "B[i] = { i - 2^a * 3^b for a in 0..8 for b in 0..6 }",
    "past without powers": "B[i] = past[i] - { i - 2^k for k in 1.. }",
    "past without a window": "B[i] = (past[i] - window(4)[i]) | { i - 1 }",
    "block": "A[i] = block(5)[i] B[i] = { (i // 5) * 5 - 1 }",
    "past of the block": "B[i] = block(5)[i] - { i } | { (i // 5) * 5 - 1 }",
    "block by quotients": "A[i] = { j for j in 0..i + 1 if j // 4 == i // 4 } B[i] = { i - 1 }",
    "landmarks": "let f(k) = k^2 B[i] = { i - 1 } | landmarks(f)[i]",
    "late landmarks": "A[i] = { i } | { 6*k for k in 0.. if 6*k <= i - 4 } B[i] = { i - 1 }",
    "sinks": "A[i] = window(4)[i] | { j for j in 0..3 if j <= i }",
    "first token": "A[i] = { 0, i } B[i] = { i - 1 }",
    "fenwick": "B[i] = fenwick[i] - { i }",
    "fenwick tree": "B[i] = { i // 2^k * 2^k - 1 for k in 0..bitlen(i) }",
    "root": "A[i] = { j for j in floor(sqrt(i))^2..i + 1 } | { k^2 - 1 for k in 1.. if k^2 <= i }",
    "moving offset": "B[i] = { i - floor(sqrt(i)) - 1, i - 1 }",
    "common divisor": "B[i] = { j for j in 0..i if gcd(i, j) == 1 }",
    "conditional rows": "A[i] = { i } | { j for j in 0..i if i % 3 == 0 } B[i] = { i - 1 if i % 5 != 0 }",
    "residue of the column": "B[i] = { j for j in 0..i if j % 4 == 3 } | { i - 1 }",
    "residue of the distance": "B[i] = { j for j in 0..i if (i - j) % 4 == 1 }",
    "half": "A[i] = { j for j in i // 2..i + 1 } B[i] = { i // 3 if i > 0 }",
    "multiples": "B[i] = window(5)[i] - { i } | { 4 * ((i - 1) // 4 - k) for k in 0..3 }",
    "nothing": "A[i] = { } B[i] = { i - 1 }",
    "two windows": "A[i] = window(9)[i] & window(4)[i] B[i] = past[i] & window(3)[i]",
}

HEADS = """glm 1
mixer near { A[i] = window(5)[i] }
mixer far { B[i] = { i - 2^k for k in 0.. } }
mixer fixed { B[i] = { i - 1 } | { 4*k for k in 0.. if 4*k < i } }
mixer shifted { heads 1/2: near heads 1/2: far }
mixer m { heads 1/2: near heads 1/4: far heads 1/4: fixed }
mixer scattered { heads 1/2: near heads 1/2: near }
"""
