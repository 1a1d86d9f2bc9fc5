"""Claims that mislead, and claims drawn from a grammar against brute force and against known growths."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glmc.analysis.evidence import evidence
from glmc.analysis.facts import Verdict
from tests.analysis import brute
from tests.analysis.derived import verdicts
from tests.analysis.mixers import mixer_text, pattern

SQUARES = "let f(k) = k^2 + 1 B[i] = shifts(f)[i]"
CUBES = "let f(k) = k^3 + 1 B[i] = shifts(f)[i]"
POWERS = "let f(k) = 2^k B[i] = shifts(f)[i]"
TOWERS = "let f(k) = 2^(2^k) B[i] = { i - 1 } | shifts(f)[i]"
COMPACT = "let f(k) = k^2 + 1 B[i] = compact(f)[i]"
COMPACT_POWERS = "let f(k) = 2^k B[i] = compact(f)[i]"
LANDMARKS = "let f(k) = k^2 B[i] = { i - 1 } | landmarks(f)[i]"
WINDOW = "A[i] = window(16)[i]"
FAR = "B[i] = { i - 1 } | { i - 2000 }"
FARTHER = "B[i] = { i - 1 } | { i - 200000 }"
KTH = "B[i] = { i - k for k in 1..17 }"
FIRST_ORDER = "B[i] = { i - 1 }"
DENSE = "B[i] = past[i]"

MISLEADING = [
    # slow growth that small lengths hide
    (CUBES, "time in O(log n)", "refuted"),
    (CUBES, "time in O((log n)^100)", "refuted"),
    (CUBES, "time <= 3 * log2(n) + 40", "refuted"),
    (CUBES, "time <= 100 * log(n) + 100", "refuted"),
    (TOWERS, "time in O(1)", "refuted"),
    (TOWERS, "time <= 60", "refuted"),
    (COMPACT, "path in O(1)", "refuted"),
    (COMPACT, "path <= 10^6", "refuted"),
    (POWERS, "time in O(log n / log log n)", "refuted"),
    (POWERS, "time in Omega(n^(1/100))", "refuted"),
    (POWERS, "total <= 10^6 * n", "refuted"),
    (COMPACT_POWERS, "congestion in O(n^0.99)", "refuted"),
    (COMPACT_POWERS, "congestion in Omega(n)", "refuted"),
    (LANDMARKS, "congestion in O(n^0.49)", "refuted"),
    (COMPACT, "congestion <= 100", "refuted"),
    # true with constants that small lengths seem to deny
    (POWERS, "time in O(n^(1/100))", "proved"),
    (POWERS, "time <= 10 * n^(1/10)", "proved"),
    (SQUARES, "time in O(sqrt(n) / 10^9)", "proved"),
    (CUBES, "time <= n^(1/3) + 2", "proved"),
    (TOWERS, "time in O(log log n)", "proved"),
    (COMPACT_POWERS, "congestion in Theta(n / log n)", "proved"),
    (LANDMARKS, "congestion in Theta(sqrt n)", "proved"),
    (POWERS, "time in Theta(log n + log log n)", "proved"),
    (POWERS, "time in O(min(2^n, 3^n))", "proved"),
    (POWERS, "time in Omega(min(2^n, 3^n))", "refuted"),
    # off by one, at the start or far out
    (POWERS, "cache <= n - 1", "refuted"),
    (POWERS, "total <= 12 * n", "refuted"),
    (DENSE, "total <= n^2 / 2", "refuted"),
    (DENSE, "total == n^2 / 2 + n / 2", "proved"),
    (KTH, "path == (n + 14) // 16", "proved"),
    (KTH, "path <= n / 16", "refuted"),
    (KTH, "congestion <= n / 16", "refuted"),
    (FAR, "time <= 2", "refuted"),
    (FAR, "time <= 3", "proved"),
    (FARTHER, "cache <= 5000", "refuted"),
    (FIRST_ORDER, "path <= 10^9", "refuted"),
    (WINDOW, "time == min(n, 16)", "proved"),
    (WINDOW, "path in O(n)", "refuted"),
    (WINDOW, "congestion in O(n)", "refuted"),
    (FIRST_ORDER, "time in O(1 / n)", "refuted"),
    # some lengths can be copied, others cannot
    ("B[i] = { i - 2, i - 4 }", "congestion in O(n)", "refuted"),
    ("B[i] = { i - 2, i - 4 }", "congestion in Omega(n)", "proved"),
    ("B[i] = { i - 2, i - 4 }", "congestion <= n", "refuted"),
    # rows without elements
    ("A[i] = { } B[i] = { }", "total in Theta(n)", "refuted"),
    ("A[i] = { } B[i] = { }", "total in O(1)", "proved"),
    ("A[i] = { i if i % 2 == 0 } B[i] = { }", "total in Theta(n)", "proved"),
    ("A[i] = window(9)[i] - window(4)[i] B[i] = { }", "total in Theta(n)", "proved"),
    ("A[i] = { } B[i] = { 3 * k for k in 2..5 if 3 * k < i }", "total in Theta(n)", "proved"),
    # at most one element in each of the listed parts
    ("A[i] = { i if i % 2 == 0 } B[i] = { i - 1 if i % 2 == 0 }", "time <= 2", "proved"),
    ("B[i] = { i // 2 if i > 0 } | { i - 1 }", "time <= 3", "proved"),
    ("A[i] = { } B[i] = { i - 1 - j * k for j in 0..3 for k in 0..2 if j * k != i % 2 }", "time <= 6", "proved"),
]

# true, or false from a length on that nobody enumerates
UNPROVED = [
    ("A[i] = { 0 if i == 0 } B[i] = { }", "total == 1"),
    ("A[i] = { 0 if i == 0 } B[i] = { }", "total in Omega(n)"),
    ("A[i] = { i if i % 3 == 0 and (i + 1) % 3 == 0 } B[i] = { }", "total in Omega(n)"),
    ("B[i] = { i - 1 if i < 1000 } | { i - 2 if i >= 1000 }", "congestion in O(n)"),
    ("B[i] = { i - 1 if i < 1000 } | { i - 2 if i >= 1000 }", "congestion <= n"),
]


@cache
def judged(body: str, claim: str, length: int = 512) -> Verdict:
    (verdict,), _ = verdicts(f"{body} claim {claim}", length)
    return verdict


@pytest.mark.parametrize(("body", "claim", "verdict"), MISLEADING)
def test_misleading_claims(body: str, claim: str, verdict: str) -> None:
    found = judged(body, claim)
    assert found.verdict == verdict
    assert verdict == "proved" or found.witness


@pytest.mark.parametrize(("body", "claim"), UNPROVED)
def test_claims_without_a_proof_or_a_witness(body: str, claim: str) -> None:
    assert judged(body, claim).verdict in {"open", "checked"}


# closed values of our own: the least length at which they break the claim
LEAST = [
    (CUBES, "time <= 3 * log2(n) + 40", lambda n: _root(n - 2, 3) + 2 > 3 * math.log2(n) + 40, 1 << 20),
    (SQUARES, "time <= 3 * log2(n) + 40", lambda n: math.isqrt(n - 2) + 2 > 3 * math.log2(n) + 40, 1 << 13),
    (FAR, "time <= 2", lambda n: n > 2000, 4096),
    (FARTHER, "cache <= 5000", lambda n: n > 5000, 1 << 13),
    (FIRST_ORDER, "path <= 10^6", lambda n: n - 1 > 10**6, 1 << 21),
    (DENSE, "total <= 600000", lambda n: n * (n + 1) // 2 > 600000, 4096),
    (KTH, "path <= n / 16 + 1/2", lambda n: -(-(n - 1) // 16) > n / 16 + 0.5, 64),
]


def _root(x: int, degree: int) -> int:
    return next(k for k in range(round(x ** (1 / degree)) + 2, -1, -1) if k**degree <= x)


@pytest.mark.parametrize(("body", "claim", "breaks", "stop"), LEAST)
def test_the_witness_is_the_least(body, claim, breaks, stop) -> None:
    least = next(n for n in range(2, stop) if breaks(n))
    witness = judged(body, claim).witness
    assert witness is not None
    assert witness.startswith(f"at n = {least} ")


# -- growth claims: known growths against bounds whose growth is known by construction -----------------------------

# exponents of n, log n and log log n of time, total, cache and path
KNOWN = {
    SQUARES: ((0.5, 0, 0), (1.5, 0, 0), (1, 0, 0), (0, 0, 0)),
    CUBES: ((Fraction(1, 3), 0, 0), (Fraction(4, 3), 0, 0), (1, 0, 0), (0, 0, 0)),
    POWERS: ((0, 1, 0), (1, 1, 0), (1, 0, 0), (0, 1, 0)),
    COMPACT: ((0.5, 0, 0), (1.5, 0, 0), (0.5, 0, 0), (0, 0, 1)),
    COMPACT_POWERS: ((0, 1, 0), (1, 1, 0), (0, 1, 0), (0, 1, 0)),
    LANDMARKS: ((0.5, 0, 0), (1.5, 0, 0), (0.5, 0, 0), (0.5, 0, 0)),
    DENSE: ((1, 0, 0), (2, 0, 0), (1, 0, 0), (0, 0, 0)),
    KTH: ((0, 0, 0), (1, 0, 0), (0, 0, 0), (1, 0, 0)),
}
QUANTITIES = ("time", "total", "cache", "path")
EXPONENTS = st.tuples(
    st.sampled_from([Fraction(0), Fraction(1, 3), Fraction(1, 2), Fraction(1), Fraction(3, 2)]),
    st.sampled_from([Fraction(-1), Fraction(0), Fraction(1), Fraction(2)]),
    st.sampled_from([Fraction(-1), Fraction(0), Fraction(1)]),
)


def written(exponents: tuple[Fraction, Fraction, Fraction]) -> str:
    bases = ("n", "log2(n + 2)", "log2(log2(n + 4))")
    factors = [f"({base})^({exponent})" for base, exponent in zip(bases, exponents, strict=True) if exponent]
    return " * ".join(factors) or "1"


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(sorted(KNOWN)),
    st.sampled_from(QUANTITIES),
    st.sampled_from(["O", "Omega", "Theta"]),
    EXPONENTS,
    EXPONENTS,
    st.sampled_from(["1", "1000000", "1 / 1000000"]),
)
def test_growth_claims_are_decided(body, quantity, relation, large, small, factor) -> None:
    own = KNOWN[body][QUANTITIES.index(quantity)]
    bound = max(large, small)
    verdict = judged(body, f"{quantity} in {relation}({factor} * {written(large)} + 7 * {written(small)})", 64)
    true = {"O": own <= bound, "Omega": own >= bound, "Theta": own == bound}[relation]
    assert verdict.verdict == ("proved" if true else "refuted")


# -- value claims: bounds of a grammar against the definitions ------------------------------------------------------

ATOMS = st.one_of(
    st.sampled_from(["n", "log2(n)", "sqrt(n)", "log(n)", "n^(1/3)", "log2(log2(n + 2))", "2^n"]),
    st.integers(0, 12).map(str),
)


def compound(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(parts, st.sampled_from(["+", "-", "*"]), parts).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(parts, st.integers(2, 5)).map(lambda t: f"({t[0]} / {t[1]})"),
        parts.map(lambda part: f"floor({part})"),
        parts.map(lambda part: f"ceil({part})"),
        st.tuples(parts, parts).map(lambda t: f"max({t[0]}, {t[1]})"),
        st.tuples(parts, parts).map(lambda t: f"min({t[0]}, {t[1]})"),
    )


BOUNDS = st.recursive(ATOMS, compound, max_leaves=4)

NAMES = {
    "floor": lambda x: mpmath.floor(x + mpmath.mpf(10) ** -30),
    "ceil": lambda x: mpmath.ceil(x - mpmath.mpf(10) ** -30),
    "log2": lambda x: mpmath.log(x, 2),
    "log": mpmath.log,
    "sqrt": mpmath.sqrt,
    "max": max,
    "min": min,
}


def bound_at(bound: str, n: int) -> mpmath.mpf:
    text = bound.replace("^", "**").replace("(1/3)", "(mpf(1)/3)")
    return mpmath.mpf(eval(text, {**NAMES, "mpf": mpmath.mpf, "n": mpmath.mpf(n)}))  # our own text


def breaks(value: int, relation: str, bound: mpmath.mpf) -> bool:
    near = mpmath.mpf(10) ** -25
    return value > bound + near or (relation == "==" and value < bound - near)


mpmath.mp.dps = 60
SHORT, LONG = 18, 400


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(KNOWN)), st.sampled_from(QUANTITIES), st.sampled_from(["<=", "=="]), BOUNDS)
def test_value_claims_agree_with_the_definitions(body: str, quantity: str, relation: str, bound: str) -> None:
    verdict = judged(body, f"{quantity} {relation} {bound}", SHORT)
    broken = next(
        (n for n in range(2, SHORT + 1) if breaks(defined(body, quantity, n), relation, bound_at(bound, n))), None
    )
    if broken is not None:
        assert verdict.verdict == "refuted"
        assert verdict.witness is not None
        assert verdict.witness.startswith(f"at n = {broken} ")
    elif verdict.verdict == "refuted":
        assert verdict.witness is not None
        assert "for all large n" in verdict.witness or int(verdict.witness.split("n = ")[1].split()[0]) > SHORT
    if verdict.verdict == "proved":
        values = getattr(evidence(pattern(body), LONG), quantity).values
        assert not any(breaks(int(values[n]), relation, bound_at(bound, n)) for n in range(2, LONG + 1))


@cache
def defined(body: str, quantity: str, n: int) -> int:
    mixer = brute.read(mixer_text(body), 40 * SHORT)["m"]
    if quantity == "path":
        found = brute.path(mixer.hops(n), n)
        assert found is not None
        return found
    value: int = getattr(mixer, quantity)(n)
    return value
