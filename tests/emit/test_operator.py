"""The operator as other code meets it: arguments, compilation, autocast, layouts, lengths."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.emit.built import built, draw, imported, needed, patterns

torch.set_num_threads(1)
EXAMPLES = Path(__file__).parents[2] / "examples"
HYBRID = """glm 1
mixer local { A[i] = window(3)[i] weights A = softmax(dot(q, k)) }
mixer gated { B[i] = { i - 1, i - 2 } weights B = sigmoid(slot_gate) / 2 weights A = 1 - sum(B) }
mixer drawn { heads 3/4: local heads 1/4: gated }
"""
POWERS = "glm 1 mixer drawn { B[i] = { i - 2^k for k in 0.. } }"
SLOTS = "glm 1 mixer drawn { B[i] = { i - 2^k for k in 0.. } weights A, B = softmax(slot_gate + const) }"
LIFTED = "glm 1 mixer drawn { B[i] = { i - 1 } weights A = 1 weights B = sigmoid(gate) state 5 }"


@pytest.fixture(scope="module")
def operators(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    texts = {"powers": POWERS, "slots": SLOTS, "lifted": LIFTED, "hybrid": HYBRID}
    return {name: built(text, tmp_path_factory.mktemp(name), "drawn") for name, text in texts.items()}


def inputs_of(name: str, operator: Any, length: int, dtype: torch.dtype = torch.float64) -> dict[str, torch.Tensor]:
    found = draw(operator, length, heads=4, channels=5)
    return {name: value.to(dtype) for name, value in found.items()}


@pytest.mark.parametrize("name", ["powers", "slots", "lifted", "hybrid"])
def test_gradcheck(operators: dict[str, Any], name: str) -> None:
    operator = operators[name]
    inputs = {n: v.requires_grad_() for n, v in inputs_of(name, operator, 6).items()}
    assert torch.autograd.gradcheck(lambda *v: operator(**dict(zip(inputs, v, strict=True))), tuple(inputs.values()))


@pytest.mark.parametrize("name", ["powers", "slots", "lifted", "hybrid"])
def test_whole_graph_compilation(operators: dict[str, Any], name: str) -> None:
    operator = operators[name]
    inputs = {n: v.requires_grad_() for n, v in inputs_of(name, operator, 70, torch.float32).items()}
    compiled = torch.compile(lambda **v: operator(**v), fullgraph=True, backend="aot_eager")
    want, got = operator(**inputs), compiled(**inputs)
    assert (want - got).abs().max() < 1e-6
    slopes = [torch.autograd.grad(y.square().sum(), list(inputs.values())) for y in (want, got)]
    assert all((a - b).abs().max() < 1e-4 for a, b in zip(*slopes, strict=True))


def test_registered_operators_are_sound(operators: dict[str, Any]) -> None:
    operator = operators["powers"]
    package = sys.modules[type(operator).__module__.rpartition(".")[0] + ".reference"]
    inputs = draw(operator, 70)
    x, q, k = (inputs[name] for name in ("x", "q", "k"))
    starts = torch.tensor([0] * 30 + [30] * 40, dtype=torch.int32)
    permuted = x.permute(0, 2, 1, 3).contiguous().permute(0, 2, 1, 3)
    for arguments in ((x, q, k, None), (x[:1], q[:1], k[:1], starts), (permuted, q, k, None)):
        torch.library.opcheck(package._forward, arguments)


def test_layouts_give_the_same(operators: dict[str, Any]) -> None:
    operator = operators["powers"]
    inputs = draw(operator, 65)
    want = operator(**inputs)
    for order in ((0, 2, 1, 3), (3, 2, 1, 0), (1, 0, 2, 3)):
        back = [order.index(place) for place in range(4)]
        permuted = {n: v.permute(order).contiguous().permute(back) for n, v in inputs.items()}
        assert (operator(**permuted) - want).abs().max() < 1e-12


def test_autocast_keeps_accumulation_exact(operators: dict[str, Any]) -> None:
    operator = operators["powers"]
    inputs = {name: value.float() for name, value in draw(operator, 300).items()}
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = operator(**inputs)
    rounded = {name: value.bfloat16() for name, value in inputs.items()}
    assert got.dtype == torch.bfloat16
    assert torch.equal(got, operator(**rounded))
    want = operator.reference(**{name: value.double() for name, value in rounded.items()})
    assert (got - want).abs().max() < 1e-2


@pytest.mark.parametrize("length", [0, 1, 2, 63, 1000])
def test_any_length(operators: dict[str, Any], length: int) -> None:
    for name, operator in operators.items():
        inputs = {n: v.requires_grad_() for n, v in inputs_of(name, operator, length, torch.float32).items()}
        y = operator(**inputs)
        assert y.shape == inputs["x"].shape and torch.isfinite(y).all()
        y.sum().backward()
        assert inputs["x"].grad is not None


def wrong(operator: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Arguments that do not fit, each with a word that the error must hold."""
    good = {name: value.float() for name, value in draw(operator, 10).items()}
    yield "needs q", {**good, "q": None}
    yield "no gate", {**good, "gate": torch.zeros(2, 10, 2)}
    yield "[B, T, H, D]", {**good, "x": good["x"][0]}
    yield "must have T = 10", {**good, "k": good["k"][:, :9]}
    yield "must have d_k", {**good, "k": good["k"][..., :1]}
    yield "floating", {**good, "x": good["x"].long()}
    yield "dtype", {**good, "q": good["q"].double()}
    one = {name: value[:1] for name, value in good.items()}
    yield "batch of 1", {**good, "cu_seqlens": torch.tensor([0, 10], dtype=torch.int32)}
    yield "int32", {**one, "cu_seqlens": torch.tensor([0, 10])}
    yield "rise from 0", {**one, "cu_seqlens": torch.tensor([0, 9], dtype=torch.int32)}
    state = operator.new_state(1, 10, 2, 3, d_k=2)
    yield "cu_seqlens", {**one, "cu_seqlens": torch.tensor([0, 10], dtype=torch.int32), "state": state}
    yield "max_length", {**one, "state": operator.new_state(1, 9, 2, 3, d_k=2)}


def test_wrong_arguments_say_what_is_wrong(operators: dict[str, Any]) -> None:
    for word, arguments in wrong(operators["powers"]):
        with pytest.raises(ValueError, match="(?s)" + word.replace("[", r"\[").replace("]", r"\]")):
            operators["powers"](**arguments)


def test_too_few_slots(operators: dict[str, Any]) -> None:
    operator = operators["slots"]
    inputs = draw(operator, 33)
    assert operator.slots(33) == 1 + 6
    operator(**inputs)
    with pytest.raises(ValueError, match="slots"):
        operator(**{**inputs, "slot_gate": inputs["slot_gate"][..., :-1]})
    packed = {n: v if n == "const" else v[:1] for n, v in inputs.items()}
    short = {**packed, "slot_gate": packed["slot_gate"][..., :-1], "const": packed["const"][:, :-1]}
    operator(**short, cu_seqlens=torch.tensor([0, 32, 33], dtype=torch.int32))
    with pytest.raises(ValueError, match="slots"):
        operator(**short, cu_seqlens=torch.tensor([0, 33], dtype=torch.int32))


def test_heads_that_cannot_be_divided(operators: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="3/4"):
        operators["hybrid"](**draw(operators["hybrid"], 5, heads=6))
    assert needed(operators["hybrid"]) == ("q", "k", "slot_gate")


@pytest.mark.parametrize("length", [8192, pytest.param(65536, marks=pytest.mark.slow)])
def test_memory_follows_the_pattern(operators: dict[str, Any], length: int) -> None:
    """Forward and backward of a sparse pattern stay far from length² numbers."""
    operator = operators["powers"]
    inputs = {name: torch.randn(1, length, 1, 16, requires_grad=True) for name in ("x", "q", "k")}
    largest = 0

    class Largest(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            nonlocal largest
            result = function(*args, **(kwargs or {}))
            if isinstance(result, torch.Tensor):
                largest = max(largest, result.numel())
            return result

    package = sys.modules[type(operator).__module__.rpartition(".")[0] + ".reference"]
    tensors = tuple(value.detach() for value in inputs.values())
    with Largest():
        y = package.forward(*tensors, None)
        package.backward(torch.ones_like(y), y, *tensors, None)
    assert largest <= 16 * length + 64 * 20 * 16


def test_two_copies_of_a_package_live_together(tmp_path: Path) -> None:
    (pattern,) = patterns(POWERS)
    first, second = (built(POWERS, tmp_path / name) for name in ("one", "two"))
    inputs = draw(first, 9)
    assert torch.equal(first(**inputs), second(**inputs))
    layer = imported(tmp_path / "one" / pattern.name).Drawn(d_model=8, num_heads=2)
    x = torch.randn(1, 9, 8)
    state = layer.new_state(1, 9)
    with torch.no_grad():
        steps = torch.cat(
            [layer(x[:, :4], state=state), *(layer(x[:, t : t + 1], state=state) for t in range(4, 9))], 1
        )
    assert (layer(x) - steps).abs().max() < 1e-5
