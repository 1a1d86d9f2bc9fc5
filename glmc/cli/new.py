"""`glmc new`."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

CLASSES = ("recurrence", "shifts", "compact", "landmarks", "delta", "attention", "window", "hybrid")


@click.command()
@click.argument("name")
@click.option(
    "--class",
    "kind",
    type=click.Choice(CLASSES),
    default="recurrence",
    show_default=True,
    help="What the mixer starts from.",
)
def new(name: str, kind: str) -> None:
    """Write NAME.glm, a commented mixer to start from, whose claims are proved.

    NAME becomes the mixer and the package: lower-case letters, digits and underscores.

    \b
    Classes, with the entries that a token reads, the vectors to keep, and the hops from the first to the last:
        recurrence   the last output, gated: 2, 1, n - 1
        shifts       outputs at distances 2^k: log n, n, log n
        compact      the nested form of k^2 + 1: sqrt(n), sqrt(n), log log n
        landmarks    the last output and the squares: sqrt(n), sqrt(n), sqrt(n)
        delta        the delta rule over all past outputs: n, n, 1
        attention    softmax over all inputs: n, n, 1
        window       softmax over the last w inputs: w, w - 1, beyond w none
        hybrid       a window on most heads, distances k^2 + 1 on the others: sqrt(n), n, 4

    \b
    Examples:
        glmc new my_mixer
        glmc new my_mixer --class compact
        glmc analyze my_mixer.glm
    """
    from glmc.emit.start import starting_text

    try:
        text = starting_text(name, kind)
    except ValueError as error:
        raise click.BadParameter(f"no mixer can be called {name!r}: {error}", param_hint="NAME") from None
    path = Path(f"{name}.glm")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.UsageError(f"{path} exists already; nothing was written") from None
    except OSError as error:
        raise click.UsageError(f"cannot write {path}: {error.strerror}") from None
    click.echo(f"wrote {path}; next: glmc analyze {path}")
