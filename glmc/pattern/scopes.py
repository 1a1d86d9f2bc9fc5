"""What a name stands for, where it is visible, and which names are taken."""

from __future__ import annotations

import keyword
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from glmc.pattern import nodes
from glmc.source import Span
from glmc.syntax import nodes as syntax

FUNCTIONS: dict[str, tuple[int, int | None]] = {
    "floor": (1, 1),
    "ceil": (1, 1),
    "sqrt": (1, 1),
    "log2": (1, 1),
    "log": (2, 2),
    "min": (2, None),
    "max": (2, None),
    "abs": (1, 1),
    "gcd": (2, 2),
    "lowbit": (1, 1),
    "bitlen": (1, 1),
}
"""Least and largest number of arguments of the built-in functions."""

WEIGHT_FUNCTIONS = ("softmax", "sigmoid", "dot", "unit", "sum")

PACKAGES = frozenset(
    [
        "glmc",
        "torch",
        "triton",
        "numpy",
        "setuptools",
        "sympy",
        "mpmath",
        "networkx",
        "jinja2",
        "fsspec",
        "filelock",
        "typing_extensions",
        "sitecustomize",
        "usercustomize",
    ]
)
"""Modules that Python, the generated code or torch import by name."""


def mixer_name_problem(name: str) -> str | None:
    """Why a mixer cannot have this name, or None."""
    if not (name.isascii() and name[0].islower() and name == name.lower()):
        return "names of mixers match [a-z][a-z0-9_]*"
    if keyword.iskeyword(name):
        return "it is a keyword of Python"
    if name in sys.stdlib_module_names:
        return "it is the name of a module of Python"
    if name in PACKAGES:
        return "it is the name of a module that the generated code imports"
    return None


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that ``name`` is probably a slip of."""
    found = get_close_matches(name, sorted(set(candidates)), n=1, cutoff=0.6)
    return found[0] if found else None


@dataclass(frozen=True)
class Value:
    """A parameter, a bound variable, the row index, or a constant."""

    expr: nodes.Expr


@dataclass(frozen=True)
class MapName:
    map: nodes.IndexMap


@dataclass(frozen=True)
class Poison:
    """Its declaration is wrong and was reported; uses say nothing more."""


@dataclass(eq=False)
class Declared:
    """A let, elaborated when it is first used: one constant, or all the equations of one map."""

    name: str
    equations: tuple[syntax.LetConstant, ...] | tuple[syntax.LetEquation, ...]
    scope: Scope
    result: Value | MapName | Poison | None = None


@dataclass(frozen=True)
class Recurrence:
    """The map whose equation for ``defined`` is being read; its ``order`` last values may be used."""

    name: str
    defined: str
    variable: nodes.Variable | None
    order: int


Binding = Value | MapName | Poison | Declared | Recurrence


@dataclass(eq=False)
class Scope:
    """Names of one block. ``at`` replaces every span inside the standard library by the place that uses it;
    ``claims`` allows `log n` and natural logarithms; ``bound`` holds the row index and the variables of
    comprehensions, which no inner variable may hide.
    """

    parent: Scope | None
    at: Span | None = None
    names: dict[str, Binding] = field(default_factory=dict)
    claims: bool = False
    bound: dict[str, Span] = field(default_factory=dict)

    def lookup(self, name: str) -> Binding | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None

    def bind(self, name: str, expr: nodes.Expr, span: Span) -> None:
        """Enters a row index or a bound variable."""
        self.names[name] = Value(expr)
        self.bound[name] = span

    def visible(self) -> frozenset[str]:
        above = self.parent.visible() if self.parent else frozenset()
        return above | self.names.keys()

    def inner(self) -> Scope:
        return Scope(self, self.at, claims=self.claims, bound=dict(self.bound))

    def span(self, tree: syntax.Node) -> Span:
        return self.at or tree.span
