"""The command line: the only module that prints or exits."""

from __future__ import annotations

import json
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from glmc import __version__

if TYPE_CHECKING:
    from rich.console import RenderableType

    from glmc.compiler import Analysis
    from glmc.diagnostics import Sink
    from glmc.pattern.nodes import Pattern

INPUT_IS_WRONG = 1
BUG = 70
MAX_LENGTH = 2**20  # enumeration needs memory for a few numbers a position
_TRACEBACK = "GLMC_TRACEBACK"  # set in the environment to see where glmc's own code failed
_SLOW = 2.0  # seconds until a command says on a terminal what it is doing


# -- options ------------------------------------------------------------------------------------------


def _split_settings(_context: click.Context, _option: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    settings = {}
    for pair in pairs:
        name, separator, value = (part.strip() for part in pair.partition("="))
        if not (separator and value and name.isidentifier()):
            raise click.BadParameter(f"{pair!r} is not of the form NAME=VALUE")
        settings[name] = value
    return settings


_OPTIONS = (
    click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True)),
    click.option("--mixer", metavar="NAME", help="Only this mixer of the file (default: all)."),
    click.option(
        "--set",
        "settings",
        metavar="NAME=VALUE",
        multiple=True,
        callback=_split_settings,
        help="Set a parameter of the mixers; may be repeated.",
    ),
    click.option(
        "--output-format",
        type=click.Choice(["full", "json"]),
        default="full",
        show_default=True,
        help="Text for people, or one JSON object on stdout.",
    ),
)


def _common_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


# -- commands -----------------------------------------------------------------------------------------


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="glmc")
def cli() -> None:
    """Compile token mixers: from a .glm file to proved costs and an importable torch layer.

    \b
    Save this as power_of_two.glm:
        glm 1
        mixer power_of_two {
          B[i] = { i - 2^k for k in 0.. }
          claim time in O(log n)
        }

    \b
    Then
        glmc check power_of_two.glm          finds mistakes,
        glmc analyze power_of_two.glm        derives costs and judges the claims,
        glmc build power_of_two.glm -o out   writes the package out/power_of_two/.

    Exit codes: 0 done; 1 the file has mistakes or a claim is refuted; 2 wrong usage; 70 a bug of glmc's own.
    """


@cli.command()
@_common_options
def check(file: str, mixer: str | None, settings: dict[str, str], output_format: str) -> None:
    """Report the mistakes of FILE; claims are not judged.

    \b
    Examples:
        glmc check power_of_two.glm
        glmc check power_of_two.glm --set base=3 --output-format json
    """
    with _run(file, output_format) as run:
        for pattern in run.patterns(mixer, settings):
            run.add({"name": pattern.name})
        if not run.report.diagnostics:
            run.say(f"{file}: no mistakes")


@cli.command()
@_common_options
@click.option(
    "--length",
    metavar="N",
    type=click.IntRange(1, MAX_LENGTH),
    default=4096,
    show_default=True,
    help="The sequence length at which quantities are evaluated.",
)
def analyze(file: str, mixer: str | None, settings: dict[str, str], output_format: str, length: int) -> None:
    """Derive time, total, cache, path and congestion of the mixers in FILE, and judge their claims.

    \b
    Examples:
        glmc analyze power_of_two.glm
        glmc analyze power_of_two.glm --length 65536 --set base=3
        glmc analyze power_of_two.glm --output-format json
    """
    with _run(file, output_format, length=length) as run:
        from glmc.report import mixer_json, mixer_report

        for pattern in run.patterns(mixer, settings):
            analysis = run.analyze(pattern, length)
            run.add(mixer_json(analysis))
            run.say(mixer_report(analysis))


@cli.command()
@_common_options
@click.option(
    "-o",
    "directory",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where to write the packages (default: the current folder).",
)
@click.option("--force", is_flag=True, help="Overwrite files of the packages that were edited by hand.")
@click.option("--explain", is_flag=True, help="Also print the derived facts and the schedule.")
def build(
    file: str,
    mixer: str | None,
    settings: dict[str, str],
    output_format: str,
    directory: Path,
    force: bool,
    explain: bool,
) -> None:
    """Write an importable torch package for each mixer in FILE: DIR/<mixer>/.

    Nothing is written if the file has a mistake or a claim is refuted.

    \b
    Examples:
        glmc build power_of_two.glm
        glmc build power_of_two.glm -o layers --set base=3
        python -m power_of_two.selftest
    """
    with _run(file, output_format) as run:
        from glmc.compiler import DEFAULT_LENGTH, plan_package, write_packages
        from glmc.report import mixer_report, schedule_report

        analyses = tuple(run.analyze(pattern, DEFAULT_LENGTH) for pattern in run.patterns(mixer, settings))
        if not run.report.has_errors:
            with _progress("writing packages"):
                packages = write_packages(analyses, directory, force=force)
            for analysis, package in zip(analyses, packages, strict=True):
                if explain:
                    run.say(mixer_report(analysis))
                    run.say(schedule_report(plan_package(analysis)))
                run.add({"name": analysis.pattern.name, "package": str(package)})
                run.say(f"{analysis.pattern.name}: wrote {package}")


# -- one run ------------------------------------------------------------------------------------------


class _Run:
    """One command on one file: what it found, and how that is shown."""

    def __init__(self, report: Sink, as_json: bool, details: Mapping[str, Any]) -> None:
        self.report = report
        self._as_json = as_json
        self._details = details
        self._mixers: list[dict[str, Any]] = []

    def patterns(self, mixer: str | None, settings: Mapping[str, str]) -> tuple[Pattern, ...]:
        from glmc.compiler import find_patterns

        with _progress(f"checking {self.report.source.name}"):
            return find_patterns(self.report, mixer=mixer, settings=settings)

    def analyze(self, pattern: Pattern, length: int) -> Analysis:
        from glmc.compiler import analyze_pattern

        with _progress(f"analysing {pattern.name}"):
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
def _run(file: str, output_format: str, **details: Any) -> Iterator[_Run]:
    from glmc.compiler import read_source
    from glmc.diagnostics import GlmError, Sink
    from glmc.source import Span
    from glmc.syntax.errors import NestedTooDeeply
    from glmc.syntax.lexer import MAX_NESTING

    report = Sink(read_source(file))
    run = _Run(report, output_format == "json", details)
    try:
        yield run
    except GlmError as error:
        for diagnostic in error.diagnostics:
            report(diagnostic)
    except RecursionError:
        report(NestedTooDeeply(span=Span(0, len(report.source.line(1))), limit=MAX_NESTING))
    run.finish()


@contextmanager
def _progress(doing: str) -> Iterator[None]:
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


def main() -> None:
    """The console script. Whatever goes wrong in glmc's own code becomes one sentence and exit code 70."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    if _TRACEBACK in os.environ:
        cli(prog_name="glmc")
    warnings.simplefilter("ignore")
    try:
        cli(prog_name="glmc")
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        click.echo(
            f"glmc: this is a bug of glmc's own ({reason}).\n"
            f"Please report it with the file; {_TRACEBACK}=1 in the environment shows where it happened.",
            err=True,
        )
        sys.exit(BUG)


if __name__ == "__main__":
    main()
