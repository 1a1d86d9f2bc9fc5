"""What notebooks show of a pattern and of facts: small pieces of HTML that need no style of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmc.diagnostics import printable
from glmc.emit.environment import render
from glmc.pattern.evaluate import BoolArray
from glmc.pattern.printer import print_pattern
from glmc.pictures.squares import runs, squares
from glmc.report.rows import fact_rows

if TYPE_CHECKING:
    from glmc.analysis.facts import Facts
    from glmc.pattern.nodes import Pattern

_ROWS = 64


def pattern_html(pattern: Pattern) -> str:
    """The first rows of A and B of each group, and the canonical text."""
    text = "\n".join(map(printable, print_pattern(pattern).splitlines()))
    pictures = [(group, _outline(group.a), _outline(group.b)) for group in squares(pattern, _ROWS)]
    return render("report/pattern.html.jinja", pictures=pictures, length=_ROWS, text=text)


def facts_html(facts: Facts) -> str:
    """The table of quantities, each with the reason why it is known."""
    return render("report/table.html.jinja", rows=tuple(fact_rows(facts)), length=facts.length)


def _outline(cells: BoolArray) -> str:
    """The entries as the path data of an SVG whose unit is a cell."""
    return "".join(f"M{start} {row}h{stop - start}v1h{start - stop}z" for row, start, stop in runs(cells))
