"""Whatever a file says, elaboration ends in time, in reports."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glmc.diagnostics import Sink
from glmc.pattern.elaborate import elaborate
from glmc.source import Source
from glmc.syntax.parser import parse


def codes(text: str) -> list[str]:
    source = Source("test.glm", f"glm 1\n{text}")
    report = Sink(source)
    module = parse(source, report)
    if module is not None:
        elaborate(module, report)
    return [found.code for found in report.diagnostics]


def chain(count: int, link: str, last: str) -> str:
    """``link`` with {a} = 0 … count - 1 and {b} the next number, then ``last``."""
    return "\n".join([*(link.format(a=k, b=k + 1) for k in range(count)), last])


HOSTILE = {
    "doubled sets": (
        chain(60, "set s{a}[i] = s{b}[i] | s{b}[i]", "set s60[i] = {i} mixer m {A[i] = s0[i]}"),
        "GLM120",
    ),
    "doubled maps": (
        chain(60, "let f{a}(x) = f{b}(x) + f{b}(x)", "let f60(x) = x mixer m {A[i] = {i - f0(k) for k in 0..}}"),
        "GLM120",
    ),
    "doubled lets": (
        "set s[i] = {" + chain(60, "let a{a} = a{b} * a{b} + i", "let a60 = i rows {a0}} mixer m {A[i] = s[i]}"),
        "GLM120",
    ),
    "a chain of lets": (chain(3000, "let a{a} = a{b}", "let a3000 = 1"), "GLM120"),
    "a chain of sets": (
        chain(3000, "set s{a}[i] = s{b}[i]", "set s3000[i] = {i} mixer m {A[i] = s0[i]}"),
        "GLM120",
    ),
    "squared lets": (chain(60, "let a{a} = a{b} * a{b}", "let a60 = 7"), "GLM119"),
    "many heads": (chain(40, "mixer h{a} {{heads 1/2: h{b} heads 1/2: h{b}}}", "mixer h40 {}"), "GLM120"),
    "a tower": ("mixer m {A[i] = {i - k for k in 0.. if k < 2^(2^(2^100))}}", "GLM119"),
    "a bare tower": ("mixer m {state 10^10^10}", "GLM119"),
    "an endless map": ("let f(0) = 1 let f(k+1) = f(k) mixer m {A[i] = {i - f(k) for k in 0..}}", "GLM176"),
    "an exploding map": ("let f(0) = 3 let f(k+1) = f(k)^f(k) mixer m {A[i] = {f(k) for k in 0..9}}", "GLM1"),
    "a far value of a map": ("let f(0) = 1 let f(k+1) = f(k) + k % 2 + 1 mixer m {state f(10^9)}", "GLM117"),
    "a huge range": ("mixer m {A[i] = {i - k % 2 for k in 0..10^30}}", "GLM179"),
    "huge nested ranges": ("mixer m {A[i] = {u * v % (i+1) for u in 0..2000 for v in 0..10^9}}", "GLM1"),
    "many differences": ("mixer m {A[i] = causal[i]" + " - {1}" * 2000 + "}", "GLM120"),
    "deep conditions": ("mixer m {A[i] = {i if " + "not " * 60 + "i > 3}}", ""),
    "many unions": ("mixer m {A[i] = " + " | ".join(f"{{i - {k}}}" for k in range(500)) + "}", ""),
    "a long sum": ("mixer m {A[i] = {i" + " + 1 - 1" * 1000 + "}}", ""),
    "a long product": ("mixer m {A[i] = {i - k" + " * k" * 3000 + " for k in 1..3}}", "GLM1"),
    "far rows": ("mixer m {A[i] = {10^18 if i == 10^9}}", "GLM1"),
    "slow conditions": (
        "mixer m {A[i] = {j for j in 0..i for u in 0..i for v in 0..i if u * v * j == i}}",
        "",
    ),
    "a slow map": ("mixer m {A[i] = {i - floor(sqrt(k)) for k in 0..}}", "GLM179"),
    "a slower map": ("mixer m {A[i] = {i - bitlen(bitlen(k)) for k in 0..}}", "GLM179"),
    "slow roots": ("mixer m {A[i] = {j for j in 0..i if sqrt(j) + sqrt(i) + sqrt(i + j) < log2(i + 2)}}", ""),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end(name):
    text, expected = HOSTILE[name]
    begun = time.monotonic()
    found = codes(text)
    assert time.monotonic() - begun < 12
    assert not expected or any(code.startswith(expected) for code in found), found


VOCABULARY = """
    mixer m { } ( ) [ ] A B i k f g n set let where rows weights state claim heads for in if and or not doc
    = == <= < > 0 1 2 7 1.5 + - * / // % ^ .. , : | & ; softmax sigmoid dot unit q gate slot_gate const sum
    past causal window compact shifts floor sqrt log2 log min max gcd lowbit bitlen int real map time O
"""
WORDS = VOCABULARY.split()
SENTENCES = (
    "mixer m {",
    "}",
    "A[i] = { i - k for k in 0.. }",
    "B[i] = shifts(f)[i]",
    "let f(k) = k^2 + 1",
    "let f(0) = 2",
    "let f(k + 1) = 2 * f(k)",
    "set s(f: map, w: int = 2)[i] = { let a = f(w) where a > w rows { i - a } }",
    "weights A, B = softmax(dot(q, k))",
    "weights A = 1 - sum(B)",
    "heads 1/2: m",
    "state f(2)",
    "where f(1) > 1",
    "claim time in O(n log n)",
    "A[i] = s(f)[i // 2] & causal[i]",
    "B[i] = { u - v for u in 0..i for v in u.. }",
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from(SENTENCES), max_size=9),
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from(WORDS)), max_size=4),
)
def test_any_text_ends_in_reports(lines, changes):
    words = " ".join(lines).split()
    for place, word in changes:
        if words:
            words[place % len(words)] = word
    codes(" ".join(words))
