"""What the rules prove: the paper's table in full, every class of section 3, and rules that refuse."""

from __future__ import annotations

import math

import pytest

from glmc.analysis.analyze import analyze
from glmc.analysis.evidence import evidence
from glmc.analysis.facts import Fact, Facts
from glmc.analysis.verify import verify
from glmc.diagnostics import Sink
from tests import oracle
from tests.analysis import closed
from tests.analysis.derived import facts
from tests.analysis.mixers import EXAMPLES, pattern, patterns

QUANTITIES = ("time", "total", "cache", "path")

ROWS = {
    "attention": "A[i] = causal[i] B[i] = { }",
    "local": "A[i] = window(16)[i] B[i] = { } weights A = softmax(dot(q, k))",
    "ssm": "A[i] = { i } B[i] = { i - 1 } state 16",
    "kth": "A[i] = { i } B[i] = { i - k for k in 1..17 }",
    "dense": "A[i] = { i } B[i] = past[i]",
    "2^k": "let f(k) = 2^k B[i] = shifts(f)[i]",
    "2^k compact": "let f(k) = 2^k B[i] = compact(f)[i]",
    "k^2+1": "let f(k) = k^2 + 1 B[i] = shifts(f)[i]",
    "k^2+1 compact": "let f(k) = k^2 + 1 B[i] = compact(f)[i]",
}

# THEORY, section 4: time, total, cache and path at 64 and at 1024
VALUES = {
    "attention": ((64, 2080, 64, 1), (1024, 524800, 1024, 1)),
    "local": ((16, 904, 15, None), (16, 16264, 15, None)),
    "ssm": ((2, 127, 1, 63), (2, 2047, 1, 1023)),
    "kth": ((17, 952, 16, 4), (17, 17272, 16, 64)),
    "dense": ((64, 2080, 64, 1), (1024, 524800, 1024, 1)),
    "2^k": ((7, 385, 64, 6), (11, 10241, 1024, 10)),
    "2^k compact": ((7, 385, 7, 6), (11, 10241, 11, 10)),
    "k^2+1": ((9, 428, 64, 4), (33, 23344, 1024, 4)),
    "k^2+1 compact": ((8, 374, 7, 5), (26, 17893, 25, 6)),
}

GROWTHS = {
    "attention": ("n", "n^2", "n", "1"),
    "local": ("1", "n", "1", None),
    "ssm": ("1", "n", "1", "n"),
    "kth": ("1", "n", "1", "n"),
    "dense": ("n", "n^2", "n", "1"),
    "2^k": ("log(n)", "n*log(n)", "n", "log(n)"),
    "2^k compact": ("log(n)", "n*log(n)", "log(n)", "log(n)"),
    "k^2+1": ("sqrt(n)", "n^(3/2)", "n", "1"),
    "k^2+1 compact": ("sqrt(n)", "n^(3/2)", "sqrt(n)", "log(log(n))"),
}

EXPRESSIONS = {
    "attention": ("n", "n * (n + 1) / 2", "n", "1"),
    "ssm": ("2", "2 * n - 1", "1", "n - 1"),
    "kth": ("min(n - 1, 16) + 1", ..., "min(n, 16)", "ceil((n - 1) / 16)"),
    "2^k": ("floor(log2(n - 1)) + 2", ..., "n", "floor(log2(n))"),
    "2^k compact": ("floor(log2(n - 1)) + 2", ..., "floor(log2(n)) + 1", "ceil(log2(2 * n / 3))"),
    "k^2+1": ("floor(sqrt(n - 2)) + 2", ..., "n", ...),
}


def _facts(found: Facts) -> list[Fact]:
    return [getattr(found, quantity) for quantity in QUANTITIES]


def _growths(found: Facts) -> list[str | None]:
    return [None if fact.growth is None else str(fact.growth) for fact in _facts(found)]


@pytest.mark.parametrize("row", ROWS)
def test_table_row(row: str) -> None:
    for length, values in zip((64, 1024), VALUES[row], strict=True):
        found = facts(ROWS[row], length)
        assert tuple(fact.at_length for fact in _facts(found)) == values
        assert tuple(_growths(found)) == GROWTHS[row]
        assert [fact.status for fact in _facts(found)] == ["proved"] * 4
        assert [fact.checked_to for fact in _facts(found)] == [length] * 4
        assert all(fact.because for fact in _facts(found))


@pytest.mark.parametrize("row", EXPRESSIONS)
def test_table_expressions(row: str) -> None:
    for fact, expected in zip(_facts(facts(ROWS[row])), EXPRESSIONS[row], strict=True):
        assert fact.expression is not None
        if expected is not ...:
            assert fact.expression == expected


def test_local_attention_is_unreachable() -> None:
    assert facts(ROWS["local"]).path.unreachable == (0, 16)


# -- index maps: growth of #{k : f(k) <= n}, and of the path where it is known -------------------------------

MAPS = {
    "k + 1": ("n", "1"),
    "3 * k + 1": ("n", "1"),
    "k^3 + 1": ("n^(1/3)", "1"),
    "k^4 + 1": ("n^(1/4)", "1"),
    "k * (k + 1) // 2 + 2 - 1": ("sqrt(n)", "1"),
    "k * (k + 1) // 2 + 1": ("sqrt(n)", "1"),
    "3 * k^2 + 2 * k + 1": ("sqrt(n)", "1"),
    "k * (k + 1) * (k + 2) // 6 + 1": ("n^(1/3)", "1"),
    "k^2 // 2 + k + 1": ("sqrt(n)", ...),
    "3^k": ("log(n)", "log(n)"),
    "10^k": ("log(n)", "log(n)"),
    "2 * 3^k - 1": ("log(n)", "log(n)"),
    "2^(k + 1) - 1": ("log(n)", "log(n)"),
    "2^k + k": ("log(n)", "log(n)"),
    "2^k + 3^k - 1": ("log(n)", "log(n)"),
    "k * 2^k + 1": ("log(n)", "log(n)"),
    "2^(2^k)": ("log(log(n))", None),
    "3^(2^k)": ("log(log(n))", None),
}


@pytest.mark.parametrize("body", MAPS)
def test_growth_of_shifts(body: str) -> None:
    count, path = MAPS[body]
    for rows in ("shifts(f)[i]", "{ i - f(k) for k in 0.. }", "{ i - f(k) for k in 0.. if f(k) <= i }"):
        found = facts(f"let f(k) = {body} B[i] = {rows}", 300)
        growths = _growths(found)
        assert growths[0] == count
        assert found.time.status == found.total.status == found.cache.status == "proved"
        assert (growths[2], found.cache.expression) == ("n", "n")
        assert found.total.growth == found.time.growth * facts("B[i] = past[i]").time.growth
        if path is not ...:
            assert growths[3] == path


RECURRENCES = {
    "let f(0) = 1 let f(1) = 2 let f(k + 2) = f(k + 1) + f(k)": "log(n)",
    "let f(0) = 1 let f(1) = 2 let f(2) = 4 let f(k + 3) = f(k + 2) + f(k + 1) + f(k)": "log(n)",
    "let f(0) = 1 let f(1) = 3 let f(2) = 4 let f(k + 3) = f(k + 2) + f(k)": "log(n)",
    "let f(0) = 1 let f(k + 1) = 2 * f(k) + 1": "log(n)",
    "let f(0) = 1 let f(k + 1) = f(k) + 2 * k + 1": "sqrt(n)",
    "let f(0) = 1 let f(k + 1) = f(k) + 5": "n",
}


@pytest.mark.parametrize("equations", RECURRENCES)
def test_growth_of_recursive_maps(equations: str) -> None:
    found = facts(f"{equations} B[i] = shifts(f)[i]", 300)
    assert str(found.time.growth) == RECURRENCES[equations]
    assert found.time.status == "proved"


COMPACT = {
    "2^k": ("log(n)", "log(n)"),
    "3^k": ("log(n)", "log(n)"),
    "k^2 + 1": ("sqrt(n)", "log(log(n))"),
    "k^3 + 1": ("n^(1/3)", "log(log(n))"),
    "k^4 + 1": ("n^(1/4)", "log(log(n))"),
    "k * (k + 1) // 2 + 2 - 1": ("sqrt(n)", "log(log(n))"),
    "3 * k^2 + 2 * k + 1": ("sqrt(n)", "log(log(n))"),
}


@pytest.mark.parametrize("body", COMPACT)
def test_compact_rows_cache_what_they_read(body: str) -> None:
    found = facts(f"let f(k) = {body} B[i] = compact(f)[i]", 600)
    size, path = COMPACT[body]
    growths = _growths(found)
    assert growths[0] == growths[2] == size
    assert growths[3] == path
    assert {fact.status for fact in _facts(found)} == {"proved"}


def test_compact_fibonacci() -> None:
    fibonacci = "let f(0) = 1 let f(1) = 2 let f(k + 2) = f(k + 1) + f(k)"
    assert _growths(facts(f"{fibonacci} B[i] = compact(f)[i]"))[0::2] == ["log(n)", "log(n)"]


# -- every closed expression, for every length -------------------------------

CLOSED = [
    *ROWS.values(),
    *(f"let f(k) = {body} B[i] = shifts(f)[i]" for body in MAPS),
    "let f(k) = k^2 + 7 B[i] = shifts(f)[i]",
    "let f(k) = 5 * k^2 - 3 * k + 4 B[i] = shifts(f)[i]",
    "let f(k) = 3 * 2^k + 5 B[i] = shifts(f)[i]",
    "let f(k) = 2^(2^k) + 3 B[i] = shifts(f)[i]",
    "A[i] = window(5)[i] | { i - 2^k for k in 0.. }",
    "A[i] = window(9)[i] | stride(4)[i]",
    "B[i] = { i - 3, i - 7, i - 8 }",
    "B[i] = { i - k for k in 3..9 }",
    "B[i] = { i - 5 * k for k in 1..4 }",
    "B[i] = { i - k^2 for k in 1.. }",
    "B[i] = { i - k^2 for k in 2..6 }",
    "let f(k) = k^2 B[i] = landmarks(f)[i]",
    "let f(k) = 3^k B[i] = landmarks(f)[i]",
    "A[i] = block(7)[i]",
    "A[i] = { i } B[i] = fenwick[i] & past[i]",
    "A[i] = fenwick[i]",
    "A[i] = causal[i] B[i] = past[i]",
    "A[i] = { i } B[i] = { i - 1 - 3 * k for k in 0.. }",
    "A[i] = { j for j in 0..5 if j <= i }",
    "let f(k) = 5^k B[i] = compact(f)[i]",
    "let f(k) = 4 * k + 1 B[i] = compact(f)[i]",
    "B[i] = { i - 2^a * 3^b for a in 0.. for b in 0.. }",
    "B[i] = { i - 4 * 3^a * 5^b + 3 for a in 0.. for b in 0.. }",
    "A[i] = block(12)[i] B[i] = { i // 12 * 12 - 1 }",
    "A[i] = { j for j in 6 * (i // 6) - 6..i + 1 } B[i] = { 6 * (i // 6) - 7 }",
    "A[i] = window(4)[i] B[i] = { i - 4, i - 9 }",
    "A[i] = { i, i - 1 } B[i] = { i - 1 - i % 2 }",
]


LENGTHS = (*range(2, 70), 100, 127, 128, 129, 255, 256, 257, 299, 511, 512, 513, 600)


@pytest.mark.parametrize("body", CLOSED)
def test_expressions_hold_for_every_length(body: str) -> None:
    """Against enumeration at the first lengths, and at lengths that no one tuned for beyond."""
    found = evidence(pattern(body), 600)
    for quantity in QUANTITIES:
        values = getattr(found, quantity).values
        expression = getattr(found, quantity).fact(600).expression
        for length in LENGTHS if expression is not None else ():
            assert closed.value(expression, length) == values[length], (quantity, length, expression)


@pytest.mark.parametrize("body", CLOSED)
def test_facts_agree_with_the_oracle(body: str) -> None:
    """An independent reading of the text, element by element."""
    mixer = oracle.read(f"glm 1\nmixer m {{\n{body}\n}}")["m"]
    found = pattern(body)
    for length in (2, 11, 16):
        known = analyze(found, length)
        assert known.time.at_length == mixer.time(length)
        assert known.total.at_length == mixer.total(length)
        assert known.path.at_length == mixer.path(length)
        assert known.path.unreachable == mixer.unreachable(length)
        seen = mixer.cache(length, horizon=4 * length)
        assert known.cache.at_length is not None
        assert known.cache.at_length >= seen


# -- recognition is by meaning -------------------------------

SAME = [
    ("A[i] = window(8)[i]", "A[i] = { i - k for k in 0..8 }"),
    ("A[i] = window(8)[i]", "A[i] = { j for j in max(0, i - 7)..i + 1 }"),
    ("A[i] = window(8)[i]", "A[i] = { i - a - 2 * b for a in 0..2 for b in 0..4 }"),
    ("A[i] = causal[i]", "A[i] = { i - k for k in 0..i + 1 }"),
    ("B[i] = past[i]", "B[i] = { j for j in 0..i }"),
    ("A[i] = stride(4)[i]", "A[i] = { j for j in 0..i + 1 if (i - j) % 4 == 0 }"),
    ("A[i] = block(4)[i]", "A[i] = { j for j in 4 * (i // 4)..i + 1 }"),
    ("let f(k) = k^2 B[i] = landmarks(f)[i]", "B[i] = { k * k for k in 0.. if k * k < i }"),
    ("let f(k) = 2^k B[i] = shifts(f)[i]", "B[i] = { i - 2^k for k in 0..bitlen(i) }"),
]


@pytest.mark.parametrize(("named", "written"), SAME)
def test_written_out_sets_get_the_same_growths(named: str, written: str) -> None:
    ours, theirs = facts(named, 200), facts(written, 200)
    assert [fact.at_length for fact in _facts(ours)] == [fact.at_length for fact in _facts(theirs)]
    proved = [t for t in _facts(theirs) if t.status == "proved"]
    assert len(proved) >= 3
    for mine, other in zip(_facts(ours), _facts(theirs), strict=True):
        assert other.growth in (mine.growth, None)


# -- groups -------------------------------


def test_heads_add_time_and_cache_and_take_the_best_path() -> None:
    *_, hybrid = patterns((EXAMPLES / "hybrid.glm").read_text())
    found = analyze(hybrid, 1024)
    assert _growths(found) == ["sqrt(n)", "n^(3/2)", "n", "1"]
    assert [fact.at_length for fact in _facts(found)] == [
        32 + 33,
        None or found.total.at_length,
        31 + 1024,
        4,
    ]
    assert found.time.status == found.cache.status == found.path.status == "proved"


# -- rules that refuse -------------------------------

PERTURBED = [
    # f(0) > 1 leaves (i − 1, i) without a path: the hop theorems must not speak
    ("let f(k) = k^2 + 2 B[i] = shifts(f)[i]", "path", None),
    # c^(c^k) beside {i − 1} has no Theta class for its path
    ("B[i] = { i - 1 } | { i - 2^(2^k) for k in 0.. }", "path", None),
    # 2^k + k shares no divisor chain: slots may coincide without bound
    ("let f(k) = 2^k + k B[i] = compact(f)[i]", "time", None),
    # a residue condition that never holds keeps nothing
    ("B[i] = { i - 2^k for k in 0.. if 2 * (i + k) % 4 == 1 }", "time", None),
    # an intersection may be empty or full
    ("B[i] = { i - 3 * 2^k for k in 0.. } & { i - k^2 for k in 1.. }", "time", None),
    ("B[i] = { i - 2^k for k in 0.. } & { i - k^2 - 1 for k in 0.. }", "time", None),
    ("B[i] = { i - 2^k for k in 0.. } & { i - 3^k - 1 for k in 0.. }", "time", None),
    ("B[i] = { i - k^2 - 1 for k in 0.. } & { i - k^3 - 2 for k in 0.. }", "time", None),
    # 2^a · 4^b: few of the products are distinct
    ("B[i] = { i - 2^a * 4^b for a in 0.. for b in 0.. }", "time", None),
    # sums may coincide
    ("B[i] = { i - 2^a - 3^b for a in 0.. for b in 0.. }", "time", None),
    # all pairs have a path up to row 600, and not beyond: rows that do not repeat
    ("A[i] = block(12)[i] B[i] = { i // 12 * 12 - 1 - min(i // 600, 1) }", "path", None),
    # the same, with a period longer than any that is tried
    ("A[i] = window(4)[i] B[i] = { i - 4 - i // 600 % 2 }", "path", None),
    # input 11 never reaches output 12
    ("A[i] = block(12)[i] B[i] = { i // 12 * 12 - 2 }", "path", None),
    # equal growth on both sides of a difference
    ("B[i] = { i - k^2 for k in 1.. } - { i - k^2 for k in 2.. }", "time", None),
]


@pytest.mark.parametrize(("body", "quantity", "growth"), PERTURBED)
def test_rules_say_nothing_outside_their_conditions(body: str, quantity: str, growth: str | None) -> None:
    fact = getattr(facts(body, 400), quantity)
    assert fact.growth == growth
    if quantity != "path" or fact.unreachable is None:
        assert fact.status == "checked"


def test_condition_that_holds_somewhere_keeps_the_growth() -> None:
    found = facts("B[i] = { i - 2^k for k in 0.. if k % 3 == 1 }", 4096)
    assert (str(found.time.growth), found.time.status) == ("log(n)", "proved")
    assert found.cache.expression == "n"


SEVERAL_VARIABLES = {
    "2^a * 3^b for a in 0.. for b in 0..": ("log(n)^2", "n"),
    "2^a * 9^b * 5^c for a in 0.. for b in 0.. for c in 0..": ("log(n)^3", "n"),
    "2^a * 4^b for a in 0.. for b in 0..": (None, "n"),
    "2^a - 3^b for a in 0.. for b in 0..": (None, "n"),
    "2^a - b for a in 0.. for b in 1..2": ("log(n)", "n"),
    "2^a * 3^b for a in 0..4 for b in 0..3": ("1", "1"),
}


@pytest.mark.parametrize("offsets", SEVERAL_VARIABLES)
def test_growth_of_offsets_of_several_variables(offsets: str) -> None:
    assert tuple(_growths(facts(f"B[i] = {{ i - {offsets} }}", 300))[0::2]) == SEVERAL_VARIABLES[offsets]


SHARED = {
    "2^k for k in 0.. | k^2 for k in 1..": ("log(n)", "n"),
    "8^k for k in 0.. | k^2 for k in 1..": ("log(n)", "n"),
    "4^k for k in 0.. | 8^k for k in 1..": ("log(n)", "n"),
    "6^k for k in 0.. | 4^k for k in 0..": ("1", "1"),
    "12^k for k in 0.. | 18^k for k in 0..": ("1", "1"),
    "k^2 for k in 1.. | k^3 for k in 1..": ("n^(1/6)", "n"),
    "k^2 + 1 for k in 0.. | 3 * k + 1 for k in 0..": ("sqrt(n)", "n"),
    "k^2 + 1 for k in 0.. | 3 * k + 3 for k in 0..": ("1", "1"),
    "2^k for k in 0.. | 3 * k + 3 for k in 0..": ("1", "1"),
    "2^k for k in 0.. | 12 * k + 4 for k in 0..": ("log(n)", "n"),
    "k * (k + 1) // 2 + 1 for k in 0.. | 2 * k + 2 for k in 0..": ("sqrt(n)", "n"),
}


@pytest.mark.parametrize("sides", SHARED)
def test_growth_of_shared_distances(sides: str) -> None:
    left, right = sides.split(" | ")
    body = f"B[i] = {{ i - ({left.replace(' for', ') for', 1)} }} & {{ i - ({right.replace(' for', ') for', 1)} }}"
    found = evidence(pattern(body), 1 << 14)
    assert (str(found.time.growth), str(found.cache.growth)) == SHARED[sides]
    shared = found.time.values[1 << 14] - 1
    least = {"1": 0, "log(n)": 2, "n^(1/6)": 4, "sqrt(n)": 40}[SHARED[sides][0]]
    assert least <= shared <= max(3, 4 * least)


def test_residues_of_the_variable_are_taken_apart() -> None:
    halved = facts("B[i] = { i - k^2 - 1 for k in 0.. if k % 2 == 0 and k^2 < i }", 400)
    written = facts("B[i] = { i - 4 * k^2 - 1 for k in 0.. }", 400)
    assert _growths(halved) == _growths(written)
    assert [fact.expression for fact in _facts(halved)] == [fact.expression for fact in _facts(written)]
    # a condition on the row is no condition on the variable
    assert facts("B[i] = { i - k^2 - 1 for k in 0.. if (i + k) % 2 == 0 }", 400).path.growth is None


COPRIME = {
    "{ j for j in 0..i if gcd(i, j) == 1 }": ("n", "n^2", "n"),
    "{ j for j in 1..i if gcd(j, i) == 1 }": ("n", "n^2", "n"),
    "{ i - k for k in 1..i + 1 if gcd(i, k) == 1 }": ("n", "n^2", "n"),
    # another divisor, another end, another number
    "{ j for j in 0..i if gcd(i, j) == 2 }": (None, None, None),
    "{ j for j in 0..i // 2 if gcd(i, j) == 1 }": (None, None, None),
    "{ j for j in 0..i if gcd(i + 1, j) == 1 }": (None, None, None),
}


@pytest.mark.parametrize("rows", COPRIME)
def test_growth_of_coprime_rows(rows: str) -> None:
    assert tuple(_growths(facts(f"B[i] = {rows}", 200))[:3]) == COPRIME[rows]


RANGES = {
    "{ (i - 1) // 4^m * 4^m - 4^m * k for m in 0..bitlen(i) for k in 0..4 if i >= 1 }": ("proved", "checked"),
    "{ i - 1 - k * m for m in 1..bitlen(i) for k in 0..bitlen(i) }": ("checked", "proved"),
    # a range of more than logarithmically many, or one that depends on another
    "{ i - 1 - k * m for m in 1..4 for k in 0..i // 2 }": ("checked", "checked"),
    "{ i - 1 - k * m for m in 1..i // 2 + 1 for k in 0..m }": ("checked", "checked"),
}


@pytest.mark.parametrize("rows", RANGES)
def test_rows_have_at_most_the_product_of_their_ranges(rows: str) -> None:
    claims = "claim time in O(log n) claim time in O(log(n)^2)"
    found = pattern(f"B[i] = {rows} {claims}")
    verdicts = verify(found, analyze(found, 300), Sink(found.source))
    linear, squared = RANGES[rows]
    assert (verdicts[0].verdict == "proved") == (linear == "proved")
    assert (verdicts[1].verdict == "proved") == ("proved" in (linear, squared))


def test_chained_rows_have_linear_paths() -> None:
    for body in ("A[i] = block(12)[i] B[i] = { i // 12 * 12 - 1 }", "A[i] = window(4)[i] B[i] = { i - 4, i - 9 }"):
        path = facts(body, 300).path
        assert (str(path.growth), path.status) == ("n", "proved")


def test_linear_compact_path() -> None:
    assert facts("let f(k) = 7 * k + 1 B[i] = compact(f)[i]").path.expression == "min(n - 1, 7)"


@pytest.mark.parametrize("body", CLOSED)
def test_proved_growths_fit_enumeration(body: str) -> None:
    """Over a factor of 16 in n, up to a constant factor."""
    found = evidence(pattern(body), 1024)
    for quantity in QUANTITIES:
        growth, values = getattr(found, quantity).growth, getattr(found, quantity).values
        if growth is not None and len(values) > 1024 and values[64]:
            ratio = values[1024] / values[64] / (_at(growth, 1024) / _at(growth, 64))
            assert 1 / 3 < ratio < 3, (quantity, str(growth))


def _at(growth: object, n: int) -> float:
    power, logs, loglogs = (float(getattr(growth, name)) for name in ("power", "log", "loglog"))
    return n**power * math.log(n) ** logs * math.log(math.log(n)) ** loglogs
