"""`glmc check`."""

from __future__ import annotations

import rich_click as click

from glmc.cli.options import common_options
from glmc.cli.run import open_run


@click.command()
@common_options
def check(file: str, mixer: str | None, settings: dict[str, str], output_format: str) -> None:
    """Report the mistakes of FILE; claims are not judged.

    \b
    Examples:
        glmc check power_of_two.glm
        glmc check power_of_two.glm --set base=3 --output-format json
    """
    with open_run(file, output_format) as run:
        for pattern in run.patterns(mixer, settings):
            run.add({"name": pattern.name})
        if not run.report.diagnostics:
            run.say(f"{file}: no mistakes")
