"""`glmc build`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from glmc.cli.options import check_heads, common_options, layer_options, length_option, target_option
from glmc.cli.run import open_run, progress
from glmc.plan.target import DEFAULT, TARGETS


@click.command()
@common_options
@click.option(
    "-o",
    "directory",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where to write the packages (default: the current folder).",
)
@target_option("The machine that the schedule is made for", default=DEFAULT.name)
@click.option("--force", is_flag=True, help="Overwrite files of the packages that were edited by hand.")
@click.option("--explain", is_flag=True, help="Also print the derived facts, the schedule and what its passes cost.")
@length_option("For --explain: tokens of a sequence", default=32768)
@layer_options
def build(
    file: str,
    mixer: str | None,
    settings: dict[str, str],
    output_format: str,
    directory: Path,
    target: str,
    force: bool,
    explain: bool,
    length: int,
    head_dim: int,
    heads: int,
    batch: int,
) -> None:
    """Write an importable torch package for each mixer in FILE: DIR/<mixer>/.

    Nothing is written if the file has a mistake or a claim is refuted.

    \b
    Examples:
        glmc build power_of_two.glm
        glmc build power_of_two.glm -o layers --set base=3
        glmc build power_of_two.glm --explain --target h100 --length 65536
        python -m power_of_two.selftest
    """
    with open_run(file, output_format) as run:
        from glmc.compiler import DEFAULT_LENGTH, explain_schedule, write_packages
        from glmc.plan.roofline import Sizes
        from glmc.report.schedules import schedule_json, schedule_report
        from glmc.report.text import mixer_report

        patterns = run.patterns(mixer, settings)
        if explain:
            check_heads(patterns, heads)
        analyses = tuple(run.analyze(pattern, DEFAULT_LENGTH) for pattern in patterns)
        if not run.report.has_errors:
            with progress("writing packages"):
                packages = write_packages(analyses, directory, force=force, target=TARGETS[target])
            for analysis, package in zip(analyses, packages, strict=True):
                found: dict[str, Any] = {"name": analysis.pattern.name, "package": str(package)}
                if explain:
                    explained = explain_schedule(analysis, TARGETS[target], Sizes(batch, heads, head_dim), length)
                    run.say(mixer_report(analysis))
                    run.say(schedule_report(explained))
                    found["schedule"] = schedule_json(explained)
                run.add(found)
                run.say(f"{analysis.pattern.name}: wrote {package}")
