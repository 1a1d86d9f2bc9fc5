"""`glmc show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from glmc.cli.options import common_options
from glmc.cli.run import open_run, progress

if TYPE_CHECKING:
    from glmc.pictures.squares import Squares

_FORMATS = (".png", ".svg")
_LONGEST = 4096


def _picture_path(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and path.suffix.lower() not in _FORMATS:
        raise click.BadParameter(f"{path.name!r} ends in neither {' nor '.join(_FORMATS)}")
    return path


@click.command()
@common_options
@click.option(
    "--length",
    metavar="N",
    type=click.IntRange(1, _LONGEST),
    default=64,
    show_default=True,
    help="How many rows and columns are drawn.",
)
@click.option(
    "-o",
    "picture",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_picture_path,
    help="Draw into this file, .png or .svg, instead of the terminal.",
)
def show(
    file: str, mixer: str | None, settings: dict[str, str], output_format: str, length: int, picture: Path | None
) -> None:
    """Draw A and B of the mixers in FILE: which inputs and which earlier outputs each output reads.

    \b
    Examples:
        glmc show power_of_two.glm
        glmc show power_of_two.glm --length 256 --set base=3
        glmc show power_of_two.glm -o power_of_two.svg
    """
    with open_run(file, output_format, length=length) as run:
        from glmc.compiler import draw_pattern
        from glmc.pictures.terminal import Drawing
        from glmc.report.json import squares_json

        drawn: list[Squares] = []
        for pattern in run.patterns(mixer, settings):
            groups = draw_pattern(pattern, length)
            run.add(squares_json(pattern, groups))
            drawn += groups
        if picture is None:
            for group in drawn:
                run.say(Drawing(group))
        elif drawn:
            run.write(picture, _figure(tuple(drawn), picture))
            run.say(f"wrote {picture}")


def _figure(groups: tuple[Squares, ...], picture: Path) -> bytes:
    from glmc.pictures.figure import MOST_GROUPS, figure

    if len(groups) > MOST_GROUPS:
        raise click.UsageError(f"one picture holds at most {MOST_GROUPS} groups of heads; choose with --mixer")
    with progress(f"drawing {picture.name}"):
        return figure(groups, "svg" if picture.suffix.lower() == ".svg" else "png")
