"""What a backend is: a printer from a schedule to source files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from glmc.plan.nodes import GroupPlan, Plan


@dataclass(frozen=True)
class GeneratedFile:
    """``path`` is relative to the mixer's package, with forward slashes; ``text`` lacks the header comment."""

    path: str
    text: str


class Backend(Protocol):
    """Prints the files of one group. ``glmc.emit.package`` puts them into the package and adds headers and manifest."""

    def emit(self, plan: Plan, group: GroupPlan) -> tuple[GeneratedFile, ...]: ...
