"""`glmc explain`."""

from __future__ import annotations

import shutil
import textwrap
from difflib import get_close_matches

import rich_click as click


@click.command()
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """Say what the CODE of a diagnostic means, how to repair its cause, and show a file that has it.

    Without a code, list all of them.

    \b
    Examples:
        glmc explain GLM170
        glmc explain
    """
    from glmc.report.explanations import explanation, titles

    if code is None:
        for known, title in titles().items():
            click.echo(f"{known}  {title}")
        return
    wanted = code.upper() if code.upper().startswith("GLM") else f"GLM{code}"
    if wanted not in titles():
        near = get_close_matches(wanted, titles(), 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise click.BadParameter(f"there is no {code!r}; {hint}`glmc explain` lists all codes", param_hint="CODE")
    width = shutil.get_terminal_size().columns
    for line in explanation(wanted).splitlines():
        is_code = line.startswith("    ")
        click.echo(line if is_code else textwrap.fill(line, width, break_on_hyphens=False))
