"""Every diagnostic has a file that causes it, and the text that people then read.

``UPDATE_GOLDENS=1 pytest tests/diagnostics`` writes what glmc says now; read it before you commit.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from glmc import cli
from glmc.diagnostics import Severity
from glmc.syntax import lexer, parser
from tests.diagnostics.catalogue import PAGE, diagnostic_classes, goldens, meaning, page

UPDATE = "UPDATE_GOLDENS" in os.environ
# Limits that a readable golden can only pass if they are lower.
LOWERED = {
    "GLM011": ((lexer, "MAX_TOKENS", 60),),
    "GLM017": ((lexer, "MAX_MISTAKES", 2), (parser, "MAX_MISTAKES", 2)),
}
COMMANDS = {
    "GLM0": ("check",),
    "GLM1": ("check",),
    "GLM2": ("analyze", "--length", "256"),
    "GLM3": ("build", "-o", "out/packages"),
}
OPTIONS = {
    "GLM127": ("--set", "width=3"),
    "GLM128": ("--set", "w=three"),
    "GLM129": ("--mixer", "locl"),
}
# Files that stand in the way of a build.
FOREIGN = {"GLM301": "out/packages/diagonal/operator.py", "GLM303": "out"}


@pytest.fixture(params=goldens(), ids=lambda path: path.stem)
def golden(request, monkeypatch, tmp_path) -> Path:
    code = request.param.name[:6]
    for module, name, limit in LOWERED.get(code, ()):
        monkeypatch.setattr(module, name, limit)
    shutil.copy(request.param, tmp_path)
    if code in FOREIGN:
        (tmp_path / FOREIGN[code]).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / FOREIGN[code]).write_text("somebody else's\n")
    monkeypatch.chdir(tmp_path)
    return request.param


def run(golden: Path, *options: str):
    command, *arguments = COMMANDS[golden.name[:4]]
    arguments = (*arguments, *OPTIONS.get(golden.name[:6], ()))
    return CliRunner().invoke(cli.cli, [command, golden.name, *arguments, *options])


def test_text(golden):
    expected = golden.with_suffix(".err")
    result = run(golden)
    found = result.stderr.rstrip("\n") + "\n"
    if UPDATE:
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")
    assert f"[{golden.name[:6]}]" in found


def test_json_tells_the_same(golden):
    result = run(golden, "--output-format", "json")
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


@pytest.mark.parametrize("cls", diagnostic_classes(), ids=lambda cls: cls.code)
def test_every_code_is_explained(cls):
    paragraphs = meaning(cls).split("\n\n")
    assert len(paragraphs) >= 2 and paragraphs[-1].startswith("Repair: ")


def test_codes_are_unique():
    codes = [cls.code for cls in diagnostic_classes()]
    assert len(codes) == len(set(codes))


def test_page_is_current():
    if UPDATE:
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()
