"""`glmc show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from glmc.cli.options import common_options, picture_format, picture_path
from glmc.cli.run import open_run, progress, write_file

if TYPE_CHECKING:
    from glmc.pattern.nodes import Pattern
    from glmc.pictures.squares import Squares

_LONGEST = 1024
_MOST_GROUPS = 32  # in one picture or one JSON object


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
    callback=picture_path,
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

        patterns = run.patterns(mixer, settings)
        if picture is not None or output_format == "json":
            _check_groups(patterns)
        drawn: list[Squares] = []
        for pattern in patterns:
            if picture is None and output_format == "full":
                for group in draw_pattern(pattern, length):
                    run.say(Drawing(group))
            else:
                groups = tuple(draw_pattern(pattern, length))
                run.add(squares_json(pattern, groups))
                drawn += groups
        if picture is not None and drawn:
            write_file(picture, _figure(tuple(drawn), picture))
            run.say(f"wrote {picture}")


def _check_groups(patterns: tuple[Pattern, ...]) -> None:
    if sum(len(pattern.groups) for pattern in patterns) > _MOST_GROUPS:
        raise click.UsageError(f"at most {_MOST_GROUPS} groups of heads fit in one file; choose with --mixer")


def _figure(groups: tuple[Squares, ...], picture: Path) -> bytes:
    from glmc.pictures.figure import figure

    with progress(f"drawing {picture.name}"):
        return figure(groups, picture_format(picture))
