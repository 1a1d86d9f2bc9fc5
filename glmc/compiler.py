"""The passes in order, for one file: what the command line and the Python entry points share."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from glmc.diagnostics import Diagnostic, GlmError, Sink
from glmc.plan.target import DEFAULT, Target
from glmc.source import Source
from glmc.syntax.lexer import MAX_CHARACTERS
from glmc.syntax.nodes import Module

if TYPE_CHECKING:
    from glmc.analysis.connection import Connection
    from glmc.analysis.facts import Facts, Verdict
    from glmc.analysis.stability import Stability
    from glmc.pattern.evaluate import EvaluationError
    from glmc.pattern.nodes import Pattern
    from glmc.pictures.squares import Squares
    from glmc.plan.cost_model import Explained
    from glmc.plan.nodes import Plan
    from glmc.plan.roofline import Sizes
    from glmc.report.costs import CostTable
    from glmc.report.page import Section

DEFAULT_LENGTH = 4096
_LONGEST_CHARACTER = 4  # bytes of UTF-8


@dataclass(frozen=True)
class Analysis:
    """A mixer, what was derived about it, and how its claims fared."""

    pattern: Pattern
    facts: Facts
    verdicts: tuple[Verdict, ...]

    @property
    def stability(self) -> tuple[Stability, ...]:
        """What the weights guarantee about the outputs, for each group of heads."""
        from glmc.analysis.stability import stability

        return stability(self.pattern)


# -- sources ------------------------------------------------------------------------------------------


def read_source(path: str | Path) -> Source:
    """The text of a file, hardly more of it than the parser accepts.

    Bytes that are not UTF-8 become lone surrogates, which the parser reports where they stand.
    """
    with Path(path).open("rb") as file:
        data = file.read(MAX_CHARACTERS * _LONGEST_CHARACTER + 1)
    return Source(str(path), data.decode("utf-8-sig", errors="surrogateescape"))


def source_of(text: str | Path) -> Source:
    """A path's file, or a text itself: a string is a text if it holds a line break or a brace."""
    if isinstance(text, str) and ("\n" in text or "{" in text):
        return Source("<text>", text)
    return read_source(text)


# -- passes -------------------------------------------------------------------------------------------


def find_patterns(report: Sink, *, mixer: str | None, settings: Mapping[str, str]) -> tuple[Pattern, ...]:
    """The sound mixers of the sink's source; what is wrong with the others is in the sink."""
    from glmc.pattern.elaborate import elaborate
    from glmc.syntax.parser import parse

    module = parse(report.source, report)
    return () if module is None else elaborate(module, report, mixer=mixer, settings=settings)


def analyze_pattern(pattern: Pattern, length: int, report: Sink) -> Analysis:
    """Facts and verdicts of one mixer; a refuted claim is an error in the sink.

    Raises GlmError if a row beyond those that were checked has no value.
    """
    from glmc.analysis.analyze import analyze
    from glmc.analysis.verify import verify

    with _row_problems(pattern):
        facts = analyze(pattern, length)
    return Analysis(pattern, facts, verify(pattern, facts, report))


def draw_pattern(pattern: Pattern, length: int) -> Iterator[Squares]:
    """Which entries of each group's A and B are present, group by group; raises GlmError if a row has no value."""
    from glmc.pictures.squares import squares

    with _row_problems(pattern):
        yield from squares(pattern, length)


def page_section(analysis: Analysis, costs: CostTable | None = None) -> Section:
    """What a page shows of a mixer; soon after its analysis, as what enumeration found is kept for a while only."""
    from glmc.report.page import EMBEDDED, section

    return section(analysis, draw_pattern(analysis.pattern, min(analysis.facts.length, EMBEDDED)), costs)


@contextmanager
def _row_problems(pattern: Pattern) -> Iterator[None]:
    from glmc.pattern.evaluate import EvaluationError

    try:
        yield
    except EvaluationError as error:
        raise GlmError(pattern.source, (_row_problem(pattern, error),)) from error


def connect(pattern: Pattern, source: int, target: int) -> Connection | None:
    """The influence paths from x_source to y_target, None without any.

    Raises GlmError if a row on the way has no value, TooManyEntries where they cannot be followed.
    """
    from glmc.analysis.connection import connection
    from glmc.pattern.evaluate import EvaluationError

    try:
        return connection(pattern, source, target)
    except EvaluationError as error:
        raise GlmError(pattern.source, (_row_problem(pattern, error),)) from error


def _row_problem(pattern: Pattern, error: EvaluationError) -> Diagnostic:
    from glmc.pattern.errors import RangeTooLong, Undefined
    from glmc.pattern.rows import LOOP_LIMIT

    if error.kind in {"too large", "endless"}:
        return RangeTooLong(span=pattern.span, limit=LOOP_LIMIT)
    return Undefined(span=pattern.span, operation=error.kind, witness=str(error))


def plan_package(analysis: Analysis, target: Target) -> Plan:
    """The schedule that the package of a mixer follows."""
    from glmc.plan.schedule import schedule

    return schedule(analysis.pattern, analysis.facts, target)


def explain_schedule(analysis: Analysis, target: Target, sizes: Sizes, length: int) -> Explained:
    """What the passes of a layer's forward call cost, at ``length`` or at a length that enumeration can afford.

    Raises ValueError if the heads do not divide into the groups.
    """
    from glmc.analysis.batches import TooManyEntries
    from glmc.backends.triton import family
    from glmc.plan.cost_model import Explained, GroupPasses, Load, forward_passes
    from glmc.plan.roofline import costs

    plan = plan_package(analysis, target)
    (floor,) = costs(plan, sizes, (length,))
    found = []
    for place, group in enumerate(plan.groups):
        heads = int(sum(share.fraction for share in plan.shares if share.group == place) * sizes.heads)
        load = Load(heads * sizes.batch, sizes.channels, floor.length, target.multiprocessors)
        try:
            found.append(GroupPasses(group.name, heads, family(group), forward_passes(family(group), group, load)))
        except TooManyEntries:
            return explain_schedule(analysis, target, sizes, floor.length // 2)
    return Explained(plan, tuple(found), floor, sizes, target)


def write_packages(
    analyses: tuple[Analysis, ...], directory: Path, *, force: bool, target: Target = DEFAULT
) -> tuple[Path, ...]:
    """Write the package of every mixer, or none; their folders. Raises GlmError if a file is in the way."""
    from glmc.emit.package import build

    mixers = [(analysis.pattern, analysis.facts) for analysis in analyses]
    return build(mixers, directory, force=force, target=target)


# -- Python entry points ------------------------------------------------------------------------------


def parse(source: Source) -> Module:
    """The syntax tree; raises GlmError with every syntax mistake."""
    from glmc.syntax.parser import parse as parse_source

    report = Sink(source)
    module = parse_source(source, report)
    _raise_errors(report)
    assert module is not None
    return module


def analyze(source: Source, length: int, *, mixer: str | None, settings: Mapping[str, str]) -> tuple[Analysis, ...]:
    """Facts and verdicts of each mixer; raises GlmError with every mistake, but not for refuted claims."""
    report = Sink(source)
    patterns = find_patterns(report, mixer=mixer, settings=settings)
    _raise_errors(report)
    return tuple(analyze_pattern(pattern, length, report) for pattern in patterns)


def build(
    source: Source, directory: Path, *, mixer: str | None, settings: Mapping[str, str], force: bool
) -> tuple[Path, ...]:
    """The folders of the packages written; raises GlmError, with nothing written, on any error."""
    report = Sink(source)
    patterns = find_patterns(report, mixer=mixer, settings=settings)
    analyses = tuple(analyze_pattern(pattern, DEFAULT_LENGTH, report) for pattern in patterns)
    _raise_errors(report)
    return write_packages(analyses, directory, force=force)


def load(
    path: str | Path, *, mixer: str | None, settings: Mapping[str, str], directory: str | Path | None
) -> ModuleType:
    """Import a package from its folder, or from a file or text that is built first."""
    if "\n" not in str(path) and (folder := Path(path)).is_dir():
        return _import_package(folder)
    target = Path(tempfile.mkdtemp(prefix="glmc-")) if directory is None else Path(directory)
    folders = build(source_of(path), target, mixer=mixer, settings=settings, force=False)
    if len(folders) != 1:
        names = ", ".join(folder.name for folder in folders) or "none"
        raise ValueError(f"name one mixer with mixer=…; the file has {names}")
    return _import_package(folders[0])


def _import_package(folder: Path) -> ModuleType:
    """A fresh import of a package under its own name, whatever was imported under that name before."""
    name = folder.resolve().name
    location = folder / "__init__.py"
    spec = importlib.util.spec_from_file_location(name, location, submodule_search_locations=[str(folder)])
    if not location.is_file() or spec is None or spec.loader is None:
        raise ValueError(f"{folder} is no package that glmc built")
    for loaded in [other for other in sys.modules if other == name or other.startswith(f"{name}.")]:
        del sys.modules[loaded]
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _raise_errors(report: Sink) -> None:
    if report.has_errors:
        raise GlmError(report.source, report.diagnostics)
