"""glmc compiles declarative token mixers (``.glm`` files) to importable torch layers.

>>> import glmc
>>> layers = glmc.load("power_of_two.glm")               # builds and imports the package
>>> layer = layers.PowerOfTwo(d_model=64, num_heads=4)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glmc.compiler import Analysis
    from glmc.syntax.nodes import Module

__version__ = "0.1.0"
__all__ = ["__version__", "analyze", "build", "load", "parse"]


def parse(text: str | Path) -> Module:
    """The syntax tree of a file (a path) or of a text (anything with a line break or a brace in it).

    Raises GlmError with every syntax mistake.
    """
    from glmc import compiler

    return compiler.parse(compiler.source_of(text))


def analyze(
    text: str | Path,
    length: int = 4096,
    *,
    mixer: str | None = None,
    settings: Mapping[str, str] | None = None,
) -> tuple[Analysis, ...]:
    """Facts at a sequence length, and claim verdicts, of each mixer in a file or text.

    ``settings`` holds parameter values as the command line's ``--set`` takes them. Raises GlmError with every
    mistake; a refuted claim is a verdict here, not an error.
    """
    from glmc import compiler

    return compiler.analyze(compiler.source_of(text), length, mixer=mixer, settings=settings or {})


def build(
    text: str | Path,
    directory: str | Path = ".",
    *,
    mixer: str | None = None,
    settings: Mapping[str, str] | None = None,
    force: bool = False,
) -> tuple[Path, ...]:
    """Write the package ``directory/<mixer>/`` of each mixer in a file or text; their folders.

    Raises GlmError with every mistake and refuted claim; then nothing is written.
    """
    from glmc import compiler

    source = compiler.source_of(text)
    return compiler.build(source, Path(directory), mixer=mixer, settings=settings or {}, force=force)


def load(
    path: str | Path,
    *,
    mixer: str | None = None,
    settings: Mapping[str, str] | None = None,
    directory: str | Path | None = None,
) -> ModuleType:
    """The imported package of a mixer: from a built package's folder, or from a file or text, built first.

    Builds into ``directory``, by default a new temporary folder. A file with several mixers needs ``mixer``.
    Raises GlmError with every mistake, and ValueError if the mixer to load is not clear.
    """
    from glmc import compiler

    return compiler.load(path, mixer=mixer, settings=settings or {}, directory=directory)
