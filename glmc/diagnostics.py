"""Diagnostics as data: a class fixes code and wording, its fields are the facts of one occurrence.

Checkers create diagnostics and never write prose; renderers (``glmc.cli``) never decide what is wrong.
"""

from __future__ import annotations

import unicodedata
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
    """One finding. A subclass gives the wording as format strings over its fields.

    A label, note or help that comes out empty is not shown.
    """

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
    error_count: int = 0  # reports of errors so far, repeated ones too: whoever repeats one met it as well
    _found: dict[Diagnostic, None] = field(default_factory=dict)

    def __call__(self, diagnostic: Diagnostic) -> None:
        self._found[diagnostic] = None
        self.error_count += diagnostic.severity is Severity.ERROR

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return tuple(sorted(self._found, key=lambda d: (d.span.start, d.span.stop, d.code)))

    @property
    def has_errors(self) -> bool:
        return self.error_count > 0


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
        "notes": _notes(diagnostic),
        "help": diagnostic.text(diagnostic.help) or None,
    }


# -- plain text with carets ---------------------------------------------------------------------------

_TAB = "    "
_CONTEXT = 60  # columns shown on each side of a mistake in a line that is too long to print
_STYLES = {
    "error": "1;31",
    "warning": "1;33",
    "note": "1;36",
    "bold": "1",
    "frame": "1;34",
}


def render(source: Source, diagnostic: Diagnostic, *, colour: bool = False) -> str:
    """The diagnostic with its lines of source and carets under the exact span; no line break at the end."""

    def paint(text: str, style: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if colour and text else text

    severity = diagnostic.severity.value
    message = printable(diagnostic.message)
    line, column = source.position(diagnostic.span.start)
    excerpt = _excerpt(source, diagnostic)
    width = len(str(excerpt[-1][0]))
    margin = " " * (width + 1)
    bar = paint(f"{margin} |", "frame")
    lines = [
        paint(f"{severity}[{diagnostic.code}]", severity) + paint(f": {message}", "bold"),
        paint(f"{margin}-->", "frame") + f" {printable(source.name)}:{line}:{column}",
        bar,
    ]
    for position, (number, text, carets) in enumerate(excerpt):
        if position and number > line + 1:
            lines.append("...")
        lines.append((paint(f" {number:>{width}} |", "frame") + f" {text}").rstrip())
        lines.append(f"{bar} {paint(carets, severity)}")
    if label := printable(diagnostic.text(diagnostic.label)):
        lines[-1] += " " + paint(label, severity)
    remarks = [("note", note) for note in _notes(diagnostic)]
    if diagnostic_help := diagnostic.text(diagnostic.help):
        remarks.append(("help", diagnostic_help))
    if remarks:
        lines.append(bar)
    for kind, remark in remarks:
        lines.append(paint(f"{margin} =", "frame") + paint(f" {kind}:", "bold") + f" {printable(remark)}")
    return "\n".join(lines)


def printable(text: str) -> str:
    """Text that a terminal shows as it is: control and direction characters and lone surrogates replaced."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _notes(diagnostic: Diagnostic) -> list[str]:
    return [text for note in diagnostic.notes if (text := diagnostic.text(note))]


def _excerpt(source: Source, diagnostic: Diagnostic) -> list[tuple[int, str, str]]:
    """Line number, line and carets of the span's first line, and of its last if that is another one."""
    span = diagnostic.span
    first, start = source.position(span.start)
    last, stop = source.position(max(span.start, span.stop - 1))
    if first == last:
        return [(first, *_underline(source.line(first), start - 1, max(start, stop)))]
    opening = source.line(first)
    closing = source.line(last)
    indent = len(closing) - len(closing.lstrip())
    return [
        (first, *_underline(opening, start - 1, len(opening))),
        (last, *_underline(closing, min(indent, stop - 1), stop)),
    ]


def _underline(line: str, start: int, stop: int) -> tuple[str, str]:
    """A line as displayed, and carets under its characters [start, stop), at least one."""
    left = max(0, start - _CONTEXT) if len(line) > 2 * _CONTEXT else 0
    right = min(len(line), left + 2 * _CONTEXT)
    before, marked, after = line[left:start], line[start : min(stop, right)], line[min(stop, right) : right]
    cut = "\u2026" if left else ""
    shown = cut + _displayed(before + marked + after) + ("\u2026" if right < len(line) else "")
    return shown, " " * _columns(cut + _displayed(before)) + "^" * max(1, _columns(_displayed(marked)))


def _displayed(text: str) -> str:
    return printable(text.replace("\t", _TAB))


def _columns(text: str) -> int:
    """Columns of a terminal that a printable text takes: wide characters two, combining ones none."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) != 0 for character in text)
