"""An independent reading of LANGUAGE.md and THEORY.md, one element at a time, for small lengths.

It shares no code with ``glmc.pattern`` and the levels below: only the parser's tree is common. Integers and
rationals are Python's, irrational values are 120 digits of mpmath, the standard library is written out in
Python, an unbounded ``for`` simply runs much further than any row can reach, and coefficients are nested
loops over rows.

    mixers = oracle.read(text, settings={"base": 3})   # every mixer of a file by its name
    mixer = mixers["power_of_two"]
    mixer.groups[0].a(5)                               # {column: slot} of row 5; slots are None if not
    numbered mixer.time(64), mixer.total(64), mixer.cache(64, horizon=200), mixer.path(64) mixer.solve(inputs)
    # y [B, T, H, D] as nested numpy float64
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from typing import Any

import mpmath
import numpy as np

from glmc.diagnostics import Sink
from glmc.source import Source
from glmc.syntax import nodes as syntax
from glmc.syntax.parser import parse

DIGITS = 120
INFINITE = math.inf  # stands for an integer of more than POWER_BITS bits, which is only compared with small ones
POWER_BITS = 20_000
CAPACITY_ROWS = (70, 300)  # where a left operand's number of slots is compared to see whether it grows

Value = Any  # int, Fraction, mpmath.mpf or INFINITE
Found = list[tuple[int, "int | None"]]  # elements of a row in the order of their slots, repeated ones too


# -- expressions ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scope:
    """Names of index expressions: numbers, maps as functions, and named sets."""

    values: Mapping[str, Value] = field(default_factory=dict)
    maps: Mapping[str, Callable[[int], Value]] = field(default_factory=dict)
    sets: Mapping[str, syntax.SetDefinition] = field(default_factory=dict)

    def binding(self, name: str, value: Value) -> Scope:
        return replace(self, values={**self.values, name: value})


def value_of(tree: syntax.Expr, scope: Scope) -> Value:
    """The exact value (or 120 digits of it)."""
    match tree:
        case syntax.Number(value):
            return _whole(value)
        case syntax.Name(name):
            return scope.values[name]
        case syntax.Unary(operand):
            return -value_of(operand, scope)
        case syntax.Sum(first, rest):
            total = value_of(first, scope)
            for sign, term in rest:
                other = value_of(term, scope)
                total = _mixed(lambda x, y: x + y, total, other if sign == "+" else -other)
            return total
        case syntax.Product(first, rest):
            product = value_of(first, scope)
            for operator, factor in rest:
                product = _multiplicative(product, operator, value_of(factor, scope))
            return product
        case syntax.Power(base, exponent):
            return _power(value_of(base, scope), value_of(exponent, scope))
        case syntax.Call(syntax.Name(name), arguments):
            if name in scope.maps:
                (argument,) = arguments
                return scope.maps[name](value_of(argument, scope))
            return _function(name, [value_of(argument, scope) for argument in arguments])
        case _:
            raise NotImplementedError(tree)


def _whole(x: Value) -> Value:
    return x.numerator if isinstance(x, Fraction) and x.denominator == 1 else x


def _real(x: Value) -> Value:
    if isinstance(x, int | Fraction):
        return mpmath.mpf(x.numerator) / x.denominator
    return x


def _mixed(operation: Callable[[Value, Value], Value], x: Value, y: Value) -> Value:
    if INFINITE in (x, y) or -INFINITE in (x, y):
        return operation(float(x), float(y))
    if isinstance(x, mpmath.mpf) or isinstance(y, mpmath.mpf):
        with mpmath.workdps(DIGITS):
            return operation(_real(x), _real(y))
    return _whole(operation(x, y))


def _multiplicative(x: Value, operator: str, y: Value) -> Value:
    match operator:
        case "*":
            return _mixed(lambda a, b: a * b, x, y)
        case "/":
            return _mixed(lambda a, b: a / b if isinstance(a, mpmath.mpf) else Fraction(a) / b, x, y)
        case "//":
            assert y > 0
            return _floor(_multiplicative(x, "/", y))
        case "%":
            return _mixed(lambda a, b: a - b, x, _mixed(lambda a, b: a * b, y, _multiplicative(x, "//", y)))
    raise AssertionError(operator)


def _power(x: Value, y: Value) -> Value:
    if y == INFINITE or (isinstance(y, int) and isinstance(x, int) and abs(x) > 1 and y * x.bit_length() > POWER_BITS):
        return INFINITE
    if isinstance(x, int | Fraction) and isinstance(y, int):
        return _whole(Fraction(x) ** y)
    with mpmath.workdps(DIGITS):
        return _real(x) ** _real(y)


def _floor(x: Value) -> Value:
    if x in (INFINITE, -INFINITE):
        return x
    if isinstance(x, int | Fraction):
        return math.floor(x)
    with mpmath.workdps(DIGITS):
        nearest = int(mpmath.nint(x))
        return nearest if abs(x - nearest) < mpmath.mpf(10) ** -80 else int(mpmath.floor(x))


def _function(name: str, values: list[Value]) -> Value:
    x = values[0]
    with mpmath.workdps(DIGITS):
        match name:
            case "floor":
                return _floor(x)
            case "ceil":
                return -_floor(-x)
            case "sqrt":
                return mpmath.sqrt(_real(x))
            case "log2":
                return mpmath.log(_real(x)) / mpmath.log(2)
            case "log":
                return mpmath.log(_real(x)) / mpmath.log(_real(values[1]))
            case "min":
                return min(values)
            case "max":
                return max(values)
            case "abs":
                return abs(x)
            case "gcd":
                return math.gcd(*values)
            case "lowbit":
                assert x > 0
                return next(2**e for e in range(x) if x % 2 ** (e + 1))
            case "bitlen":
                return len(f"{x:b}") if x else 0
    raise AssertionError(name)


def holds(tree: syntax.Condition, scope: Scope) -> bool:
    match tree:
        case syntax.Comparison(first, rest):
            left = value_of(first, scope)
            for relation, expression in rest:
                right = value_of(expression, scope)
                if not _related(left, relation, right):
                    return False
                left = right
            return True
        case syntax.And(parts):
            return all(holds(part, scope) for part in parts)
        case syntax.Or(parts):
            return any(holds(part, scope) for part in parts)
        case syntax.Not(part):
            return not holds(part, scope)
    raise AssertionError(tree)


def _related(x: Value, relation: str, y: Value) -> bool:
    if isinstance(x, mpmath.mpf) or isinstance(y, mpmath.mpf):
        with mpmath.workdps(DIGITS):
            difference = _real(x) - _real(y)
            x, y = (0 if abs(difference) < mpmath.mpf(10) ** -80 else difference), 0
    return {"<": x < y, "<=": x <= y, "==": x == y, "!=": x != y, ">=": x >= y, ">": x > y}[relation]


def _declared(lets: list[syntax.Let], scope: Scope) -> Scope:
    """``scope`` with constants and maps added; lets may stand in any order."""
    values, maps = dict(scope.values), dict(scope.maps)
    inner = Scope(values, maps, scope.sets)
    equations: dict[str, list[syntax.LetEquation]] = {}
    constants = [let for let in lets if isinstance(let, syntax.LetConstant)]
    for let in lets:
        if isinstance(let, syntax.LetEquation):
            equations.setdefault(let.name.name, []).append(let)
    for name, group in equations.items():
        maps[name] = _map(group, inner)
    while constants:
        waiting = []
        for let in constants:
            try:
                values[let.name.name] = value_of(let.value, inner)
            except KeyError:  # a later constant is used
                waiting.append(let)
        assert len(waiting) < len(constants), "constants are defined by each other"
        constants = waiting
    return inner


def _map(equations: list[syntax.LetEquation], scope: Scope) -> Callable[[int], Value]:
    @cache
    def value(k: int) -> Value:
        for equation in equations:
            if equation.variable is None and equation.shift == k:
                return value_of(equation.value, scope)
        for equation in equations:
            if equation.variable is not None and k >= equation.shift:
                return value_of(equation.value, scope.binding(equation.variable.name, k - equation.shift))
        raise KeyError(k)

    def ascending(k: int) -> Value:
        for earlier in range(k):  # so that recursion stays shallow
            value(earlier)
        return value(k)

    return ascending


# -- row sets ------------------------------------------------------------------------------------------------

Row = Callable[[int], Found]  # i → elements with slots


def _row(tree: syntax.Set, scope: Scope, i: int) -> Found:
    """The elements of one row (negative ones left out), each with its slot, or None where slots have no
    meaning.
    """
    match tree:
        case syntax.Listed(elements):
            return _kept((value_of(element, scope), place) for place, element in enumerate(elements))
        case syntax.Comprehension(element, generators, condition):
            found: list[tuple[Value, int | None]] = []
            _comprehend(element, generators, condition, scope, i, 0, found)
            return _kept(found)
        case syntax.Applied(syntax.Name(name), arguments, row):
            return _applied(name, arguments, scope, value_of(row, scope))
        case syntax.SetChain(first, rest):
            left = _row(first, scope, i)
            capacity = _capacity(first, scope)
            for operator, part in rest:
                right = _row(part, scope, i)
                if operator == "-":
                    left = [pair for pair in left if pair[0] not in dict(right)]
                    continue
                left = left + [(x, None if slot is None or capacity is None else slot + capacity) for x, slot in right]
                more = _capacity(part, scope)
                capacity = None if capacity is None or more is None else capacity + more
            return left
        case syntax.Intersection((first, *rest)):
            left = _row(first, scope, i)
            for part in rest:
                right = dict(_row(part, scope, i))
                left = [pair for pair in left if pair[0] in right]
            return left
    raise NotImplementedError(tree)


def _kept(pairs: Any) -> Found:
    return [(element, slot) for element, slot in pairs if element >= 0]


def _comprehend(
    element: syntax.Expr,
    generators: tuple[syntax.Generator, ...],
    condition: syntax.Condition | None,
    scope: Scope,
    i: int,
    slot: int | None,
    found: list[tuple[Value, int | None]],
) -> None:
    if not generators:
        if condition is None or holds(condition, scope):
            found.append((value_of(element, scope), slot))
        return
    generator, *rest = generators
    start = value_of(generator.start, scope)
    stop = start + 3 * (i + 4) if generator.stop is None else value_of(generator.stop, scope)
    for number in range(start, int(min(stop, start + 10_000))):
        numbered = number - start if len(generators) == 1 and slot is not None else None
        inner = scope.binding(generator.variable.name, number)
        _comprehend(element, tuple(rest), condition, inner, i, numbered if not rest else None, found)


def _capacity(tree: syntax.Set, scope: Scope) -> int | None:
    """Slots that an operand takes at any row; None if they grow."""
    match tree:
        case syntax.Listed(elements):
            return len(elements)
        case syntax.Comprehension(_, generators, condition):
            if not generators:
                return 1
            if len(generators) > 1:
                return None
            (generator,) = generators
            if generator.stop is None:
                return None if condition is None else _reached_capacity(tree, scope)
            longest = []
            for rows in CAPACITY_ROWS:
                inner = [scope.binding(_row_name(scope), row) for row in range(rows)]
                longest.append(max(value_of(generator.stop, s) - value_of(generator.start, s) for s in inner))
            return max(longest[0], 0) if longest[0] == longest[1] else None
        case syntax.Applied(syntax.Name(name), arguments, _):
            if name in scope.sets:
                definition = scope.sets[name]
                return _capacity(definition.set, _set_scope(definition, arguments, scope, 0))
            bound = {"window": "w", "block": "w"}.get(name)
            return _arguments((bound,), arguments, scope)[bound] if bound else None
        case syntax.SetChain(first, rest):
            total = _capacity(first, scope)
            for operator, part in rest:
                more = _capacity(part, scope) if operator == "|" else 0
                total = None if total is None or more is None else total + more
            return total
        case syntax.Intersection((first, *_)):
            return _capacity(first, scope)
    raise NotImplementedError(tree)


def _reached_capacity(tree: syntax.Comprehension, scope: Scope) -> int | None:
    """Slots that the last rows below two lengths reach; None if they differ, since then they grow."""
    most = []
    for rows in CAPACITY_ROWS:
        found = [_row(tree, scope.binding(_row_name(scope), i), i) for i in range(rows - 12, rows)]
        most.append(max((slot + 1 for row in found for _, slot in row if slot is not None), default=0))
    return most[0] if most[0] == most[1] else None


def _row_name(scope: Scope) -> str:
    return str(scope.values["the row's name"])


def _arguments(names: tuple[str, ...], arguments: tuple[Any, ...], scope: Scope) -> dict[str, Value]:
    given: dict[str, Value] = {}
    for place, argument in enumerate(arguments):
        keyword = isinstance(argument, syntax.Keyword)
        name, tree = (argument.name, argument.value) if keyword else (names[place], argument)
        name = name.name if isinstance(name, syntax.Name) else name
        is_map = isinstance(tree, syntax.Name) and tree.name in scope.maps
        given[name] = scope.maps[tree.name] if is_map else value_of(tree, scope)
    return given


def _set_scope(definition: syntax.SetDefinition, arguments: tuple[Any, ...], scope: Scope, i: int) -> Scope:
    names = tuple(parameter.name.name for parameter in definition.parameters)
    given = _arguments(names, arguments, scope)
    for parameter in definition.parameters:
        if parameter.name.name not in given:
            given[parameter.name.name] = value_of(parameter.default, scope)
    file = scope.values["the file's scope"]
    values = {**file.values, **{n: v for n, v in given.items() if not callable(v)}}
    maps = {**file.maps, **{n: v for n, v in given.items() if callable(v)}}
    values |= {definition.row.name: i, "the row's name": definition.row.name, "the file's scope": file}
    lets = [s for s in definition.statements if not isinstance(s, syntax.Where)]
    return _declared(lets, Scope(values, maps, scope.sets))


def _applied(name: str, arguments: tuple[Any, ...], scope: Scope, i: int) -> Found:
    if name in scope.sets:
        definition = scope.sets[name]
        return _row(definition.set, _set_scope(definition, arguments, scope, i), i)
    given = _arguments(({"window": "w", "block": "w", "stride": "s"}.get(name, "f"),), arguments, scope)
    match name:
        case "past":
            return [(j, j) for j in range(i)]
        case "causal":
            return [(j, j) for j in range(i + 1)]
        case "window":
            return _kept((i - k, k) for k in range(given["w"]))
        case "stride":
            return _kept((i - given["s"] * k, k) for k in range(i + 1))
        case "block":
            start = i - i % given["w"]
            return [(j, j - start) for j in range(start, i + 1)]
        case "shifts":
            return _kept((i - given["f"](k), k) for k in range(i + 2))
        case "landmarks":
            return [(given["f"](k), k) for k in range(i + 2) if given["f"](k) < i]
        case "fenwick":
            return [(i - i % 2**k, k) for k in range(i.bit_length() + 1)]
        case "compact":
            return compact_row(given["f"], i)
    raise AssertionError(name)


def compact_row(f: Callable[[int], int], i: int) -> Found:
    """THEORY section 3: a_k·⌈(i + 1 − f(k))/a_k⌉ − 1 for f(k) <= i, at slot k."""
    found: Found = []
    a = 1
    for k in range(i + 2):
        if f(k) > i:
            break
        found.append((a * -((f(k) - i - 1) // a) - 1, k))
        a *= -((f(k) - f(k + 1)) // a)
    return found


# -- mixers --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Group:
    """Row sets and weights of some heads. ``a(i)`` and ``b(i)`` are {column: slot}; no slot is None."""

    name: str
    fraction: Fraction
    a: Callable[[int], dict[int, int | None]]
    b: Callable[[int], dict[int, int | None]]
    weights: tuple[syntax.Weights, ...]
    constants: Mapping[str, Value]
    state: int | None
    capacities: Mapping[str, int | None]

    def slots(self, side: str, length: int) -> int:
        """Slots of a side: its capacity if it is bounded, else those that rows below ``length`` reach."""
        capacity = self.capacities[side]
        if capacity is not None:
            return capacity
        row = self.a if side == "A" else self.b
        return max((slot + 1 for i in range(length) for slot in row(i).values() if slot is not None), default=0)

    def offset(self, side: str) -> int:
        """The first logit of a side: A before B, a bounded side before a growing one."""
        other = "B" if side == "A" else "A"
        before = self.capacities[other]
        own = self.capacities[side]
        comes_first = side == "A" if (own is None) == (before is None) else own is not None
        return 0 if comes_first or before is None else before


@dataclass(frozen=True)
class Mixer:
    name: str
    groups: tuple[Group, ...]

    def time(self, length: int) -> int:
        """max over i < length of Σ over groups of |A[i]| + |B[i]|."""
        return max(self._row_time(i) for i in range(length))

    def total(self, length: int) -> int:
        return sum(self._row_time(i) for i in range(length))

    def _row_time(self, i: int) -> int:
        return sum(len(group.a(i)) + len(group.b(i)) for group in self.groups)

    def cache(self, length: int, horizon: int) -> int:
        """max over t <= length of |live(t)|, where only readers below ``horizon`` are seen (a lower
        bound).
        """
        return max(sum(live(group, t, horizon) for group in self.groups) for t in range(length + 1))

    def path(self, length: int) -> int | None:
        """The longest shortest influence path, None if some pair has none."""
        distances = [self.distance(j, i) for i in range(length) for j in range(i + 1)]
        return None if None in distances else max(d for d in distances if d is not None)

    def unreachable(self, length: int) -> tuple[int, int] | None:
        """The pair (j, i) without a path of least i, then least j."""
        pairs = ((j, i) for i in range(length) for j in range(i + 1))
        return next((pair for pair in pairs if self.distance(*pair) is None), None)

    def distance(self, source: int, target: int) -> int | None:
        """The shortest influence path from x_source to y_target, inside one group."""
        found = [_distances(group, source, target).get(target) for group in self.groups]
        return min((d for d in found if d is not None), default=None)

    def solve(self, inputs: Mapping[str, Any]) -> np.ndarray:
        """y [B, T, H, D] in float64, entry by entry."""
        x = np.asarray(inputs["x"], float)
        y = np.zeros_like(x)
        first = 0
        for group in self.groups:
            count = group.fraction * x.shape[2]
            assert count.denominator == 1
            for head in range(first, first + int(count)):
                for batch in range(len(x)):
                    y[batch, :, head] = _solve_head(group, _HeadInputs(inputs, batch, head))
            first += int(count)
        return y


def live(group: Group, t: int, horizon: int) -> int:
    """How many distinct vectors from before t some token in t … horizon − 1 reads."""
    vectors = {("x", j) for i in range(t, horizon) for j in group.a(i) if j < t}
    vectors |= {("y", j) for i in range(t, horizon) for j in group.b(i) if j < t}
    return len(vectors)


def _distances(group: Group, source: int, last: int) -> dict[int, int]:
    """Edges that change position on the shortest way from x_source to each y up to ``last``."""
    best: dict[int, int] = {}
    queue: deque[tuple[int, int]] = deque()
    for cost in (0, 1):
        queue += [(i, cost) for i in range(source, last + 1) if source in group.a(i) and (i != source) == cost]
    while queue:
        position, cost = queue.popleft()
        if position in best and best[position] <= cost:
            continue
        best[position] = cost
        queue += [(i, cost + 1) for i in range(position + 1, last + 1) if position in group.b(i)]
        queue = deque(sorted(queue, key=lambda pair: pair[1]))
    return best


def read(text: str, settings: Mapping[str, Value] | None = None) -> dict[str, Mixer]:
    """The mixers of a file whose parameters all have values. The text must be free of mistakes."""
    source = Source("oracle.glm", text)
    report = Sink(source)
    module = parse(source, report)
    assert module is not None and not report.has_errors, report.diagnostics
    sets = {item.name.name: item for item in module.items if isinstance(item, syntax.SetDefinition)}
    lets = [item for item in module.items if isinstance(item, syntax.LetConstant | syntax.LetEquation)]
    file = _declared(lets, Scope(sets=sets))
    trees = {item.name.name: item for item in module.items if isinstance(item, syntax.Mixer)}
    found = {}
    for name, tree in trees.items():
        if all(p.default is not None or p.name.name in (settings or {}) for p in tree.parameters):
            found[name] = Mixer(name, _groups(tree, (), trees, file, settings or {}, Fraction(1)))
    return found


def _groups(
    tree: syntax.Mixer,
    arguments: tuple[Any, ...],
    trees: Mapping[str, syntax.Mixer],
    file: Scope,
    settings: Mapping[str, Value],
    fraction: Fraction,
    caller: Scope | None = None,
) -> tuple[Group, ...]:
    names = tuple(parameter.name.name for parameter in tree.parameters)
    given = _arguments(names, arguments, caller or file)
    for parameter in tree.parameters:
        key = parameter.name.name
        if caller is None and key in settings:
            given[key] = settings[key]
        elif key not in given:
            default = parameter.default
            is_map = isinstance(default, syntax.Name) and default.name in file.maps
            given[key] = file.maps[default.name] if is_map else value_of(default, file)
    values = {**file.values, **{n: v for n, v in given.items() if not callable(v)}, "the file's scope": file}
    maps = {**file.maps, **{n: v for n, v in given.items() if callable(v)}}
    lets = [s for s in tree.statements if isinstance(s, syntax.LetConstant | syntax.LetEquation)]
    scope = _declared(lets, Scope(values, maps, file.sets))
    shares = [s for s in tree.statements if isinstance(s, syntax.Heads)]
    if shares:
        return tuple(
            group
            for share in shares
            for group in _groups(
                trees[share.mixer.name],
                share.arguments,
                trees,
                file,
                settings,
                fraction * Fraction(value_of(share.fraction, scope)),
                scope,
            )
        )
    rows = {s.side: s for s in tree.statements if isinstance(s, syntax.Rows)}
    weights = tuple(s for s in tree.statements if isinstance(s, syntax.Weights))
    state = next((value_of(s.value, scope) for s in tree.statements if isinstance(s, syntax.State)), None)
    a, capacity_a = _side(rows.get("A"), scope, lambda i: [(i, 0)])
    b, capacity_b = _side(rows.get("B"), scope, lambda i: [])
    constants = {name: value for name, value in scope.values.items() if isinstance(value, int | Fraction)}
    return (Group(tree.name.name, fraction, a, b, weights, constants, state, {"A": capacity_a, "B": capacity_b}),)


def _side(
    rows: syntax.Rows | None, scope: Scope, missing: Row
) -> tuple[Callable[[int], dict[int, int | None]], int | None]:
    @cache
    def row(i: int) -> dict[int, int | None]:
        if rows is None:
            found = missing(i)
        else:
            inner = scope.binding(rows.row.name, i).binding("the row's name", rows.row.name)
            found = _row(rows.set, inner, i)
        slots: dict[int, int | None] = {}
        for element, slot in found:
            assert isinstance(element, int), "an element is no integer"
            if element not in slots:
                slots[element] = slot
            elif slot is not None and slots[element] is not None:
                slots[element] = min(slots[element], slot)
        return slots

    if rows is None:
        return row, len(missing(0))
    return row, _capacity(rows.set, scope.binding("the row's name", rows.row.name))


# -- coefficients --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _HeadInputs:
    inputs: Mapping[str, Any]
    batch: int
    head: int

    def of(self, name: str) -> np.ndarray:
        values = np.asarray(self.inputs[name], float)
        return values[self.head] if name == "const" else values[self.batch, :, self.head]


def _solve_head(group: Group, given: _HeadInputs) -> np.ndarray:
    x = given.of("x")
    length = len(x)
    rows_a, rows_b = ([dict(row(i)) for i in range(length)] for row in (group.a, group.b))
    lifted = list(x)
    if group.state:
        lifted = [np.outer(v, w[: group.state]) for v, w in zip(x, given.of("write"), strict=True)]
    y: list[Any] = []
    for i in range(length):
        weighing = _Row(group, given, i, {"A": rows_a[i], "B": rows_b[i]})
        value = np.zeros_like(lifted[0])
        for j, weight in weighing.weights("A").items():
            value = value + weight * lifted[j]
        for j, weight in weighing.weights("B").items():
            value = value + weight * y[j]
        y.append(value)
    if group.state:
        return np.array([state @ r[: group.state] for state, r in zip(y, given.of("read"), strict=True)])
    return np.array(y)


@dataclass(frozen=True)
class _Row:
    """The coefficients of one row i of one head."""

    group: Group
    given: _HeadInputs
    i: int
    rows: Mapping[str, Mapping[int, int | None]]

    def weights(self, side: str) -> dict[int, float]:
        for statement in self.group.weights:
            if side in statement.sides:
                joint = len(statement.sides) > 1
                return {j: self.value(statement.value, side, j, joint) for j in self.rows[side]}
        if self.group.weights:
            return {}
        scores = {(s, j): self.dot("q", "k", j) for s in ("A", "B") for j in self.rows[s]}
        return {j: _share(scores, (side, j)) for j in self.rows[side]}

    def value(self, tree: syntax.Expr, side: str, j: int, joint: bool) -> float:
        match tree:
            case syntax.Number(value):
                return float(value)
            case syntax.Name("gate"):
                return float(self.given.of("gate")[self.i])
            case syntax.Name("slot_gate"):
                return float(self.given.of("slot_gate")[self.i, self.rows[side][j] + self.group.offset(side)])
            case syntax.Name("const"):
                return float(self.given.of("const")[self.rows[side][j] + self.group.offset(side)])
            case syntax.Name(name):
                return float(self.group.constants[name])
            case syntax.Unary(operand):
                return -self.value(operand, side, j, joint)
            case syntax.Sum(first, rest):
                total = self.value(first, side, j, joint)
                for sign, term in rest:
                    total += (1 if sign == "+" else -1) * self.value(term, side, j, joint)
                return total
            case syntax.Product(first, rest):
                product = self.value(first, side, j, joint)
                for operator, factor in rest:
                    other = self.value(factor, side, j, joint)
                    product = product * other if operator == "*" else product / other
                return product
            case syntax.RowSum(_, summed):
                return math.fsum(self.weights(summed).values())
            case syntax.Call(syntax.Name("sigmoid"), (argument,)):
                return 1 / (1 + math.exp(-self.value(argument, side, j, joint)))
            case syntax.Call(syntax.Name("dot"), (left, right)):
                return self.dot(_vector_name(left), _vector_name(right), j)
            case syntax.Call(syntax.Name("softmax"), (score,)):
                sides = ("A", "B") if joint else (side,)
                scores = {(s, m): self.value(score, s, m, joint) for s in sides for m in self.rows[s]}
                return _share(scores, (side, j))
        raise NotImplementedError(tree)

    def dot(self, left: str, right: str, j: int) -> float:
        r, s = self.vector(left, self.i), self.vector(right, j)
        scale = math.sqrt(len(r)) if "unit" not in left + right else 1
        return float(r @ s) / scale

    def vector(self, name: str, position: int) -> np.ndarray:
        values = self.given.of(name.removeprefix("unit "))[position]
        return values / max(float(np.sqrt((values**2).sum())), 1e-6) if name.startswith("unit") else values


def _vector_name(tree: syntax.Expr) -> str:
    match tree:
        case syntax.Name(name):
            return name
        case syntax.Call(syntax.Name("unit"), (syntax.Name(name),)):
            return f"unit {name}"
    raise AssertionError(tree)


def _share(scores: Mapping[tuple[str, int], float], key: tuple[str, int]) -> float:
    highest = max(scores.values())
    return math.exp(scores[key] - highest) / math.fsum(math.exp(score - highest) for score in scores.values())
