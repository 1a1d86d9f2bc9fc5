"""`glmc analyze`."""

from __future__ import annotations

import rich_click as click

from glmc.cli.options import common_options, length_option
from glmc.cli.run import open_run


@click.command()
@common_options
@length_option
def analyze(file: str, mixer: str | None, settings: dict[str, str], output_format: str, length: int) -> None:
    """Derive time, total, cache, path and congestion of the mixers in FILE, and judge their claims.

    \b
    Examples:
        glmc analyze power_of_two.glm
        glmc analyze power_of_two.glm --length 65536 --set base=3
        glmc analyze power_of_two.glm --output-format json
    """
    with open_run(file, output_format, length=length) as run:
        from glmc.report.json import mixer_json
        from glmc.report.text import mixer_report

        for pattern in run.patterns(mixer, settings):
            analysis = run.analyze(pattern, length)
            run.add(mixer_json(analysis))
            run.say(mixer_report(analysis))
