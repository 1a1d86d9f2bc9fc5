"""What the commands on a file take alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from glmc.plan.target import TARGETS

if TYPE_CHECKING:
    from glmc.pattern.nodes import Pattern
    from glmc.pictures.figure import Format

MAX_LENGTH = 2**20  # enumeration needs memory for a few numbers a position


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


def common_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def length_option(
    meaning: str = "The sequence length at which quantities are evaluated", default: int = 4096
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        "--length",
        metavar="N",
        type=click.IntRange(1, MAX_LENGTH),
        default=default,
        show_default=True,
        help=f"{meaning}.",
    )


def target_option(meaning: str, default: str | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        "--target",
        type=click.Choice(list(TARGETS)),
        default=default,
        show_default=default is not None,
        help=f"{meaning}.",
    )


_LAYER_OPTIONS = (
    click.option(
        "--head-dim",
        metavar="D",
        type=click.IntRange(1, 2**16),
        default=64,
        show_default=True,
        help="For costs: channels of a head.",
    ),
    click.option(
        "--heads",
        metavar="H",
        type=click.IntRange(1, 2**16),
        default=16,
        show_default=True,
        help="For costs: heads of the layer.",
    ),
    click.option(
        "--batch",
        metavar="B",
        type=click.IntRange(1, 2**20),
        default=1,
        show_default=True,
        help="For costs: sequences at once.",
    ),
)


def layer_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_LAYER_OPTIONS):
        command = option(command)
    return command


def check_heads(patterns: tuple[Pattern, ...], heads: int) -> None:
    """Raises UsageError if ``heads`` do not divide into the groups of a mixer."""
    for pattern in patterns:
        for group in pattern.groups:
            if (group.fraction * heads).denominator != 1:
                raise click.UsageError(f"{group.fraction} of {heads} heads of {pattern.name} is no integer")


_PICTURES: dict[str, Format] = {".png": "png", ".svg": "svg"}


def picture_path(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    """The callback of an option that names a picture to draw."""
    if path is not None and path.suffix.lower() not in _PICTURES:
        raise click.BadParameter(f"{path.name!r} ends in neither {' nor '.join(_PICTURES)}")
    return path


def picture_format(path: Path) -> Format:
    """What to draw into a path that ``picture_path`` let pass."""
    return _PICTURES[path.suffix.lower()]
