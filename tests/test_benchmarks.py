"""The measuring scripts run on packages alone, at small sizes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.mixers import MIXERS
from benchmarks.peers import flex, reads_powers, reads_squares
from glmc.diagnostics import Sink
from glmc.pattern.elaborate import elaborate
from glmc.pattern.interpret import interpret
from glmc.source import Source
from glmc.syntax.parser import parse

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages")
    for mixer in ("squares", "scalar_gated_ssm"):
        build = ["-m", "glmc", "build", str(ROOT / "examples" / f"{mixer}.glm"), "-o", str(folder)]
        subprocess.run([sys.executable, *build], check=True, capture_output=True, timeout=120)
    return folder


def test_run(tmp_path: Path) -> None:
    """Every row of what is measured, with figures where the peer runs here and a reason where not."""
    build = ["-m", "glmc", "build", str(ROOT / "benchmarks" / "mixers.glm"), "-o", str(tmp_path)]
    subprocess.run([sys.executable, *build], check=True, capture_output=True, timeout=120)
    found = tmp_path / "found.json"
    options = ["--device", "cpu", "--quick", "--budget", "0.001", "--jobs", "2", "--json", str(found)]
    subjects = ["--only", "first_order", "cudnn", "hgrn"]
    command = [sys.executable, "-m", "benchmarks.run", "--packages", str(tmp_path), *options, *subjects]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    measured = json.loads(found.read_text())
    rows = [row for row in measured["rows"] if row["subject"] == "first_order"]
    assert len(rows) == 4
    assert all(row["microseconds"] > 0 and "needs a GPU" in row["missing"]["hgrn"] for row in rows)
    growth = {found["subject"]: found for found in measured["growth"]}
    assert growth["first_order"]["derived"] == "2 * n - 1, Theta(n), proved"
    assert growth["cudnn"]["exponent"] > 0
    assert all(error["float32"] < 1e-5 and error["bfloat16"] < 2 for error in measured["errors"].values())
    write = [sys.executable, "-m", "benchmarks.page", str(found), "--docs", str(tmp_path)]
    subprocess.run(write, cwd=ROOT, check=True, timeout=60)
    assert "| gated first order, forward | 4 × 8192 |" in (tmp_path / "benchmarks.md").read_text()
    assert (tmp_path / "benchmarks.svg").stat().st_size > 1000


@pytest.mark.parametrize("name", MIXERS)
def test_oracle_is_the_meaning(name: str) -> None:
    """The rows and weights by hand against those of the .glm file."""
    text = Source("mixers.glm", (ROOT / "benchmarks" / "mixers.glm").read_text())
    sink = Sink(text)
    module = parse(text, sink)
    assert module is not None
    pattern = next(found for found in elaborate(module, sink) if found.name == name)
    length, mixer = 40, MIXERS[name]
    slots = 20
    shapes = {"x": (1, length, 2, 3), "q": (1, length, 2, 4), "k": (1, length, 2, 4), "gate": (1, length, 2)}
    shapes["slot_gate"] = (1, length, 2, slots)
    needed = {"dot": ("q", "k"), "slot_gate": ("slot_gate",), "gate": ("gate",)}[mixer.weights]
    generator = np.random.default_rng(0)
    inputs = {key: generator.standard_normal(shapes[key]) for key in ("x", *needed)}
    found = mixer.solve(**{key: torch.from_numpy(value) for key, value in inputs.items()})
    np.testing.assert_allclose(found.numpy(), interpret(pattern, inputs), atol=1e-12)
    i = np.arange(length)
    assert mixer.entries(length) == sum(int((rows(i) >= 0).sum()) for rows in (mixer.a, mixer.b))


@pytest.mark.parametrize("reads, mixer", [(reads_powers, "powers_attention"), (reads_squares, "squares_attention")])
def test_flex_attention_reads_the_same(
    reads: Callable[[Tensor], Tensor], mixer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    call, inputs = flex(reads)(torch.randn(1, 384, 1, 8))
    q, k, v = (tensor.requires_grad_(False).transpose(1, 2).double() for tensor in inputs)
    want = MIXERS[mixer].solve(v, q=q, k=k)
    torch.testing.assert_close(call().transpose(1, 2).double(), want, atol=1e-5, rtol=0)


def test_selftests(packages: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "selftests.py"), "--packages", str(packages), "--quick"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout
    assert result.stdout.endswith("2 of 2 self-tests passed\n")
    (packages / "squares" / "selftest.py").write_text("raise SystemExit(3)\n")
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 1 and "FAILED (3)" in result.stdout
