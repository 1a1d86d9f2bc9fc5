"""Parameters and arguments of mixers and sets."""

from __future__ import annotations

from dataclasses import dataclass

from glmc.pattern import arithmetic, errors, nodes
from glmc.pattern.expressions import Context, counted, expression, mentions_row, report_unknown, resolve
from glmc.pattern.expressions import given as given_count
from glmc.pattern.scopes import MapName, Poison, Scope, Value, closest
from glmc.source import Span
from glmc.syntax import nodes as syntax

KINDS = ("int", "real", "map")


@dataclass(frozen=True)
class MapArgument:
    """A map that was passed, which must be strictly increasing."""

    map: nodes.IndexMap
    span: Span


def match_arguments(
    name: str,
    parameters: tuple[syntax.Parameter, ...],
    arguments: tuple[syntax.Expr | syntax.Keyword, ...],
    span: Span,
    scope: Scope,
    context: Context,
) -> dict[str, syntax.Expr] | None:
    """Which expression is given for which parameter, or None after a report."""
    names = [parameter.name.name for parameter in parameters]
    given: dict[str, syntax.Expr] = {}
    fits = True
    positional = 0
    for argument in arguments:
        at = scope.span(argument)
        if not isinstance(argument, syntax.Keyword):
            positional += 1
            if len(given) >= positional:
                context.report(errors.PositionalAfterKeyword(span=at))
                fits = False
            elif positional <= len(names):
                given[names[positional - 1]] = argument
        elif argument.name not in names:
            suggestion = closest(argument.name, names)
            remedy = f"did you mean `{suggestion}`?" if suggestion else _listed(names)
            context.report(errors.UnknownArgument(span=at, name=name, argument=argument.name, remedy=remedy))
            fits = False
        elif argument.name in given:
            context.report(errors.RepeatedArgument(span=at, name=name, argument=argument.name))
            fits = False
        else:
            given[argument.name] = argument.value
    if positional > len(names):
        most = len(names)
        expected = counted(most) if most < 2 else f"at most {most} arguments"
        context.report(errors.ArgumentCount(span=span, name=name, expected=expected, found=given_count(positional)))
        fits = False
    return given if fits else None


def _listed(names: list[str]) -> str:
    return f"it has {', '.join(f'`{name}`' for name in names)}" if names else "it has no parameters"


def argument_value(
    tree: syntax.Expr,
    parameter: syntax.Parameter,
    scope: Scope,
    context: Context,
    *,
    constant: bool,
    passed: list[MapArgument],
) -> Value | MapName | None:
    """The value of an argument or default, of the parameter's kind; None after a report."""
    if parameter.kind.name == "map":
        return _map_argument(tree, parameter, scope, context, passed)
    expr = expression(tree, scope, context)
    span = scope.span(tree)
    match expr:
        case None:
            return None
        case nodes.Number(value):
            if parameter.kind.name == "int" and value.denominator != 1:
                what = f"the parameter `{parameter.name.name}`"
                context.report(errors.NotWhole(span=span, what=what, value=str(value)))
                return None
        case _ if constant and not context.generic:
            context.report(errors.NotConstant(span=span, what=f"the parameter `{parameter.name.name}`"))
            return None
        case _ if parameter.kind.name == "int" and not context.generic and not arithmetic.integral(expr):
            what = f"the parameter `{parameter.name.name}`"
            context.report(errors.NotWhole(span=span, what=what, value="not one in every row"))
            return None
    return Value(expr)


def _map_argument(
    tree: syntax.Expr, parameter: syntax.Parameter, scope: Scope, context: Context, passed: list[MapArgument]
) -> MapName | None:
    span = scope.span(tree)
    found = resolve(scope.lookup(tree.name), context) if isinstance(tree, syntax.Name) else Value(arithmetic.ZERO)
    match found:
        case MapName(index_map):
            if mentions_row(index_map):
                context.report(errors.MapOfRow(span=span, name=index_map.name))
                return None
            passed.append(MapArgument(index_map, span))
            return found
        case None:
            assert isinstance(tree, syntax.Name)
            report_unknown(tree, "map", scope, context)
        case Poison():
            pass
        case _:
            context.report(
                errors.WrongKind(
                    span=span,
                    expected=f"the name of a map for `{parameter.name.name}`",
                    found="a number",
                    remedy="declare it first, for example `let f(k) = 2^k`, and pass `f`",
                )
            )
    return None


def unknown_value(parameter: syntax.Parameter) -> Value | MapName | Poison:
    """What stands for a parameter whose value is not known."""
    name = parameter.name.name
    match parameter.kind.name:
        case "int" | "real":
            return Value(nodes.Variable(name))
        case "map":
            return MapName(nodes.ClosedMap(name, nodes.Variable("k"), nodes.Variable(f"{name}(k)")))
        case _:
            return Poison()
