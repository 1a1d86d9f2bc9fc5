"""Claims: a quantity, a relation, and a bound over the length n."""

from __future__ import annotations

import re
from typing import Literal

from glmc.pattern import errors, nodes
from glmc.pattern.expressions import Context, expression
from glmc.pattern.scopes import Scope, Value, closest
from glmc.syntax import nodes as syntax

_QUANTITIES: dict[str, nodes.Quantity] = {
    "time": "time",
    "total": "total",
    "cache": "cache",
    "path": "path",
    "congestion": "congestion",
}
_Relation = Literal["O", "Omega", "Theta", "<=", "=="]
_BLANK = re.compile(r"(?:\s|#[^\n]*\n)+")


def claim(tree: syntax.ClaimOrder | syntax.ClaimBound, scope: Scope, context: Context) -> nodes.Claim | None:
    """The meaning of one claim of a mixer whose names are in ``scope``, or None after a report."""
    quantity = _QUANTITIES.get(tree.quantity.name)
    if quantity is None:
        suggestion = closest(tree.quantity.name, _QUANTITIES)
        context.report(
            errors.UnknownQuantity(
                span=tree.quantity.span,
                name=tree.quantity.name,
                suggestion=f"; did you mean `{suggestion}`?" if suggestion else "",
            )
        )
    inner = scope.inner()
    inner.claims = True
    inner.names["n"] = Value(nodes.Length())
    bound = expression(tree.bound, inner, context)
    text = context.report.source.text[tree.quantity.span.start : tree.span.stop]
    folded = _BLANK.sub(" ", text).strip()
    match tree:
        case syntax.ClaimBound(_, "<="):
            relation: _Relation = "<="
        case syntax.ClaimBound():
            relation = "=="
        case syntax.ClaimOrder(_, syntax.Name("O")):
            relation = "O"
        case syntax.ClaimOrder(_, syntax.Name("Omega")):
            relation = "Omega"
        case syntax.ClaimOrder(_, syntax.Name("Theta")):
            relation = "Theta"
        case syntax.ClaimOrder():
            context.report(errors.UnknownOrder(span=tree.order.span, name=tree.order.name))
            return None
    if quantity is None or bound is None:
        return None
    return nodes.Claim(quantity, relation, bound, folded, tree.span)
