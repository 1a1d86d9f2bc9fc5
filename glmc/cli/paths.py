"""`glmc paths`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from glmc.cli.options import MAX_LENGTH, common_options
from glmc.cli.run import open_run, progress

if TYPE_CHECKING:
    from glmc.analysis.connection import Connection
    from glmc.pattern.nodes import Pattern

_MOST_HOPS_SHOWN = 40
_LAST_HOPS_SHOWN = 3

position = click.IntRange(0, MAX_LENGTH - 1)


@click.command()
@common_options
@click.argument("source", metavar="FROM", type=position)
@click.argument("target", metavar="TO", type=position)
def paths(file: str, mixer: str | None, settings: dict[str, str], output_format: str, source: int, target: int) -> None:
    """Show how input FROM reaches output TO: a shortest influence path, and the number of all.

    \b
    Examples:
        glmc paths power_of_two.glm 0 100
        glmc paths power_of_two.glm 0 65535 --output-format json
    """
    with open_run(file, output_format) as run:
        for pattern in run.patterns(mixer, settings):
            found = _connection(pattern, source, target)
            run.add({"name": pattern.name, **_json(found, source, target)})
            run.say(f"{pattern.name}\n{_text(found, pattern, source, target)}\n")


def _connection(pattern: Pattern, source: int, target: int) -> Connection | None:
    from glmc.analysis.batches import TooManyEntries
    from glmc.compiler import connect

    with progress(f"following the paths of {pattern.name}"):
        try:
            return connect(pattern, source, target)
        except TooManyEntries:
            raise click.UsageError(
                f"the rows of {pattern.name} hold too many entries to follow from {source} to {target}; "
                "choose positions that are nearer to each other"
            ) from None


def _json(found: Connection | None, source: int, target: int) -> dict[str, Any]:
    ends = {"from": source, "to": target, "reachable": found is not None}
    if found is None:
        return {**ends, "hops": None, "group": None, "outputs": None, "influence_paths": 0, "log10": None}
    return {
        **ends,
        "hops": found.hops,
        "group": found.group,
        "outputs": list(found.outputs),
        "influence_paths": found.count,
        "log10": round(found.log10_count, 6),
    }


def _text(found: Connection | None, pattern: Pattern, source: int, target: int) -> str:
    if source > target:
        return f"x_{source} does not reach y_{target}: an output depends on no later input"
    if found is None:
        return f"x_{source} does not reach y_{target}: there is no influence path"
    inside = f", in the heads of {found.group}" if len(pattern.groups) > 1 else ""
    hops = "1 hop" if found.hops == 1 else f"{found.hops} hops"
    lines = [f"x_{source} reaches y_{target} in {hops}{inside}:", *_steps(found), _number(found)]
    return "\n".join(lines)


def _steps(found: Connection) -> list[str]:
    """One line an edge: A from the input to the first output, then B."""
    first, *rest = found.outputs
    lines = [_step("A", first, f"x_{found.source}", first - found.source)]
    lines += [
        _step("B", later, f"y_{earlier}", later - earlier)
        for earlier, later in zip(found.outputs[:-1], rest, strict=True)
    ]
    if len(lines) <= _MOST_HOPS_SHOWN:
        return lines
    kept = _MOST_HOPS_SHOWN - _LAST_HOPS_SHOWN
    return [*lines[:kept], f"  … {len(lines) - _MOST_HOPS_SHOWN} more …", *lines[-_LAST_HOPS_SHOWN:]]


def _step(side: str, row: int, read: str, distance: int) -> str:
    back = "its own input" if side == "A" and not distance else f"{distance} back"
    return f"  {side}[{row}]: y_{row} reads {read}, {back}"


def _number(found: Connection) -> str:
    if found.count == 1:
        return "It is the only influence path."
    if found.count is None:
        return f"There are about 10^{found.log10_count:.2f} influence paths."
    about = f", about 10^{found.log10_count:.2f}" if found.count >= 10**6 else ""
    return f"There are {found.count} influence paths{about}."
