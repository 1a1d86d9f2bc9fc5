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

if TYPE_CHECKING:
    from glmc.analysis.facts import CongestionFact, Fact, Facts, Verdict
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
    for name, fact in _quantities(facts):
        value, growth = "?" if fact.at_length is None else str(fact.at_length), _growth(fact)
        if fact.unreachable is not None:
            value = growth = "∞"
        table.add_row(name, fact.expression or "", value, growth, _status(fact.status))
    congestion = facts.congestion
    value = _interval(congestion, facts.length)
    table.add_row("congestion", "", value, _growth(congestion), "" if value == "?" else _status(congestion.status))
    return table


def _quantities(facts: Facts) -> Iterator[tuple[str, Fact]]:
    yield "time", facts.time
    yield "total", facts.total
    yield "cache", facts.cache
    yield "path", facts.path


def _growth(fact: Fact | CongestionFact) -> str:
    return "?" if fact.growth is None else f"Θ({fact.growth})"


def _interval(fact: CongestionFact, length: int) -> str:
    if fact.unroutable is not None:
        return "unroutable"
    if fact.lower is None or fact.upper is None:
        return "?"
    value = str(fact.lower) if fact.lower == fact.upper else f"{fact.lower}–{fact.upper}"
    return value if fact.length == length else f"{value} (n = {fact.length})"


def _status(status: str) -> Text:
    return Text(status, style=_COLOURS[status])


def _reasons(facts: Facts) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in _quantities(facts):
        reason = f"{fact.because} (enumerated to n = {fact.checked_to})"
        table.add_row(name, Text(_unreached(fact.unreachable) + reason))
    congestion = facts.congestion
    table.add_row("congestion", Text(_unreached(congestion.unroutable) + congestion.because))
    return table


def _unreached(pair: tuple[int, int] | None) -> str:
    return "" if pair is None else f"x_{pair[0]} never reaches y_{pair[1]}: "


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
