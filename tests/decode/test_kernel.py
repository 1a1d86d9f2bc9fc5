"""The Triton step: interpreted it computes the meaning, compiled for sm_90 it spills nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.decode import on_gpu
from tests.decode.mixers import MIXERS, Mixer
from tests.decode.test_decode import each, operator, submodule

triton = pytest.importorskip("triton")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def interpreted() -> dict[str, dict[str, Any]]:
    environment = {**os.environ, "TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.decode.interpreted"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return found


@each()
def test_interpreted_steps_are_one_long_call(mixer: Mixer, interpreted: dict[str, dict[str, Any]]) -> None:
    found = interpreted[f"{mixer.name} torch.float32"]
    assert found["error"] < 1e-5
    assert found["apart"] < 1e-5
    assert found["beyond"] and found["kept"]


def test_interpreted_steps_in_bfloat16(interpreted: dict[str, dict[str, Any]]) -> None:
    errors = [found["error"] for name, found in interpreted.items() if name.endswith("bfloat16")]
    assert len(errors) == 4
    assert max(errors) < 0.05


@pytest.mark.gpu
@each()
def test_compiled_steps_are_one_long_call(mixer: Mixer) -> None:
    operator(mixer)
    assert on_gpu.check(mixer.name, 64, 64, 4096)


class Recorder:
    """Stands for a kernel and keeps what it is launched with."""

    def __init__(self) -> None:
        self.arguments: tuple[Any, ...] = ()
        self.constants: dict[str, Any] = {}

    def __getitem__(self, grid: tuple[int, ...]) -> Any:
        def launch(*arguments: Any, **constants: Any) -> None:
            self.arguments, self.constants = arguments, constants

        return launch


TYPES = {torch.float32: "*fp32", torch.bfloat16: "*bf16", torch.int64: "*i64", torch.int32: "*i32"}


def compiled(mixer: Mixer, d: int, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The step kernel for sm_90 and states of 4096 tokens."""
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    op, decode = operator(mixer), submodule(mixer, "decode")
    name = f"{mixer.name}_step_kernel"
    kernel, recorder = getattr(decode, name), Recorder()
    monkeypatch.setattr(decode, name, recorder)
    state = op.new_state(1, 4096, 2, d, dtype=dtype)
    sizes = {"B": 1, "T": 1, "H": 2, "D": d, "d_k": d, "S": op.slots(4096), "N": 3}
    shapes = sys.modules[type(op).__module__].SHAPES
    decode.step(state, *(torch.zeros([sizes[size] for size in shape], dtype=dtype) for shape in shapes.values()))
    options = {"num_warps": recorder.constants.pop("num_warps", 4)}
    names = [name for name in kernel.arg_names if name not in recorder.constants]
    signature = {
        name: TYPES[value.dtype] if isinstance(value, torch.Tensor) else "fp32" if isinstance(value, float) else "i32"
        for name, value in zip(names, recorder.arguments, strict=True)
    }
    signature |= dict.fromkeys(recorder.constants, "constexpr")
    source = ASTSource(fn=kernel, signature=signature, constexprs=recorder.constants)
    return triton.compile(source, target=GPUTarget("cuda", 90, 32), options=options)


COMPILED = ("two_rings_by_key", "slots_of_squares", "both_landmarks", "past_of_both")


@each(tuple(mixer for mixer in MIXERS if mixer.name in COMPILED))
@pytest.mark.parametrize("d", [64, 128])
def test_compiled_step_spills_nothing(mixer: Mixer, d: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check_spills(compiled(mixer, d, torch.bfloat16, monkeypatch))


@pytest.mark.slow
@each()
@pytest.mark.parametrize("d", [16, 48, 64, 96, 128, 256])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_every_compiled_step_spills_nothing(
    mixer: Mixer, d: int, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_spills(compiled(mixer, d, dtype, monkeypatch))


def check_spills(kernel: Any) -> None:
    cuobjdump = Path(triton.__file__).parent / "backends/nvidia/bin/cuobjdump"
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(kernel.asm["cubin"])
        file.flush()
        command = [str(cuobjdump), "--dump-resource-usage", file.name]
        log = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"STACK:(\d+)", log)
    assert found is not None and int(found[1]) == 0, log
