"""What the README shows is what the tool prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The first fenced block of that language."""
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found
    return found[1]


def test_the_report_is_real(tmp_path: Path) -> None:
    (tmp_path / "power_of_two.glm").write_text(block("glm"), encoding="utf-8")
    command, shown = block("console").split("\n", 1)
    assert command == "$ glmc analyze power_of_two.glm"
    result = subprocess.run(
        [sys.executable, "-m", "glmc", *command.split()[2:]],
        cwd=tmp_path,
        env=os.environ | {"COLUMNS": "100"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    lines = [line.rstrip() for line in result.stdout.strip().splitlines()]
    assert lines == [line.rstrip() for line in shown.strip().splitlines()]


def test_the_layer_runs(tmp_path: Path) -> None:
    (tmp_path / "power_of_two.glm").write_text(block("glm"), encoding="utf-8")
    for command in (["-m", "glmc", "build", "power_of_two.glm"], ["-c", block("python")]):
        run = [sys.executable, *command]
        result = subprocess.run(run, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=300)
        assert result.returncode == 0, result.stderr
