"""What the codes of diagnostics mean: the sections of docs/diagnostics.md, as plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from glmc.resources import resource

_HEADING = re.compile(r"## (GLM\d{3}): (.*)")
_FENCE = "```"
_BLOCKS = ("For example", "glmc says")


@cache
def titles() -> dict[str, str]:
    """The title of every code, in their order."""
    return {match[1]: match[2] for line in _page() if (match := _HEADING.fullmatch(line))}


def explanation(code: str) -> str:
    """What ``code`` means, how to repair its cause, and a file that has it."""
    title = titles()[code]
    return "\n".join((f"{code}: {title}", *_plain(_section(f"## {code}: {title}")))).rstrip()


def _page() -> list[str]:
    return resource("docs/diagnostics.md").read_text(encoding="utf-8").splitlines()


def _section(heading: str) -> Iterator[str]:
    lines = iter(_page())
    for line in lines:
        if line == heading:
            break
    fenced = False
    for line in lines:
        fenced ^= line == _FENCE
        if not fenced and line.startswith("#"):
            return
        yield line


def _plain(lines: Iterator[str]) -> Iterator[str]:
    """Fenced blocks indented, with a word of introduction."""
    blocks = iter(_BLOCKS)
    fenced = False
    for line in lines:
        if line != _FENCE:
            yield f"    {line}".rstrip() if fenced else line
            continue
        fenced = not fenced
        if fenced:
            yield f"{next(blocks)}:"
            yield ""
