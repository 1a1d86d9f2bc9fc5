"""The mixers that a search looks at: families of row sets, each in the forms that make sense for it.

A candidate is text of the language, so that whatever wins can be written to a file as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, product
from typing import Literal

Form = Literal["recurrent", "compact", "attention"]
"""Rows on B with A = {i}; the same in cache-efficient form; rows on A beside i, without recurrence."""

FORMS: tuple[Form, ...] = ("recurrent", "compact", "attention")


@dataclass(frozen=True)
class Candidate:
    """A mixer: ``lets`` and the set ``rows`` of what output i reads beside its own input."""

    name: str
    family: str
    form: Form
    title: str
    lets: tuple[str, ...]
    rows: str

    def text(self, claims: tuple[str, ...] = ()) -> str:
        """The mixer as a file, with the claims given."""
        sides = (
            (f"A[i] = {{ i }} | {self.rows}",) if self.form == "attention" else ("A[i] = { i }", f"B[i] = {self.rows}")
        )
        weighed = "A" if self.form == "attention" else "A, B"
        statements = chain(
            (f'doc "{self.title}"', ""),
            self.lets,
            sides,
            ("", f"weights {weighed} = softmax(dot(q, k))"),
            ("",) if claims else (),
            (f"claim {claim}" for claim in claims),
        )
        body = "".join(f"  {statement}".rstrip() + "\n" for statement in statements)
        return f"glm 1\n\nmixer {self.name} {{\n{body}}}\n"


def candidates() -> tuple[Candidate, ...]:
    """Every mixer of every family, in a fixed order."""
    found = chain(
        _shifted(_powers()),
        _shifted(_polynomials()),
        _shifted(_recurrences()),
        _shifted(_growing_steps()),
        _windows(),
        _windows_with_maps(),
        _levels(),
        _landmarks(),
        _blocks(),
        _cleared_digits(),
    )
    return tuple(found)


FAMILIES = (
    "powers",
    "polynomials",
    "recurrences",
    "growing steps",
    "windows",
    "mixtures",
    "levels",
    "landmarks",
    "blocks",
    "digits",
)


# -- index maps: i − f(k), their compact forms, and attention to the same positions ---------------------------


@dataclass(frozen=True)
class _Map:
    name: str
    family: str
    title: str
    lets: tuple[str, ...]  # they declare f, with f(0) = 1


def _powers() -> Iterator[_Map]:
    for base in (2, 3, 4, 5, 6, 8, 10, 12, 16):
        yield _Map(f"powers_of_{base}", "powers", f"distances {base}^k", (f"let f(k) = {base}^k",))


def _polynomials() -> Iterator[_Map]:
    for power, name in ((2, "squares"), (3, "cubes"), (4, "fourth_powers")):
        yield _Map(name, "polynomials", f"distances k^{power} + 1", (f"let f(k) = k^{power} + 1",))
    for factor in (2, 3, 4, 6, 8):
        title = f"distances {factor}*k^2 + 1"
        yield _Map(f"squares_times_{factor}", "polynomials", title, (f"let f(k) = {factor}*k^2 + 1",))
    yield _Map("triangular", "polynomials", "distances k*(k + 1)/2 + 1", ("let f(k) = k*(k + 1)//2 + 1",))
    yield _Map(
        "tetrahedral", "polynomials", "distances k*(k + 1)*(k + 2)/6 + 1", ("let f(k) = k*(k + 1)*(k + 2)//6 + 1",)
    )


def _recurrences() -> Iterator[_Map]:
    for name, first, step in (
        ("fibonacci", (1, 2), "f(k + 1) + f(k)"),
        ("tribonacci", (1, 2, 4), "f(k + 2) + f(k + 1) + f(k)"),
        ("narayana", (1, 2, 3), "f(k + 2) + f(k)"),
        ("pell", (1, 2), "2*f(k + 1) + f(k)"),
        ("slow", (1, 2, 3, 4), "f(k + 3) + f(k)"),
    ):
        lets = (
            *(f"let f({index}) = {value}" for index, value in enumerate(first)),
            f"let f(k + {len(first)}) = {step}",
        )
        yield _Map(name, "recurrences", f"distances f(k + {len(first)}) = {step}", lets)


def _growing_steps() -> Iterator[_Map]:
    """Steps that are powers of two, each a multiple of the last: rounding them up costs nothing."""
    first = "let f(0) = 1"
    for width in (2, 4, 8, 16, 32):
        step = f"let f(k + 1) = f(k) + 2^(k // {width})"
        yield _Map(f"doubling_every_{width}", "growing steps", f"steps that double every {width}", (first, step))
    yield _Map(
        "doubling_by_octave",
        "growing steps",
        "steps of the largest power of two up to k + 1",
        (first, "let f(k + 1) = f(k) + 2^(bitlen(k + 1) - 1)"),
    )
    for part in (2, 4, 8, 16):
        step = f"let f(k + 1) = f(k) + max(1, f(k) // {part})"
        yield _Map(
            f"growing_by_1_in_{part}", "growing steps", f"distances that grow by 1/{part} of themselves", (first, step)
        )
    for start in (1, 2, 3, 4, 5):
        level = "(bitlen(x) - 1)" + (f" // {start}" if start > 1 else "")
        exponent = f"{start} * 2^(bitlen(max({level}, 1)) - 1) * min(1, {level})".removeprefix("1 * ")
        size = 2**start
        yield _Map(
            f"squaring_steps_{size}",
            "growing steps",
            f"steps of 1 up to {size}, of {size} up to {size**2}, of {size**2} up to {size**4}, and so on",
            (f"let step(x) = floor(2^({exponent}))", first, "let f(k + 1) = f(k) + max(1, step(f(k)))"),
        )


def _shifted(maps: Iterator[_Map]) -> Iterator[Candidate]:
    for found in maps:
        yield Candidate(found.name, found.family, "recurrent", f"Outputs at {found.title}.", found.lets, "shifts(f)[i]")
        yield Candidate(
            f"{found.name}_compact",
            found.family,
            "compact",
            f"The cache-efficient form of {found.title}.",
            found.lets,
            "compact(f)[i]",
        )
        yield Candidate(
            f"{found.name}_attention",
            found.family,
            "attention",
            f"Inputs at {found.title}.",
            found.lets,
            "shifts(f)[i]",
        )


# -- mixtures -------------------------------------------------------------------------------------------------

_MIXED = ("powers_of_2", "powers_of_3", "powers_of_4", "powers_of_8", "squares", "squares_times_4", "triangular")
_SIZES = (2, 4, 8, 16, 32, 64, 128)


def _recurrent(name: str, family: str, title: str, rows: str, *lets: str) -> Candidate:
    return Candidate(name, family, "recurrent", title, lets, rows)


def _window(width: int) -> str:
    return f"{{ i - k for k in 1..{width + 1} }}"


def _windows() -> Iterator[Candidate]:
    for width in (1, *_SIZES):
        yield _recurrent(f"last_{width}", "windows", f"The last {width} outputs.", _window(width))
        yield Candidate(
            f"last_{width}_attention", "windows", "attention", f"The last {width} inputs.", (), _window(width)
        )


def _windows_with_maps() -> Iterator[Candidate]:
    maps = (found for found in chain(_powers(), _polynomials()) if found.name in _MIXED)
    for found, form, width in product(maps, ("shifts", "compact"), (4, 16, 64)):
        yield _recurrent(
            f"last_{width}_and_{found.name}" + ("_compact" if form == "compact" else ""),
            "mixtures",
            f"The last {width} outputs and {found.title}.",
            f"{_window(width)} | {form}(f)[i]",
            *found.lets,
        )


def _levels() -> Iterator[Candidate]:
    """A window, then the last few multiples of coarser and coarser units, at last all of them."""
    for width, ratio, depth in product((4, 8, 16, 32, 64), (2, 4, 8, 16, 32, 64), (1, 2, 3, 4)):
        units = [width * ratio**level for level in range(depth)]
        if units[-1] > 4096 or (depth == 1 and ratio > 2):
            continue
        kept = [f"{{ ((i - 1) // {unit} - k) * {unit} for k in 0..{ratio} }}" for unit in units[:-1]]
        every = f"{{ {units[-1]}*k for k in 0.. if {units[-1]}*k < i }}"
        names = "_".join(str(unit) for unit in units)
        between = "".join(f", the last {ratio} multiples of {unit}" for unit in units[:-1])
        yield _recurrent(
            f"last_{width}_multiples_of_{names}",
            "levels",
            f"The last {width} outputs{between}, all multiples of {units[-1]}.",
            " | ".join((_window(width), *kept, every)),
        )


def _landmarks() -> Iterator[Candidate]:
    for width, (name, place) in product(
        (1, 4, 16, 64),
        (("squares", "k^2"), ("triangular", "k*(k + 1)//2"), ("cubes", "k^3"), ("powers_of_2", "2^k")),
    ):
        yield _recurrent(
            f"last_{width}_and_landmarks_{name}",
            "landmarks",
            f"The last {width} outputs and those at {place}.",
            f"{_window(width)} | landmarks(place)[i]",
            f"let place(k) = {place}",
        )


def _blocks() -> Iterator[Candidate]:
    """The row's own block and one position of every earlier block."""
    for width in _SIZES:
        own = f"{{ j for j in i // {width} * {width}..i }}"
        yield _recurrent(
            f"block_{width}_and_last_columns",
            "blocks",
            f"The own block of {width} and the last output of every earlier one.",
            f"{own} | {{ {width}*k - 1 for k in 1.. if {width}*k <= i }}",
        )
    yield _recurrent(
        "square_blocks",
        "blocks",
        "The outputs since the last square, and the last before every square.",
        "{ j for j in floor(sqrt(i))^2..i } | { k^2 - 1 for k in 1.. if k^2 <= i }",
    )


def _cleared_digits() -> Iterator[Candidate]:
    """The positions that i - 1 becomes as its low digits are cleared, and their neighbours of that unit."""
    for base, count in product((2, 3, 4, 8, 16), (1, 2, 4, 8, 16)):
        if count > base:
            continue
        unit = f"{base}^m"
        last = f"(i - 1) // {unit} * {unit}" if count == 1 else f"((i - 1) // {unit} - k) * {unit}"
        neighbours = "" if count == 1 else f" for k in 0..{count}"
        yield _recurrent(
            f"base_{base}_digits_{count}",
            "digits",
            f"The last {count} multiples of each power of {base}.",
            f"{{ {last} for m in 0..bitlen(i){neighbours} if i >= 1 }}",
        )


PAPER = next(found for found in candidates() if found.name == "squares_compact")
"""compact(k² + 1), the paper's own point of low time and cache: what a search is compared with."""
