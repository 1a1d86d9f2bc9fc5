"""Every block of docs/language.md is the language: complete files, mixers, or statements of one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from glmc.compiler import find_patterns
from glmc.diagnostics import Severity, Sink, render
from glmc.source import Source

PAGE = Path(__file__).parents[2] / "docs" / "language.md"
BLOCKS = re.findall(r"```glm\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def complete(block: str) -> str:
    if block.startswith("glm 1"):
        return block
    return f"glm 1\n{block}" if block.startswith("mixer") else f"glm 1\nmixer m {{\n{block}}}"


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0])
def test_block(block):
    report = Sink(Source("language.md", complete(block)))
    patterns = find_patterns(report, mixer=None, settings={})
    wrong = [d for d in report.diagnostics if d.severity is not Severity.NOTE]
    assert not wrong, "\n".join(render(report.source, diagnostic) for diagnostic in wrong)
    assert patterns


def test_there_are_blocks():
    assert len(BLOCKS) > 10
