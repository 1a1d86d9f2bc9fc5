"""`glmc analyze`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from glmc.cli.options import common_options, layer_options, length_option, target_option
from glmc.cli.run import Run, open_run, progress
from glmc.plan.target import TARGETS

if TYPE_CHECKING:
    from glmc.compiler import Analysis
    from glmc.pattern.nodes import Pattern
    from glmc.plan.roofline import Sizes

_SHORTEST = 1024  # costs are told at this length, four times it, and so on


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
        from glmc.plan.roofline import Sizes
        from glmc.report.json import mixer_json
        from glmc.report.text import mixer_report

        patterns = run.patterns(mixer, settings)
        if target is not None:
            _check_heads(patterns, heads)
        analyses = []
        for pattern in patterns:
            analyses.append(run.analyze(pattern, length))
            found = mixer_json(analyses[-1])
            run.say(mixer_report(analyses[-1]))
            if target is not None:
                found["cost"] = _tell_costs(run, analyses[-1], Sizes(batch, heads, head_dim), target)
            run.add(found)
        if page is not None and analyses:
            from glmc.compiler import report_page

            with progress(f"writing {page.name}"):
                text = report_page(tuple(analyses), run.report)
            run.write(page, text.encode())
            run.say(f"wrote {page}")


def _check_heads(patterns: tuple[Pattern, ...], heads: int) -> None:
    for pattern in patterns:
        for group in pattern.groups:
            if (group.fraction * heads).denominator != 1:
                raise click.UsageError(f"{group.fraction} of {heads} heads of {pattern.name} is no integer")


def _tell_costs(run: Run, analysis: Analysis, sizes: Sizes, name: str) -> dict[str, Any]:
    from glmc.compiler import plan_package
    from glmc.plan.roofline import costs
    from glmc.report.costs import cost_json, cost_report

    target, longest = TARGETS[name], analysis.facts.length
    lengths = [length for power in range(11) if (length := _SHORTEST * 4**power) < longest]
    found = costs(plan_package(analysis, target), sizes, (*lengths, longest))
    run.say(cost_report(found, sizes, target))
    return cost_json(found, sizes, target)
