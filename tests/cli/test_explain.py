"""`glmc explain`: every code, what it means, a file that has it, and how to repair it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from glmc import cli
from tests.diagnostics.catalogue import diagnostic_classes, goldens, meaning


def run(*arguments: str):
    return CliRunner().invoke(cli.cli, ["explain", *arguments])


@pytest.mark.parametrize("cls", diagnostic_classes(), ids=lambda cls: cls.code)
def test_every_code(cls):
    result = run(cls.code)
    assert result.exit_code == 0
    shown = " ".join(result.stdout.split())
    for paragraph in meaning(cls).replace("``", "`").split("\n\n"):
        assert " ".join(paragraph.split()) in shown
    assert "Repair: " in result.stdout and "glmc says:" in result.stdout and f"[{cls.code}]:" in result.stdout
    example = goldens(cls.code)[0].read_bytes().decode("utf-8", errors="replace").rstrip().splitlines()
    assert all(f"    {line}".rstrip()[:100] in result.stdout for line in example)


def test_sections_end_where_the_next_begins():
    assert "GLM102" not in run("GLM101").stdout
    assert "# Claims" not in run("GLM179").stdout


@pytest.mark.parametrize("written", ["GLM170", "glm170", "170"])
def test_ways_to_write_a_code(written):
    assert run(written).stdout.startswith("GLM170: ")


@pytest.mark.parametrize(("written", "near"), [("GLM107x", "GLM107"), ("GLM17", "GLM179"), ("E501", "lists all")])
def test_unknown_codes(written, near):
    result = run(written)
    assert (result.exit_code, result.stdout) == (2, "")
    assert near in " ".join(result.stderr.split())


def test_all_codes_are_listed():
    lines = run().stdout.splitlines()
    assert [line[:6] for line in lines] == [cls.code for cls in diagnostic_classes()]
