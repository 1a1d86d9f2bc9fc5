"""An analysis as INTERFACE's JSON object and as tables for a terminal. Nothing here prints."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from glmc.diagnostics import printable

if TYPE_CHECKING:
    from glmc.analysis.facts import CongestionFact, Fact, Facts, Verdict
    from glmc.compiler import Analysis
    from glmc.pattern.nodes import Pattern
    from glmc.plan.nodes import Plan
    from glmc.source import Source

_COLOURS = {"proved": "green", "checked": "yellow", "open": "yellow", "refuted": "bold red"}


def mixer_json(analysis: Analysis) -> dict[str, Any]:
    """One entry of "mixers"."""
    pattern, facts = analysis.pattern, analysis.facts
    return {
        "name": pattern.name,
        "parameters": {name: _plain(value) for name, value in pattern.parameters},
        "facts": {
            "time": _fact_json(facts.time),
            "total": _fact_json(facts.total),
            "cache": _fact_json(facts.cache),
            "path": _fact_json(facts.path),
            "congestion": _congestion_json(facts.congestion),
        },
        "claims": [_claim_json(pattern.source, verdict) for verdict in analysis.verdicts],
    }


def _plain(value: Fraction | str) -> int | str:
    """A parameter for JSON: integers as they are, other rationals "p/q", a map by its name."""
    return int(value) if isinstance(value, Fraction) and value.denominator == 1 else str(value)


def _fact_json(fact: Fact) -> dict[str, Any]:
    found = {
        "growth": None if fact.growth is None else str(fact.growth),
        "expression": fact.expression,
        "at_length": fact.at_length,
        "status": fact.status,
        "because": fact.because,
        "checked_to": fact.checked_to,
    }
    return found if fact.unreachable is None else {**found, "unreachable": list(fact.unreachable)}


def _congestion_json(fact: CongestionFact) -> dict[str, Any]:
    found = {
        "length": fact.length,
        "lower": fact.lower,
        "upper": fact.upper,
        "growth": None if fact.growth is None else str(fact.growth),
        "status": fact.status,
        "because": fact.because,
    }
    return found if fact.unroutable is None else {**found, "unroutable": list(fact.unroutable)}


def _claim_json(source: Source, verdict: Verdict) -> dict[str, Any]:
    line, column = source.position(verdict.claim.span.start)
    return {
        "claim": verdict.claim.text,
        "verdict": verdict.verdict,
        "derived": verdict.derived,
        "witness": verdict.witness,
        "line": line,
        "column": column,
    }


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


def schedule_report(plan: Plan) -> RenderableType:
    """How the package of one mixer computes: a line a side, and the inputs of the operator."""
    table = Table(
        "heads",
        "side",
        "rows",
        "slots",
        "decoding keeps",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    for share in plan.shares:
        group = plan.groups[share.group]
        for side in group.sides:
            slots = "grow" if side.slot_count is None else str(side.slot_count)
            table.add_row(
                f"{share.fraction} {group.name}",
                side.side,
                side.row_class.value,
                slots,
                side.addressing.value,
            )
    inputs = Text(f"inputs: {', '.join(('x', *plan.inputs))}")
    return Group(*(Padding(part, (0, 0, 1, 0)) for part in (table, inputs)))


def _heading(pattern: Pattern) -> Text:
    arguments = ", ".join(f"{name} = {_plain(value)}" for name, value in pattern.parameters)
    heading = Text(printable(pattern.name), style="bold")
    heading.append(printable(f"({arguments})") if arguments else "", style="not bold")
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
