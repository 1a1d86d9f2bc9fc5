"""Row sets: comprehensions and set algebra, with every named set written out in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import assert_never

from glmc.pattern import errors, nodes
from glmc.pattern.arguments import MapArgument, argument_value, match_arguments, unknown_value
from glmc.pattern.arithmetic import closed_truth
from glmc.pattern.expressions import (
    Abandoned,
    Context,
    condition,
    declare_lets,
    expression,
    resolve,
    truth,
)
from glmc.pattern.scopes import Scope, Value, closest
from glmc.pattern.walk import compared
from glmc.source import Source, Span
from glmc.syntax import nodes as syntax

LEAVES_LIMIT = 2000
ELEMENTS_LIMIT = 20000
COMPARISONS_LIMIT = 40  # in one condition, which enumeration asks of every candidate


@dataclass(eq=False)
class NamedSet:
    """A set definition; ``scope`` is None for the standard library, which sees nothing of the file."""

    definition: syntax.SetDefinition
    source: Source
    library: bool
    valid: bool = True
    uses: list[tuple[str, Span]] = field(default_factory=list)


@dataclass(frozen=True)
class LeafSpans:
    """Where the parts of a Listed or a Comprehension were written, and the variables' names as written."""

    elements: tuple[Span, ...]
    names: tuple[str, ...] = ()
    variables: tuple[Span, ...] = ()
    starts: tuple[Span, ...] = ()
    stops: tuple[Span, ...] = ()
    condition: Span | None = None


Leaf = nodes.Listed | nodes.Comprehension


@dataclass(frozen=True)
class RowCondition:
    """A condition of a set on arguments that depend on the row; it must hold in every row."""

    condition: nodes.Condition
    name: str
    text: str
    span: Span


@dataclass(eq=False)
class Sets:
    """What the sets of one mixer are made from and what they leave to be checked.

    ``shallow`` checks one definition by itself: the sets that it names are looked up, but not written out.
    """

    named: dict[str, NamedSet]
    file_scope: Scope
    shallow: NamedSet | None = None
    passed: list[MapArgument] = field(default_factory=list)
    row_conditions: list[RowCondition] = field(default_factory=list)
    spans: dict[int, tuple[Leaf, LeafSpans]] = field(default_factory=dict)
    elements: int = 0


def row_set(tree: syntax.Set, scope: Scope, sets: Sets, context: Context) -> nodes.RowSet | None:
    """The meaning of ``tree``, or None after a report. Raises ``Abandoned`` beyond the limits."""
    span = scope.span(tree)
    match tree:
        case syntax.Listed(elements):
            found = [expression(element, scope, context) for element in elements]
            known = tuple(element for element in found if element is not None)
            if len(known) != len(found):
                return None
            leaf = nodes.Listed(known, span=span)
            return _kept(leaf, LeafSpans(tuple(map(scope.span, elements))), sets, context)
        case syntax.Comprehension():
            return _comprehension(tree, scope, sets, context)
        case syntax.Applied():
            return _applied(tree, scope, sets, context)
        case syntax.RowReference(row):
            context.report(errors.RowReferenceInSet(span=span, row=row))
            return None
        case syntax.SetChain(first, rest):
            return _chain(first, rest, span, scope, sets, context)
        case syntax.Intersection(parts):
            operands = [row_set(part, scope, sets, context) for part in parts]
            return _balanced(operands, lambda a, b: nodes.Intersection(a, b, span=span))
        case _:
            assert_never(tree)


def _kept(leaf: Leaf, spans: LeafSpans, sets: Sets, context: Context) -> Leaf:
    sets.elements += max(1, len(spans.elements))
    sets.spans[id(leaf)] = (leaf, spans)
    if len(sets.spans) > LEAVES_LIMIT or sets.elements > ELEMENTS_LIMIT:
        limit = LEAVES_LIMIT if len(sets.spans) > LEAVES_LIMIT else ELEMENTS_LIMIT
        context.report(errors.TooComplex(span=leaf.span, what="the number of written-out sets", limit=limit))
        raise Abandoned
    return leaf


def _comprehension(tree: syntax.Comprehension, scope: Scope, sets: Sets, context: Context) -> nodes.RowSet | None:
    inner = scope.inner()
    generators: list[nodes.Generator] = []
    fits = True
    for written in tree.generators:
        start = expression(written.start, inner, context)
        stop = None if written.stop is None else expression(written.stop, inner, context)
        name = written.variable.name
        if name in inner.bound:
            line, _ = context.report.source.position(inner.bound[name].start)
            context.report(errors.DuplicateName(span=scope.span(written.variable), name=name, first_line=line))
            fits = False
        variable = context.fresh(name)
        inner.bind(name, variable, scope.span(written.variable))
        if start is not None and (stop is not None or written.stop is None):
            generators.append(nodes.Generator(variable, start, stop))
    cond = None if tree.condition is None else condition(tree.condition, inner, context)
    if tree.condition is not None and cond is not None and len([*compared(cond)]) > 2 * COMPARISONS_LIMIT:
        what, span = "the number of comparisons in a condition", scope.span(tree.condition)
        context.report(errors.TooComplex(span=span, what=what, limit=COMPARISONS_LIMIT))
        return None
    element = expression(tree.element, inner, context)
    complete = len(generators) == len(tree.generators) and (cond is not None or tree.condition is None)
    if element is None or not complete or not fits:
        return None
    leaf = nodes.Comprehension(element, tuple(generators), cond, span=scope.span(tree))
    spans = LeafSpans(
        (scope.span(tree.element),),
        tuple(generator.variable.name for generator in tree.generators),
        tuple(scope.span(generator.variable) for generator in tree.generators),
        tuple(scope.span(generator.start) for generator in tree.generators),
        tuple(scope.span(generator.stop or generator) for generator in tree.generators),
        None if tree.condition is None else scope.span(tree.condition),
    )
    return _kept(leaf, spans, sets, context)


def _chain(
    first: syntax.Set,
    rest: tuple[tuple[str, syntax.Set], ...],
    span: Span,
    scope: Scope,
    sets: Sets,
    context: Context,
) -> nodes.RowSet | None:
    """Left to right; a run of unions becomes a balanced tree, so that a long list is not deep."""
    run = [row_set(first, scope, sets, context)]
    depth = 0
    for operator, tree in rest:
        operand = row_set(tree, scope, sets, context)
        if operator == "|":
            run.append(operand)
            continue
        left = _balanced(run, lambda a, b: nodes.Union(a, b, span=span))
        run = [left and operand and nodes.Difference(left, operand, span=span)]
        depth += 1
        if depth > DIFFERENCES_LIMIT:
            context.report(errors.TooComplex(span=span, what="the chain of differences", limit=DIFFERENCES_LIMIT))
            raise Abandoned
    return _balanced(run, lambda a, b: nodes.Union(a, b, span=span))


DIFFERENCES_LIMIT = 60


def _balanced(
    operands: list[nodes.RowSet | None], join: Callable[[nodes.RowSet, nodes.RowSet], nodes.RowSet]
) -> nodes.RowSet | None:
    if len(operands) == 1:
        return operands[0]
    middle = len(operands) // 2 if len(operands) > 3 else len(operands) - 1
    left, right = _balanced(operands[:middle], join), _balanced(operands[middle:], join)
    return left and right and join(left, right)


def _applied(tree: syntax.Applied, scope: Scope, sets: Sets, context: Context) -> nodes.RowSet | None:
    name = tree.function.name
    named = sets.named.get(name)
    if named is None:
        _report_unknown_set(tree.function, scope, sets, context)
        for argument in tree.arguments:
            expression(argument.value if isinstance(argument, syntax.Keyword) else argument, scope, context)
        return None
    definition = named.definition
    row = expression(tree.row, scope, context)
    given = match_arguments(name, definition.parameters, tree.arguments, scope.span(tree), scope, context)
    if sets.shallow is not None:
        sets.shallow.uses.append((name, scope.span(tree.function)))
    if row is None or given is None:
        return None
    outer = Scope(None, at=scope.span(tree)) if named.library else sets.file_scope
    inner = outer.inner()
    complete = True
    for parameter in definition.parameters:
        key = parameter.name.name
        written = given.get(key, parameter.default)
        if written is None:
            context.report(errors.MissingArgument(span=scope.span(tree), name=name, parameter=key))
            complete = False
            continue
        place = scope if key in given else inner
        value = argument_value(written, parameter, place, context, constant=False, passed=sets.passed)
        complete = complete and value is not None
        if value is not None:
            inner.names[key] = value
    if not complete or not named.valid:
        return None
    if sets.shallow is not None:
        return nodes.EMPTY
    inner.bind(definition.row.name, row, inner.span(definition.row))
    return _body(named, inner, scope.span(tree), sets, context)


def _body(named: NamedSet, scope: Scope, span: Span, sets: Sets, context: Context) -> nodes.RowSet | None:
    definition = named.definition
    lets = [s for s in definition.statements if isinstance(s, syntax.LetConstant | syntax.LetEquation)]
    for binding in declare_lets(lets, scope):
        resolve(binding, context)
    wheres = [statement for statement in definition.statements if isinstance(statement, syntax.Where)]
    met = [_is_met(where, named, scope, span, sets, context) for where in wheres]
    rows = row_set(definition.set, scope, sets, context)
    return rows if all(met) else None


def _is_met(where: syntax.Where, named: NamedSet, scope: Scope, span: Span, sets: Sets, context: Context) -> bool:
    """Whether a condition holds for the arguments, or is left to be checked for every row; reports where
    not.
    """
    found = truth(where.condition, scope, context)
    if found is None or context.generic:
        return found is not None
    cond, value = found
    text = named.source.text[where.condition.span.start : where.condition.span.stop]
    name = named.definition.name.name
    match value:
        case False:
            values = values_text([p.name.name for p in named.definition.parameters], where, cond, named.source, scope)
            context.report(errors.ConditionFails(span=span, name=name, condition=text, values=values))
        case None:
            sets.row_conditions.append(RowCondition(cond, name, text, span))
    return value is not False


def values_text(names: list[str], where: syntax.Where, cond: nodes.Condition, source: Source, scope: Scope) -> str:
    """The numbers that fail a condition, for a label: `w = 3, s = 4`, or `f(0) is 2`."""
    shown = []
    for name in names:
        match scope.lookup(name):
            case Value(nodes.Number(value)):
                shown.append(f"{name} = {value}")
    match where.condition, cond:
        case syntax.Comparison(first), nodes.Comparison(nodes.Number(value)) if not shown:
            shown.append(f"{source.text[first.span.start : first.span.stop]} is {value}")
    return ", ".join(shown) or "does not hold here"


def _report_unknown_set(name: syntax.Name, scope: Scope, sets: Sets, context: Context) -> None:
    span = scope.span(name)
    if scope.lookup(name.name) is not None:
        context.report(
            errors.WrongKind(
                span=span,
                expected="a set",
                found=f"`{name.name}`, which is not one",
                remedy="the values of a map are listed by `{ f(k) for k in … }`",
            )
        )
        return
    suggestion = closest(name.name, sets.named)
    if suggestion is None:
        context.report(errors.UnknownName(span=span, kind="set", name=name.name))
    else:
        context.report(errors.MisspelledName(span=span, kind="set", name=name.name, suggestion=suggestion))


def is_empty(tree: nodes.RowSet) -> bool:
    """Whether the set is empty in every row, as far as its form shows it."""
    match tree:
        case nodes.Listed(elements):
            return not elements
        case nodes.Comprehension(_, generators, cond):
            return (cond is not None and closed_truth(cond) is False) or any(map(_never_runs, generators))
        case nodes.Union(left, right):
            return is_empty(left) and is_empty(right)
        case nodes.Difference(left, _):
            return is_empty(left)
        case nodes.Intersection(left, right):
            return is_empty(left) or is_empty(right)
        case _:
            assert_never(tree)


def _never_runs(generator: nodes.Generator) -> bool:
    match generator:
        case nodes.Generator(_, nodes.Number(start), nodes.Number(stop)):
            return stop <= start
        case _:
            return False


# -- definitions by themselves ---------------------------------------------------------------------


def check_definition(named: NamedSet, sets: Sets, context: Context) -> bool:
    """Whether the definition has no mistakes of its own, whatever its parameters are; reports them."""
    definition = named.definition
    before = len(context.report.diagnostics)
    scope = sets.file_scope.inner()
    for parameter in definition.parameters:
        if parameter.default is not None:
            argument_value(parameter.default, parameter, scope, context, constant=False, passed=[])
        scope.names[parameter.name.name] = unknown_value(parameter)
    scope.bind(definition.row.name, nodes.Row(), definition.row.span)
    _body(named, scope, definition.span, sets, context)
    return len(context.report.diagnostics) == before


def check_cycles(named: dict[str, NamedSet], context: Context) -> None:
    """Reports sets that are defined by themselves, and marks every set on a cycle as invalid."""
    done: set[str] = set()
    for name in named:
        for cycle, span in _cycles(name, named, [], done):
            context.report(errors.CyclicDefinition(span=span, name=cycle[0], cycle=" → ".join(cycle)))
            for member in cycle:
                named[member].valid = False


def _cycles(name: str, named: dict[str, NamedSet], path: list[str], done: set[str]) -> Iterator[tuple[list[str], Span]]:
    if name in done:
        return
    path.append(name)
    for used, span in named[name].uses:
        if used in path:
            yield [*path[path.index(used) :], used], span
        elif used in named:
            yield from _cycles(used, named, path, done)
    path.pop()
    done.add(name)
