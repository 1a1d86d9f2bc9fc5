"""`glmc build --explain`: the printed schedules of four examples.

``UPDATE_GOLDENS=1 pytest tests/cli/test_schedule.py`` writes what glmc prints now; read it before you commit.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from glmc import cli

EXAMPLES = Path(__file__).parents[2] / "examples"
GOLDENS = Path(__file__).parent / "schedules"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*arguments: str):
    return CliRunner(env={"COLUMNS": "80"}).invoke(cli.cli, ["build", *arguments])


@pytest.mark.parametrize("name", ["power_of_two", "gated_linear_recurrence", "dense_recurrence", "hybrid"])
def test_what_is_printed(name):
    result = run(str(EXAMPLES / f"{name}.glm"), "--mixer", name, "--explain")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    shown = "\n".join(lines[next(i for i, line in enumerate(lines) if line.startswith("heads ")) :]) + "\n"
    golden = GOLDENS / f"{name}.txt"
    if "UPDATE_GOLDENS" in os.environ:
        golden.write_text(shown, encoding="utf-8")
    assert shown == golden.read_text(encoding="utf-8")


def test_json_tells_the_same():
    options = ("--explain", "--target", "h100", "--heads", "8", "--batch", "2", "--length", "1000")
    result = run(str(EXAMPLES / "hybrid.glm"), "--mixer", "hybrid", *options, "--output-format", "json")
    (mixer,) = json.loads(result.stdout)["mixers"]
    schedule = mixer["schedule"]
    assert (schedule["target"], schedule["length"], schedule["batch"], schedule["heads"]) == ("h100", 1000, 2, 8)
    assert [(group["group"], group["heads"]) for group in schedule["groups"]] == [
        ("local", 6),
        ("squares_recurrence", 2),
    ]
    for group in schedule["groups"]:
        for found in group["passes"]:
            assert found["seconds"] >= found["bytes"] / 3.0e12 and found["because"]
            assert found["binds"] in ("memory", "compute", "steps")


def test_heads_that_do_not_divide_are_wrong_usage():
    result = run(str(EXAMPLES / "hybrid.glm"), "--explain", "--heads", "6")
    assert (result.exit_code, result.stdout) == (2, "")
    assert not list(Path().iterdir())
