"""What every row of a mixer must keep: it ends, its elements are integers that exist, and it is causal.

Each obligation is proved where a rule or z3 proves it. Rows are enumerated besides, within limits: the least
witness is an error, and what neither a proof nor a witness decides is a warning that says how far it was
checked.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import assert_never

import numpy as np

from glmc.diagnostics import Diagnostic, Sink
from glmc.pattern import arithmetic, errors, nodes
from glmc.pattern.arguments import MapArgument
from glmc.pattern.endings import endings, variable_box, worst
from glmc.pattern.evaluate import BITS_LIMIT, Environment, EvaluationError, Kind, evaluate, holds
from glmc.pattern.monotone import integer_valued, interval, is_integer, strictly_increasing
from glmc.pattern.places import Generators, Partial, Place, leaves_integers, partials, places
from glmc.pattern.printer import print_expr
from glmc.pattern.prove import Proof, prove
from glmc.pattern.reals import TooLarge
from glmc.pattern.rows import entries
from glmc.pattern.sets import LeafSpans, RowCondition, Sets
from glmc.pattern.walk import leaves, map_parts, subexpressions
from glmc.source import Span

FIRST_ROWS = 64  # enumerated even where everything is proved
LAST_ROW = 1 << 16
ENTRIES_LIMIT = 1 << 22  # of one side
TIME_LIMIT = 2.0  # seconds of enumeration for one side, and again of proofs
STEPS_LIMIT = 1 << 20  # of one variable within a row
LONG_ROW = 1023  # where the steps of a row are counted
MAP_VALUES = 4096
CONDITION_ROWS = 4096
CANDIDATE_LIMIT = 1 << 40

ZERO = arithmetic.ZERO

_OPERATIONS: dict[Kind, str] = {
    "zero divisor": "a division by zero",
    "negative divisor": "a division by a negative number",
    "root of a negative number": "the square root of a negative number",
    "logarithm of a number that is not positive": "the logarithm of a number that is not positive",
    "logarithm base that is not positive or is one": "a logarithm to a base that is not positive, or is 1",
    "lowbit of a number that is not positive": "lowbit of a number that is not positive",
    "bitlen of a negative number": "bitlen of a negative number",
    "not an integer": "a number that is not an integer, where only an integer has a meaning,",
    "negative map argument": "a map at a negative number",
    "power that is not real": "a power that is not a real number",
    "too large": "a number that is too large",
    "undecided": "a comparison that cannot be decided exactly",
    "endless": "a range without an end",
}


@dataclass(eq=False)
class Side:
    """One side of a group on its way through the checks."""

    name: nodes.Side
    rows: nodes.RowSet
    sets: Sets
    report: Sink
    proofs_until: float = field(default_factory=lambda: time.monotonic() + TIME_LIMIT)
    candidates: list[int] = field(default_factory=list)

    def spans(self, leaf: nodes.Listed | nodes.Comprehension) -> LeafSpans:
        known = self.sets.spans.get(id(leaf))
        return known[1] if known else LeafSpans((leaf.span,))

    def proves(self, conditions: tuple[nodes.Condition, ...], goal: nodes.Condition, generators: Generators) -> bool:
        """Whether z3 proves the goal in time; rows where it may fail are remembered."""
        if time.monotonic() > self.proofs_until:
            return False
        proof: Proof = prove(conditions, goal, generators)
        if proof.candidate is not None and proof.candidate < CANDIDATE_LIMIT:
            self.candidates.append(proof.candidate)
        return proof.proved


def check_side(side: Side) -> None:
    """Reports what is wrong with the rows of one side, or not known to be right."""
    try:
        _check_side(side)
    except TooLarge:
        side.report(errors.NumberTooLarge(span=side.rows.span, bits=BITS_LIMIT))


def _check_side(side: Side) -> None:
    if not (_ends(side) & _is_short(side) & _is_whole(side)):
        return
    found = list(places(side.rows, side.spans))
    open_integers = [place for place in found if place.index and not _proves_integer(place)]
    open_partials = [
        (place, partial) for place in found for partial in partials(place) if not _is_defined(place, partial, side)
    ]
    causal = _is_causal(side.rows, (), side)
    settled = causal and not open_integers and not open_partials
    checked_to = _enumerated(side, FIRST_ROWS if settled else LAST_ROW)
    if checked_to is None:
        return
    for place in open_integers:
        side.report(errors.IntegralityUnproved(span=place.span, what=place.index, checked_to=checked_to))
    for place, partial in open_partials:
        operation = _OPERATIONS[partial.kind]
        side.report(errors.DefinednessUnproved(span=place.span, operation=operation, checked_to=checked_to))
    if not causal:
        remedy = "`causal[i]`" if side.name == "A" else "`past[i]`"
        side.report(errors.CausalityUnproved(span=side.rows.span, side=side.name, checked_to=checked_to, remedy=remedy))


# -- ranges ----------------------------------------------------------------------------------------


def _ends(side: Side) -> bool:
    """Whether every unbounded range provably ends; reports those that do not."""
    fits = True
    for leaf in leaves(side.rows):
        if not isinstance(leaf, nodes.Comprehension):
            continue
        spans = side.spans(leaf)
        for level, generator in enumerate(leaf.generators):
            if generator.stop is None and not endings(leaf, level):
                span = spans.stops[level] if spans.stops else leaf.span
                name = spans.names[level] if spans.names else generator.variable.name
                start = print_expr(generator.start)
                side.report(errors.EndlessRange(span=span, variable=name, start=start))
                fits = False
    return fits


def _is_short(side: Side) -> bool:
    """Whether no bounded range of a row is far longer than rows are; reports those that are."""
    fits = True
    for leaf in leaves(side.rows):
        if not isinstance(leaf, nodes.Comprehension):
            continue
        for level, generator in enumerate(leaf.generators):
            if generator.stop is None or endings(leaf, level):
                continue
            box = {**variable_box(leaf.generators[:level]), nodes.Row(): (Fraction(0), Fraction(LONG_ROW))}
            length = arithmetic.total((generator.stop, arithmetic.negative(generator.start)))
            if interval(length, box)[0] > STEPS_LIMIT or _steps_at(length, LONG_ROW) > STEPS_LIMIT:
                spans = side.spans(leaf)
                span = spans.stops[level] if spans.stops else leaf.span
                above = _above_in_first_row(side, leaf)
                problem = None if above is None else _not_causal(side, 0, above)
                side.report(problem or errors.RangeTooLong(span=span, limit=STEPS_LIMIT))
                fits = False
    return fits


def _above_in_first_row(side: Side, leaf: nodes.Comprehension) -> int | None:
    """An element of row 0 that is above the limit, if the first values of the variables give one."""
    if side.rows is not leaf:
        return None
    for environment in _bindings(leaf, 0, 256):
        value = _value(leaf.element, environment)
        if isinstance(value, int) and value > (0 if side.name == "A" else -1):
            return value
    return None


def _steps_at(length: nodes.Expr, index: int) -> Fraction | int:
    if any(isinstance(part, nodes.Variable) for part in subexpressions(length)):
        return 0
    try:
        value = evaluate(length, Environment(index))
    except EvaluationError as error:
        return STEPS_LIMIT + 1 if error.kind == "too large" else 0
    return value if isinstance(value, int | Fraction) else 0


# -- integers --------------------------------------------------------------------------------------


def _is_whole(side: Side) -> bool:
    """Whether no index is written with an operation that leaves the integers; reports those that are."""
    fits = True
    for place in places(side.rows, side.spans):
        if place.index and not is_integer(place.expression, place.box) and leaves_integers(place.expression):
            evidence = _fraction_witness(place) or "not an integer by the way it is written"
            side.report(errors.NotInteger(span=place.span, what=place.index, evidence=evidence))
            fits = False
        for inner in subexpressions(place.expression):
            match inner:
                case nodes.MapValue(index_map, argument) if leaves_integers(argument):
                    what = f"the argument of the map `{index_map.name}`"
                    evidence = _fraction_witness(place, argument) or "not an integer by the way it is written"
                    side.report(errors.NotInteger(span=place.span, what=what, evidence=evidence))
                    fits = False
    return fits


def _fraction_witness(place: Place, expr: nodes.Expr | None = None) -> str | None:
    """Where in the first rows the value is no integer, if anywhere there."""
    probe = nodes.Comprehension(
        place.expression, place.generators, nodes.And(place.conditions) if place.conditions else None
    )
    for index in range(FIRST_ROWS):
        for environment in _bindings(probe, index, 256):
            try:
                value = evaluate(expr or place.expression, environment)
            except EvaluationError:
                continue
            if not isinstance(value, int):
                shown = str(value) if isinstance(value, Fraction) else "irrational"
                where = ", ".join(f"{name} = {number}" for name, number in environment.variables.items())
                return f"{shown} at i = {index}" + (f", {where}" if where else "")
    return None


def _proves_integer(place: Place) -> bool:
    return is_integer(place.expression, place.box)


# -- operations that are not always defined --------------------------------------------------------


def _is_defined(place: Place, partial: Partial, side: Side) -> bool:
    return side.proves(place.conditions, partial.requirement, place.generators)


# -- causality -------------------------------------------------------------------------------------


def _is_causal(rows: nodes.RowSet, removed: tuple[nodes.Expr, ...], side: Side) -> bool:
    """Whether a proof shows that no element but those ``removed`` is above the limit of the side."""
    match rows:
        case nodes.Listed(elements):
            return all(_is_below(element, (), _apart_from(removed, element), side) for element in elements)
        case nodes.Comprehension(element, generators, condition):
            given = () if condition is None else (condition,)
            return _is_below(element, generators, given + _apart_from(removed, element), side)
        case nodes.Union(left, right):
            return _is_causal(left, removed, side) and _is_causal(right, removed, side)
        case nodes.Difference(left, nodes.Listed(elements)):
            return _is_causal(left, removed + elements, side)
        case nodes.Difference(left, _):
            return _is_causal(left, removed, side)
        case nodes.Intersection(left, right):
            return _is_causal(left, removed, side) or _is_causal(right, removed, side)
        case _:
            assert_never(rows)


def _apart_from(removed: tuple[nodes.Expr, ...], element: nodes.Expr) -> tuple[nodes.Condition, ...]:
    return tuple(nodes.Comparison(element, "!=", other) for other in removed)


def _is_below(element: nodes.Expr, generators: Generators, conditions: tuple[nodes.Condition, ...], side: Side) -> bool:
    offset = 0 if side.name == "A" else -1
    limit = arithmetic.total((nodes.Row(), arithmetic.number(offset)))
    if interval(arithmetic.total((element, arithmetic.negative(limit))), variable_box(generators))[1] <= 0:
        return True
    highest = element
    for level in reversed(range(len(generators))):
        found = worst(highest, generators[level : level + 1], variable_box(generators))
        if found is None:
            break
        highest = found
    else:
        above = arithmetic.total((highest, arithmetic.negative(limit)))
        if interval(above, {})[1] <= 0:
            return True
    return side.proves(conditions, nodes.Comparison(element, "<=", limit), generators)


# -- enumeration -----------------------------------------------------------------------------------


def _enumerated(side: Side, stop: int) -> int | None:
    """How many rows were enumerated and found right, or None after a report of the least that is not."""
    begun = time.monotonic()
    first, height, spent, before = 0, 16, 0, 0.0
    while first < stop:
        last = min(first + height, stop)
        started = time.monotonic()
        problem = _block_problem(side, first, last)
        if isinstance(problem, Diagnostic):
            side.report(problem)
            return None
        spent += problem
        taken = time.monotonic() - started
        ratio = max(taken / before, 2.0) if before > 0.001 else 4.0
        before, first, height = taken, last, height * 2
        if spent * 3 > ENTRIES_LIMIT or time.monotonic() - begun + taken * ratio > TIME_LIMIT:
            break
    for candidate in sorted(side.candidates):
        if candidate >= first and time.monotonic() - begun < 2 * TIME_LIMIT:
            problem = _block_problem(side, candidate, candidate + 1)
            if isinstance(problem, Diagnostic):
                side.report(problem)
                return None
    return first


def _block_problem(side: Side, first: int, last: int) -> Diagnostic | int:
    """The mistake of the least wrong row among first … last - 1, or the number of entries if there is
    none.
    """
    offset = 0 if side.name == "A" else -1
    try:
        found = entries(side.rows, first, last)
        wrong = np.flatnonzero(found.column > found.row + offset)
        if len(wrong) == 0:
            return len(found)
        least = int(found.row[wrong].min())
        column = int(found.column[wrong][found.row[wrong] == least].min())
        return _not_causal(side, least, column)
    except EvaluationError as error:
        if last - first == 1:
            return _undefined(side, first, error)
    middle = (first + last) // 2
    problem = _block_problem(side, first, middle)
    return problem if isinstance(problem, Diagnostic) else _block_problem(side, middle, last)


def _not_causal(side: Side, index: int, column: int) -> Diagnostic:
    span, witness = side.rows.span, f"i = {index}"
    for leaf in leaves(side.rows):
        spans = side.spans(leaf)
        if isinstance(leaf, nodes.Listed):
            for place, element in enumerate(leaf.elements):
                if _value(element, Environment(index)) == column:
                    span = spans.elements[min(place, len(spans.elements) - 1)]
            continue
        for environment in _bindings(leaf, index, STEPS_LIMIT >> 6):
            if _value(leaf.element, environment) == column:
                names = spans.names or tuple(environment.variables)
                bound = zip(names, environment.variables.values(), strict=False)
                witness = ", ".join([f"i = {index}", *(f"{name} = {value}" for name, value in bound)])
                span = spans.elements[0]
                break
    limit = "i" if side.name == "A" else "i - 1"
    remedy = "leave out what is above, for example by `& causal[i]`"
    if side.name == "B":
        remedy = (
            "an output cannot read itself; start one further back, or leave it out by `& past[i]`"
            if column == index
            else "leave out what is above, for example by `& past[i]`"
        )
    return errors.NotCausal(span=span, side=side.name, witness=witness, element=column, limit=limit, remedy=remedy)


def _value(expr: nodes.Expr, environment: Environment) -> object:
    try:
        return evaluate(expr, environment)
    except EvaluationError:
        return None


def _bindings(leaf: nodes.Comprehension, index: int, steps: int) -> Iterator[Environment]:
    """The values of the variables at one row for which the condition holds, at most about ``steps`` of
    them.
    """
    budget = [steps]

    def run(level: int, variables: dict[str, int]) -> Iterator[Environment]:
        environment = Environment(index, variables)
        if level == len(leaf.generators):
            if leaf.condition is None or holds(leaf.condition, environment):
                yield environment
            return
        generator = leaf.generators[level]
        value = _value(generator.start, environment)
        stop = None if generator.stop is None else _value(generator.stop, environment)
        while isinstance(value, int) and budget[0] > 0 and (not isinstance(stop, int) or value < stop):
            budget[0] -= 1
            try:
                yield from run(level + 1, {**variables, generator.variable.name: value})
            except EvaluationError:
                return
            value += 1

    return run(0, {})


def _undefined(side: Side, index: int, error: EvaluationError) -> Diagnostic:
    span, names = _span_of(side, error.expression)
    bound = [(names.get(name, name), value) for name, value in error.variables]
    witness = ", ".join(f"{name} = {value}" for name, value in [("i", index), *bound])
    match error.kind:
        case "not an integer":
            value = "not an integer" if error.value is None else str(error.value)
            return errors.NotInteger(span=span, what="an index", evidence=f"{value} at {witness}")
        case "too large" if error.expression is not None:
            return errors.NumberTooLarge(span=span, bits=BITS_LIMIT)
        case "too large" | "endless":
            return errors.RangeTooLong(span=span, limit=STEPS_LIMIT)
        case _:
            return errors.Undefined(span=span, operation=_OPERATIONS[error.kind], witness=witness)


def _span_of(side: Side, expr: nodes.Expr | None) -> tuple[Span, dict[str, str]]:
    """The place that holds ``expr``, and its variables' names as written."""
    if expr is not None:
        for place in places(side.rows, side.spans):
            if any(inner == expr or _in_map(inner, expr) for inner in subexpressions(place.expression)):
                return place.span, _written_names(side)
    return side.rows.span, _written_names(side)


def _in_map(inner: nodes.Expr, expr: nodes.Expr) -> bool:
    return isinstance(inner, nodes.MapValue) and any(
        part == expr or _in_map(part, expr) for whole in map_parts(inner.map) for part in subexpressions(whole)
    )


def _written_names(side: Side) -> dict[str, str]:
    return {
        generator.variable.name: name
        for leaf in leaves(side.rows)
        if isinstance(leaf, nodes.Comprehension)
        for generator, name in zip(leaf.generators, side.spans(leaf).names, strict=False)
    }


# -- arguments -------------------------------------------------------------------------------------


def check_maps(passed: list[MapArgument], report: Sink) -> None:
    """Reports maps that were passed and are not strictly increasing, or not integer valued."""
    seen: set[nodes.IndexMap] = set()
    for argument in passed:
        if argument.map in seen:
            continue
        seen.add(argument.map)
        problem = _map_problem(argument)
        if problem is not None:
            report(problem)


def _map_problem(argument: MapArgument) -> Diagnostic | None:
    index_map, span = argument.map, argument.span
    name = index_map.name
    begun = time.monotonic()
    proved = integer_valued(index_map) and strictly_increasing(index_map)
    fractional = any(map(leaves_integers, map_parts(index_map)))
    before: int | None = None
    checked = -1
    for k in range(FIRST_ROWS if proved else MAP_VALUES):
        try:
            value = evaluate(nodes.MapValue(index_map, arithmetic.number(k)), Environment())
        except EvaluationError as error:
            if error.kind == "too large":
                break
            return errors.Undefined(span=span, operation=_OPERATIONS[error.kind], witness=f"k = {k}")
        if not isinstance(value, int):
            shown = str(value) if isinstance(value, Fraction) else "not an integer"
            return errors.NotInteger(span=span, what=f"a value of the map `{name}`", evidence=f"{name}({k}) is {shown}")
        if before is not None and value <= before:
            witness = f"{name}({k}) is {value}, and {name}({k - 1}) is {before}"
            return errors.NotIncreasing(span=span, name=name, witness=witness)
        before, checked = value, k
        if time.monotonic() - begun > TIME_LIMIT:
            break
    if fractional:
        evidence = "not an integer by the way it is written"
        return errors.NotInteger(span=span, what=f"a value of the map `{name}`", evidence=evidence)
    if proved or _map_rises(index_map):
        return None
    return errors.IncreaseUnproved(span=span, name=name, checked_to=checked)


def _map_rises(index_map: nodes.IndexMap) -> bool:
    """Whether z3 proves that a closed map of integers is strictly increasing."""
    if not isinstance(index_map, nodes.ClosedMap) or not integer_valued(index_map):
        return False
    variable = index_map.variable
    following = arithmetic.substitute(index_map.body, {variable: arithmetic.total((variable, arithmetic.ONE))})
    goal = nodes.Comparison(following, ">", index_map.body)
    return prove((), goal, (nodes.Generator(variable, ZERO, None),)).proved


def check_row_conditions(conditions: list[RowCondition], report: Sink) -> None:
    """Reports conditions of sets that some row's arguments do not meet."""
    for condition in conditions:
        for index in range(CONDITION_ROWS):
            try:
                fits = holds(condition.condition, Environment(index))
            except EvaluationError as error:
                report(errors.Undefined(span=condition.span, operation=_OPERATIONS[error.kind], witness=f"i = {index}"))
                break
            if not fits:
                report(
                    errors.ConditionFails(
                        span=condition.span,
                        name=condition.name,
                        condition=condition.text,
                        values=f"at i = {index}",
                    )
                )
                break
