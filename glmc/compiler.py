"""The passes in order, for one file: what the command line and the Python entry points share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from glmc.diagnostics import Sink
from glmc.source import Source
from glmc.syntax.lexer import MAX_CHARACTERS

if TYPE_CHECKING:
    from glmc.analysis.facts import Facts, Verdict
    from glmc.pattern.nodes import Pattern

_LONGEST_CHARACTER = 4  # bytes of UTF-8


@dataclass(frozen=True)
class Analysis:
    """A mixer, what was derived about it, and how its claims fared."""

    pattern: Pattern
    facts: Facts
    verdicts: tuple[Verdict, ...]


def read_source(path: str | Path) -> Source:
    """The text of a file, no more of it than the parser accepts.

    Bytes that are not UTF-8 become lone surrogates, which the parser reports where they stand.
    """
    with Path(path).open("rb") as file:
        data = file.read(MAX_CHARACTERS * _LONGEST_CHARACTER + 1)
    return Source(str(path), data.decode("utf-8-sig", errors="surrogateescape"))


def find_patterns(report: Sink, *, mixer: str | None, settings: Mapping[str, str]) -> tuple[Pattern, ...]:
    """The sound mixers of the sink's source; what is wrong with the others is in the sink."""
    from glmc.pattern.elaborate import elaborate
    from glmc.syntax.parser import parse

    module = parse(report.source, report)
    return () if module is None else elaborate(module, report, mixer=mixer, settings=settings)


def analyze_pattern(pattern: Pattern, length: int, report: Sink) -> Analysis:
    """Facts and verdicts of one mixer; a refuted claim is an error in the sink."""
    from glmc.analysis.analyze import analyze
    from glmc.analysis.verify import verify

    facts = analyze(pattern, length)
    return Analysis(pattern, facts, verify(pattern, facts, report))


def write_packages(analyses: tuple[Analysis, ...], directory: Path, *, force: bool) -> tuple[Path, ...]:
    """Write the package of every mixer, or none; their folders. Raises GlmError if a file is in the way."""
    from glmc.emit.package import build

    return tuple(build(analysis.pattern, directory, force=force) for analysis in analyses)
