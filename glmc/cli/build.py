"""`glmc build`."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from glmc.cli.options import common_options, target_option
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
@click.option("--explain", is_flag=True, help="Also print the derived facts and the schedule.")
def build(
    file: str,
    mixer: str | None,
    settings: dict[str, str],
    output_format: str,
    directory: Path,
    target: str,
    force: bool,
    explain: bool,
) -> None:
    """Write an importable torch package for each mixer in FILE: DIR/<mixer>/.

    Nothing is written if the file has a mistake or a claim is refuted.

    \b
    Examples:
        glmc build power_of_two.glm
        glmc build power_of_two.glm -o layers --set base=3
        python -m power_of_two.selftest
    """
    with open_run(file, output_format) as run:
        from glmc.compiler import DEFAULT_LENGTH, plan_package, write_packages
        from glmc.report.schedules import schedule_report
        from glmc.report.text import mixer_report

        analyses = tuple(run.analyze(pattern, DEFAULT_LENGTH) for pattern in run.patterns(mixer, settings))
        if not run.report.has_errors:
            with progress("writing packages"):
                packages = write_packages(analyses, directory, force=force, target=TARGETS[target])
            for analysis, package in zip(analyses, packages, strict=True):
                if explain:
                    run.say(mixer_report(analysis))
                    run.say(schedule_report(plan_package(analysis, TARGETS[target])))
                run.add({"name": analysis.pattern.name, "package": str(package)})
                run.say(f"{analysis.pattern.name}: wrote {package}")
