"""One run of a command: the file, its diagnostics, what is printed and the exit code."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import rich_click as click

from glmc import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

    from glmc.compiler import Analysis
    from glmc.diagnostics import Sink
    from glmc.pattern.nodes import Pattern

INPUT_IS_WRONG = 1
_SLOW = 2.0  # seconds until a command says on a terminal what it is doing


def write_file(path: Path, content: bytes) -> None:
    """Write a file that the user named; where that fails it is wrong usage."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise click.UsageError(f"cannot write {path}: {error.strerror}") from error


class Run:
    """One command on one file: what it found, and how that is shown."""

    def __init__(self, report: Sink, as_json: bool, details: Mapping[str, Any]) -> None:
        self.report = report
        self._as_json = as_json
        self._details = details
        self._mixers: list[dict[str, Any]] = []

    def patterns(self, mixer: str | None, settings: Mapping[str, str]) -> tuple[Pattern, ...]:
        from glmc.compiler import find_patterns

        with progress(f"checking {self.report.source.name}"):
            return find_patterns(self.report, mixer=mixer, settings=settings)

    def analyze(self, pattern: Pattern, length: int) -> Analysis:
        from glmc.compiler import analyze_pattern

        with progress(f"analysing {pattern.name}"):
            return analyze_pattern(pattern, length, self.report)

    def add(self, mixer: dict[str, Any]) -> None:
        """A mixer's entry in the JSON object."""
        self._mixers.append(mixer)

    def say(self, text: RenderableType) -> None:
        """Something for people to read, on stdout."""
        if not self._as_json:
            from rich.console import Console

            console = Console(highlight=False, markup=False, emoji=False)
            console.print(text, soft_wrap=isinstance(text, str))

    def finish(self) -> None:
        """Print what is left to print and exit."""
        from glmc.diagnostics import as_json, render

        diagnostics = self.report.diagnostics
        if self._as_json:
            found = {
                "glmc": __version__,
                "language": 1,
                "file": self.report.source.name,
                **self._details,
                "mixers": self._mixers,
                "diagnostics": [as_json(self.report.source, diagnostic) for diagnostic in diagnostics],
            }
            click.echo(json.dumps(found, indent=2))
        else:
            colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
            for diagnostic in diagnostics:
                click.echo(render(self.report.source, diagnostic, colour=colour) + "\n", err=True)
        sys.exit(INPUT_IS_WRONG if self.report.has_errors else 0)


@contextmanager
def open_run(file: str, output_format: str, **details: Any) -> Iterator[Run]:
    from glmc.compiler import read_source
    from glmc.diagnostics import GlmError, Sink
    from glmc.source import Span
    from glmc.syntax.errors import NestedTooDeeply
    from glmc.syntax.lexer import MAX_NESTING

    report = Sink(read_source(file))
    run = Run(report, output_format == "json", details)
    try:
        yield run
    except GlmError as error:
        for diagnostic in error.diagnostics:
            report(diagnostic)
    except RecursionError:
        report(NestedTooDeeply(span=Span(0, len(report.source.line(1))), limit=MAX_NESTING))
    run.finish()


@contextmanager
def progress(doing: str) -> Iterator[None]:
    """On a terminal, say what takes longer than a moment."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    status = Console(stderr=True).status(f"{doing} …")
    timer = threading.Timer(_SLOW, status.start)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()
