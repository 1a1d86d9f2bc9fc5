"""`glmc analyze`."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from glmc.cli.options import common_options, length_option
from glmc.cli.run import open_run, progress


def _page_path(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and path.suffix.lower() != ".html":
        raise click.BadParameter(f"{path.name!r} does not end in .html")
    return path


@click.command()
@common_options
@length_option
@click.option(
    "--report",
    "page",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_page_path,
    help="Also write one self-contained page, .html, with the patterns and curves to look at.",
)
def analyze(
    file: str, mixer: str | None, settings: dict[str, str], output_format: str, length: int, page: Path | None
) -> None:
    """Derive time, total, cache, path and congestion of the mixers in FILE, and judge their claims.

    \b
    Examples:
        glmc analyze power_of_two.glm
        glmc analyze power_of_two.glm --length 65536 --set base=3
        glmc analyze power_of_two.glm --output-format json
        glmc analyze power_of_two.glm --report power_of_two.html
    """
    with open_run(file, output_format, length=length) as run:
        from glmc.report.json import mixer_json
        from glmc.report.text import mixer_report

        analyses = []
        for pattern in run.patterns(mixer, settings):
            analyses.append(run.analyze(pattern, length))
            run.add(mixer_json(analyses[-1]))
            run.say(mixer_report(analyses[-1]))
        if page is not None and analyses:
            from glmc.compiler import report_page

            with progress(f"writing {page.name}"):
                text = report_page(tuple(analyses), run.report)
            run.write(page, text.encode())
            run.say(f"wrote {page}")
