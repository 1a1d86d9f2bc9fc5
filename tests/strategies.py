"""Hypothesis strategies for whole ``.glm`` mixers: legal and causal by construction, as text.

    @given(strategies.mixers())
    def test_something(drawn):
        (pattern,) = elaborate(parse(Source("drawn.glm", drawn.text), report), report, mixer=drawn.name)
        inputs = strategies.inputs(length=24, heads=drawn.heads, slots=drawn.slots(24))

``mixers`` covers index maps (polynomial, exponential, recursive), windows, strides, blocks, landmarks,
conditions on residues, several generators, set algebra, ``compact`` of random maps, sets with parameters,
every weighting, ``state`` and ``heads``. ``row_sets`` draws one side alone, ``index_maps`` one map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

STATE = 3  # channels of `state N` where one is drawn


@dataclass(frozen=True)
class Map:
    """``let`` equations of a strictly increasing map called ``name`` with f(0) >= 1."""

    name: str
    equations: tuple[str, ...]
    first: int

    @property
    def lets(self) -> str:
        return "\n".join(f"  let {equation}" for equation in self.equations)


@dataclass(frozen=True)
class Side:
    """A row set as text over ``i``, the lets and set definitions that it needs, and what its slots are like.

    ``numbered``: every element has a slot number that LANGUAGE defines; ``growing``: slots grow with the
    length.
    """

    text: str
    lets: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()
    numbered: bool = True
    growing: bool = False

    def joined(self, other: Side, text: str, *, numbered: bool, growing: bool) -> Side:
        lets = tuple(dict.fromkeys(self.lets + other.lets))
        definitions = tuple(dict.fromkeys(self.definitions + other.definitions))
        return Side(text, lets, definitions, numbered, growing)


@dataclass(frozen=True)
class Drawn:
    """A file, the name of the mixer in it that is meant, and a number of heads that its groups divide."""

    text: str
    name: str
    heads: int

    def slots(self, length: int) -> int:
        """Logits of ``slot_gate`` and ``const`` that are enough for ``length`` tokens."""
        return length + 40


# -- index maps ----------------------------------------------------------------------------------------------


@st.composite
def index_maps(draw: st.DrawFn, name: str = "f", first: int | None = None) -> Map:
    """A strictly increasing map; ``first`` fixes f(0)."""
    c = first if first is not None else draw(st.integers(1, 5))
    a, b = draw(st.integers(1, 3)), draw(st.integers(0, 4))
    k = draw(st.sampled_from(["k", "m", "step"]))
    one = draw(
        st.sampled_from(
            [
                (f"{name}({k}) = {a} * {k}^2 + {b} * {k} + {c}",),
                (f"{name}({k}) = {k}^3 + {c}",),
                (f"{name}({k}) = {k} * ({k} + 1) // 2 + {c}",),
                (f"{name}({k}) = {k} * {k} // {a} + {k} + {c}",),
                (f"{name}({k}) = {a + 1} * {k} + {c}",),
                (f"{name}({k}) = {a + 1}^{k} + {c - 1}",),
                (f"{name}({k}) = 2^{k} + {b} * {k} + {c - 1}",),
                (f"{name}({k}) = floor({k}^2 / 2) + {a} * {k} + {c}",),
                (f"{name}(0) = {c}", f"{name}({k} + 1) = {name}({k}) + {a} * {k} + {b + 1}"),
                (f"{name}(0) = {c}", f"{name}({k} + 1) = 2 * {name}({k}) + {b}"),
                (f"{name}({k}+1) = {name}({k}) + gcd({k}, {b + 2}) + {a}", f"{name}(0) = {c}"),
                (
                    f"{name}(0) = {c}",
                    f"{name}(1) = {c + a}",
                    f"{name}({k} + 2) = {name}({k} + 1) + {name}({k})",
                ),
                (
                    f"{name}(0) = {c}",
                    f"{name}(1) = {c + 1}",
                    f"{name}(2) = {c + 1 + a}",
                    f"{name}({k} + 3) = {name}({k} + 2) + {name}({k}) + {b}",
                ),
                *([(f"{name}({k}) = 2^(2^{k}) + {c - 2}",)] if c >= 2 else []),
            ]
        )
    )
    return Map(name, one, c)


# -- row sets ------------------------------------------------------------------------------------------------


@st.composite
def row_sets(draw: st.DrawFn, least: int, label: str = "") -> Side:
    """A causal row set: every element is at most i − ``least`` (0 for A, 1 for B). ``label`` keeps names
    apart.
    """
    kind = draw(st.sampled_from(["plain", "plain", "plain", "union", "union", "difference", "intersection"]))
    left = draw(_plain(least, f"{label}x"))
    if kind == "plain":
        return left
    right = draw(_plain(least, f"{label}y"))
    match kind:
        case "union":
            if left.growing and not right.growing and draw(st.booleans()):
                left, right = right, left
            numbered = left.numbered and right.numbered and not left.growing
            text = f"{left.text} | {right.text}"
            return left.joined(right, text, numbered=numbered, growing=left.growing or right.growing)
        case "difference":
            text = f"{left.text} - {right.text}"
        case _:
            text = f"{left.text} & {right.text}"
    return left.joined(right, text, numbered=left.numbered, growing=left.growing)


@st.composite
def _plain(draw: st.DrawFn, least: int, label: str) -> Side:
    return draw(
        st.one_of(
            _listed(least),
            _window(least),
            _windows_by_position(least),
            _shifted(least, label),
            _strided(least),
            _residues(least, label),
            _dense(least),
            _landmarks(least, label),
            _compact(label),
            _several(least, label),
            _user_set(least, label),
            _arithmetic(least),
        )
    )


@st.composite
def _listed(draw: st.DrawFn, least: int) -> Side:
    far = draw(st.lists(st.integers(least, 9), min_size=1, max_size=4))
    elements = ["i" if distance == 0 else f"i - {distance}" for distance in far]
    constant = draw(st.integers(0, 4))
    listed = f"{{ {', '.join(elements)} }}"
    relation = "<=" if least == 0 else "<"
    conditional = f"{{ {constant} if {constant} {relation} i }}"
    return Side(draw(st.sampled_from([listed, conditional, f"({listed} | {conditional})", "{ }"])))


@st.composite
def _window(draw: st.DrawFn, least: int) -> Side:
    w = draw(st.integers(1, 6))
    own = [f"window({w})[i]", f"window(w = {w})[i]"] if least == 0 else []
    forms = [f"{{ i - k for k in {least}..{least + w} }}", f"window({w})[i - 1]", *own]
    return Side(draw(st.sampled_from(forms)))


@st.composite
def _windows_by_position(draw: st.DrawFn, least: int) -> Side:
    w = draw(st.integers(1, 6))
    stop = "i + 1" if least == 0 else "i"
    forms = [f"{{ j for j in max(0, i - {w})..{stop} }}", f"{{ j for j in i // {w} * {w}..{stop} }}"]
    return Side(draw(st.sampled_from([*forms, *([f"block({w})[i]"] if least == 0 else [])])))


@st.composite
def _shifted(draw: st.DrawFn, least: int, label: str) -> Side:
    f = draw(index_maps(f"f{label}", draw(st.integers(max(1, least), 4))))
    k = draw(st.sampled_from(["k", "j"]))
    forms = [
        (f"{{ i - {f.name}({k}) for {k} in 0.. }}", True),
        (f"shifts({f.name})[i]", True),
        (f"{{ i - {f.name}({k}) for {k} in 0..5 }}", False),
        (f"{{ i - {f.name}({k}) for {k} in 1.. if {f.name}({k}) <= i }}", True),
    ]
    if least == 0:
        forms.append((f"{{ i - {f.name}({k}) + {f.first} for {k} in 0.. }}", True))
    text, growing = draw(st.sampled_from(forms))
    return Side(text, (f.lets,), growing=growing)


@st.composite
def _strided(draw: st.DrawFn, least: int) -> Side:
    s = draw(st.integers(2, 6))
    forms = [f"{{ i - {s} * k for k in {least}.. }}", f"{{ i - {s} * k for k in {least}..4 }}"]
    if least == 0:
        forms.append(f"stride({s})[i]")
    text = draw(st.sampled_from(forms))
    return Side(text, growing="..4" not in text)


@st.composite
def _residues(draw: st.DrawFn, least: int, label: str) -> Side:
    m = draw(st.integers(2, 4))
    r = draw(st.integers(0, m - 1))
    f = draw(index_maps(f"g{label}"))
    stop = "i + 1" if least == 0 else "i"
    forms = [
        (f"{{ i - {f.name}(k) for k in 0.. if k % {m} == {r} }}", True, True),
        (f"{{ i - {f.name}(k) for k in 0.. if (i + k) % {m} != {r} }}", True, True),
        (f"{{ j for j in 0..{stop} if (i - j) % {m} == 0 }}", False, True),
        (f"{{ i - k for k in {least}..9 if k % {m} == {r} or not (i % 2 == 0) }}", True, False),
        (f"{{ i - 1 if i % {m} == {r} }}", True, False),
        (f"{{ i - k for k in {least}..7 if 0 <= k - 1 < {m} and i >= {r} }}", True, False),
    ]
    text, numbered, growing = draw(st.sampled_from(forms))
    return Side(text, (f.lets,) if f.name in text else (), numbered=numbered, growing=growing)


@st.composite
def _dense(draw: st.DrawFn, least: int) -> Side:
    forms = ["past[i]", "{ j for j in 0..i }", "causal[i - 1]"]
    if least == 0:
        forms += ["causal[i]", "{ i - k for k in 0.. }"]
    return Side(draw(st.sampled_from(forms)), numbered=False, growing=True)


@st.composite
def _landmarks(draw: st.DrawFn, least: int, label: str) -> Side:
    f = draw(index_maps(f"l{label}"))
    forms = [f"landmarks({f.name})[i]", f"{{ {f.name}(k) - 1 for k in 0.. if {f.name}(k) <= i }}"]
    return Side(draw(st.sampled_from(forms)), (f.lets,), growing=True)


@st.composite
def _compact(draw: st.DrawFn, label: str) -> Side:
    f = draw(index_maps(f"c{label}", 1))
    return Side(f"compact({f.name})[i]", (f.lets,), growing=True)


@st.composite
def _several(draw: st.DrawFn, least: int, label: str) -> Side:
    f = draw(index_maps(f"h{label}"))
    a, b = draw(st.integers(1, 4)), draw(st.integers(2, 5))
    forms = [
        f"{{ i - u - {b} * v for u in {least}..{least + a} for v in 0..3 }}",
        f"{{ i - {f.name}(k) - u for k in 0.. for u in 0..{a} }}",
        f"{{ i - {f.name}(k) - u for u in 0..{a} for k in 0.. if (k + u) % 2 == 0 }}",
        f"{{ i - u - v for u in {least}..{least + b} for v in 0..u + 1 }}",
    ]
    text = draw(st.sampled_from(forms))
    return Side(text, (f.lets,) if f.name in text else (), numbered=False, growing=True)


@st.composite
def _user_set(draw: st.DrawFn, least: int, label: str) -> Side:
    f = draw(index_maps(f"u{label}"))
    w = draw(st.integers(1, 5))
    name = f"own{label}"
    rows = draw(st.sampled_from(["r", "row", "i"]))
    plain = f"set {name}(w: int = 3)[{rows}] = {{ {rows} - k for k in {least}..w + {least} }}"
    body = (
        f"set {name}(w: int, g: map)[{rows}] = {{\n  where w >= 1\n  let reach = w + {least}\n"
        f"  let twice(k) = 2 * g(k)\n  rows {{ {rows} - reach }} | {{ {rows} - twice(k) for k in 0.. }}\n}}"
    )
    forms = [
        (f"{name}({w})[i]", plain, False, False),
        (f"{name}[i]", plain, False, False),
        (f"{name}(w = {w})[i - 1]", plain, False, False),
        (f"{name}({w}, {f.name})[i]", body, True, True),
        (f"{name}(g = {f.name}, w = {w})[i]", body, True, True),
    ]
    text, definition, uses_map, growing = draw(st.sampled_from(forms))
    return Side(text, (f.lets,) if uses_map else (), (definition,), growing=growing)


@st.composite
def _arithmetic(draw: st.DrawFn, least: int) -> Side:
    a = draw(st.integers(2, 5))
    stop = "i + 1" if least == 0 else "i"
    forms = [
        (f"{{ j for j in floor(sqrt(i))^2..{stop} }}", True, True),
        ("{ i - lowbit(i) if i > 0 }", True, False),
        ("{ i - 2^k for k in 0..bitlen(i) }", True, True),
        (f"{{ i - k for k in {least}..{least + a} if gcd(i, k) == 1 }}", True, False),
        (f"{{ i // {a + 1} - {least} }}", True, False),
        (f"{{ floor(i / {a}) - 1, ceil(i / {a}) - 1 }}", True, False),
        (f"{{ floor(sqrt(2 * i)) - {a + 1} if i > {a} }}", True, False),
        (f"{{ abs(i - {a}) - {a} - 1 }}", True, False),
        (f"{{ i - 1 - k * floor(log2(i + 1)) for k in 0..{a} }}", True, False),
        (f"{{ min(i - 1, {a} * k) for k in 0..3 }}", True, False),
        (f"{{ i - ceil(log(i + 1, {a})) - 1 }}", True, False),
        (f"{{ i - k for k in {least}..{least + a} if k <= sqrt(i) or i / 2 < k }}", True, False),
        (f"{{ i - k for k in {least}.. if k / {a} <= log2(i + 1) }}", True, True),
        (f"{{ floor(i * ({a} - 1) / {a}) - k^2 for k in 1.. }}", True, True),
    ]
    if least == 0:
        forms.append(("fenwick[i]", True, True))
    text, numbered, growing = draw(st.sampled_from(forms))
    return Side(text, (), (), numbered, growing)


# -- mixers --------------------------------------------------------------------------------------------------


@st.composite
def mixers(draw: st.DrawFn, *, heads: bool = True, state: bool = True) -> Drawn:
    """A whole file with one mixer that is meant (and, with ``heads``, sometimes others that it is made
    of).
    """
    if not heads or draw(st.integers(0, 3)):
        definitions, body = draw(_body("", state=state))
        text = "\n".join(["glm 1", *definitions, f"mixer drawn {{\n{body}\n}}", ""])
        return Drawn(text, "drawn", draw(st.integers(1, 2)))
    shares = draw(st.sampled_from([("1/2", "1/2"), ("0.25", "3/4"), ("1/4", "1/2", "1/4")]))
    parts, lines, called = [], [], []
    for place, share in enumerate(shares):
        if called and draw(st.integers(0, 3)) == 0:
            lines.append(f"  heads {share}: {called[-1]}")
            continue
        definitions, body = draw(_body(f"p{place}", state=state))
        called.append(f"part{place}")
        parts += [*definitions, f"mixer part{place} {{\n{body}\n}}"]
        lines.append(f"  heads {share}: part{place}")
    text = "\n".join(["glm 1", *parts, "mixer drawn {", *lines, "}", ""])
    return Drawn(text, "drawn", 4 if len(shares) == 3 or "3/4" in shares else 2)


@st.composite
def _body(draw: st.DrawFn, label: str, *, state: bool) -> tuple[list[str], str]:
    a = Side("{ i }") if draw(st.booleans()) else draw(row_sets(0, f"{label}a"))
    b = Side("{ }") if draw(st.integers(0, 5)) == 0 else draw(row_sets(1, f"{label}b"))
    both = a.joined(b, "", numbered=a.numbered and b.numbered, growing=a.growing and b.growing)
    lines = [*both.lets]
    if a.text != "{ i }" or draw(st.booleans()):
        lines.append(f"  A[i] = {a.text}")
    if b.text != "{ }" or draw(st.booleans()):
        lines.append(f"  B[i] = {b.text}")
    lines += [f"  weights {line}" for line in draw(_weights(both.numbered and not both.growing))]
    if state and draw(st.integers(0, 5)) == 0:
        lines.append(f"  state {STATE}")
    return list(both.definitions), "\n".join(lines)


@st.composite
def _weights(draw: st.DrawFn, slots: bool) -> tuple[str, ...]:
    """Weight lines whose coefficients stay small, so that no solve loses its digits."""
    dots = ["dot(q, k)", "dot(k, q)", "dot(unit(q), unit(k))", "dot(q, unit(k))", "dot(k, k)"]
    dot = draw(st.sampled_from(dots))
    slotted = ["slot_gate", "const", f"{dot} + slot_gate"] if slots else []
    score = draw(st.sampled_from([dot, "gate", *slotted]))
    other = draw(st.sampled_from([dot, "2 * gate - 1", *(["const / 2"] if slots else [])]))
    g = draw(st.sampled_from(["0.9", "1/2", "3/4"]))
    return draw(
        st.sampled_from(
            [
                (),
                (f"A, B = softmax({score})",),
                (f"B, A = softmax({other} - {score})",),
                (f"A = softmax({score})", f"B = {g} * softmax({other})"),
                (f"A = (1 - {g}) * softmax({score})", f"B = {g} * softmax({score})"),
                ("A = 1 - sum(B)", f"B = sigmoid(gate) * softmax({score})"),
                (f"A = sigmoid({score})", f"B = -sigmoid(gate) * softmax({other})"),
                ("A = 1", f"B = sigmoid({other}) / 8"),
                ("A = sigmoid(gate)", "B = -sigmoid(gate) * dot(unit(k), unit(k)) / 4"),
                (f"A = {dot}", f"B = sigmoid(gate) * softmax({score}) * (1 - {g})"),
            ]
        )
    )


# -- inputs --------------------------------------------------------------------------------------------------


def inputs(
    *,
    length: int,
    heads: int,
    slots: int,
    batch: int = 1,
    channels: int = 2,
    key_channels: int = 3,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Every input that any weighting may need, float64, with INTERFACE's shapes."""
    random = np.random.default_rng(seed)
    token = (batch, length, heads)

    def normal(*shape: int) -> np.ndarray:
        return random.normal(size=shape)

    return {
        "x": normal(*token, channels),
        "q": normal(*token, key_channels),
        "k": normal(*token, key_channels),
        "gate": normal(*token),
        "slot_gate": normal(*token, slots),
        "const": normal(heads, slots),
        "write": normal(*token, STATE),
        "read": normal(*token, STATE),
    }
