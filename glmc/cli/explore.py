"""`glmc explore`."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from glmc import __version__
from glmc.cli.options import MAX_LENGTH, picture_format, picture_path
from glmc.cli.run import write_file

if TYPE_CHECKING:
    from glmc.explore.measure import Bound, Point
    from glmc.explore.search import Progress

_QUANTITIES = ("time", "cache", "path", "congestion")
_FORMS = ("recurrent", "compact", "attention")
_GROWTH = re.compile(r"O\([^{};#]*\)")
_SHORTEST = 64


def _bound_options(command: Callable[..., None]) -> Callable[..., None]:
    for quantity in reversed(_QUANTITIES):
        text = f"Only mixers whose {quantity} keeps this bound."
        command = click.option(f"--{quantity}", metavar="BOUND", help=text)(command)
    return command


@click.command()
@_bound_options
@click.option(
    "--length",
    metavar="N",
    type=click.IntRange(_SHORTEST, MAX_LENGTH),
    default=4096,
    show_default=True,
    help="The sequence length at which mixers are compared.",
)
@click.option("--family", "families", metavar="NAME", multiple=True, help="Only this family; may be repeated.")
@click.option("--form", "forms", type=click.Choice(_FORMS), multiple=True, help="Only this form; may be repeated.")
@click.option(
    "-o",
    "directory",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the mixers that were found into this folder, one .glm file each.",
)
@click.option(
    "--plot",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=picture_path,
    help="Draw them into this file, .png or .svg.",
)
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, help="Processes (default: all cores).")
@click.option("--output-format", type=click.Choice(["full", "json"]), default="full", show_default=True)
def explore(
    length: int,
    families: tuple[str, ...],
    forms: tuple[str, ...],
    directory: Path | None,
    plot: Path | None,
    jobs: int,
    output_format: str,
    **bounds: str | None,
) -> None:
    """Search families of row sets for mixers that no other one beats on time, cache, path and congestion.

    A BOUND is a growth, which the analysis must prove, or a number that the value at --length may not exceed.
    The search knows powers, polynomials, recurrences, growing steps, windows, mixtures, levels, landmarks, blocks
    and digits; forms are recurrent (rows on B), compact (their cache-efficient form) and attention (rows on A).

    \b
    Examples:
        glmc explore --time "O(log n)" --cache "O(log n)"
        glmc explore --time 50 --cache 50 --length 4096 -o found --plot found.svg
        glmc explore --family levels --family digits --path 4
    """
    from glmc.explore.candidates import FAMILIES, PAPER, candidates
    from glmc.explore.search import compare, search
    from glmc.report.front import front_json, front_table, letters

    unknown = sorted(set(families) - set(FAMILIES))
    if unknown:
        raise click.BadParameter(f"there is no family {unknown[0]!r}; there are {', '.join(FAMILIES)}")
    asked = tuple(_bound(quantity, text) for quantity in _QUANTITIES if (text := bounds[quantity]) is not None)
    looked_at = tuple(
        candidate
        for candidate in candidates()
        if (not families or candidate.family in families) and (not forms or candidate.form in forms)
    )
    with _progress() as progress:
        found = search(looked_at, length, asked, jobs=jobs, progress=progress)
        ahead = compare(found, PAPER, length, jobs=jobs, progress=progress)
    written = () if directory is None else tuple(_write(found, directory, length))
    if plot is not None:
        from glmc.pictures.front import front_figure

        write_file(plot, front_figure(found, letters(len(found)), length, picture_format(plot)))
    if output_format == "json":
        document = {
            "glmc": __version__,
            "length": length,
            "candidates": len(looked_at),
            "front": front_json(found, ahead),
        }
        click.echo(json.dumps(document, indent=2))
        return
    from rich.console import Console

    from glmc.pictures.front import draw_front

    console = Console(highlight=False, markup=False, emoji=False)
    if found:
        console.print(f"{len(found)} of {len(looked_at)} mixers are beaten by none at n = {length}\n")
        console.print(front_table(found, ahead, PAPER.name))
        console.print("\n" + draw_front(found, letters(len(found))), soft_wrap=True)
    else:
        console.print(f"None of {len(looked_at)} mixers keeps the bounds at n = {length}.", soft_wrap=True)
    for path in (*written, *(() if plot is None else (plot,))):
        console.print(f"wrote {path}", soft_wrap=True)


def _bound(quantity: str, text: str) -> Bound:
    """What an option asks; a growth is checked to be a claim of the language."""
    from glmc.diagnostics import GlmError
    from glmc.explore.candidates import PAPER
    from glmc.explore.measure import Bound, pattern_of

    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 20:
        return Bound(quantity, None, int(text))
    if _GROWTH.fullmatch(text) is None:
        raise click.BadParameter(f"{text!r} is neither a number nor a growth like O(log n)", param_hint=f"--{quantity}")
    bound = Bound(quantity, text, None)
    try:
        pattern_of(PAPER, (f"{quantity} in {text}",))
    except GlmError as error:
        raise click.BadParameter(f"{text!r}: {error.diagnostics[0].message}", param_hint=f"--{quantity}") from error
    return bound


def _write(points: tuple[Point, ...], directory: Path, length: int) -> Iterator[Path]:
    """One file a mixer, with the claims that the analysis proves. Never touches a file that says something else."""
    from glmc.explore.measure import proved_claims

    texts = {
        directory / f"{point.candidate.name}.glm": point.candidate.text(proved_claims(point.candidate, length)).encode()
        for point in points
    }
    for path, text in texts.items():
        if path.exists() and not (path.is_file() and path.read_bytes() == text):
            raise click.UsageError(f"{path} holds something else; move it, or name another folder with -o")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.UsageError(f"cannot write into {directory}: {error.strerror}") from error
    for path, text in texts.items():
        write_file(path, text)
        yield path


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on a terminal, for each kind of work in turn."""
    if not sys.stderr.isatty():
        yield lambda doing, more: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("")

        def advance(doing: str, more: int) -> None:
            if more < 0:
                bars.advance(task)
            else:
                bars.reset(task, description=doing, total=more)

        yield advance
