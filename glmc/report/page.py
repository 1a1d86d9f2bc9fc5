"""An analysis as one self-contained HTML page: no network, the same bytes for the same file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from glmc import __version__
from glmc.analysis.evidence import QUANTITIES, evidence
from glmc.diagnostics import Diagnostic, printable, render
from glmc.emit.environment import render as render_template
from glmc.pattern.evaluate import BoolArray
from glmc.pattern.printer import print_signature
from glmc.pictures.charts import Chart, IntervalChart, chart, congestion_chart
from glmc.pictures.highlight import pieces
from glmc.pictures.squares import Squares
from glmc.report.costs import COLUMNS, CostTable
from glmc.report.rows import FactRow, StabilityRow, breaking_sentence, fact_rows, stability_rows
from glmc.resources import resource
from glmc.source import Source

if TYPE_CHECKING:
    from glmc.analysis.facts import Facts, Verdict
    from glmc.analysis.stability import Stability
    from glmc.compiler import Analysis
    from glmc.pattern.nodes import Pattern

EMBEDDED = 256
"""How many rows and columns of a pattern the page holds."""

_MOST_GROUPS = 16


@dataclass(frozen=True)
class _Line:
    number: int
    pieces: tuple[tuple[str, str], ...]
    verdicts: tuple[str, ...]  # of the claims that end in this line


@dataclass(frozen=True)
class _Claim:
    text: str
    verdict: str
    derived: str
    witness: str


@dataclass(frozen=True)
class _Stability:
    heads: str  # which heads, where there are several groups
    rows: tuple[StabilityRow, ...]
    breaks: str


@dataclass(frozen=True)
class _Panel:
    title: str
    summary: str
    last: int  # the greatest position


@dataclass(frozen=True)
class Section:
    """What the page shows of one mixer."""

    name: str
    signature: str
    doc: str
    length: int
    rows: tuple[FactRow, ...]
    stability: tuple[_Stability, ...]
    claims: tuple[_Claim, ...]
    costs: CostTable | None
    groups: tuple[_Panel, ...]
    unseen: int  # how many more groups there are
    embedded: tuple[dict[str, str | int], ...]
    charts: tuple[Chart, ...]
    congestion_length: int
    congestion: IntervalChart | None
    lines: tuple[_Line, ...]


def page(source: Source, sections: tuple[Section, ...], diagnostics: tuple[Diagnostic, ...]) -> str:
    """The page of a file: its mixers, and what was reported about it."""
    source = Source(PurePath(source.name).name, source.text)  # where the file lies is nobody's business
    style, script = _asset("style.css"), _asset("script.js")
    return render_template(
        "report/page.html.jinja",
        file=printable(source.name),
        version=__version__,
        policy=f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}",
        style=Markup(style),
        script=Markup(script),
        sections=sections,
        cost_columns=COLUMNS,
        reports=[render(source, diagnostic) for diagnostic in diagnostics],
        text=tuple(_lines(source, 1, source.text.count("\n") + 1, ())),
    )


def _asset(name: str) -> str:
    return resource(f"templates/report/{name}").read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """A script or style as a content security policy names it, so that nothing else can run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def section(analysis: Analysis, drawn: Iterable[Squares], costs: CostTable | None) -> Section:
    """What the page shows of one mixer, whose squares are those of its first rows."""
    pattern, facts = analysis.pattern, analysis.facts
    groups = tuple(islice(drawn, _MOST_GROUPS))
    return Section(
        name=pattern.name,
        signature=printable(print_signature(pattern)),
        doc=printable(pattern.doc or ""),
        length=facts.length,
        rows=tuple(fact_rows(facts)),
        stability=tuple(_stability(group, facts.length, len(pattern.groups) > 1) for group in analysis.stability),
        claims=tuple(map(_claim, analysis.verdicts)),
        costs=costs,
        groups=tuple(_Panel(group.title, group.summary, group.length - 1) for group in groups),
        unseen=len(pattern.groups) - len(groups),
        embedded=_embedded(groups),
        charts=tuple(_charts(pattern, facts)),
        congestion_length=facts.congestion.length,
        congestion=congestion_chart(facts.congestion),
        lines=tuple(_mixer_lines(pattern, analysis.verdicts)),
    )


def _claim(verdict: Verdict) -> _Claim:
    return _Claim(printable(verdict.claim.text), verdict.verdict, verdict.derived or "", verdict.witness or "")


def _stability(group: Stability, length: int, shared: bool) -> _Stability:
    return _Stability(
        f"{group.fraction} of the heads: {printable(group.group)}" if shared else "",
        tuple(stability_rows(group, length)),
        "" if group.breaking is None else breaking_sentence(group.breaking),
    )


def _charts(pattern: Pattern, facts: Facts) -> Iterator[Chart]:
    found = evidence(pattern, facts.length)
    for quantity in QUANTITIES:
        yield chart(quantity, getattr(found, quantity), facts.length)


def _embedded(groups: tuple[Squares, ...]) -> tuple[dict[str, str | int], ...]:
    """The squares for the script: rows of bits, in base 64."""
    return tuple({"length": group.length, "a": _bits(group.a), "b": _bits(group.b)} for group in groups)


def _bits(cells: BoolArray) -> str:
    return base64.b64encode(np.packbits(cells, axis=1).tobytes()).decode()


# -- source text -------------------------------------------------------------------------------------------


def _mixer_lines(pattern: Pattern, verdicts: tuple[Verdict, ...]) -> Iterator[_Line]:
    """The lines of a mixer and of the comment above it."""
    source = pattern.source
    first, _ = source.position(pattern.span.start)
    last, _ = source.position(pattern.span.stop)
    while first > 1 and source.line(first - 1).lstrip().startswith("#"):
        first -= 1
    return _lines(source, first, last, verdicts)


def _lines(source: Source, first: int, last: int, verdicts: tuple[Verdict, ...]) -> Iterator[_Line]:
    judged: dict[int, list[str]] = {}
    for verdict in verdicts:
        line, _ = source.position(verdict.claim.span.stop)
        judged.setdefault(line, []).append(verdict.verdict)
    for number in range(first, last + 1):
        yield _Line(number, tuple(pieces(source.line(number))), tuple(judged.get(number, ())))
