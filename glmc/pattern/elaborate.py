"""From the tree of a file to the meaning of its mixers: every name resolved, every set written out, every
rule checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from typing import TypeVar

from glmc.diagnostics import InternalError, Sink
from glmc.pattern import errors, nodes, weights
from glmc.pattern.arguments import MapArgument, argument_value, match_arguments, unknown_value
from glmc.pattern.checks import Side, check_maps, check_row_conditions, check_side
from glmc.pattern.claims import claim
from glmc.pattern.declarations import Let, Names, declarations, standard_library
from glmc.pattern.expressions import Abandoned, Context, constant, declare_lets, integer, resolve, truth
from glmc.pattern.scopes import (
    MapName,
    Scope,
    Value,
    closest,
)
from glmc.pattern.sets import (
    NamedSet,
    Sets,
    check_cycles,
    check_definition,
    is_empty,
    row_set,
    values_text,
)
from glmc.pattern.slots import check_slots
from glmc.source import Span
from glmc.syntax import nodes as syntax

GROUPS_LIMIT = 512  # of one file

_T = TypeVar("_T")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_RATIONAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+|/0*[1-9][0-9]*)?")


def elaborate(
    module: syntax.Module,
    report: Sink,
    *,
    mixer: str | None = None,
    settings: Mapping[str, str] | None = None,
) -> tuple[nodes.Pattern, ...]:
    """The patterns of a file's mixers (or of the one named ``mixer``) whose parameters all have values.

    ``settings`` gives values to parameters by name, in every mixer that has them: integers, decimals or
    fractions, or the name of a map. Every mistake goes to ``report``; a mixer that has one is left out.
    """
    names = declarations(module, report)
    file = _File(names.lets, names.sets, names.mixers, report, mixer, settings or {})
    try:
        file.check_names()
        file.check_sets()
        mixers = [item for item in module.items if isinstance(item, syntax.Mixer)]
        found = [(tree, file.pattern(tree)) for tree in mixers]
        return tuple(p for tree, p in found if p is not None and names.mixers[tree.name.name] is tree)
    except RecursionError:
        report(errors.TooComplex(span=Span(module.span.start, module.span.start), what="the nesting", limit=100))
        return ()


# -- a file ----------------------------------------------------------------------------------------


@dataclass(eq=False)
class _File:
    lets: tuple[Let, ...]
    sets: dict[str, NamedSet]
    mixers: dict[str, syntax.Mixer]
    report: Sink
    wanted: str | None
    settings: Mapping[str, str]
    groups: int = 0  # read so far, those of nested heads again and again

    @property
    def in_heads(self) -> frozenset[str]:
        """The mixers that some mixer's heads name."""
        statements = chain.from_iterable(tree.statements for tree in self.mixers.values())
        return frozenset(s.mixer.name for s in statements if isinstance(s, syntax.Heads))

    def scope(self) -> Scope:
        """A fresh scope with the lets of the file, to be elaborated for one pattern."""
        scope = Scope(None)
        declare_lets(self.lets, scope)
        return scope

    def sets_in(self, scope: Scope) -> Sets:
        return Sets({**standard_library(), **self.sets}, scope)

    # -- what concerns the file as a whole

    def check_names(self) -> None:
        start = Span(0, 0)
        if self.wanted is not None and self.wanted not in self.mixers:
            suggestion = closest(self.wanted, self.mixers)
            remedy = f"did you mean `{suggestion}`?" if suggestion else "it has: " + (", ".join(self.mixers) or "none")
            self.report(errors.UnknownMixer(span=start, name=self.wanted, remedy=remedy))
        parameters = {p.name.name for tree in self.mixers.values() for p in tree.parameters}
        for name in self.settings:
            if name not in parameters:
                suggestion = closest(name, parameters)
                remedy = f"did you mean `{suggestion}`?" if suggestion else ""
                self.report(errors.UnknownSetting(span=start, name=name, remedy=remedy))
        scope, context = self.scope(), Context(self.report, generic=True)
        for binding in scope.names.values():
            with suppress(Abandoned):
                resolve(binding, context)

    def check_sets(self) -> None:
        """Every set by itself: also those that nothing uses must make sense."""
        for named in self.sets.values():
            definition = named.definition
            names = Names(self.report)
            names.parameters(definition.parameters)
            names.is_new(definition.row)
            kept = names.lets(definition.statements)
            context = Context(self.report, generic=True)
            sets = self.sets_in(self.scope())
            sets.shallow = named
            named.valid = False
            with suppress(Abandoned):
                named.valid = check_definition(named, sets, context) and len(kept) == sum(
                    isinstance(s, Let) for s in definition.statements
                )
        check_cycles({**standard_library(), **self.sets}, Context(self.report, generic=True))

    # -- one mixer

    def pattern(self, tree: syntax.Mixer) -> nodes.Pattern | None:
        """The pattern of one mixer; None if it has mistakes, lacks values, or is not wanted."""
        context = Context(self.report, generic=False)
        scope = self.scope().inner()
        names = Names(self.report)
        names.parameters(tree.parameters)
        passed: list[MapArgument] = []
        unset = self._set_parameters(tree, scope, context, passed)
        wanted = self.wanted in (None, tree.name.name)
        if unset is not None:
            context.generic = True
            if wanted:
                self._report_unset(tree, unset)
        mistakes = self.report.error_count
        try:
            groups = _MixerReader(self, tree, scope, context, (tree.name.name,), tree.span, passed).groups()
            claims = tuple(
                found
                for statement in tree.statements
                if isinstance(statement, syntax.ClaimOrder | syntax.ClaimBound)
                and (found := claim(statement, scope, context)) is not None
            )
        except Abandoned:
            return None
        if groups is None or not wanted or context.generic or self.report.error_count > mistakes:
            return None
        docs = [statement.text for statement in tree.statements if isinstance(statement, syntax.Doc)]
        parameters = tuple((p.name.name, _parameter_value(scope.names[p.name.name])) for p in tree.parameters)
        return nodes.Pattern(
            tree.name.name,
            docs[0] if docs else None,
            parameters,
            groups,
            claims,
            self.report.source,
            tree.span,
        )

    def _set_parameters(
        self, tree: syntax.Mixer, scope: Scope, context: Context, passed: list[MapArgument]
    ) -> syntax.Parameter | None:
        """Enters the parameters into ``scope``; returns the first one without a value."""
        unset = None
        for parameter in tree.parameters:
            name = parameter.name.name
            value: Value | MapName | None = None
            if name in self.settings:
                value = self.setting(parameter, scope, context, passed)
            elif parameter.default is not None:
                value = argument_value(parameter.default, parameter, scope, context, constant=True, passed=passed)
            else:
                unset = unset or parameter
            scope.names[name] = value or unknown_value(parameter)
            if value is None:
                context.generic = True
        return unset

    def setting(
        self, parameter: syntax.Parameter, scope: Scope, context: Context, passed: list[MapArgument]
    ) -> Value | MapName | None:
        name = parameter.name.name
        text = self.settings[name].strip()
        match parameter.kind.name:
            case "int" if _WHOLE.fullmatch(text) and len(text) < 1000:
                return Value(nodes.Number(Fraction(int(text))))
            case "real" if _RATIONAL.fullmatch(text) and len(text) < 1000:
                return Value(nodes.Number(Fraction(text)))
            case "map":
                found = resolve(scope.lookup(text), context)
                if isinstance(found, MapName):
                    passed.append(MapArgument(found.map, parameter.span))
                    return found
        expected = {"int": "an integer", "real": "a number", "map": "the name of a map in the file"}
        if parameter.kind.name in expected:
            self.report(
                errors.BadSetting(span=parameter.span, name=name, value=text, expected=expected[parameter.kind.name])
            )
        return None

    def _report_unset(self, tree: syntax.Mixer, unset: syntax.Parameter) -> None:
        mixer, name = tree.name.name, unset.name.name
        if mixer in self.in_heads and self.wanted is None:
            self.report(errors.MixerSkipped(span=unset.span, mixer=mixer, parameter=name))
        else:
            kind = unset.kind.name
            self.report(errors.UnsetParameter(span=unset.span, mixer=mixer, parameter=name, kind=kind))


def _parameter_value(binding: object) -> Fraction | str:
    match binding:
        case Value(nodes.Number(value)):
            return value
        case MapName(index_map):
            return index_map.name
        case _:
            raise InternalError("a parameter without a value in a finished pattern")


# -- the statements of a mixer ---------------------------------------------------------------------


@dataclass(eq=False)
class _MixerReader:
    """Reads one mixer with its parameters in ``scope``; ``path`` names the mixers whose heads led here."""

    file: _File
    tree: syntax.Mixer
    scope: Scope
    context: Context
    path: tuple[str, ...]
    site: Span
    passed: list[MapArgument]

    def groups(self) -> tuple[nodes.Group, ...] | None:
        """The groups of heads that the statements define, or None after a report. Raises ``Abandoned``."""
        names = Names(self.context.report)
        names.spans.update({p.name.name: p.name.span for p in self.tree.parameters})
        for binding in declare_lets(names.lets(self.tree.statements), self.scope):
            resolve(binding, self.context)
        generic = self.context.generic
        met, single = self._conditions_hold(), self._no_repetition()
        self.context.generic = generic or not met  # what follows from wrong values says nothing more
        heads = self._statements(syntax.Heads)
        if heads and not single:
            self.context.generic = True
            self._group()
        groups = self._heads(heads) if heads else self._group()
        self.context.generic = generic
        return groups if met and single else None

    def _statements(self, kind: type[_T]) -> list[_T]:
        return [statement for statement in self.tree.statements if isinstance(statement, kind)]

    def _line(self, span: Span) -> int:
        return self.context.report.source.position(span.start)[0]

    def _conditions_hold(self) -> bool:
        """Whether every ``where`` holds for the parameters; reports where not."""
        report = self.context.report
        fits = True
        for where in self._statements(syntax.Where):
            found = truth(where.condition, self.scope, self.context)
            if found is None:
                fits = False
            elif found[1] is None and not self.context.generic:
                report(errors.NotConstant(span=where.condition.span, what="the condition of a mixer"))
                fits = False
            elif found[1] is False and not self.context.generic:
                values = values_text(
                    [p.name.name for p in self.tree.parameters], where, found[0], report.source, self.scope
                )
                text = report.source.text[where.condition.span.start : where.condition.span.stop]
                span = where.condition.span if len(self.path) == 1 else self.site
                name = self.tree.name.name
                report(errors.ConditionFails(span=span, name=name, condition=text, values=values))
                fits = False
        return fits

    def _no_repetition(self) -> bool:
        """Whether rows, weights, state and doc are given at most once, and not beside heads; reports where
        not.
        """
        report = self.context.report
        heads = self._statements(syntax.Heads)
        first: dict[str, Span] = {}
        fits = True
        for statement in self.tree.statements:
            for what, span in _single(statement):
                if heads and what != "doc":
                    report(errors.HeadsConflict(span=span, what=what, heads_line=self._line(heads[0].span)))
                    fits = False
                elif what in first:
                    line = self._line(first[what])
                    report(errors.RepeatedStatement(span=span, what=what, mixer=self.tree.name.name, first_line=line))
                    fits = False
                first.setdefault(what, span)
        return fits

    # -- heads

    def _heads(self, heads: list[syntax.Heads]) -> tuple[nodes.Group, ...] | None:
        report = self.context.report
        groups: list[nodes.Group] = []
        total: Fraction | None = Fraction(0)
        complete = True
        for statement in heads:
            fraction = constant(statement.fraction, "a fraction of heads", self.scope, self.context)
            if fraction is not None and fraction <= 0:
                report(errors.FractionNotPositive(span=statement.fraction.span, value=str(fraction)))
                fraction = None
            total = None if fraction is None or total is None else total + fraction
            inner = self._head_groups(statement)
            if inner is None or fraction is None:
                complete = False
                continue
            groups += [replace(group, fraction=group.fraction * fraction) for group in inner]
        if total is not None and total != 1:
            rest = 1 - total
            remedy = f"{rest} of the heads has no mixer" if rest > 0 else f"that is {-rest} too much"
            report(errors.FractionSum(span=heads[-1].span, total=str(total), remedy=remedy))
            complete = False
        return tuple(groups) if complete else None

    def _head_groups(self, statement: syntax.Heads) -> tuple[nodes.Group, ...] | None:
        report, name = self.context.report, statement.mixer.name
        target = self.file.mixers.get(name)
        if target is None:
            suggestion = closest(name, self.file.mixers)
            if suggestion is None:
                report(errors.UnknownName(span=statement.mixer.span, kind="mixer", name=name))
            else:
                report(errors.MisspelledName(span=statement.mixer.span, kind="mixer", name=name, suggestion=suggestion))
            return None
        if name in self.path:
            cycle = " → ".join((*self.path[self.path.index(name) :], name))
            report(errors.CyclicDefinition(span=statement.mixer.span, name=name, cycle=cycle))
            return None
        given = match_arguments(name, target.parameters, statement.arguments, statement.span, self.scope, self.context)
        if given is None:
            return None
        scope = self.file.scope().inner()
        complete = True
        for parameter in target.parameters:
            key = parameter.name.name
            value: Value | MapName | None
            if key in given:
                value = argument_value(
                    given[key], parameter, self.scope, self.context, constant=True, passed=self.passed
                )
            elif key in self.file.settings:
                value = self.file.setting(parameter, scope, self.context, self.passed)
            elif parameter.default is not None:
                value = argument_value(
                    parameter.default, parameter, scope, self.context, constant=True, passed=self.passed
                )
            else:
                value = None
                report(errors.MissingArgument(span=statement.span, name=name, parameter=key))
            scope.names[key] = value or unknown_value(parameter)
            complete = complete and value is not None
        if not complete:
            return None
        path = (*self.path, name)
        reader = _MixerReader(self.file, target, scope, self.context, path, statement.span, self.passed)
        return reader.groups()

    # -- one group

    def _group(self) -> tuple[nodes.Group, ...] | None:
        """The one group of a mixer without heads."""
        self.context.used.clear()  # so that one mixer on two groups of heads is one and the same group
        self.file.groups += 1
        if self.file.groups > GROUPS_LIMIT:
            self.context.report(
                errors.TooComplex(span=self.site, what="the number of groups of heads", limit=GROUPS_LIMIT)
            )
            raise Abandoned
        sets = self.file.sets_in(self.file.scope())
        sets.passed = self.passed
        rows: dict[str, nodes.RowSet | None] = {"A": nodes.SELF, "B": nodes.EMPTY}
        for statement in self._statements(syntax.Rows):
            inner = self.scope.inner()
            inner.bind(statement.row.name, nodes.Row(), statement.row.span)
            rows[statement.side] = row_set(statement.set, inner, sets, self.context)
        a, b = rows["A"], rows["B"]
        state = self._state()
        both = self._weights(a, b)
        if a is None or b is None or both is None or state == 0 or self.context.generic:
            return None
        report = self.context.report
        mistakes = report.error_count
        check_maps(self.passed, report)
        check_row_conditions(sets.row_conditions, report)
        if report.error_count > mistakes:
            return None
        check_side(Side("A", a, sets, report))
        check_side(Side("B", b, sets, report))
        group = nodes.Group(self.tree.name.name, Fraction(1), a, b, *both, state)
        check_slots(group, self._weight_spans(), report)
        return (group,)

    def _weight_spans(self) -> dict[str, Span]:
        return {side: s.value.span for s in self._statements(syntax.Weights) for side in s.sides}

    def _state(self) -> int | None:
        """The number of state channels; 0 after a report."""
        state = None
        for statement in self._statements(syntax.State):
            state = integer(statement.value, "the number of state channels", self.scope, self.context)
            if state is not None and state <= 0:
                self.context.report(errors.StateNotPositive(span=statement.value.span, value=str(state)))
            state = max(state or 0, 0)
        return state

    def _weights(self, a: nodes.RowSet | None, b: nodes.RowSet | None) -> tuple[nodes.Weight, nodes.Weight] | None:
        """The weights of both sides, or None after a report."""
        statements = self._statements(syntax.Weights)
        found: dict[str, nodes.Weight | None] = {}
        for statement in statements:
            over: weights.Over = "AB" if len(set(statement.sides)) == 2 else "A" if "A" in statement.sides else "B"
            value = weights.weight(statement.value, over, self.scope, self.context)
            for side in statement.sides:
                found.setdefault(side, value)
        if not statements:
            found = dict.fromkeys("AB", nodes.Softmax(weights.DEFAULT_SCORE, "AB"))
        if a is None or b is None:
            return None
        empty = {"A": is_empty(a), "B": is_empty(b)}
        if len(found) == 1 and not empty["B" if "A" in found else "A"]:
            (given,) = found
            missing = "B" if given == "A" else "A"
            span = statements[0].span
            self.context.report(errors.OneSidedWeights(span=span, given=given, missing=missing))
            return None
        weight_a = weights.NOTHING if empty["A"] else found.get("A")
        weight_b = weights.NOTHING if empty["B"] else found.get("B")
        if weight_a is None or weight_b is None or self._sums_recur(weight_a, weight_b, statements):
            return None
        if empty["A"]:
            weight_b = weights.alone(weight_b, "B")
        if empty["B"]:
            weight_a = weights.alone(weight_a, "A")
        return weight_a, weight_b

    def _sums_recur(self, weight_a: nodes.Weight, weight_b: nodes.Weight, statements: list[syntax.Weights]) -> bool:
        """Whether a row sum depends on itself; reports it."""
        uses = {
            side: {inner.side for inner in weights.subweights(value) if isinstance(inner, nodes.RowSum)}
            for side, value in (("A", weight_a), ("B", weight_b))
        }
        for side, other in (("A", "B"), ("B", "A")):
            if side in uses[side] or (other in uses[side] and side in uses[other]):
                span = next(statement.value.span for statement in statements if side in statement.sides)
                self.context.report(errors.RowSumCycle(span=span, side=side))
                return True
        return False


def _single(statement: syntax.Statement) -> list[tuple[str, Span]]:
    """What a statement gives that may be given only once, with its place."""
    match statement:
        case syntax.Doc():
            return [("doc", statement.span)]
        case syntax.Rows(side):
            return [(f"{side}[i]", statement.span)]
        case syntax.Weights(sides):
            return [(f"weights {side}", statement.span) for side in sides]
        case syntax.State():
            return [("state", statement.span)]
        case _:
            return []
