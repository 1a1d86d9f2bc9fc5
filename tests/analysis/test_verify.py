"""Verdicts on claims: every quantity and relation, misleading claims, and what is reported."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glmc.analysis.facts import Verdict
from glmc.diagnostics import Severity
from tests.analysis import closed
from tests.analysis.derived import verdicts
from tests.analysis.mixers import pattern

SQUARES = "let f(k) = k^2 + 1 B[i] = shifts(f)[i]"
POWERS = "let f(k) = 2^k B[i] = shifts(f)[i]"
COMPACT = "let f(k) = k^2 + 1 B[i] = compact(f)[i]"
WINDOW = "A[i] = window(16)[i]"
FIRST_ORDER = "B[i] = { i - 1 }"
DENSE = "B[i] = past[i]"
CLAIMED = "and the claimed bound is"


def judged(body: str, claim: str, length: int = 1024) -> Verdict:
    (verdict,), _ = verdicts(f"{body} claim {claim}", length)
    return verdict


VERDICTS = [
    # growth claims, each order and quantity
    (SQUARES, "time in O(sqrt(n))", "proved"),
    (SQUARES, "time in Theta(sqrt n)", "proved"),
    (SQUARES, "time in O(n)", "proved"),
    (SQUARES, "time in Omega(log n)", "proved"),
    (SQUARES, "time in Omega(n)", "refuted"),
    (SQUARES, "time in Theta(n)", "refuted"),
    (SQUARES, "time in O(log n)", "refuted"),
    (SQUARES, "time in O(n^0.49)", "refuted"),
    (SQUARES, "time in O(n^0.51)", "proved"),
    (SQUARES, "time in O(sqrt(n) / log n)", "refuted"),
    (SQUARES, "time in O(2^n)", "proved"),
    (SQUARES, "time in Omega(2^n)", "refuted"),
    (SQUARES, "time in O(n % 3)", "open"),
    (SQUARES, "total in Theta(n sqrt n)", "proved"),
    (SQUARES, "total in O(n log n)", "refuted"),
    (SQUARES, "cache in Theta(n)", "proved"),
    (SQUARES, "cache in O(sqrt n)", "refuted"),
    (SQUARES, "path in O(1)", "proved"),
    (SQUARES, "congestion in O(1)", "proved"),
    (COMPACT, "cache in O(sqrt n)", "proved"),
    (COMPACT, "path in O(log log n)", "proved"),
    (COMPACT, "path in O(1)", "refuted"),
    (COMPACT, "path in O(log log log n)", "refuted"),
    (COMPACT, "congestion in O(n)", "proved"),
    (COMPACT, "congestion in O(1)", "refuted"),
    (POWERS, "path in Theta(log n)", "proved"),
    (POWERS, "congestion in Theta(log n)", "proved"),
    (POWERS, "time in O(log log n)", "refuted"),
    # closed bounds, proved for every n
    (POWERS, "time == floor(log2(n - 1)) + 2", "proved"),
    (POWERS, "time == ceil(log2(n)) + 1", "proved"),
    (POWERS, "time == bitlen(n - 1) + 1", "proved"),
    (POWERS, "time <= log2(n) + 2", "proved"),
    (POWERS, "time <= floor(log2(n)) + 2", "proved"),
    (POWERS, "time <= 2 * log2(n) + 1", "proved"),
    (POWERS, "time <= 3 * log(n) + 2", "proved"),
    (POWERS, "time <= n", "proved"),
    (POWERS, "time <= 2^n", "proved"),
    (POWERS, "path == floor(log2(n))", "proved"),
    (POWERS, "path <= log(n, 2)", "proved"),
    (POWERS, "path <= log2(n + 1)", "proved"),
    (POWERS, "cache == n", "proved"),
    (POWERS, "cache <= n + 1", "proved"),
    (POWERS, "total <= n * (log2(n) + 2)", "proved"),
    (POWERS, "congestion <= log2(n + 1)", "proved"),
    (SQUARES, "time <= sqrt(n) + 2", "proved"),
    (SQUARES, "path <= 4", "proved"),
    (SQUARES, "congestion <= 4", "proved"),
    (SQUARES, "total <= n^2", "proved"),
    (COMPACT, "cache <= 3 * sqrt(n)", "proved"),
    ("let f(k) = k^3 + 1 B[i] = shifts(f)[i]", "path <= 9", "proved"),
    ("let f(k) = k * (k + 1) // 2 + 1 B[i] = shifts(f)[i]", "path <= 3", "proved"),
    (WINDOW, "time == min(n, 16)", "proved"),
    (WINDOW, "time <= 16", "proved"),
    (WINDOW, "total <= 16 * n", "proved"),
    (WINDOW, "cache == min(15, n)", "proved"),
    (FIRST_ORDER, "path == n - 1", "proved"),
    (FIRST_ORDER, "cache == 1", "proved"),
    (FIRST_ORDER, "total == 2 * n - 1", "proved"),
    (FIRST_ORDER, "congestion == n", "proved"),
    ("B[i] = { i - k for k in 1..17 }", "path == ceil((n - 1) / 16)", "proved"),
    ("B[i] = { i - k for k in 1..17 }", "path <= n / 16 + 1", "proved"),
    ("B[i] = { i - k for k in 1..17 }", "congestion == ceil(n / 16)", "proved"),
    (DENSE, "total == n * (n + 1) / 2", "proved"),
    (DENSE, "path == 1", "proved"),
    ("A[i] = { i }", "cache == 0", "proved"),
    ("A[i] = { i }", "cache <= 0", "proved"),
    ("A[i] = window(8)[i] | { j for j in 0..4 if j <= i }", "time <= 12", "proved"),
    # closed bounds that fail
    (POWERS, "time == floor(log2(n)) + 2", "refuted"),
    (POWERS, "time <= 10", "refuted"),
    (POWERS, "path <= log2(n) - 1", "refuted"),
    (POWERS, "congestion <= log2(n)", "refuted"),
    (SQUARES, "path == 4", "refuted"),
    (SQUARES, "path <= 3", "refuted"),
    (WINDOW, "time == 16", "refuted"),
    (WINDOW, "path <= 1000000", "refuted"),
    (WINDOW, "path in O(n)", "refuted"),
    (WINDOW, "path in Omega(n^9)", "proved"),
    (WINDOW, "congestion <= n", "refuted"),
    # neither proved nor refuted
    (COMPACT, "path <= 2 * log2(log2(n)) + 4", "checked"),
]


@pytest.mark.parametrize(("body", "claim", "verdict"), VERDICTS)
def test_verdict(body: str, claim: str, verdict: str) -> None:
    found = judged(body, claim)
    assert found.verdict == verdict
    assert (found.witness is not None) == (verdict == "refuted" or found.derived == "infinite")


def test_large_constants_do_not_refute() -> None:
    assert judged(SQUARES, "time <= sqrt(n) + 1000000").verdict == "proved"
    assert judged(SQUARES, "time in O(1000000 * sqrt(n) + 10^12)").verdict == "proved"
    assert judged(POWERS, "time <= 10^9 * log2(n)").verdict == "proved"


def test_large_constants_do_not_hide_a_faster_growth() -> None:
    hidden = judged(SQUARES, "time <= 3 * log2(n) + 40")
    assert hidden.verdict == "refuted"
    assert hidden.witness is not None
    n = int(hidden.witness.split("n = ")[1].split()[0])
    assert n > 1024
    value = closed.value("floor(sqrt(n - 2)) + 2", n)
    assert f"is {value}," in hidden.witness
    assert value > 3 * math.log2(n) + 40
    assert judged(SQUARES, "time <= 3 * log2(n) + 10^6").verdict == "refuted"
    assert judged(COMPACT, "cache <= 5 * log2(n) + 10^6").verdict == "refuted"


@pytest.mark.parametrize(
    ("body", "claim", "witness"),
    [
        (SQUARES, "path <= 3", "at n = 59 the path is 4, and the claimed bound is 3"),
        (POWERS, "time <= log2(n)", "at n = 2 the time is 2, and the claimed bound is 1"),
        (POWERS, "cache <= n - 2", "at n = 2 the cache is 2, and the claimed bound is 0"),
        (SQUARES, "total <= n * sqrt(n) + 1", f"at n = 6 the total is 16, {CLAIMED} about 15.7"),
        (WINDOW, "path <= 5", "no path leads from input 0 to output 16, so path is infinite from n = 17 on"),
        (POWERS, "congestion <= log2(n)", f"at n = 3 the congestion is 2, {CLAIMED} about 1.585"),
    ],
)
def test_smallest_witness(body: str, claim: str, witness: str) -> None:
    assert judged(body, claim).witness == witness


def test_derived() -> None:
    assert judged(SQUARES, "time in O(log n)").derived == "sqrt(n)"
    assert judged(POWERS, "time <= n").derived == "floor(log2(n - 1)) + 2"
    assert judged(WINDOW, "path <= 5").derived == "infinite"


def test_unknown_growth_is_open_or_bounded() -> None:
    body = "B[i] = { i - 3 * 2^k for k in 0.. } & { i - k^2 for k in 1.. }"
    assert judged(body, "time in O(log n)").verdict == "proved"
    assert judged(body, "time in Theta(log n)").verdict == "open"
    assert judged(body, "time in Omega(log n)").verdict == "open"


def test_every_refuted_claim_is_an_error_at_its_place() -> None:
    claims = "claim time in O(log n) claim path <= 3 claim time in O(n)"
    found, diagnostics = verdicts(f"{SQUARES} {claims}")
    assert [verdict.verdict for verdict in found] == ["refuted", "refuted", "proved"]
    assert [d.code for d in diagnostics] == ["GLM201", "GLM201"]
    assert [d.severity for d in diagnostics] == [Severity.ERROR] * 2
    assert [d.span for d in diagnostics] == [verdict.claim.span for verdict in found[:2]]


@pytest.mark.parametrize("bound", ["-n", "0", "5 - log n", "n - n^2"])
def test_growth_bounds_must_be_positive(bound: str) -> None:
    (verdict,), diagnostics = verdicts(f"{SQUARES} claim time in O({bound})")
    assert verdict.verdict == "refuted"
    assert [d.code for d in diagnostics] == ["GLM202"]


@pytest.mark.parametrize("bound", ["log2(n - 2)", "1 / (n - 5)", "sqrt(3 - n)", "log2(log2(n) - 1)"])
def test_value_bounds_must_have_values(bound: str) -> None:
    (verdict,), diagnostics = verdicts(f"{SQUARES} claim time <= {bound}")
    assert verdict.verdict == "refuted"
    assert [d.code for d in diagnostics] in (["GLM203"], ["GLM201"])


def test_claims_need_no_long_enumeration() -> None:
    assert judged(POWERS, "time <= log2(n) + 2", length=2).verdict == "proved"
    assert judged(SQUARES, "time in Theta(sqrt n)", length=1).verdict == "proved"


COEFFICIENT = st.integers(-3, 6)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([SQUARES, POWERS, WINDOW, FIRST_ORDER]),
    st.sampled_from(["time", "cache", "total"]),
    st.sampled_from(["log2(n)", "sqrt(n)", "n", "floor(log2(n - 1))", "floor(sqrt(n))", "n * log2(n)"]),
    COEFFICIENT,
    COEFFICIENT,
)
def test_verdicts_agree_with_evaluation(body: str, quantity: str, scale: str, factor: int, offset: int) -> None:
    """No proved bound fails anywhere to 300, and each refuted one fails at its witness or by growth."""
    from glmc.analysis.evidence import evidence

    bound = f"{factor} * {scale} + {offset}".replace("+ -", "- ").replace("-3 *", "0 - 3 *")
    verdict = judged(body, f"{quantity} <= {bound}", 300)
    values = getattr(evidence(pattern(body), 300), quantity).values
    exact = scale.replace("log2", "math.log2").replace("sqrt", "math.sqrt").replace("floor", "math.floor")
    fails = [
        n
        for n in range(2, 301)
        if values[n] > factor * eval(exact, {"math": math, "n": n}) + offset + 1e-9  # our own text
    ]
    if fails:
        assert verdict.verdict == "refuted"
        assert verdict.witness is not None
        assert f"at n = {fails[0]} " in verdict.witness
    elif verdict.verdict == "refuted":
        assert verdict.witness is not None
        assert "for all large n" in verdict.witness or int(verdict.witness.split("n = ")[1].split()[0]) > 300
