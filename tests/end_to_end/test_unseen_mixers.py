"""Files to facts and to running packages, through the command line, against hand-written meanings."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from tests.end_to_end.cases import CASES, Case, dense_solve, live_counts, longest_shortest_path, row_sets

LENGTH = 150
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def glmc(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "glmc", *arguments], capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All cases written down and built."""
    root = tmp_path_factory.mktemp("unseen")
    for case in CASES:
        (root / f"{case.name}.glm").write_text(case.source)
        result = glmc("build", str(root / f"{case.name}.glm"), "-o", str(root))
        assert result.returncode == 0, result.stdout + result.stderr
    names = {case.name for case in CASES}
    for module in [name for name in sys.modules if name.partition(".")[0] in names]:
        del sys.modules[module]  # of another test's mixer of the same name
    sys.path.insert(0, str(root))
    yield root
    sys.path.remove(str(root))


@every_case
def test_facts(case: Case, folder: Path) -> None:
    result = glmc("analyze", str(folder / f"{case.name}.glm"), "--length", str(LENGTH), "--output-format", "json")
    assert result.returncode == 0 and result.stderr == "", result.stderr
    facts = json.loads(result.stdout)["mixers"][0]["facts"]
    sizes = [len(a) + len(b) for a, b in zip(*row_sets(case, LENGTH), strict=True)]
    assert facts["time"]["at_length"] == max(sizes)
    assert facts["total"]["at_length"] == sum(sizes)
    assert facts["cache"]["at_length"] == max(live_counts(case, LENGTH, 4 * LENGTH))
    assert facts["path"]["at_length"] == longest_shortest_path(case, LENGTH)
    for quantity, growth in zip(("time", "total", "cache", "path"), case.growth, strict=True):
        if growth is not None:
            assert facts[quantity]["growth"] == growth, quantity


def draw(package: ModuleType, case: Case, length: int, batch: int = 1) -> dict[str, torch.Tensor]:
    """Float64 inputs of two heads for the operator, only those that the weights need."""
    generator = torch.Generator().manual_seed(length)
    slots = (
        operator(package, case).slots(length) if "slot" in case.kind or case.kind in ("quarter", "half gated") else 0
    )
    shapes = {"x": (batch, length, 2, 16)}
    if case.kind in ("joint", "joint unit"):
        shapes |= {"q": (batch, length, 2, 8), "k": (batch, length, 2, 8)}
    else:
        shapes["slot_gate"] = (batch, length, 2, slots)
    if case.kind == "quarter":
        shapes["const"] = (2, slots)
    return {name: torch.randn(shape, generator=generator, dtype=torch.float64) for name, shape in shapes.items()}


def operator(package: ModuleType, case: Case) -> Any:
    return getattr(package, case.name)


def expected(case: Case, inputs: dict[str, torch.Tensor]) -> np.ndarray:
    """[B, T, H, D] by the dense solve of every sequence and head."""
    batch, _, heads, _ = inputs["x"].shape
    columns = [
        [
            dense_solve(case, {n: (v[h] if n == "const" else v[b, :, h]).numpy() for n, v in inputs.items()})
            for h in range(heads)
        ]
        for b in range(batch)
    ]
    return np.array(columns).transpose(0, 2, 1, 3)


def single(inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value.float() for name, value in inputs.items()}


@every_case
@pytest.mark.parametrize("length", [1, 63, 130])
def test_operator(case: Case, length: int, folder: Path) -> None:
    package = importlib.import_module(case.name)
    inputs = draw(package, case, length, batch=2)
    want = expected(case, inputs)
    exact = operator(package, case).reference(**inputs)
    assert np.abs(exact.numpy() - want).max() < 1e-9
    got = operator(package, case)(**single(inputs))
    assert np.abs(got.numpy() - want).max() < 1e-4


@every_case
def test_gradients(case: Case, folder: Path) -> None:
    package = importlib.import_module(case.name)
    inputs = {name: value.requires_grad_() for name, value in draw(package, case, 37).items()}
    weight = torch.randn_like(inputs["x"])
    (operator(package, case).reference(**inputs) * weight).sum().backward()
    step = 1e-6
    for name, value in inputs.items():
        direction = torch.randn_like(value)
        plus, minus = (
            expected(
                case,
                {n: (v.detach() + sign * step * direction if n == name else v.detach()) for n, v in inputs.items()},
            )
            for sign in (1, -1)
        )
        slope = float(((plus - minus) / (2 * step) * weight.numpy()).sum())
        assert abs(float((value.grad * direction).sum()) - slope) < 1e-5 * max(1.0, abs(slope)), name
    exact = {name: value.grad for name, value in inputs.items()}
    floats = {name: value.detach().float().requires_grad_() for name, value in inputs.items()}
    (operator(package, case)(**floats) * weight.float()).sum().backward()
    for name, value in floats.items():
        assert (value.grad - exact[name]).abs().max() < 1e-3, name


@every_case
def test_decode_agrees_with_one_call(case: Case, folder: Path) -> None:
    package = importlib.import_module(case.name)
    length, batch = 75, 2
    inputs = single(draw(package, case, length, batch))
    whole = operator(package, case)(**inputs)
    kwargs = {"d_k": inputs["q"].shape[-1]} if "q" in inputs else {}
    state = operator(package, case).new_state(batch, length, 2, 16, **kwargs)
    parts = []
    for start, stop in ((0, 40), (40, 41), (41, 60), *((t, t + 1) for t in range(60, length))):
        piece = {n: v if n == "const" else v[:, start:stop] for n, v in inputs.items()}
        parts.append(operator(package, case)(**piece, state=state))
    assert (torch.cat(parts, 1) - whole).abs().max() < 1e-4


@every_case
def test_packed_sequences_do_not_leak(case: Case, folder: Path) -> None:
    package = importlib.import_module(case.name)
    lengths = [2, 1, 70, 33]
    inputs = single(draw(package, case, sum(lengths)))
    bounds = [0, *np.cumsum(lengths).tolist()]
    packed = operator(package, case)(**inputs, cu_seqlens=torch.tensor(bounds, dtype=torch.int32))
    for start, stop in pairwise(bounds):
        piece = {n: v if n == "const" else v[:, start:stop] for n, v in inputs.items()}
        assert (packed[:, start:stop] - operator(package, case)(**piece)).abs().max() < 1e-4
