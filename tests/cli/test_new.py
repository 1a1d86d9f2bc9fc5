"""`glmc new`: every class starts from a file whose claims are proved and that builds, under any name that may be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from glmc import cli
from glmc.cli.new import CLASSES
from glmc.resources import resource
from tests.emit.built import draw, imported


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*arguments: str):
    return CliRunner().invoke(cli.cli, list(arguments))


@pytest.mark.parametrize("kind", CLASSES)
def test_every_class_is_proved_and_builds(kind):
    assert run("new", "my_mixer", "--class", kind).exit_code == 0
    text = Path("my_mixer.glm").read_text()
    assert text.count("#") >= 5 and "  claim " in text
    found = json.loads(run("analyze", "my_mixer.glm", "--output-format", "json").stdout)
    assert found["diagnostics"] == []
    assert found["mixers"][-1]["name"] == "my_mixer"
    claims = [claim["verdict"] for mixer in found["mixers"] for claim in mixer["claims"]]
    assert len(claims) >= 2 and set(claims) == {"proved"}
    assert run("build", "my_mixer.glm", "--mixer", "my_mixer").exit_code == 0
    operator = imported(Path("my_mixer")).my_mixer
    inputs = draw(operator, 33, heads=4)
    assert torch.isfinite(operator.reference(**inputs)).all()


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("name", ["window", "a", "near_2", "causal", "f", "w", "position", "attention"])
def test_names_of_all_kinds(kind, name):
    assert run("new", name, "--class", kind).exit_code == 0
    assert run("check", f"{name}.glm").stdout == f"{name}.glm: no mistakes\n"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "for",
        "glm",
        "mixer",
        "where",
        "torch",
        "json",
        "none",
        "My",
        "2a",
        "a-b",
        "../a",
        "a{}",
        "a\n",
        "é",
        "a" * 999,
    ],
)
def test_names_that_no_mixer_can_have(name):
    result = run("new", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr and not list(Path().iterdir())


def test_nothing_is_overwritten():
    Path("mine.glm").write_text("mine")
    result = run("new", "mine")
    assert result.exit_code == 2 and "exists already" in result.stderr
    assert Path("mine.glm").read_text() == "mine"


def test_every_class_is_listed():
    files = {path.name.removesuffix(".glm") for path in resource("templates/new").iterdir()}
    assert files == set(CLASSES)
    shown = run("new", "--help").stdout
    assert all(f"  {kind}  " in shown for kind in CLASSES)
