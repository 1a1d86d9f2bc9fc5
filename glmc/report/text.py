"""An analysis as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from glmc.diagnostics import printable
from glmc.pattern.printer import print_signature
from glmc.report.rows import fact_rows

if TYPE_CHECKING:
    from glmc.analysis.facts import Facts, Verdict
    from glmc.compiler import Analysis
    from glmc.pattern.nodes import Pattern

_COLOURS = {"proved": "green", "checked": "yellow", "open": "yellow", "refuted": "bold red"}


def mixer_report(analysis: Analysis) -> RenderableType:
    """What was derived about one mixer, why, and how its claims fared."""
    parts: list[RenderableType] = [
        _heading(analysis.pattern),
        _facts_table(analysis.facts),
        _reasons(analysis.facts),
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
