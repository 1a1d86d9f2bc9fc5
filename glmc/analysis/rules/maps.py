"""Classes of strictly increasing index maps, and how many of their values lie below a bound (rule T1)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import count, pairwise
from math import comb, factorial, gcd

from glmc.analysis.formula import call, floor_log, floor_root, number
from glmc.analysis.growth import LINEAR, LOG, LOGLOG, Growth
from glmc.analysis.polynomial import Polynomial, TooLarge, constant, polynomial
from glmc.pattern.evaluate import Environment, evaluate_integer
from glmc.pattern.nodes import (
    Call,
    Earlier,
    Expr,
    FloorDivide,
    MapValue,
    Number,
    Power,
    Product,
    Quotient,
    RecursiveMap,
    Sum,
    Variable,
)


@dataclass(frozen=True)
class PolynomialMap:
    """f(k) = Σ coefficients[p] · k^p, strictly increasing from ``start`` on, of degree >= 1."""

    coefficients: tuple[Fraction, ...]
    start: int

    @property
    def degree(self) -> int:
        return len(self.coefficients) - 1


@dataclass(frozen=True)
class ExponentialMap:
    """f(k) = factor · base^k + offset from ``start`` on; integers base >= 2, factor >= 1."""

    base: int
    factor: int
    offset: int
    start: int


@dataclass(frozen=True)
class TowerMap:
    """f(k) = base^(inner^k) + offset from ``start`` on; integers base, inner >= 2."""

    base: int
    inner: int
    offset: int
    start: int


@dataclass(frozen=True)
class RecurrenceMap:
    """g(k) + offset from ``start`` on, where g(k+m) = Σ weights[j] · g(k+j) + constant.

    g is positive and strictly increasing, the weights and the constant are not negative, and Σ weights >= 2.
    So g grows geometrically: g(k+m) >= 2·g(k), and g(k+1) <= C·g(k) for a constant C.
    """

    first: tuple[int, ...]
    weights: tuple[int, ...]
    constant: int
    offset: int
    start: int


@dataclass(frozen=True)
class GrowingMap:
    """A strictly increasing f with #{k : f(k) <= x} in Theta(``count``) and nothing else known.

    ``is_geometric``: f(k+1) <= C·f(k) for a constant C, and f(k+s) >= 2·f(k) for a constant s.
    """

    distance: Expr
    variable: Variable
    start: int
    count: Growth
    is_geometric: bool


MapClass = PolynomialMap | ExponentialMap | TowerMap | RecurrenceMap | GrowingMap


def classify(distance: Expr, variable: Variable, start: int) -> MapClass | None:
    """The class of the map variable ↦ distance on integers >= start; None where no rule knows it."""
    try:
        body = polynomial(distance)
        return (
            _polynomial_map(body, variable, start)
            or _exponential_map(body, variable, start)
            or _tower_map(body, variable, start)
            or _recurrence_map(body, variable, start)
            or _growing_map(body, variable, start)
        )
    except TooLarge:
        return None


def values(index_map: MapClass, bound: int) -> tuple[int, ...]:
    """f(start), f(start + 1), … up to ``bound``."""
    found: list[int] = []
    for k in count(index_map.start):
        value = value_at(index_map, k)
        if value > bound:
            return tuple(found)
        found.append(value)
    raise AssertionError("an increasing map passes every bound")


def value_at(index_map: MapClass, k: int) -> int:
    match index_map:
        case PolynomialMap(coefficients):
            return int(_evaluate(coefficients, k))
        case ExponentialMap(base, factor, offset):
            return int(factor * base**k + offset)
        case TowerMap(base, inner, offset):
            exponent: int = inner**k
            return (1 << 4096 if exponent > 4096 else int(base**exponent)) + offset
        case RecurrenceMap(first, weights, fixed, offset):
            sequence = list(first)
            while len(sequence) <= k:
                window = sequence[-len(weights) :]
                sequence.append(sum(w * v for w, v in zip(weights, window, strict=True)) + fixed)
            return sequence[k] + offset
        case GrowingMap(distance, variable):
            return evaluate_integer(distance, Environment(variables={variable.name: k}))


# -- counting -


def count_growth(index_map: MapClass) -> Growth:
    """T1: the Theta class of #{k : f(k) <= x} in x.

    A polynomial of degree p lies between positive multiples of k^p, so the count is Theta(x^(1/p)). c^k and
    recurrences with f(k+m) >= 2·f(k), f(k+1) <= C·f(k) lie between two exponentials: Theta(log x). For
    c^(c^k), log_c log_c f(k) = k: Theta(log log x).
    """
    match index_map:
        case PolynomialMap():
            return LINEAR ** Fraction(1, index_map.degree)
        case ExponentialMap() | RecurrenceMap():
            return LOG
        case TowerMap():
            return LOGLOG
        case GrowingMap():
            return index_map.count


def count_up_to(index_map: MapClass, x: Expr, least: int) -> Expr | None:
    """#{k >= start : f(k) <= x} in closed form, for integers x >= ``least``; None where there is none."""
    first = value_at(index_map, index_map.start)
    index: Expr
    match index_map:
        case PolynomialMap((fixed, slope)):
            index = FloorDivide(plus(x, -fixed), number(slope)) if slope != 1 else plus(x, -fixed)
            passed = plus(index, 1 - index_map.start)
            return passed if first <= least + 1 and slope == 1 else _clamped(passed, first, x, least)
        case PolynomialMap((fixed, *middle, top)) if not any(middle):
            safe = plus(x, -fixed) if fixed <= least else call("max", plus(x, -fixed), number(0))
            ratio = safe if top == 1 else Quotient(safe, number(top))
            return _guarded(plus(floor_root(ratio, index_map.degree), 1 - index_map.start), first, x, least)
        case PolynomialMap((fixed, slope, top)):
            return _quadratic_count(fixed, slope, top, index_map.start, first, x, least)
        case ExponentialMap(base, factor, offset, start):
            inside = plus(x, -offset)
            if least - offset < factor:
                inside = call("max", inside, number(Fraction(factor, base)))
            ratio = inside if factor == 1 else Quotient(inside, number(factor))
            passed = plus(floor_log(ratio, base), 1 - start)
            return passed if first <= least or start == 0 else call("max", passed, number(0))
        case TowerMap(base, inner, offset, start) if base == inner:
            # log_c log_c(3/2) lies in [−1, 0) for every c >= 2, so values below the first one count as none
            inside = plus(x, -offset)
            if least - offset < base:
                inside = call("max", inside, number(Fraction(3, 2)))
            logarithm = call("log2", inside) if base == 2 else call("log", inside, number(base))
            passed = plus(floor_log(logarithm, base), 1 - start)
            return passed if start == 0 else call("max", passed, number(0))
        case _:
            return None


def _clamped(passed: Expr, first: int, x: Expr, least: int) -> Expr:
    return passed if first <= least else call("max", passed, number(0))


def _guarded(passed: Expr, first: int, x: Expr, least: int) -> Expr:
    """``passed`` where x >= first, and 0 below; ``passed`` is defined everywhere."""
    if first <= least:
        return passed
    return Product((call("min", FloorDivide(x, number(first)), number(1)), passed))


def _quadratic_count(
    fixed: Fraction, slope: Fraction, top: Fraction, start: int, first: int, x: Expr, least: int
) -> Expr | None:
    """top·k² + slope·k + fixed <= x  ⇔  k <= (√D − β) / 2α with integers α, β and D = β² + 4α(δx − γ)."""
    delta = (fixed.denominator * slope.denominator * top.denominator) // 1
    alpha, beta, gamma = (int(c * delta) for c in (top, slope, fixed))
    divisor = gcd(alpha, beta, gamma, delta)
    alpha, beta, gamma, delta = (c // divisor for c in (alpha, beta, gamma, delta))
    inside = plus(Product((number(4 * alpha * delta), x)), beta * beta - 4 * alpha * gamma)
    if 4 * alpha * delta * least + beta * beta - 4 * alpha * gamma < 0:
        inside = call("max", inside, number(0))
    root = plus(call("floor", call("sqrt", inside)), -beta)
    index = FloorDivide(root, number(2 * alpha))
    return _guarded(plus(index, 1 - start), first, x, least)


def prefix_sum(index_map: MapClass, terms: Expr) -> Expr | None:
    """f(start) + … + f(start + terms − 1) in closed form; None where there is none."""
    match index_map:
        case PolynomialMap(coefficients, start):
            return _polynomial_sum(shifted(coefficients, start), terms)
        case ExponentialMap(base, factor, offset, start):
            geometric = times(factor * base**start, plus(Power(number(base), terms), -1))
            powers = geometric if base == 2 else Quotient(geometric, number(base - 1))
            return Sum((powers, Product((number(offset), terms)))) if offset else powers
        case _:
            return None


def _polynomial_sum(coefficients: tuple[Fraction, ...], terms: Expr) -> Expr:
    """Σ_{k<m} f(k) = Σ_p (Δ^p f)(0) · C(m, p+1) (Newton), as one polynomial in m."""
    total = [Fraction(0)] * (len(coefficients) + 1)
    for p in range(len(coefficients)):
        difference = sum(
            (Fraction((-1) ** (p - j) * comb(p, j)) * _evaluate(coefficients, j) for j in range(p + 1)),
            Fraction(0),
        )
        falling = [Fraction(1)]
        for j in range(p + 1):  # m (m − 1) … (m − p)
            falling = [
                (falling[d - 1] if d else Fraction(0)) - j * (falling[d] if d < len(falling) else Fraction(0))
                for d in range(len(falling) + 1)
            ]
        for degree, c in enumerate(falling):
            total[degree] += difference * c / factorial(p + 1)
    parts: list[Expr] = []
    for degree, c in reversed(list(enumerate(total))):
        if c and degree:
            powered = terms if degree == 1 else Power(terms, number(degree))
            parts.append(powered if c == 1 else Product((number(c), powered)))
    return Sum(tuple(parts)) if len(parts) > 1 else parts[0]


def times(factor: Fraction | int, x: Expr) -> Expr:
    """factor · x; into a sum if it is 1 or −1."""
    match x:
        case _ if factor == 1:
            return x
        case Number(own):
            return number(factor * own)
        case Sum(terms) if factor == -1:
            return Sum(tuple(times(-1, term) for term in terms))
        case Product((Number(own), *factors)):
            return times(factor * own, factors[0] if len(factors) == 1 else Product(tuple(factors)))
        case Product(factors):
            return Product((number(factor), *factors))
        case _:
            return Product((number(factor), x))


def plus(x: Expr, value: Fraction | int) -> Expr:
    """x + value, flat, without a zero."""
    match x:
        case Number(own):
            return number(own + value)
        case _ if value == 0:
            return x
        case Sum((*terms, Number(own))):
            return plus(terms[0] if len(terms) == 1 else Sum(tuple(terms)), own + value)
        case Sum(terms):
            return Sum((*terms, number(value)))
        case _:
            return Sum((x, number(value)))


# -- polynomials -


def _evaluate(coefficients: tuple[Fraction, ...], k: int) -> Fraction:
    value = Fraction(0)
    for c in reversed(coefficients):
        value = value * k + c
    return value


def shifted(coefficients: tuple[Fraction, ...], offset: int) -> tuple[Fraction, ...]:
    """The coefficients of f(k + offset)."""
    result = [Fraction(0)] * len(coefficients)
    for power, c in enumerate(coefficients):
        for lower in range(power + 1):
            result[lower] += c * comb(power, lower) * offset ** (power - lower)
    return tuple(result)


def difference(coefficients: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    """The coefficients of f(k + 1) − f(k)."""
    following = shifted(coefficients, 1)
    return tuple(a - b for a, b in zip(following, coefficients, strict=True))[:-1] or (Fraction(0),)


def nonnegative_from(coefficients: tuple[Fraction, ...], start: int) -> bool:
    """Whether a polynomial is >= 0 at every integer >= start.

    Its values are compared up to a point from which its expansion has no negative coefficient.
    """
    for offset in range(start, start + 256):
        if all(c >= 0 for c in shifted(coefficients, offset)):
            return True
        if _evaluate(coefficients, offset) < 0:
            return False
    return False


def _polynomial_map(body: Polynomial, variable: Variable, start: int) -> PolynomialMap | None:
    coefficients = _coefficients(_without_idle_floors(body, variable), variable)
    if coefficients is None or len(coefficients) < 2:
        return None
    steps = difference(coefficients)
    increasing = nonnegative_from((steps[0] - 1, *steps[1:]), start)
    return PolynomialMap(coefficients, start) if increasing else None


def _coefficients(body: Polynomial, variable: Variable) -> tuple[Fraction, ...] | None:
    """The coefficients of a polynomial in the variable alone, the constant first."""
    found: dict[int, Fraction] = {}
    for monomial, c in body.terms:
        match monomial:
            case ():
                found[0] = c
            case ((atom, exponent),) if atom == variable and exponent > 0:
                found[exponent] = c
            case _:
                return None
    return tuple(found.get(power, Fraction(0)) for power in range(max(found, default=0) + 1))


def _without_idle_floors(body: Polynomial, variable: Variable) -> Polynomial:
    """``body`` with ⌊p⌋ replaced by p where p is a polynomial that is an integer at every integer.

    p is one if it is at degree + 1 integers in a row (Newton's form has binomial coefficients).
    """
    for monomial, c in body.terms:
        match monomial:
            case ((Call("floor", (inner,)) as atom, 1),):
                coefficients = _coefficients(polynomial(inner), variable)
                if coefficients is None:
                    continue
                if all(_evaluate(coefficients, k).denominator == 1 for k in range(len(coefficients))):
                    return _without_idle_floors(body + (polynomial(inner) - polynomial(atom)).scaled(c), variable)
    return body


# -- exponentials, towers, recurrences -


def _exponential_map(body: Polynomial, variable: Variable, start: int) -> ExponentialMap | None:
    """factor · base^(p·k) + offset, a power of base^p."""
    offset = body.coefficient()
    match (body - constant(offset)).terms:
        case ((((Power(Number(base), exponent), 1),), factor),):
            p = polynomial(exponent).slope(variable)
            if not p or polynomial(exponent) != polynomial(variable).scaled(p) or not 1 <= p <= _LARGEST_STEP:
                return None
            whole = all(v.denominator == 1 for v in (base, factor, offset, p))
            if whole and base >= 2 and factor >= 1:
                return ExponentialMap(int(base) ** int(p), int(factor), int(offset), start)
    return None


_LARGEST_STEP = 64


def _tower_map(body: Polynomial, variable: Variable, start: int) -> TowerMap | None:
    offset = body.coefficient()
    match (body - constant(offset)).terms:
        case ((((Power(Number(base), Power(Number(inner), exponent)), 1),), factor),) if (
            exponent == variable and factor == 1
        ):
            if all(v.denominator == 1 for v in (base, inner, offset)) and base >= 2 and inner >= 2:
                return TowerMap(int(base), int(inner), int(offset), start)
    return None


def _recurrence_map(body: Polynomial, variable: Variable, start: int) -> RecurrenceMap | PolynomialMap | None:
    """f = a recursive map plus a constant; f(k) = c·f(k−1) + d and the like included."""
    offset = body.coefficient()
    match (body - constant(offset)).terms:
        case ((((MapValue(RecursiveMap() as index_map, argument), 1),), factor),) if (
            factor == 1 and argument == variable and offset.denominator == 1
        ):
            pass
        case _:
            return None
    first = tuple(polynomial(value).integer for value in index_map.first)
    if any(value is None for value in first):
        return None
    initial = tuple(value for value in first if value is not None)
    order = index_map.order
    step = polynomial(index_map.step)
    weights = tuple(step.coefficient((Earlier(j), 1)) for j in range(order))
    rest = step
    for j, weight in enumerate(weights):
        rest = rest - polynomial(Earlier(j)).scaled(weight)
    if order == 1 and weights[0] == 1:
        return _accumulated(initial[0] + int(offset), rest, index_map.variable, start)
    fixed = rest.integer
    whole = all(w.denominator == 1 and w >= 0 for w in weights)
    if fixed is None or fixed < 0 or not whole or sum(weights) < 2 or weights[-1] < 1:
        return None
    found = RecurrenceMap(initial, tuple(int(w) for w in weights), fixed, int(offset), start)
    # strictly increasing from the start on: g(k+m) >= g(k+m−1) + (something positive)
    if min(initial) < 1 or any(b <= a for a, b in pairwise(initial)):
        return None
    return found


def _accumulated(first: int, step: Polynomial, argument: Variable, start: int) -> PolynomialMap | None:
    """f(0) = first, f(k+1) = f(k) + p(k) for a polynomial p: Σ of p, a polynomial."""
    coefficients = _coefficients(_without_idle_floors(step, argument), argument)
    if coefficients is None:
        return None
    total = polynomial(_polynomial_sum(coefficients, argument)) + constant(first)
    return _polynomial_map(total, argument, start)


def _growing_map(body: Polynomial, variable: Variable, start: int) -> GrowingMap | None:
    return _geometric_sum(body, variable, start) or _floored_polynomial(body, variable, start)


def _geometric_sum(body: Polynomial, variable: Variable, start: int) -> GrowingMap | None:
    """Sums of terms c·b^k·k^p with c >= 0, b >= 1 and any constant: the largest base decides.

    Each term is non-decreasing for k >= 0 and one is strictly increasing, so f is; and f lies between two
    exponentials, so the count is Theta(log x).
    """
    largest = Fraction(1)
    for monomial, c in body.terms:
        base = Fraction(1)
        for atom, exponent in monomial:
            match atom:
                case Power(Number(b), power) if power == variable and b >= 1 and exponent > 0:
                    base *= b**exponent
                case Variable() if atom == variable and exponent > 0:
                    pass
                case _:
                    return None
        if monomial and c < 0:
            return None
        largest = max(largest, base)
    if largest == 1:
        return None
    return GrowingMap(body.expression(), variable, start, LOG, True)


def _floored_polynomial(body: Polynomial, variable: Variable, start: int) -> GrowingMap | None:
    """p(k) + Σ c·⌊q(k)⌋ with c > 0 and q that never falls: Theta of p + Σ c·q, a polynomial.

    Strictly increasing where p rises by at least 1 at each step, or where a q does and p never falls.
    """
    rest, total, steep = body, body, False
    for monomial, c in body.terms:
        match monomial:
            case ((Call("floor", (inner,)) as atom, 1),) if c > 0:
                steps = _steps(polynomial(inner), variable)
                if steps is None or not nonnegative_from(steps, start):
                    return None
                steep = steep or (c >= 1 and nonnegative_from((steps[0] - 1, *steps[1:]), start))
                rest = rest - polynomial(atom).scaled(c)
                total = total + (polynomial(inner) - polynomial(atom)).scaled(c)
    steps, sums = _steps(rest, variable), _coefficients(total, variable)
    if steps is None or sums is None or len(sums) < 2:
        return None
    if not nonnegative_from((steps[0] - (not steep), *steps[1:]), start):
        return None
    return GrowingMap(body.expression(), variable, start, LINEAR ** Fraction(1, len(sums) - 1), False)


def _steps(body: Polynomial, variable: Variable) -> tuple[Fraction, ...] | None:
    coefficients = _coefficients(body, variable)
    return None if coefficients is None else difference(coefficients)
