"""glm text in pieces that are coloured alike."""

from __future__ import annotations

import re
from collections.abc import Iterator

from glmc.diagnostics import printable

_KEYWORDS = "glm mixer set let rows doc where weights state claim heads for in if and or not"
_LIBRARY = "past causal window shifts compact stride block landmarks fenwick"
_FUNCTIONS = "floor ceil sqrt log2 log min max abs gcd lowbit bitlen O Omega Theta"
_WEIGHTS = "softmax sigmoid dot unit sum gate slot_gate const"
_PIECE = re.compile(
    rf"""
      (?P<comment>\#.*)
    | (?P<string>"(?:\\.|[^"\\])*"?)
    | (?P<number>\b[0-9]+(?:\.[0-9]+)?\b)
    | (?P<keyword>\b(?:{_KEYWORDS.replace(" ", "|")})\b)
    | (?P<side>\b[AB]\b)
    | (?P<function>\b(?:{f"{_LIBRARY} {_FUNCTIONS} {_WEIGHTS}".replace(" ", "|")})\b)
    """,
    re.VERBOSE,
)


def pieces(line: str) -> Iterator[tuple[str, str]]:
    """(kind, text) of the parts of one line, whose texts make up the line; the kind is empty for plain text."""
    line = printable(line.expandtabs(4))
    done = 0
    for found in _PIECE.finditer(line):
        if found.start() > done:
            yield "", line[done : found.start()]
        yield found.lastgroup or "", found.group()
        done = found.end()
    if done < len(line):
        yield "", line[done:]
