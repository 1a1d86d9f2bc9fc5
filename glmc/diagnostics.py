"""Diagnostics as data: a class fixes code and wording, its fields are the facts of one occurrence.

Checkers create diagnostics and never write prose; renderers (``glmc.cli``) never decide what is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, ClassVar

from glmc.source import Source, Span


class Severity(Enum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """One finding. Subclasses set ``code``, ``title``, ``label``, ``notes`` and ``help`` as format strings over their fields."""

    code: ClassVar[str]
    severity: ClassVar[Severity] = Severity.ERROR
    title: ClassVar[str]
    label: ClassVar[str] = ""
    notes: ClassVar[tuple[str, ...]] = ()
    help: ClassVar[str] = ""

    span: Span

    def text(self, template: str) -> str:
        """``template`` with this diagnostic's fields filled in."""
        return template.format(**{f.name: getattr(self, f.name) for f in fields(self)})

    @property
    def message(self) -> str:
        return self.text(self.title)


@dataclass
class Sink:
    """Collects the diagnostics of one source, each reported once, in source order when read."""

    source: Source
    _found: dict[Diagnostic, None] = field(default_factory=dict)

    def __call__(self, diagnostic: Diagnostic) -> None:
        self._found[diagnostic] = None

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return tuple(sorted(self._found, key=lambda d: (d.span.start, d.span.stop, d.code)))

    @property
    def has_errors(self) -> bool:
        return any(d.severity is Severity.ERROR for d in self._found)


class GlmError(Exception):
    """The user's input is wrong; carries the diagnostics that say how."""

    def __init__(self, source: Source, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__("; ".join(f"{d.code}: {d.message}" for d in diagnostics))
        self.source = source
        self.diagnostics = diagnostics


class InternalError(Exception):
    """A defect of glmc itself; never the user's fault."""


def as_json(source: Source, diagnostic: Diagnostic) -> dict[str, Any]:
    """The diagnostic as INTERFACE's JSON object (1-based lines and columns, ends exclusive)."""
    line, column = source.position(diagnostic.span.start)
    end_line, end_column = source.position(diagnostic.span.stop)
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "notes": [diagnostic.text(note) for note in diagnostic.notes],
        "help": diagnostic.text(diagnostic.help) or None,
    }
