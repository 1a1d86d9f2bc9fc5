"""From glm text to patterns, for tests."""

from __future__ import annotations

from glmc.diagnostics import Severity, Sink
from glmc.pattern.elaborate import elaborate
from glmc.pattern.nodes import Group, Pattern
from glmc.source import Source
from glmc.syntax.parser import parse


def pattern(text: str, name: str, **settings: str) -> Pattern:
    """The mixer ``name`` of a text without errors."""
    report = Sink(Source("test.glm", text))
    module = parse(report.source, report)
    assert module is not None, report.diagnostics
    found = elaborate(module, report, mixer=name, settings=settings)
    errors = [d.message for d in report.diagnostics if d.severity is Severity.ERROR]
    assert not errors, (errors, text)
    (one,) = [p for p in found if p.name == name]
    return one


def group(body: str, outside: str = "") -> Group:
    """The only group of a mixer with this body."""
    (one,) = pattern(f"glm 1\n{outside}\nmixer tested {{\n{body}\n}}\n", "tested").groups
    return one
