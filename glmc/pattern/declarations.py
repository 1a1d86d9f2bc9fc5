"""What a file declares: its lets, sets and mixers, and the standard library beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from glmc.diagnostics import InternalError, Sink
from glmc.pattern import errors
from glmc.pattern.arguments import KINDS
from glmc.pattern.scopes import FUNCTIONS, WEIGHT_FUNCTIONS, mixer_name_problem
from glmc.pattern.sets import NamedSet
from glmc.resources import resource
from glmc.source import Source, Span
from glmc.syntax import nodes as syntax
from glmc.syntax.parser import parse

Let = syntax.LetConstant | syntax.LetEquation


@lru_cache(maxsize=1)
def standard_library() -> dict[str, NamedSet]:
    """The sets that are always in scope."""
    source = Source("standard.glm", resource("grammar/standard.glm").read_text("utf-8"))
    report = Sink(source)
    module = parse(source, report)
    if module is None or report.diagnostics:
        raise InternalError(f"the standard library does not parse: {report.diagnostics}")
    sets = (item for item in module.items if isinstance(item, syntax.SetDefinition))
    return {tree.name.name: NamedSet(tree, source, library=True) for tree in sets}


@dataclass(eq=False)
class Names:
    """Names declared in one block so far."""

    report: Sink
    spans: dict[str, Span] = field(default_factory=dict)
    maps: set[str] = field(default_factory=set)

    def accepts(self, name: syntax.Name, *, value: bool) -> bool:
        """Whether the name may be declared here; reports why not. ``value`` says that it is a parameter or a
        let.
        """
        if value and name.name == "n":
            self.report(errors.LengthRedeclared(span=name.span))
            return False
        if name.name in FUNCTIONS or name.name in WEIGHT_FUNCTIONS:
            self.report(errors.BuiltinRedeclared(span=name.span, name=name.name, origin="a built-in function"))
            return False
        if name.name in standard_library():
            origin = "a set of the standard library"
            self.report(errors.BuiltinRedeclared(span=name.span, name=name.name, origin=origin))
            return False
        return self.is_new(name)

    def is_new(self, name: syntax.Name) -> bool:
        """Whether nothing in the block has the name yet; reports if something has."""
        first = self.spans.setdefault(name.name, name.span)
        if first is not name.span:
            line, _ = self.report.source.position(first.start)
            self.report(errors.DuplicateName(span=name.span, name=name.name, first_line=line))
            return False
        return True

    def lets(self, statements: Iterable[object]) -> tuple[Let, ...]:
        """The lets among ``statements`` that may stand; equations of one map share its name."""
        kept: list[Let] = []
        for statement in statements:
            if not isinstance(statement, syntax.LetConstant | syntax.LetEquation):
                continue
            joins = isinstance(statement, syntax.LetEquation) and statement.name.name in self.maps
            if joins or self.accepts(statement.name, value=True):
                kept.append(statement)
                if isinstance(statement, syntax.LetEquation):
                    self.maps.add(statement.name.name)
        return tuple(kept)

    def parameters(self, parameters: tuple[syntax.Parameter, ...]) -> None:
        """Reports parameters whose names or kinds may not stand."""
        for parameter in parameters:
            self.accepts(parameter.name, value=True)
            if parameter.kind.name not in KINDS:
                self.report(errors.UnknownKind(span=parameter.kind.span, name=parameter.kind.name))


@dataclass(frozen=True)
class Declarations:
    """What a file declares, without what may not stand."""

    lets: tuple[Let, ...]
    sets: dict[str, NamedSet]
    mixers: dict[str, syntax.Mixer]


def declarations(module: syntax.Module, report: Sink) -> Declarations:
    """The lets, sets and mixers of a file by name; reports names that may not stand."""
    names, mixer_names = Names(report), Names(report)
    lets: list[Let] = []
    sets: dict[str, NamedSet] = {}
    mixers: dict[str, syntax.Mixer] = {}
    for item in module.items:
        match item:
            case syntax.Mixer():
                problem = mixer_name_problem(item.name.name)
                if problem is not None:
                    suggestion = f"{re.sub('[^a-z0-9_]', '', item.name.name.lower()).lstrip('_0123456789')}_mixer"
                    report(
                        errors.UnusableMixerName(
                            span=item.name.span, name=item.name.name, reason=problem, suggestion=suggestion
                        )
                    )
                if mixer_names.is_new(item.name):
                    mixers[item.name.name] = item
            case syntax.SetDefinition():
                if names.accepts(item.name, value=False):
                    sets[item.name.name] = NamedSet(item, report.source, library=False)
            case _:
                lets += names.lets((item,))
    return Declarations(tuple(lets), sets, mixers)
