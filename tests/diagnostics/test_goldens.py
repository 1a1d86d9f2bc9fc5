"""Every diagnostic has a file that causes it, and the text that people then read.

``UPDATE_GOLDENS=1 pytest tests/diagnostics`` writes what glmc says now; read it before you commit.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from glmc import cli, compiler
from glmc.diagnostics import Severity, Sink, render
from glmc.syntax import lexer, parser
from tests.diagnostics.catalogue import GOLDENS, PAGE, diagnostic_classes, goldens, page

UPDATE = "UPDATE_GOLDENS" in os.environ
# Limits that a readable golden can only pass if they are lower.
LOWERED = {
    "GLM011": ((lexer, "MAX_TOKENS", 60),),
    "GLM017": ((lexer, "MAX_MISTAKES", 2), (parser, "MAX_MISTAKES", 2)),
}


@pytest.fixture(params=goldens(), ids=lambda path: path.stem)
def golden(request, monkeypatch):
    for module, name, limit in LOWERED.get(request.param.name[:6], ()):
        monkeypatch.setattr(module, name, limit)
    monkeypatch.chdir(GOLDENS)
    return request.param


def diagnostics_of(path: Path) -> str:
    """The text that glmc prints about a file; claims are judged where the golden is about claims."""
    report = Sink(compiler.read_source(path.name))
    patterns = compiler.find_patterns(report, mixer=None, settings={})
    if path.name.startswith("GLM2"):
        for pattern in patterns:
            compiler.analyze_pattern(pattern, 256, report)
    return "".join(f"{render(report.source, diagnostic)}\n\n" for diagnostic in report.diagnostics)


def test_text(golden):
    expected = golden.with_suffix(".err")
    found = diagnostics_of(golden)
    if UPDATE:
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")
    assert f"[{golden.name[:6]}]" in found


def test_json_tells_the_same(golden):
    command = "analyze" if golden.name.startswith("GLM2") else "check"
    arguments = [command, golden.name, "--output-format", "json"]
    result = CliRunner().invoke(cli.cli, arguments + (["--length", "256"] if command == "analyze" else []))
    found = json.loads(result.stdout)["diagnostics"]
    text = golden.with_suffix(".err").read_text(encoding="utf-8")
    heads = re.findall(r"^(error|warning|note)\[(GLM\d+)\]: .*\n +--> .*:(\d+):(\d+)$", text, re.MULTILINE)
    assert [(f["severity"], f["code"], f["line"], f["column"]) for f in found] == [
        (severity, code, int(line), int(column)) for severity, code, line, column in heads
    ]
    assert result.exit_code == (1 if any(f["severity"] == "error" for f in found) else 0)
    assert result.stderr == ""


@pytest.mark.parametrize("cls", diagnostic_classes(), ids=lambda cls: cls.code)
def test_every_code_has_a_golden(cls):
    assert re.fullmatch(r"GLM\d{3}", cls.code)
    assert goldens(cls.code), f"{cls.__name__} has no golden"
    assert isinstance(cls.severity, Severity)


def test_codes_are_unique():
    codes = [cls.code for cls in diagnostic_classes()]
    assert len(codes) == len(set(codes))


def test_page_is_current():
    if UPDATE:
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()
