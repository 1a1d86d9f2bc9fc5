"""Builds mixers from text and imports what was generated, without analysing them."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from glmc.analysis.facts import CongestionFact, Fact, Facts
from glmc.diagnostics import GlmError, Sink
from glmc.emit.package import build
from glmc.pattern.elaborate import elaborate
from glmc.pattern.nodes import Pattern
from glmc.source import Source
from glmc.syntax.parser import parse

UNKNOWN = Fact(None, None, None, "checked", "", 0)
NO_FACTS = Facts(0, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, CongestionFact(0, None, None, None, "checked", ""))
_fresh = itertools.count()


def patterns(text: str, mixer: str | None = None, name: str = "mixer.glm") -> tuple[Pattern, ...]:
    """The mixers of a text; raises GlmError with what is wrong with it."""
    report = Sink(Source(name, text))
    module = parse(report.source, report)
    found = () if module is None else elaborate(module, report, mixer=mixer, settings={})
    if report.has_errors:
        raise GlmError(report.source, report.diagnostics)
    return found


def built(text: str, folder: Path, mixer: str | None = None) -> Any:
    """The operator of the one mixer in a text, or of the named one."""
    (pattern,) = patterns(text, mixer)
    return getattr(package(pattern, folder), pattern.name)


def package(pattern: Pattern, folder: Path) -> ModuleType:
    """The package of a mixer, built below ``folder``."""
    (path,) = build([(pattern, NO_FACTS)], folder, force=False)
    return imported(path)


def imported(path: Path) -> ModuleType:
    """The package at ``path``, under a name of its own."""
    name = f"generated_{next(_fresh)}"
    spec = importlib.util.spec_from_file_location(name, path / "__init__.py", submodule_search_locations=[str(path)])
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def needed(operator: Any) -> tuple[str, ...]:
    """The names of an operator's inputs."""
    names: tuple[str, ...] = operator.inputs
    return names


def draw(
    operator: Any, length: int, *, batch: int = 2, heads: int = 2, channels: int = 0, seed: int = 0
) -> dict[str, torch.Tensor]:
    """Float64 inputs, x [batch, length, heads, 3] among them."""
    generator = torch.Generator().manual_seed(seed)
    slots = operator.slots(length)
    shapes = {
        "x": (batch, length, heads, 3),
        "q": (batch, length, heads, 2),
        "k": (batch, length, heads, 2),
        "gate": (batch, length, heads),
        "slot_gate": (batch, length, heads, slots),
        "const": (heads, slots),
        "write": (batch, length, heads, channels),
        "read": (batch, length, heads, channels),
    }
    return {
        name: torch.randn(shapes[name], generator=generator, dtype=torch.float64) for name in ("x", *needed(operator))
    }
