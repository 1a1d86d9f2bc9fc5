"""Every diagnostic that glmc can give, and the page that lists them, made of their classes and goldens."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import glmc
from glmc.diagnostics import Diagnostic

GOLDENS = Path(__file__).parent
PAGE = GOLDENS.parent.parent / "docs" / "diagnostics.md"

_LEVELS = {
    "GLM0": "Syntax: the text cannot be read",
    "GLM1": "Meaning: what is written makes no causal mixer",
    "GLM2": "Claims: what is claimed does not hold",
    "GLM3": "Building: the package cannot be written",
}
_INTRODUCTION = """\
# Diagnostics

Every mistake in a `.glm` file is reported with a stable code, the place, a sentence, and where possible a
repair (`help`). All mistakes of a file are reported in one run. An *error* stops `glmc build`, a *warning*
does not.

The examples below are complete files. This page is made from the goldens in `tests/diagnostics`:
`UPDATE_GOLDENS=1 pytest tests/diagnostics` writes both.
"""


def diagnostic_classes() -> list[type[Diagnostic]]:
    """All concrete diagnostics of glmc, by code."""
    for module in pkgutil.walk_packages(glmc.__path__, "glmc."):
        if module.name.endswith(".errors"):
            importlib.import_module(module.name)
    found = [cls for cls in _subclasses(Diagnostic) if cls.__module__.startswith("glmc.")]
    return sorted((cls for cls in found if "code" in vars(cls)), key=lambda cls: cls.code)


def _subclasses(cls: type[Diagnostic]) -> Iterator[type[Diagnostic]]:
    for child in cls.__subclasses__():
        yield child
        yield from _subclasses(child)


def meaning(cls: type[Diagnostic]) -> str:
    """What a diagnostic means and how to repair its cause: the docstring, none that dataclasses make."""
    text = inspect.cleandoc(cls.__doc__ or "")
    return "" if text.startswith(f"{cls.__name__}(") else text


def goldens(code: str = "GLM") -> list[Path]:
    return sorted(GOLDENS.glob(f"{code}*.glm"))


def page() -> str:
    """docs/diagnostics.md."""
    parts = [_INTRODUCTION]
    level = ""
    for cls in diagnostic_classes():
        if cls.code[:4] != level:
            level = cls.code[:4]
            parts.append(f"# {_LEVELS[level]}\n")
        parts.append(_section(cls))
    return "\n".join(parts)


def _section(cls: type[Diagnostic]) -> str:
    title = re.sub(r"`?\{\w+\}`?", "…", cls.title)
    lines = [f"## {cls.code}: {title}", ""]
    for paragraph in meaning(cls).split("\n\n"):
        lines += [re.sub(r"\s+", " ", paragraph), ""]
    for source in goldens(cls.code)[:1]:
        text = source.read_bytes().decode("utf-8", errors="replace")
        lines += ["```", *(_shortened(line) for line in text.rstrip().splitlines()), "```", ""]
        rendered = source.with_suffix(".err").read_text(encoding="utf-8")
        own = next(part for part in rendered.split("\n\n") if f"[{cls.code}]" in part)
        lines += ["```", *own.rstrip().splitlines(), "```", ""]
    return "\n".join(lines)


def _shortened(line: str) -> str:
    return line if len(line) <= 110 else f"{line[:100]}…"
