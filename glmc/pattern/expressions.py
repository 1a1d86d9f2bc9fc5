"""Index expressions, conditions, constants and maps: names resolved, constants folded, spans left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import assert_never

from glmc.diagnostics import Sink
from glmc.pattern import arithmetic, errors, nodes
from glmc.pattern.evaluate import BITS_LIMIT
from glmc.pattern.reals import TooLarge
from glmc.pattern.scopes import (
    FUNCTIONS,
    WEIGHT_FUNCTIONS,
    Binding,
    Declared,
    MapName,
    Poison,
    Recurrence,
    Scope,
    Value,
    closest,
)
from glmc.pattern.walk import map_parts, parts, subexpressions
from glmc.source import Span
from glmc.syntax import nodes as syntax

EXPRESSION_LIMIT = 2000
DEPTH_LIMIT = 100


class Abandoned(Exception):
    """The elaboration of one item passed a limit, which was reported."""


@dataclass(eq=False)
class Context:
    """State of the elaboration of one mixer (or of one set by itself, with unknown parameters:
    ``generic``).
    """

    report: Sink
    generic: bool
    used: set[str] = field(default_factory=set)
    resolving: list[Declared] = field(default_factory=list)
    _measures: dict[int, tuple[object, int, int]] = field(default_factory=dict)

    def fresh(self, name: str) -> nodes.Variable:
        """A variable that no other binding of the pattern has."""
        unique, count = name, 1
        while unique in self.used:
            count += 1
            unique = f"{name}_{count}"
        self.used.add(unique)
        return nodes.Variable(unique)

    def measured(self, expr: nodes.Expr, span: Span) -> nodes.Expr:
        """``expr``, whose written-out size and depth are within the limits. Raises ``Abandoned``."""
        size, depth = self._measure(expr)
        if size > EXPRESSION_LIMIT:
            self.report(errors.TooComplex(span=span, what="the written-out expression", limit=EXPRESSION_LIMIT))
            raise Abandoned
        if depth > DEPTH_LIMIT:
            self.report(errors.TooComplex(span=span, what="the nesting of definitions", limit=DEPTH_LIMIT))
            raise Abandoned
        return expr

    def _measure(self, form: nodes.Expr | nodes.IndexMap) -> tuple[int, int]:
        known = self._measures.get(id(form))
        if known is None:
            inner: Sequence[nodes.Expr | nodes.IndexMap]
            match form:
                case nodes.ClosedMap() | nodes.RecursiveMap():
                    inner = map_parts(form)
                case nodes.MapValue(index_map, argument):
                    inner = (index_map, argument)
                case _:
                    inner = parts(form)
            measures = [self._measure(part) for part in inner]
            size = 1 + sum(size for size, _ in measures)
            depth = 1 + max((depth for _, depth in measures), default=0)
            known = self._measures[id(form)] = (form, size, depth)
        return known[1], known[2]


# -- expressions -----------------------------------------------------------------------------------


def expression(tree: syntax.Expr | syntax.Keyword, scope: Scope, context: Context) -> nodes.Expr | None:
    """The meaning of ``tree``, or None after a report."""
    try:
        found = _expression(tree, scope, context)
    except TooLarge:
        context.report(errors.NumberTooLarge(span=scope.span(tree), bits=BITS_LIMIT))
        return None
    return found and context.measured(found, scope.span(tree))


def _expression(tree: syntax.Expr | syntax.Keyword, scope: Scope, context: Context) -> nodes.Expr | None:
    match tree:
        case syntax.Number(value):
            return arithmetic.number(value)
        case syntax.Name():
            return _name(tree, scope, context)
        case syntax.Unary(operand):
            inner = expression(operand, scope, context)
            return inner and arithmetic.negative(inner)
        case syntax.Sum(first, rest):
            return _sum(first, rest, scope, context)
        case syntax.Product(first, rest):
            return _product(first, rest, scope, context)
        case syntax.Power(base, exponent):
            left, right = expression(base, scope, context), expression(exponent, scope, context)
            return left and right and arithmetic.power(left, right)
        case syntax.Call():
            return _call(tree, scope, context)
        case syntax.RowSum(function, row):
            context.report(
                errors.WrongKind(
                    span=scope.span(tree),
                    expected="an index",
                    found=f"`{function.name}({row})`",
                    remedy="sums of rows stand in weights only",
                )
            )
            return None
        case syntax.Apart():
            return _apart(tree, scope, context)
        case syntax.Keyword():
            context.report(
                errors.WrongKind(
                    span=scope.span(tree),
                    expected="an argument without a name",
                    found=f"`{tree.name} = …`",
                    remedy="only mixers and sets have named parameters",
                )
            )
            return None
        case _:
            assert_never(tree)


def _name(tree: syntax.Name, scope: Scope, context: Context) -> nodes.Expr | None:
    match resolve(scope.lookup(tree.name), context):
        case Value(expr):
            return expr
        case MapName() | Recurrence():
            context.report(
                errors.WrongKind(
                    span=scope.span(tree),
                    expected="a number",
                    found=f"the map `{tree.name}`",
                    remedy=f"give it an argument, for example `{tree.name}(0)`",
                )
            )
        case None if tree.name in FUNCTIONS:
            context.report(
                errors.WrongKind(
                    span=scope.span(tree),
                    expected="a number",
                    found=f"the function `{tree.name}`",
                    remedy=f"give it an argument: `{tree.name}(…)`",
                )
            )
        case None:
            report_unknown(tree, "number", scope, context)
        case Poison():
            pass
    return None


def _sum(
    first: syntax.Expr, rest: tuple[tuple[str, syntax.Expr], ...], scope: Scope, context: Context
) -> nodes.Expr | None:
    terms = [expression(first, scope, context)]
    for sign, tree in rest:
        term = expression(tree, scope, context)
        terms.append(term and arithmetic.negative(term) if sign == "-" else term)
    known = [term for term in terms if term is not None]
    return arithmetic.total(known) if len(known) == len(terms) else None


def _product(
    first: syntax.Expr, rest: tuple[tuple[str, syntax.Expr], ...], scope: Scope, context: Context
) -> nodes.Expr | None:
    result = expression(first, scope, context)
    for operator, tree in rest:
        factor = expression(tree, scope, context)
        result = result and factor and _OPERATORS[operator](result, factor)
    return result


_OPERATORS: dict[str, Callable[[nodes.Expr, nodes.Expr], nodes.Expr]] = {
    "*": lambda a, b: arithmetic.product((a, b)),
    "/": arithmetic.quotient,
    "//": arithmetic.floor_divide,
    "%": arithmetic.remainder,
}


def _call(tree: syntax.Call, scope: Scope, context: Context) -> nodes.Expr | None:
    name = tree.function.name
    arguments = [expression(argument, scope, context) for argument in tree.arguments]
    known = tuple(argument for argument in arguments if argument is not None)
    if name in FUNCTIONS:
        return _builtin(tree, known, scope, context)
    match resolve(scope.lookup(name), context):
        case MapName(index_map) if _one_argument(tree, scope, context):
            return _map_call(index_map, known[0]) if known else None
        case Recurrence() as recurrence if _one_argument(tree, scope, context):
            return _earlier(recurrence, tree, known[0], scope, context) if known else None
        case Value():
            context.report(
                errors.WrongKind(
                    span=scope.span(tree.function),
                    expected="a map or a function",
                    found=f"the number `{name}`",
                    remedy="write `*` for a product",
                )
            )
        case None if name in WEIGHT_FUNCTIONS:
            context.report(
                errors.WrongKind(
                    span=scope.span(tree.function),
                    expected="a map or a function of numbers",
                    found=f"`{name}`",
                    remedy="it has a meaning in weights only",
                )
            )
        case None:
            report_unknown(tree.function, "map or function", scope, context, FUNCTIONS)
        case _:
            pass
    return None


def _builtin(tree: syntax.Call, known: tuple[nodes.Expr, ...], scope: Scope, context: Context) -> nodes.Expr | None:
    name = tree.function.name
    least, most = FUNCTIONS[name]
    if scope.claims and name == "log":
        least = 1
    count = len(tree.arguments)
    if count < least or (most is not None and count > most):
        expected = counted(least) if least == most else f"{least} or {most or 'more'} arguments"
        context.report(errors.ArgumentCount(span=scope.span(tree), name=name, expected=expected, found=given(count)))
        return None
    return arithmetic.call(_FUNCTION_NAMES[name], known) if len(known) == count else None


_FUNCTION_NAMES: dict[str, nodes.Function] = {
    "floor": "floor",
    "ceil": "ceil",
    "sqrt": "sqrt",
    "log2": "log2",
    "log": "log",
    "min": "min",
    "max": "max",
    "abs": "abs",
    "gcd": "gcd",
    "lowbit": "lowbit",
    "bitlen": "bitlen",
}


def _one_argument(tree: syntax.Call, scope: Scope, context: Context) -> bool:
    if len(tree.arguments) == 1:
        return True
    context.report(
        errors.ArgumentCount(
            span=scope.span(tree),
            name=tree.function.name,
            expected="1 argument",
            found=given(len(tree.arguments)),
        )
    )
    return False


def counted(count: int) -> str:
    return "1 argument" if count == 1 else f"{count or 'no'} arguments"


def given(count: int) -> str:
    return "1 is" if count == 1 else f"{count} are" if count else "none is"


def _map_call(index_map: nodes.IndexMap, argument: nodes.Expr) -> nodes.Expr:
    """A map of the row index (a let inside a set) is written out: the maps of a pattern are the same in every
    row.
    """
    if isinstance(index_map, nodes.ClosedMap) and mentions_row(index_map):
        return arithmetic.substitute(index_map.body, {index_map.variable: argument})
    return arithmetic.map_value(index_map, argument)


def mentions_row(index_map: nodes.IndexMap) -> bool:
    return any(isinstance(inner, nodes.Row) for part in map_parts(index_map) for inner in subexpressions(part))


def _earlier(
    recurrence: Recurrence, tree: syntax.Call, argument: nodes.Expr, scope: Scope, context: Context
) -> nodes.Expr | None:
    if recurrence.variable is not None:
        match arithmetic.total((argument, arithmetic.negative(recurrence.variable))):
            case nodes.Number(offset) if offset.denominator == 1 and 0 <= offset < recurrence.order:
                return nodes.Earlier(int(offset))
    name, order = recurrence.name, recurrence.order
    variable = recurrence.variable.name if recurrence.variable else ""
    places = [f"{name}({variable})"] + [f"{name}({variable} + {offset})" for offset in range(1, order)]
    usable = places[0] if order == 1 else f"{places[0]} … {places[-1]}"
    allowed = f"only {usable} may stand here" if order else f"no value of {name} may stand here"
    context.report(
        errors.EarlierOutOfReach(
            span=scope.span(tree),
            name=name,
            defined=recurrence.defined,
            allowed=allowed,
            remedy=f"define {name}(0) and {name}(k + 1) in terms of {name}(k)" if order == 0 else "",
        )
    )
    return None


# -- words side by side: `log n`, `n log n` --------------------------------------------------------

_PREFIXES = ("log", "log2", "sqrt")


def _apart(tree: syntax.Apart, scope: Scope, context: Context) -> nodes.Expr | None:
    words = tree.words
    for left, right in pairwise(words):
        is_prefix = isinstance(left, syntax.Name) and left.name in _PREFIXES
        starts_factor = _head(right) in _PREFIXES
        if not scope.claims or not (is_prefix or starts_factor):
            _report_missing_operator(left, right, scope, context)
            return None
        if is_prefix and isinstance(right, syntax.Power):
            _report_ambiguous(left, right, context)
            return None
    factors: list[nodes.Expr] = []
    pending: list[nodes.Function] = []
    for word in words:
        if isinstance(word, syntax.Name) and word.name in _PREFIXES and word is not words[-1]:
            pending.append(_FUNCTION_NAMES[word.name])
            continue
        value = expression(word, scope, context)
        if value is None:
            return None
        while pending:
            value = arithmetic.call(pending.pop(), (value,))
        factors.append(value)
    return arithmetic.product(factors)


def _head(word: syntax.Expr) -> str:
    match word:
        case syntax.Name(name) | syntax.Call(syntax.Name(name)):
            return name
        case syntax.Power(base):
            return _head(base)
        case _:
            return ""


def _report_missing_operator(left: syntax.Expr, right: syntax.Expr, scope: Scope, context: Context) -> None:
    a, b = (context.report.source.text[word.span.start : word.span.stop] for word in (left, right))
    remedy = f"write `{a}({b})`" if isinstance(left, syntax.Name) and left.name in FUNCTIONS else f"write `{a} * {b}`"
    span = scope.at or left.span.to(right.span)
    context.report(errors.MissingOperator(span=span, left=a, right=b, remedy=remedy))


def _report_ambiguous(prefix: syntax.Expr, power: syntax.Power, context: Context) -> None:
    text = context.report.source.text
    span = prefix.span.to(power.span)
    function, argument, exponent, written = (
        text[part.start : part.stop] for part in (prefix.span, power.base.span, power.exponent.span, span)
    )
    context.report(
        errors.AmbiguousPower(span=span, written=written, function=function, argument=argument, exponent=exponent)
    )


# -- conditions ------------------------------------------------------------------------------------

_RELATIONS: dict[str, nodes.Relation] = {"<": "<", "<=": "<=", "==": "==", "!=": "!=", ">=": ">=", ">": ">"}


def condition(tree: syntax.Condition, scope: Scope, context: Context) -> nodes.Condition | None:
    """The meaning of ``tree`` with chains written out, or None after a report."""
    match tree:
        case syntax.Comparison(first, rest):
            return _comparison(first, rest, scope, context)
        case syntax.And(parts):
            known = _conditions(parts, scope, context)
            return None if known is None else nodes.And(known)
        case syntax.Or(parts):
            known = _conditions(parts, scope, context)
            return None if known is None else nodes.Or(known)
        case syntax.Not(part):
            inner = condition(part, scope, context)
            return inner and nodes.Not(inner)
        case _:
            assert_never(tree)


def _conditions(
    trees: tuple[syntax.Condition, ...], scope: Scope, context: Context
) -> tuple[nodes.Condition, ...] | None:
    found = [condition(tree, scope, context) for tree in trees]
    known = tuple(part for part in found if part is not None)
    return known if len(known) == len(found) else None


def _comparison(
    first: syntax.Expr, rest: tuple[tuple[str, syntax.Expr], ...], scope: Scope, context: Context
) -> nodes.Condition | None:
    left = expression(first, scope, context)
    links: list[nodes.Condition] = []
    complete = left is not None
    for relation, tree in rest:
        right = expression(tree, scope, context)
        if left is not None and right is not None:
            links.append(nodes.Comparison(left, _RELATIONS[relation], right))
        complete = complete and right is not None
        left = right
    if not complete:
        return None
    return links[0] if len(links) == 1 else nodes.And(tuple(links))


# -- constants -------------------------------------------------------------------------------------


def constant(tree: syntax.Expr, what: str, scope: Scope, context: Context) -> Fraction | None:
    """The exact rational value of ``tree``, or None after a report (or where a parameter is unknown)."""
    expr = expression(tree, scope, context)
    match expr:
        case nodes.Number(value):
            return value
        case None:
            return None
        case _:
            if not context.generic:
                context.report(errors.NotConstant(span=scope.span(tree), what=what))
            return None


def integer(tree: syntax.Expr, what: str, scope: Scope, context: Context) -> int | None:
    """As ``constant``, for an integer."""
    value = constant(tree, what, scope, context)
    if value is None:
        return None
    if value.denominator != 1:
        context.report(errors.NotWhole(span=scope.span(tree), what=what, value=str(value)))
        return None
    return int(value)


# -- lets ------------------------------------------------------------------------------------------


def resolve(binding: Binding | None, context: Context) -> Value | MapName | Poison | Recurrence | None:
    """What a name stands for, lets elaborated on their first use."""
    if not isinstance(binding, Declared):
        return binding
    if binding in context.resolving:
        _report_cycle(binding, context)
        return Poison()
    if binding.result is None:
        if len(context.resolving) >= DEPTH_LIMIT:
            span = binding.scope.span(binding.equations[0].name)
            context.report(errors.TooComplex(span=span, what="the nesting of definitions", limit=DEPTH_LIMIT))
            raise Abandoned
        context.resolving.append(binding)
        binding.result = Poison()
        try:
            binding.result = _declared(binding, context)
        finally:
            context.resolving.pop()
    return binding.result


def _report_cycle(binding: Declared, context: Context) -> None:
    names = [declared.name for declared in context.resolving[context.resolving.index(binding) :]] + [binding.name]
    span = binding.scope.span(binding.equations[0].name)
    context.report(errors.CyclicDefinition(span=span, name=binding.name, cycle=" → ".join(names)))


def _declared(binding: Declared, context: Context) -> Value | MapName | Poison:
    first = binding.equations[0]
    if isinstance(first, syntax.LetConstant):
        value = expression(first.value, binding.scope, context)
        return Poison() if value is None else Value(value)
    equations = tuple(e for e in binding.equations if isinstance(e, syntax.LetEquation))
    index_map = _map(binding.name, equations, binding.scope, context)
    return Poison() if index_map is None else MapName(index_map)


def _map(name: str, equations: tuple[syntax.LetEquation, ...], scope: Scope, context: Context) -> nodes.IndexMap | None:
    steps = [equation for equation in equations if equation.variable is not None]
    if not _equations_fit(name, equations, steps, scope, context):
        return None
    step = steps[0]
    assert step.variable is not None
    variable = nodes.Variable(step.variable.name)
    written = step.variable.name + (f" + {step.shift}" if step.shift else "")
    first = [
        _map_side(equation, Recurrence(name, f"{name}({equation.shift})", None, 0), scope, context)
        for equation in sorted((e for e in equations if e.variable is None), key=lambda e: e.shift)
    ]
    inner = scope.inner()
    inner.names[step.variable.name] = Value(variable)
    body = _map_side(step, Recurrence(name, f"{name}({written})", variable, step.shift), inner, context)
    known = tuple(value for value in first if value is not None)
    if body is None or len(known) != len(first):
        return None
    if not known:
        return nodes.ClosedMap(name, variable, body)
    index_map = nodes.RecursiveMap(name, known, variable, body)
    if mentions_row(index_map):
        context.report(errors.MapOfRow(span=scope.span(step.name), name=name))
        return None
    return index_map


def _map_side(
    equation: syntax.LetEquation, recurrence: Recurrence, scope: Scope, context: Context
) -> nodes.Expr | None:
    inner = scope.inner()
    inner.names[recurrence.name] = recurrence
    return expression(equation.value, inner, context)


def _equations_fit(
    name: str,
    equations: tuple[syntax.LetEquation, ...],
    steps: list[syntax.LetEquation],
    scope: Scope,
    context: Context,
) -> bool:
    """Whether the equations give every f(k) exactly once; reports where not."""
    source = context.report.source
    fits = True
    given: dict[int, syntax.LetEquation] = {}
    for equation in equations:
        is_base = equation.variable is None
        other = given.setdefault(equation.shift, equation) if is_base else steps[0]
        reaches_base = bool(steps) and is_base and equation.shift >= steps[0].shift
        if other is equation and reaches_base:
            other = steps[0]
        if other is not equation:
            line, _ = source.position(other.span.start)
            value = f"{name}({equation.shift})" if equation.variable is None else f"{name} from {equation.shift} on"
            context.report(errors.MapOverlap(span=scope.span(equation), name=name, value=value, first_line=line))
            fits = False
    needed = steps[0].shift if steps else len(given)
    missing = next((f"{name}({k})" for k in range(needed) if k not in given), None)
    if missing is None and not steps:
        missing = f"{name}(k + {needed})"
    if missing is not None:
        context.report(errors.MapGap(span=scope.span(equations[0].name), name=name, missing=missing))
        fits = False
    return fits


def declare_lets(lets: Iterable[syntax.Let], scope: Scope) -> tuple[Declared, ...]:
    """Enters lets into ``scope``, the equations of one map together."""
    constants = [Declared(let.name.name, (let,), scope) for let in lets if isinstance(let, syntax.LetConstant)]
    equations: dict[str, list[syntax.LetEquation]] = {}
    for let in lets:
        if isinstance(let, syntax.LetEquation):
            equations.setdefault(let.name.name, []).append(let)
    maps = [Declared(name, tuple(group), scope) for name, group in equations.items()]
    scope.names.update({declared.name: declared for declared in (*constants, *maps)})
    return (*constants, *maps)


def truth(tree: syntax.Condition, scope: Scope, context: Context) -> tuple[nodes.Condition, bool | None] | None:
    """A condition with its value, which is None if it has names; None after a report."""
    cond = condition(tree, scope, context)
    try:
        return None if cond is None else (cond, arithmetic.closed_truth(cond))
    except TooLarge:
        context.report(errors.NumberTooLarge(span=scope.span(tree), bits=BITS_LIMIT))
        return None


# -- unknown names ---------------------------------------------------------------------------------


def report_unknown(name: syntax.Name, kind: str, scope: Scope, context: Context, more: Iterable[str] = ()) -> None:
    span = scope.span(name)
    suggestion = closest(name.name, (*scope.visible(), *more))
    if name.name == "n" and kind == "number":
        context.report(errors.LengthOutsideClaims(span=span, kind=kind, name="n"))
    elif suggestion is not None:
        context.report(errors.MisspelledName(span=span, kind=kind, name=name.name, suggestion=suggestion))
    else:
        context.report(errors.UnknownName(span=span, kind=kind, name=name.name))
