"""The warm-up goes through everything that kernels are compiled for."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch

from tests.emit.built import built
from tests.emit.test_operator import HYBRID, LIFTED, POWERS, SLOTS


@pytest.mark.parametrize("text", [POWERS, SLOTS, LIFTED, HYBRID], ids=["powers", "slots", "lifted", "hybrid"])
def test_warmup_mixes_packs_and_decodes(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = type(built(text, tmp_path, "drawn")).__module__.rpartition(".")[0]
    module = import_module(f"{package}.warmup")
    operator, calls = module.MIX, []

    def mix(**arguments: object) -> torch.Tensor:
        calls.append({name for name in ("state", "cu_seqlens") if arguments.get(name) is not None})
        result: torch.Tensor = operator(**arguments)
        return result

    mix.new_state = operator.new_state  # type: ignore[attr-defined]
    monkeypatch.setattr(module, "MIX", mix)
    steps = list(module.warmup(4, 8, dtype=torch.float32, lengths=(1, 70), device="cpu"))
    assert len(steps) == len(calls) == 6
    assert calls[3:] == [set(), {"cu_seqlens"}, {"state"}]


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is at hand")
def test_command_says_so_without_a_gpu(tmp_path: Path) -> None:
    built(POWERS, tmp_path, "drawn")
    command = [sys.executable, "-m", "drawn.warmup", "--heads", "2", "--head-dim", "16"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "no GPU: there is nothing to compile\n"
