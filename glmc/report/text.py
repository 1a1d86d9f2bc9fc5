"""An analysis as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from glmc.diagnostics import printable
from glmc.pattern.printer import print_signature
from glmc.report.rows import breaking_sentence, fact_rows, stability_rows

if TYPE_CHECKING:
    from glmc.analysis.facts import Facts, Verdict
    from glmc.analysis.stability import Stability
    from glmc.compiler import Analysis
    from glmc.pattern.nodes import Pattern

_COLOURS = {"proved": "green", "checked": "yellow", "open": "yellow", "refuted": "bold red"}


def mixer_report(analysis: Analysis) -> RenderableType:
    """What was derived about one mixer, why, and how its claims fared."""
    parts: list[RenderableType] = [
        _heading(analysis.pattern),
        _facts_table(analysis.facts),
        _reasons(analysis.facts),
        *(part for group in analysis.stability for part in _stability(group, analysis)),
    ]
    if analysis.verdicts:
        parts.append(_claims_table(analysis.verdicts))
    return Group(*(Padding(part, (0, 0, 1, 0)) for part in parts))


def _heading(pattern: Pattern) -> Text:
    heading = Text(printable(print_signature(pattern)), style="bold")
    if pattern.doc:
        heading.append(f"\n{printable(pattern.doc)}", style="not bold italic")
    return heading


def _facts_table(facts: Facts) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("quantity", style="bold", no_wrap=True)
    table.add_column("for every n ≥ 2", overflow="fold")
    table.add_column(f"at n = {facts.length}", justify="right", overflow="fold")
    table.add_column("growth", overflow="fold")
    table.add_column("known", no_wrap=True)
    for row in fact_rows(facts):
        table.add_row(row.quantity, row.expression, row.value, row.growth, _status(row.status))
    return table


def _status(status: str) -> Text:
    return Text(status, style=_COLOURS.get(status, ""))


def _reasons(facts: Facts) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for row in fact_rows(facts):
        table.add_row(row.quantity, Text(row.because))
    return table


def _stability(group: Stability, analysis: Analysis) -> Iterator[RenderableType]:
    """The bounds of one group of heads, and their reasons."""
    rows = tuple(stability_rows(group, analysis.facts.length))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("stability", style="bold", no_wrap=True)
    table.add_column("for all inputs", overflow="fold")
    table.add_column(f"at n = {analysis.facts.length}", justify="right", overflow="fold")
    table.add_column("growth", overflow="fold")
    reasons = Table(box=None, pad_edge=False, show_header=False)
    reasons.add_column(style="bold", no_wrap=True)
    reasons.add_column(overflow="fold")
    for row in rows:
        table.add_row(row.norm, row.expression, row.value, row.growth)
        if row.because:
            reasons.add_row(row.norm, Text(row.because))
    if group.breaking is not None:
        reasons.add_row("breaks", Text(breaking_sentence(group.breaking)))
    if len(analysis.stability) > 1:
        table.title = Text(f"{group.fraction} of the heads: {printable(group.group)}", style="italic")
        table.title_justify = "left"
    yield table
    yield reasons


def _claims_table(verdicts: tuple[Verdict, ...]) -> Table:
    columns = {
        "claim": [Text(printable(verdict.claim.text)) for verdict in verdicts],
        "verdict": [_status(verdict.verdict) for verdict in verdicts],
        "derived": [Text(verdict.derived or "") for verdict in verdicts],
        "witness": [Text(verdict.witness or "") for verdict in verdicts],
    }
    told = {name: cells for name, cells in columns.items() if any(cells)}
    table = Table(*told, box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for row in zip(*told.values(), strict=True):
        table.add_row(*row)
    return table
