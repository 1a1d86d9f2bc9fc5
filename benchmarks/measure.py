"""Measures one subject, a built mixer or a peer, in a process of its own, so that what fails takes nothing with it.

A subject first prepares (compiles, compares with the oracle) beside the others, and then has the device to itself.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from math import sqrt
from multiprocessing.connection import Connection
from statistics import median
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.mixers import MIXERS
from benchmarks.peers import PEERS, Call
from benchmarks.rows import BOTH, DECODE, DECODED, FORWARD, ROWS, SWEEP, Phase

CACHE = "cache"  # the peer of decode steps: attention over keys and values of every earlier token
COMPARED = 1000  # tokens of the comparison with the dense solve
DRAWS = 6  # of its inputs, the same in every run
ERRORS = (
    "float32",
    "float32 gradients",
    "bfloat16",
    "bfloat16 gradients",
    "bfloat16 largest",
    "bfloat16 gradients largest",
)


@dataclass(frozen=True)
class Setting:
    """The device at hand and the sizes: ``shrink`` divides every length."""

    device: str
    heads: int
    channels: int
    shrink: int
    packages: str
    budget: float  # seconds for one figure

    @property
    def dtype(self) -> torch.dtype:
        return torch.bfloat16 if self.device == "cuda" else torch.float32

    def values(self, batch: int, length: int) -> Tensor:
        shape = (batch, length // self.shrink, self.heads, self.channels)
        return torch.randn(shape, device=self.device, dtype=self.dtype)


@dataclass(frozen=True)
class Figure:
    """Microseconds of one call on the device, bytes, and floating-point operations.

    ``moved``: what has to be read or written; ``held``: inputs, outputs and gradients; ``peak``: the most that was
    allocated, those included; ``host``: microseconds until the call returns; ``launches``: of a decode step.
    """

    subject: str
    phase: Phase
    batch: int
    length: int
    microseconds: float
    moved: int | None = None
    flops: int | None = None
    held: int | None = None
    peak: int | None = None
    host: float | None = None
    launches: int | None = None


def subjects() -> tuple[str, ...]:
    """Those that take longest to prepare first."""
    return ("flex_squares", "flex_powers", *MIXERS, *(name for name in PEERS if not name.startswith("flex")), CACHE)


def serve(subject: str, setting: Setting, connection: Connection) -> None:
    """Sends ("ready", errors), waits, sends a ("figure", …) or ("failed", …) each, and ("done", None)."""
    sys.path.insert(0, setting.packages)
    os.environ["FLA_CACHE_RESULTS"] = "0"  # what is tuned beside other work is not kept
    try:
        errors = prepare(subject, setting)
        release(setting)
        connection.send(("ready", errors))
    except Exception as problem:
        connection.send(("skipped", _reason(problem)))
        return
    connection.recv()
    forget_tuning()
    for phase, batch, length in works(subject):
        try:
            figure = measure(subject, phase, batch, length, setting)
            connection.send(("figure", asdict(figure)))
        except Exception as problem:
            traceback.print_exc()
            connection.send(("failed", (phase, batch, length, _reason(problem))))
        release(setting)
    connection.send(("done", None))


def release(setting: Setting) -> None:
    """Hands back the memory that is no longer used."""
    gc.collect()
    if setting.device == "cuda":
        torch.cuda.empty_cache()


def forget_tuning() -> None:
    """Lets autotuned peers choose again, now that nothing runs beside them."""
    for thing in gc.get_objects():
        if type(thing).__name__ == "Autotuner":
            thing.cache.clear()


def _reason(problem: Exception) -> str:
    lines = str(problem).strip().splitlines() or [""]
    return f"{type(problem).__name__}: {lines[0][:200]}"


def works(subject: str) -> tuple[tuple[Phase, int, int], ...]:
    """Every phase, batch and length that the rows or the growth with the length need, once."""
    found: dict[tuple[Phase, int, int], None] = {}
    for row in ROWS:
        if subject in (row.subject, *row.peers):
            found[row.phase, *row.shape] = None
    if subject in MIXERS or subject in PEERS:
        longest = MIXERS[subject].longest if subject in MIXERS else PEERS[subject].longest
        shortest = longest if subject.startswith("flex") else 0  # each length is another compilation
        found |= {(FORWARD, 1, length): None for length in SWEEP if shortest <= length <= longest}
    if DECODE in (phase for phase, _, _ in found):
        found |= {(DECODE, 1, length): None for length in DECODED}
    return tuple(work for work in found if subject not in PEERS or work[1] * work[2] <= _most(subject))


def _most(subject: str) -> int:
    """Tokens of all sequences."""
    return max(PEERS[subject].longest, 32768)


# -- one figure ----------------------------------------------------------------------------------------------


def prepare(subject: str, setting: Setting) -> dict[str, float]:
    """Compiles all that will be measured; the errors of a mixer."""
    if subject in PEERS and PEERS[subject].needs_gpu and setting.device != "cuda":
        raise RuntimeError("needs a GPU")
    errors = compare(subject, setting) if subject in MIXERS else {}
    for phase, batch, length in works(subject):
        if length == min(other for kind, _, other in works(subject) if kind == phase):
            measure(subject, phase, batch, length, setting)
    return errors


def measure(subject: str, phase: Phase, batch: int, length: int, setting: Setting) -> Figure:
    if phase == DECODE:
        return decode(subject, length, setting)
    x = setting.values(batch, length)
    if subject in PEERS:
        call, inputs = PEERS[subject].prepare(x)
        flops = None
    else:
        drawn = draw(subject, x)
        inputs, call = list(drawn.values()), operation(subject, drawn)
        flops = batch * setting.heads * MIXERS[subject].flops(x.shape[1], setting.channels)
        flops *= 1 if phase == FORWARD else 3
    with torch.no_grad():
        y = call()
    given, made = sum(tensor.nbytes for tensor in inputs), y.nbytes
    work: Callable[[], object]
    if phase == BOTH:
        dy = torch.randn_like(y)

        def work() -> object:
            return torch.autograd.grad(call(), inputs, dy)
    else:

        def work() -> object:
            with torch.no_grad():
                return call()

    del y
    held = given if phase == FORWARD else given + made  # and dy
    return Figure(
        subject,
        phase,
        batch,
        length,
        microseconds(work, setting),
        moved=given + made if phase == FORWARD else 3 * given + 2 * made,  # backward reads again, and writes gradients
        flops=flops,
        held=held + (made if phase == FORWARD else given + made),
        peak=peak_bytes(work, held, setting.device),
        host=min(host_microseconds(work, setting.device) for _ in range(5)),
    )


def draw(subject: str, x: Tensor) -> dict[str, Tensor]:
    """Random inputs of a mixer for values x."""
    operator = _operator(subject)
    shapes = {
        "q": x.shape,
        "k": x.shape,
        "gate": x.shape[:3],
        "slot_gate": (*x.shape[:3], operator.slots(x.shape[1])),
    }
    drawn = {name: torch.randn(shapes[name], device=x.device, dtype=x.dtype) for name in operator.inputs}
    return {name: tensor.requires_grad_() for name, tensor in {"x": x, **drawn}.items()}


def operation(subject: str, drawn: dict[str, Tensor]) -> Call:
    operator = _operator(subject)
    return lambda: operator(**drawn)


def _operator(subject: str) -> Any:
    return getattr(importlib.import_module(subject), subject)


def microseconds(work: Callable[[], object], setting: Setting) -> float:
    """Median time of a call on the device, with cold caches: it is kept busy until the host has sent all there is."""
    if setting.device != "cuda":
        return median(_each(lambda: host_microseconds(work, "cpu"), setting.budget))
    flush = torch.empty(2**28, dtype=torch.int8, device="cuda")
    work()
    host = min(host_microseconds(work, "cuda") for _ in range(3))

    def once() -> float:
        flush.zero_()
        torch.cuda._sleep(int(min(3000 * host, 1e7)))  # cycles, of which a microsecond has less than 2000
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        work()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) * 1e3

    once()
    return median(_each(once, setting.budget))


def _each(once: Callable[[], float], budget: float) -> Iterator[float]:
    begun = time.perf_counter()
    for repetition in range(60):
        if repetition >= 3 and time.perf_counter() - begun > budget:
            return
        yield once()


def host_microseconds(work: Callable[[], object], device: str) -> float:
    """Until the call returns, with nothing else to wait for."""
    if device == "cuda":
        torch.cuda.synchronize()
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1e6


def peak_bytes(work: Callable[[], object], inputs: int, device: str) -> int | None:
    """The most memory that is allocated during a call, its inputs' bytes included."""
    if device != "cuda":
        return None
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    work()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before + inputs


# -- decode --------------------------------------------------------------------------------------------------


def decode(subject: str, length: int, setting: Setting) -> Figure:
    """One step at the end of so many tokens, replayed from a CUDA graph; batch 1."""
    x = setting.values(1, setting.shrink)
    past = length // setting.shrink
    step = _attend(x, past) if subject == CACHE else _step(subject, x, past)
    if setting.device != "cuda":
        return Figure(subject, DECODE, 1, length, microseconds(step, setting))
    for _ in range(3):
        step()
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        step()
        torch.cuda.synchronize()
    launches = sum(event.device_type == torch.autograd.DeviceType.CUDA for event in profile.events())
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    repeats = 100

    def replay() -> None:
        for _ in range(repeats):
            graph.replay()

    return Figure(subject, DECODE, 1, length, microseconds(replay, setting) / repeats, launches=launches)


def _step(subject: str, x: Tensor, past: int) -> Call:
    operator = _operator(subject)
    d_k = {"d_k": x.shape[3]} if {"q", "k"} & set(operator.inputs) else {}
    most = past + 8192  # every step moves on by a token
    state = operator.new_state(1, most, x.shape[2], x.shape[3], dtype=x.dtype, device=x.device, **d_k)
    for tensor in vars(state).values():
        if isinstance(tensor, Tensor) and tensor.is_floating_point():
            tensor.normal_()
    state.position.fill_(past)
    drawn = {name: tensor.detach() for name, tensor in draw(subject, x).items()}
    if "slot_gate" in drawn:
        drawn["slot_gate"] = torch.randn(1, 1, x.shape[2], operator.slots(most), device=x.device, dtype=x.dtype)

    def step() -> Tensor:
        state.length = 0  # on the host, which does not see replays
        result: Tensor = operator(state=state, **drawn)
        return result

    return step


def _attend(x: Tensor, past: int) -> Call:
    q = x.transpose(1, 2)
    k, v = (torch.randn(1, x.shape[2], past, x.shape[3], device=x.device, dtype=x.dtype) for _ in range(2))
    return lambda: functional.scaled_dot_product_attention(q, k, v)


# -- errors --------------------------------------------------------------------------------------------------


def compare(subject: str, setting: Setting) -> dict[str, float]:
    """Errors against a dense float64 solve, of outputs and of gradients, relative to the largest value.

    In float32 the largest of all draws. In bfloat16 beside the least that it allows, an exact solve of rounded inputs,
    rounded: the root mean square over all draws, and the largest, in the draw where that compares worst.
    """
    draws = [_draw_errors(subject, setting, seed) for seed in range(DRAWS)]
    gradients = [name for name in draws[0].single if name != "y"]

    def largest(name: str) -> float:
        return max(found.single[name].largest for found in draws)

    def whole(name: str) -> float:
        return sqrt(sum(found.half[name].square for found in draws) / sum(found.least[name].square for found in draws))

    def worst(name: str) -> float:
        return max(found.half[name].largest / found.least[name].largest for found in draws)

    found = (measured for of in (largest, whole, worst) for measured in (of("y"), max(map(of, gradients))))
    return dict(zip(ERRORS, found, strict=True))


@dataclass(frozen=True)
class _Error:
    """Relative to the largest value: the largest error, and the mean square."""

    largest: float
    square: float


@dataclass(frozen=True)
class _DrawErrors:
    """By result: in float32, in bfloat16, and of an exact solve of rounded inputs, rounded."""

    single: dict[str, _Error]
    half: dict[str, _Error]
    least: dict[str, _Error]


def _draw_errors(subject: str, setting: Setting, seed: int) -> _DrawErrors:
    torch.manual_seed(seed)
    shape = (2, COMPARED // setting.shrink, 2, setting.channels)
    x = torch.randn(shape, device=setting.device, dtype=torch.float64)
    exact = {name: tensor.detach() for name, tensor in draw(subject, x).items()}
    dy = torch.randn_like(x)
    want = _results(MIXERS[subject].solve, exact, dy)

    def errors(call: Callable[..., Tensor], dtype: torch.dtype, computed: torch.dtype) -> dict[str, _Error]:
        rounded = {name: tensor.to(dtype).to(computed) for name, tensor in exact.items()}
        got = _results(call, rounded, dy.to(dtype).to(computed))
        return {name: _error(got[name].to(dtype), value) for name, value in want.items()}

    return _DrawErrors(
        single=errors(_operator(subject), torch.float32, torch.float32),
        half=errors(_operator(subject), torch.bfloat16, torch.bfloat16),
        least=errors(MIXERS[subject].solve, torch.bfloat16, torch.float64),
    )


def _results(call: Callable[..., Tensor], inputs: dict[str, Tensor], dy: Tensor) -> dict[str, Tensor]:
    """Outputs, and gradients by input."""
    leaves = {name: tensor.detach().requires_grad_() for name, tensor in inputs.items()}
    y = call(**leaves)
    gradients = torch.autograd.grad(y, list(leaves.values()), dy, materialize_grads=True)
    return {"y": y.detach(), **dict(zip(leaves, gradients, strict=True))}


def _error(got: Tensor, want: Tensor) -> _Error:
    """Of what is not a number infinite."""
    found = ((got.double() - want) / want.abs().max()).abs().nan_to_num(nan=float("inf"))
    return _Error(float(found.max()), float(found.square().mean()))
