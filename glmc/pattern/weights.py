"""Weights: one elementwise expression a side."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal, assert_never

from glmc.pattern import errors, nodes
from glmc.pattern.expressions import Context, counted, given, resolve
from glmc.pattern.scopes import MapName, Poison, Scope, Value, closest
from glmc.syntax import nodes as syntax

Over = Literal["A", "B", "AB"]

WORDS = ("gate", "slot_gate", "const", "softmax", "sigmoid", "dot", "sum")
_MINUS_ONE = nodes.Constant(Fraction(-1))
_VECTORS: dict[str, nodes.Vector] = {"q": "q", "k": "k"}
_UNIT_VECTORS: dict[str, nodes.Vector] = {"q": "unit(q)", "k": "unit(k)"}

NOTHING = nodes.Constant(Fraction(0))
DEFAULT_SCORE = nodes.Dot("q", "k")


def weight(
    tree: syntax.Expr | syntax.Keyword, over: Over, scope: Scope, context: Context, inside: str = ""
) -> nodes.Weight | None:
    """The meaning of ``tree`` for rows of ``over``, or None after a report; ``inside`` names an enclosing
    softmax.
    """

    def part(inner: syntax.Expr | syntax.Keyword) -> nodes.Weight | None:
        return weight(inner, over, scope, context, inside)

    match tree:
        case syntax.Number(value):
            return nodes.Constant(value)
        case syntax.Name():
            return _name(tree, scope, context)
        case syntax.Unary(operand):
            inner = part(operand)
            return inner and nodes.WeightProduct((_MINUS_ONE, inner))
        case syntax.Sum(first, rest):
            terms = [part(first)]
            for sign, term in rest:
                value_of = part(term)
                terms.append(value_of and nodes.WeightProduct((_MINUS_ONE, value_of)) if sign == "-" else value_of)
            known = tuple(term for term in terms if term is not None)
            return nodes.WeightSum(known) if len(known) == len(terms) else None
        case syntax.Product(first, rest):
            return _product(first, rest, over, scope, context, inside)
        case syntax.Call():
            return _call(tree, over, scope, context, inside)
        case syntax.RowSum(syntax.Name("sum"), row):
            if inside:
                context.report(errors.NotAScore(span=tree.span, what=f"sum({row})", function=inside))
                return None
            return nodes.RowSum("A" if row == "A" else "B")
        case syntax.RowSum(function, row):
            context.report(errors.NotAWeight(span=tree.span, found=f"`{function.name}({row})`"))
        case syntax.Power():
            context.report(errors.NotAWeight(span=tree.span, found="a power"))
        case syntax.Apart():
            context.report(errors.NotAWeight(span=tree.span, found="a row of words without operators"))
        case syntax.Keyword():
            context.report(errors.NotAWeight(span=tree.span, found=f"`{tree.name} = …`"))
        case _:
            assert_never(tree)
    return None


def _name(tree: syntax.Name, scope: Scope, context: Context) -> nodes.Weight | None:
    match tree.name:
        case "gate":
            return nodes.Gate()
        case "slot_gate":
            return nodes.SlotGate()
        case "const":
            return nodes.Learned()
        case "q" | "k":
            context.report(errors.BareVector(span=tree.span, name=tree.name))
            return None
    match resolve(scope.lookup(tree.name), context):
        case Value(nodes.Number(value)):
            return nodes.Constant(value)
        case Value() if context.generic:
            return NOTHING
        case Value():
            context.report(errors.NotConstant(span=tree.span, what="a number in weights"))
        case MapName():
            context.report(errors.NotAWeight(span=tree.span, found=f"the map `{tree.name}`"))
        case Poison():
            pass
        case _:
            suggestion = closest(tree.name, (*WORDS, *scope.visible()))
            if suggestion is None:
                context.report(errors.UnknownName(span=tree.span, kind="weight", name=tree.name))
            else:
                context.report(
                    errors.MisspelledName(span=tree.span, kind="weight", name=tree.name, suggestion=suggestion)
                )
    return None


def _product(
    first: syntax.Expr,
    rest: tuple[tuple[str, syntax.Expr], ...],
    over: Over,
    scope: Scope,
    context: Context,
    inside: str,
) -> nodes.Weight | None:
    result = weight(first, over, scope, context, inside)
    for operator, tree in rest:
        factor = weight(tree, over, scope, context, inside)
        match operator:
            case "*":
                result = result and factor and nodes.WeightProduct((result, factor))
            case "/":
                if factor == NOTHING and not context.generic:
                    context.report(errors.NotAWeight(span=tree.span, found="a division by zero"))
                    factor = None
                result = result and factor and nodes.WeightQuotient(result, factor)
            case _:
                context.report(errors.NotAWeight(span=first.span.to(tree.span), found=f"`{operator}`"))
                result = None
    return result


def _call(tree: syntax.Call, over: Over, scope: Scope, context: Context, inside: str) -> nodes.Weight | None:
    name = tree.function.name
    match name:
        case "softmax" | "sigmoid":
            if name == "softmax" and inside:
                context.report(errors.NotAScore(span=tree.span, what="softmax", function=inside))
                return None
            if not _has_arguments(tree, 1, context):
                return None
            enclosing = "softmax" if name == "softmax" else inside
            score = weight(tree.arguments[0], over, scope, context, enclosing)
            return score and (nodes.Softmax(score, over) if name == "softmax" else nodes.Sigmoid(score))
        case "dot":
            if not _has_arguments(tree, 2, context):
                return None
            left, right = (_vector(argument, context) for argument in tree.arguments)
            return None if left is None or right is None else nodes.Dot(left, right)
        case "unit":
            context.report(errors.BareVector(span=tree.span, name="unit(…)"))
        case "sum":
            context.report(errors.NotAWeight(span=tree.span, found="a sum of anything but a row (sum(A), sum(B))"))
        case _:
            suggestion = closest(name, WORDS)
            if suggestion is None:
                context.report(errors.NotAWeight(span=tree.function.span, found=f"`{name}(…)`"))
            else:
                context.report(
                    errors.MisspelledName(span=tree.function.span, kind="weight", name=name, suggestion=suggestion)
                )
    return None


def _has_arguments(tree: syntax.Call, count: int, context: Context) -> bool:
    found = len(tree.arguments)
    if found == count:
        return True
    context.report(
        errors.ArgumentCount(
            span=tree.span,
            name=tree.function.name,
            expected=counted(count),
            found=given(found),
        )
    )
    return False


def _vector(tree: syntax.Expr | syntax.Keyword, context: Context) -> nodes.Vector | None:
    match tree:
        case syntax.Name(name) if name in _VECTORS:
            return _VECTORS[name]
        case syntax.Call(syntax.Name("unit"), (syntax.Name(name),)) if name in _UNIT_VECTORS:
            return _UNIT_VECTORS[name]
    context.report(errors.DotOperand(span=tree.span))
    return None


# -- what a weight is made of ----------------------------------------------------------------------


def subweights(tree: nodes.Weight) -> Iterator[nodes.Weight]:
    """``tree`` and everything in it."""
    yield tree
    match tree:
        case nodes.Softmax(inner) | nodes.Sigmoid(inner):
            yield from subweights(inner)
        case nodes.WeightSum(parts) | nodes.WeightProduct(parts):
            for part in parts:
                yield from subweights(part)
        case nodes.WeightQuotient(a, b):
            yield from subweights(a)
            yield from subweights(b)
        case nodes.Constant() | nodes.Dot() | nodes.Gate() | nodes.SlotGate() | nodes.Learned() | nodes.RowSum():
            pass
        case _:
            assert_never(tree)


def slot_word(tree: nodes.Weight) -> str | None:
    """The word of a weight that needs numbered slots, if it has one."""
    for inner in subweights(tree):
        match inner:
            case nodes.SlotGate():
                return "slot_gate"
            case nodes.Learned():
                return "const"
    return None


def alone(tree: nodes.Weight, side: nodes.Side) -> nodes.Weight:
    """A joint weight where the other side's rows are all empty: its softmax runs over ``side`` alone."""
    match tree:
        case nodes.Softmax(score, _):
            return nodes.Softmax(alone(score, side), side)
        case nodes.Sigmoid(inner):
            return nodes.Sigmoid(alone(inner, side))
        case nodes.WeightSum(parts):
            return nodes.WeightSum(tuple(alone(part, side) for part in parts))
        case nodes.WeightProduct(parts):
            return nodes.WeightProduct(tuple(alone(part, side) for part in parts))
        case nodes.WeightQuotient(a, b):
            return nodes.WeightQuotient(alone(a, side), alone(b, side))
        case nodes.Constant() | nodes.Dot() | nodes.Gate() | nodes.SlotGate() | nodes.Learned() | nodes.RowSum():
            return tree
        case _:
            assert_never(tree)
