"""`glmc analyze`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from glmc.cli.options import check_heads, common_options, layer_options, length_option, target_option
from glmc.cli.run import open_run, write_file
from glmc.plan.target import TARGETS, Target

if TYPE_CHECKING:
    from glmc.compiler import Analysis
    from glmc.plan.roofline import Cost, Sizes

_SHORTEST = 1024  # costs are told at this length, four times it, and so on


def _page_path(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and path.suffix.lower() != ".html":
        raise click.BadParameter(f"{path.name!r} does not end in .html")
    return path


@click.command()
@common_options
@length_option()
@click.option(
    "--report",
    "page",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_page_path,
    help="Also write one self-contained page, .html, with the patterns and curves to look at.",
)
@target_option("Also tell bytes, operations and roofline times of a layer on this machine")
@layer_options
def analyze(
    file: str,
    mixer: str | None,
    settings: dict[str, str],
    output_format: str,
    length: int,
    page: Path | None,
    target: str | None,
    head_dim: int,
    heads: int,
    batch: int,
) -> None:
    """Derive time, total, cache, path, congestion and stability of the mixers in FILE, and judge their claims.

    \b
    Examples:
        glmc analyze power_of_two.glm
        glmc analyze power_of_two.glm --length 65536 --set base=3
        glmc analyze power_of_two.glm --target h200 --head-dim 64 --heads 16
        glmc analyze power_of_two.glm --output-format json
        glmc analyze power_of_two.glm --report power_of_two.html
    """
    with open_run(file, output_format, length=length) as run:
        from glmc.compiler import page_section
        from glmc.plan.roofline import Sizes
        from glmc.report.costs import cost_json, cost_report, cost_table
        from glmc.report.json import mixer_json
        from glmc.report.text import mixer_report

        patterns = run.patterns(mixer, settings)
        sizes, machine = Sizes(batch, heads, head_dim), None if target is None else TARGETS[target]
        if machine is not None:
            check_heads(patterns, heads)
        sections = []
        for pattern in patterns:
            analysis = run.analyze(pattern, length)
            run.say(mixer_report(analysis))
            found, table = mixer_json(analysis), None
            if machine is not None:
                costs = _costs(analysis, sizes, machine)
                found["cost"], table = cost_json(costs, sizes, machine), cost_table(costs, sizes, machine)
                run.say(cost_report(table))
            run.add(found)
            if page is not None:
                sections.append(page_section(analysis, table))
        if page is not None and sections:
            from glmc.report.page import page as page_of

            write_file(page, page_of(run.report.source, tuple(sections), run.report.diagnostics).encode())
            run.say(f"wrote {page}")


def _costs(analysis: Analysis, sizes: Sizes, target: Target) -> tuple[Cost, ...]:
    from glmc.compiler import plan_package
    from glmc.plan.roofline import costs

    longest = analysis.facts.length
    lengths = [length for power in range(11) if (length := _SHORTEST * 4**power) < longest]
    return costs(plan_package(analysis, target), sizes, (*lengths, longest))
