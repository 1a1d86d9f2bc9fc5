"""Another length compiles nothing anew: what kernels are launched with differs in no way that Triton compiles for."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.kernels.mixers import MIXERS
from tests.kernels.packages import bounds, draw, kernels

pytest.importorskip("triton")

LENGTHS = (1000, 1008, 1023)  # one bucket of every table; multiples of 8, of 16, and odd


class Launches:
    """Stands for a kernel and keeps what each launch would be compiled for."""

    def __init__(self, kernel: Any) -> None:
        self.parameters = kernel.params
        self.variants: set[tuple[object, ...]] = set()

    def __getitem__(self, grid: tuple[int, ...]) -> Any:
        def launch(*arguments: Any, **constants: Any) -> None:
            given = dict(zip((parameter.name for parameter in self.parameters), arguments, strict=False)) | constants
            self.variants.add(tuple(self.compiled_for(parameter, given) for parameter in self.parameters))

        return launch

    @staticmethod
    def compiled_for(parameter: Any, given: dict[str, Any]) -> object:
        """A constant's value, a tensor's dtype and alignment, whether a number is 1 or divisible by 16."""
        value = given.get(parameter.name)
        if parameter.is_constexpr or value is None:
            return value
        if isinstance(value, torch.Tensor):
            return value.dtype, value.data_ptr() % 16 == 0
        if parameter.do_not_specialize:
            return type(value)
        return type(value), value == 1, value % 16 == 0


def variants(name: str, length: int, packed: bool, patch: pytest.MonkeyPatch) -> dict[str, set[tuple[object, ...]]]:
    """By kernel, what a forward and a backward pass compile it for."""
    module = kernels(name)
    with patch.context() as patched:
        found = {key: Launches(value) for key, value in vars(module).items() if key.endswith("_kernel")}
        for key, launches in found.items():
            patched.setattr(module, key, launches)
        inputs = {key: value.bfloat16().requires_grad_() for key, value in draw(name, (1, length, 2, 32, 32)).items()}
        y = module.mix(*inputs.values(), *(bounds((300, length - 300)) if packed else (None, None)))
        y.sum().backward()
    return {key: launches.variants for key, launches in found.items()}


@pytest.mark.parametrize("packed", [False, True], ids=["whole", "packed"])
@pytest.mark.parametrize("name", [*MIXERS])
def test_no_length_compiles_anew(name: str, packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = (variants(name, length, packed, monkeypatch) for length in LENGTHS)
    assert any(first.values())
    for other in others:
        assert other == first
