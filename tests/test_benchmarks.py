"""The measuring scripts run on packages alone, at small sizes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages")
    for mixer in ("squares", "scalar_gated_ssm"):
        build = ["-m", "glmc", "build", str(ROOT / "examples" / f"{mixer}.glm"), "-o", str(folder)]
        subprocess.run([sys.executable, *build], check=True, capture_output=True, timeout=120)
    return folder


def test_run(packages: Path, tmp_path: Path) -> None:
    sizes = ["--length", "70", "--heads", "2", "--head-dim", "16", "--budget", "0.01"]
    figures = tmp_path / "figures.json"
    command = [sys.executable, str(ROOT / "benchmarks" / "run.py"), "--packages", str(packages), *sizes]
    result = subprocess.run([*command, "--json", str(figures)], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    rows = json.loads(figures.read_text())
    assert [row["name"] for row in rows] == ["SDPA", "scalar_gated_ssm", "squares"]
    assert all(row["forward_us"] > 0 and row["forward_backward_ratio"] > 0 for row in rows)


def test_selftests(packages: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "selftests.py"), "--packages", str(packages), "--quick"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout
    assert result.stdout.endswith("2 of 2 self-tests passed\n")
    (packages / "squares" / "selftest.py").write_text("raise SystemExit(3)\n")
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 1 and "FAILED (3)" in result.stdout
