"""Exact real arithmetic: rationals, and irrational numbers known by enclosures that shrink to them.

Sums, products, quotients, roots and logarithms of rationals have an exact sign here. For algebraic numbers a
separation bound says when an enclosure is small enough to be zero (Burnikel, Funke, Mehlhorn, Schirra,
Schmitt, "A separation bound for real algebraic expressions", ESA 2001); a sum of logarithms is zero when a
product of powers is one. What neither decides within ``PRECISION_LIMIT`` bits raises ``Undecided``; nothing
is ever guessed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

Enclosure = tuple[Fraction, Fraction]

PRECISION_LIMIT = 8192
POWER_BITS_LIMIT = 1 << 17


class Undecided(ArithmeticError):
    """No method here tells this number from an integer (or from another number)."""


class TooLarge(ArithmeticError):
    """The number has more bits than it may have."""


@dataclass(frozen=True)
class Separation:
    """An algebraic number is zero or at least 2^-(low + (degree - 1) * high) in magnitude."""

    high: int
    low: int
    degree: int

    @property
    def least(self) -> Fraction | None:
        """The bound; None where it is too small to be of use."""
        bits = self.low + (self.degree - 1) * self.high
        return Fraction(1, 1 << bits) if bits < PRECISION_LIMIT else None


@dataclass(frozen=True)
class LogSum:
    """constant + Σ coefficient · log(value) / log(base); base None is natural."""

    base: Rational | Real | None
    constant: Fraction
    terms: tuple[tuple[Fraction, Value], ...]

    def is_zero(self) -> bool:
        """Exact: base^constant · Π value^coefficient == 1, raised to the common denominator."""
        if self.base is None and self.constant:
            return False  # Lindemann: e to a rational power is no algebraic number
        powers = list(self.terms) if self.base is None else [(self.constant, self.base), *self.terms]
        scale = math.lcm(*(coefficient.denominator for coefficient, _ in powers))
        product: Value = 1
        for coefficient, value in powers:
            product = multiply(product, power(value, coefficient * scale, POWER_BITS_LIMIT))
        return sign(add(product, -1)) == 0


@dataclass(frozen=True, eq=False)
class Real:
    """A real number; ``enclose(bits)`` bounds it by an interval that shrinks to a point as ``bits`` grows."""

    enclose: Callable[[int], Enclosure]
    separation: Separation | None = None
    logs: LogSum | None = None


Rational = int | Fraction
Value = int | Fraction | Real

# -- decisions -----------------------------------------------------------------------------------------------


def sign(x: Value) -> int:
    """-1, 0 or 1. Raises ``Undecided``."""
    if not isinstance(x, Real):
        return (x > 0) - (x < 0)
    bits = 64
    while bits <= PRECISION_LIMIT:
        low, high = x.enclose(bits)
        if low > 0:
            return 1
        if high < 0:
            return -1
        least = None if x.separation is None else x.separation.least
        if least is not None and max(-low, high) < least:
            return 0
        if bits == 64 and x.logs is not None and x.logs.is_zero():
            return 0
        bits *= 2
    raise Undecided


def compare(x: Value, y: Value) -> int:
    """The sign of x − y."""
    if isinstance(x, Real) or isinstance(y, Real):
        return sign(add(x, multiply(y, -1)))
    return (x > y) - (x < y)


def floor(x: Value) -> int:
    """The largest integer that is not above x."""
    if not isinstance(x, Real):
        return math.floor(x)
    bits = 64
    low, high = x.enclose(bits)
    while high - low >= 1:
        bits *= 2
        if bits > PRECISION_LIMIT:
            raise Undecided
        low, high = x.enclose(bits)
    below, above = math.floor(low), math.floor(high)
    return above if below == above or compare(x, above) >= 0 else below


def ceil(x: Value) -> int:
    """The least integer that is not below x."""
    return -floor(multiply(x, -1))


def normal(x: Rational) -> Rational:
    """A Fraction without a denominator as an int, so that integer arithmetic stays fast."""
    return x.numerator if isinstance(x, Fraction) and x.denominator == 1 else x


# -- arithmetic ----------------------------------------------------------------------------------------------


def add(x: Value, y: Value) -> Value:
    if not isinstance(x, Real) and not isinstance(y, Real):
        return normal(x + y)

    def enclose(bits: int) -> Enclosure:
        (x_low, x_high), (y_low, y_high) = enclosure(x, bits), enclosure(y, bits)
        return _rounded(x_low + y_low, x_high + y_high, bits)

    def separation(a: Separation, b: Separation) -> Separation:
        return Separation(max(a.high + b.low, a.low + b.high) + 1, a.low + b.low, a.degree * b.degree)

    return Real(enclose, _combined(x, y, separation), _log_sum(x, y))


def multiply(x: Value, y: Value) -> Value:
    if not isinstance(x, Real) and not isinstance(y, Real):
        return normal(x * y)

    def enclose(bits: int) -> Enclosure:
        (x_low, x_high), (y_low, y_high) = enclosure(x, bits), enclosure(y, bits)
        corners = (x_low * y_low, x_low * y_high, x_high * y_low, x_high * y_high)
        return _rounded(min(corners), max(corners), bits)

    def separation(a: Separation, b: Separation) -> Separation:
        return Separation(a.high + b.high, a.low + b.low, a.degree * b.degree)

    return Real(enclose, _combined(x, y, separation), _log_multiple(x, y))


def divide(x: Value, y: Value) -> Value:
    """x / y for a divisor that is not zero."""
    if not isinstance(y, Real):
        return multiply(x, Fraction(1) / y)

    def enclose(bits: int) -> Enclosure:
        (x_low, x_high), (y_low, y_high) = enclosure(x, bits), _nonzero_enclosure(y, bits)
        corners = (x_low / y_low, x_low / y_high, x_high / y_low, x_high / y_high)
        return _rounded(min(corners), max(corners), bits)

    def separation(a: Separation, b: Separation) -> Separation:
        return Separation(a.high + b.low, a.low + b.high, a.degree * b.degree)

    return Real(enclose, _combined(x, y, separation))


def power(x: Value, exponent: Value, bits_limit: int) -> Value:
    """x^exponent, x > 0 if the exponent is no integer, x != 0 if it is negative. Raises ``TooLarge``."""
    if isinstance(exponent, Real):
        return _real_power(x, exponent, bits_limit)
    if exponent < 0:
        return divide(1, power(x, -exponent, bits_limit))
    base = root(x, exponent.denominator)
    times = exponent.numerator
    if isinstance(base, Real):
        return _repeated(base, times, bits_limit)
    if bit_length(base) * times > bits_limit and base not in (-1, 0, 1):
        raise TooLarge
    return int(base**times) if isinstance(base, int) else normal(base**times)


def _repeated(x: Real, times: int, bits_limit: int) -> Value:
    """x·x·…·x, which lies in the field of x, so that the degree stays."""
    if times == 0:
        return 1
    if times * max(bit_length(bound) for bound in x.enclose(64)) > 64 * bits_limit:
        raise TooLarge

    def enclose(bits: int) -> Enclosure:
        low, high = x.enclose(bits + times.bit_length())
        ends = (low**times, high**times)
        crosses = low < 0 < high and times % 2 == 0
        return _rounded(Fraction(0) if crosses else min(ends), max(ends), bits)

    bound = x.separation
    return Real(enclose, bound and Separation(bound.high * times, bound.low * times, bound.degree))


def _real_power(x: Value, exponent: Real, bits_limit: int) -> Value:
    """x^exponent = exp(exponent · ln x); exactly, where the exponent is a sum of logarithms to the base x."""
    logs = exponent.logs
    if logs is not None and logs.base is not None and _same(logs.base, x):
        product: Value = 1
        for coefficient, value in ((logs.constant, logs.base), *logs.terms):
            product = multiply(product, power(value, coefficient, bits_limit))
        return product
    natural = multiply(exponent, logarithm(x, None))
    if enclosure(natural, 64)[1] > bits_limit:
        raise TooLarge

    def enclose(bits: int) -> Enclosure:
        low, high = enclosure(natural, bits)
        return _exponential(low, bits)[0], _exponential(high, bits)[1]

    return Real(enclose)


def root(x: Value, degree: int) -> Value:
    """The non-negative ``degree``-th root of x >= 0."""
    if degree == 1:
        return x
    if not isinstance(x, Real):
        over, under = integer_root(x.numerator, degree), integer_root(x.denominator, degree)
        if over**degree == x.numerator and under**degree == x.denominator:
            return normal(Fraction(over, under))

    def enclose(bits: int) -> Enclosure:
        low, high = enclosure(x, bits * degree)
        scale = 1 << bits
        below = integer_root(math.floor(max(low, Fraction(0)) * scale**degree), degree)
        above = integer_root(math.ceil(high * scale**degree), degree) + 1
        return Fraction(below, scale), Fraction(above, scale)

    bound = _separation(x)
    return Real(
        enclose,
        bound and Separation(-(-bound.high // degree), -(-bound.low // degree), bound.degree * degree),
    )


def logarithm(x: Value, base: Value | None) -> Value:
    """log(x) to a base > 0 other than 1 (None: natural), for x > 0."""

    def enclose(bits: int) -> Enclosure:
        low, high = _log_enclosure(x, bits)
        if base is None:
            return low, high
        base_low, base_high = _log_enclosure(base, bits)
        while base_low <= 0 <= base_high:
            bits *= 2
            base_low, base_high = _log_enclosure(base, bits)
        corners = (low / base_low, low / base_high, high / base_low, high / base_high)
        return _rounded(min(corners), max(corners), bits)

    sum_ = LogSum(base, Fraction(0), ((Fraction(1), x),))
    low, high = enclose(64)
    guess = ((low + high) / 2).limit_denominator(64)
    if low <= guess <= high:
        try:
            if LogSum(base, -guess, sum_.terms).is_zero():
                return normal(guess)
        except TooLarge:
            pass
    return Real(enclose, None, sum_)


def integer_root(x: int, degree: int) -> int:
    """floor(x^(1/degree)) for x >= 0, by Newton's iteration from above."""
    if degree == 2:
        return math.isqrt(x)
    if x < 2:
        return x
    guess = 1 << -(-x.bit_length() // degree)
    while True:
        following = ((degree - 1) * guess + x // guess ** (degree - 1)) // degree
        if following >= guess:
            return guess
        guess = following


def bit_length(x: Rational) -> int:
    return max(abs(x.numerator).bit_length(), x.denominator.bit_length())


# -- enclosures ----------------------------------------------------------------------------------------------


def enclosure(x: Value, bits: int) -> Enclosure:
    if isinstance(x, Real):
        return x.enclose(bits)
    return Fraction(x), Fraction(x)


def _rounded(low: Fraction, high: Fraction, bits: int) -> Enclosure:
    """Outward to multiples of 2^-bits (relative to the magnitude), so that numerators stay short."""
    shift = bits + max(0, *(x.denominator.bit_length() - abs(x.numerator).bit_length() for x in (low, high)))
    scale = 1 << shift
    return Fraction(math.floor(low * scale), scale), Fraction(math.ceil(high * scale), scale)


def _nonzero_enclosure(x: Value, bits: int) -> Enclosure:
    while bits <= 2 * PRECISION_LIMIT:
        low, high = enclosure(x, bits)
        if low > 0 or high < 0:
            return low, high
        bits *= 2
    raise Undecided


def _log_enclosure(x: Value, bits: int) -> Enclosure:
    low, high = _nonzero_enclosure(x, bits)
    return _natural_log(low, bits)[0], _natural_log(high, bits)[1]


def _natural_log(x: Fraction, bits: int) -> Enclosure:
    """ln x = e·ln 2 + 2·atanh((m − 1)/(m + 1)) for x = m·2^e with m in (1/2, 2)."""
    exponent = x.numerator.bit_length() - x.denominator.bit_length()
    mantissa = x / (Fraction(2) ** exponent)
    digits = bits + 8 + abs(exponent).bit_length()
    main, main_error = _inverse_tanh((mantissa - 1) / (mantissa + 1), digits)
    two, two_error = _inverse_tanh(Fraction(1, 3), digits)
    centre = 2 * (main + exponent * two)
    error = 2 * (main_error + abs(exponent) * two_error)
    return Fraction(centre - error, 1 << digits), Fraction(centre + error, 1 << digits)


def _exponential(x: Fraction, bits: int) -> Enclosure:
    """exp(x) = 2^m · exp(x − m·ln 2), by the series of exp at a rest below 1/2 in magnitude."""
    shift = round(x * Fraction(1.4426950408889634))
    digits = bits + max(shift, 0) + 8 + abs(shift).bit_length()
    two, two_error = _inverse_tanh(Fraction(1, 3), digits)
    rest = math.floor(x * (1 << digits)) - 2 * shift * two
    total, term, divisor = 0, 1 << digits, 1
    while term not in (0, -1):
        total += term
        term = (term * rest >> digits) // divisor
        divisor += 1
    error = 4 * abs(shift) * two_error + 4 * divisor + 4
    scale = Fraction(2) ** (shift - digits)
    return (total - error) * scale, (total + error) * scale


def _inverse_tanh(x: Fraction, digits: int) -> tuple[int, int]:
    """atanh(x) for |x| <= 1/3 in units of 2^-digits, and a bound of the error in those units."""
    argument = math.floor(x * (1 << digits))
    square = argument * argument >> digits
    total, term, divisor = 0, argument, 1
    while term not in (0, -1):
        total += term // divisor
        term = term * square >> digits
        divisor += 2
    return total, 2 * divisor + 4


# -- what is known exactly -----------------------------------------------------------------------------------


def _separation(x: Value) -> Separation | None:
    if isinstance(x, Real):
        return x.separation
    return Separation(abs(x.numerator).bit_length(), x.denominator.bit_length(), 1)


def _combined(x: Value, y: Value, combine: Callable[[Separation, Separation], Separation]) -> Separation | None:
    a, b = _separation(x), _separation(y)
    return None if a is None or b is None else combine(a, b)


def _log_sum(x: Value, y: Value) -> LogSum | None:
    match x, y:
        case Real(logs=LogSum(base, constant, terms)), Real(logs=LogSum(other, other_constant, other_terms)):
            same = _same(base, other)
            return LogSum(base, constant + other_constant, terms + other_terms) if same else None
        case Real(logs=LogSum(base, constant, terms)), int() | Fraction():
            return LogSum(base, constant + y, terms)
        case int() | Fraction(), Real(logs=LogSum(base, constant, terms)):
            return LogSum(base, constant + x, terms)
        case _:
            return None


def _log_multiple(x: Value, y: Value) -> LogSum | None:
    match x, y:
        case Real(logs=LogSum(base, constant, terms)), int() | Fraction():
            return LogSum(base, constant * y, tuple((coefficient * y, value) for coefficient, value in terms))
        case int() | Fraction(), Real():
            return _log_multiple(y, x)
        case _:
            return None


def _same(x: Value | None, y: Value | None) -> bool:
    """Whether both are one number as far as it shows without a decision."""
    return x is y or (not isinstance(x, Real) and x == y)
