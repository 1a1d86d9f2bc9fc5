"""Prints row sets as the exact Python functions of a package's ``rows.py``."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import assert_never

from glmc.backends.index_code import IndexPrinter, may_fail
from glmc.pattern.endings import Ending, endings
from glmc.pattern.nodes import (
    And,
    Comparison,
    Comprehension,
    Condition,
    Difference,
    Generator,
    Intersection,
    Listed,
    Number,
    RowSet,
    Union,
    Variable,
)
from glmc.pattern.rows import slot_capacity
from glmc.pattern.walk import conjuncts

_INDENT = "    "
_ZERO = Number(Fraction(0))


@dataclass
class RowPrinter:
    """Prints functions of the row index i: its columns with their slots, or as a plain set.

    ``functions`` collects the printed functions, each after those that it calls.
    """

    index: IndexPrinter
    functions: list[str] = field(default_factory=list)

    def slotted(self, name: str, row_set: RowSet, about: str) -> None:
        """``def name(i: int) -> dict[int, int]``: column to least slot number, as the language numbers slots."""
        self._function(name, row_set, about, numbered=True)

    def plain(self, name: str, row_set: RowSet, about: str) -> None:
        """``def name(i: int) -> set[int]``: the columns."""
        self._function(name, row_set, about, numbered=False)

    def _function(self, name: str, row_set: RowSet, about: str, *, numbered: bool) -> None:
        body = self._statements(name, row_set, 0 if numbered else None)
        result, empty = ("dict[int, int]", "{}") if numbered else ("set[int]", "set()")
        lines = (f'"""{about}"""', f"found: {result} = {empty}", *body, "return found")
        text = "".join(f"{_INDENT}{line}\n" for line in lines)
        self.functions.append(f"def {name}(i: int) -> {result}:\n{text}")

    def _statements(self, name: str, row_set: RowSet, first: int | None) -> list[str]:
        """Statements that add ``row_set`` to ``found``; slots count from ``first``, None for a plain set."""
        match row_set:
            case Listed(elements):
                lines = []
                for place, element in enumerate(elements):
                    slot = None if first is None else str(first + place)
                    lines += self._add(self.index.integer(element), slot, self.index.is_natural(element))
                return lines
            case Comprehension():
                return self._comprehension(row_set, first)
            case Union(left, right):
                second = None if first is None else first + (slot_capacity(left) or 0)
                return [
                    *self._statements(f"{name}_left", left, first),
                    *self._statements(f"{name}_right", right, second),
                ]
            case Difference(left, right) | Intersection(left, right):
                inside = self._inside(right)
                if inside is not None:
                    return self._tested(name, left, first, *inside, keep=isinstance(row_set, Intersection))
                keep = "in" if isinstance(row_set, Intersection) else "not in"
                chosen, other = f"{name}_chosen", f"{name}_other"
                self._function(chosen, left, "What the set operation chooses from.", numbered=first is not None)
                self.plain(other, right, "What the set operation compares with.")
                lines = [f"other = {other}(i)"]
                if first is None:
                    return [*lines, f"found.update(j for j in {chosen}(i) if j {keep} other)"]
                slot = f"{first} + slot" if first else "slot"
                return [
                    *lines,
                    f"for j, slot in {chosen}(i).items():",
                    f"{_INDENT}if j {keep} other:",
                    f"{_INDENT * 2}found.setdefault(j, {slot})",
                ]
            case _:
                assert_never(row_set)

    def _inside(self, row_set: RowSet) -> tuple[str, str] | None:
        """A variable and the test that its value is in ``row_set``, where the set is a run of columns."""
        match row_set:
            case Comprehension(Variable() as element, (Generator(variable, start, stop),), condition) if (
                element == variable and stop is not None
            ):
                j = self.index.variable(variable)
                run = f"{self.index.integer(start, least=0)} <= {j} < {self.index.integer(stop, least=0)}"
                rest = self.index.conjunction(conjuncts(condition))
                return j, f"{run} and {rest}" if rest else run
            case _:
                return None

    def _tested(self, name: str, left: RowSet, first: int | None, j: str, test: str, *, keep: bool) -> list[str]:
        """The columns of ``left`` that pass a test, or those that do not."""
        chosen = f"{name}_chosen"
        self._function(chosen, left, "What the set operation chooses from.", numbered=first is not None)
        test = test if keep else f"not ({test})"
        if first is None:
            return [f"found.update({j} for {j} in {chosen}(i) if {test})"]
        slot = f"{first} + slot" if first else "slot"
        return [
            f"for {j}, slot in {chosen}(i).items():",
            f"{_INDENT}if {test}:",
            f"{_INDENT * 2}found.setdefault({j}, {slot})",
        ]

    # -- comprehensions

    def _comprehension(self, row_set: Comprehension, first: int | None) -> list[str]:
        for generator in row_set.generators:
            if self.index.is_natural(generator.start):
                self.index.naturals.add(generator.variable)
        slot = None if first is None else self._slot(row_set, first)
        if any(generator.stop is None for generator in row_set.generators):
            return self._unbounded(row_set, 0, slot)
        lines = [_INDENT * depth + self._loop(generator) for depth, generator in enumerate(row_set.generators)]
        depth = len(lines)
        if row_set.condition is not None:
            lines.append(f"{_INDENT * depth}if {self.index.condition(row_set.condition)}:")
            depth += 1
        known = self.index.is_natural(row_set.element)
        return lines + _indented(self._add(self.index.integer(row_set.element), slot, known), depth)

    def _unbounded(self, row_set: Comprehension, level: int, slot: str | None) -> list[str]:
        """Loops from ``level`` on, each left at a value from which no later one gives an element."""
        generator = row_set.generators[level]
        innermost = level + 1 == len(row_set.generators)
        lasting = tuple(part for part in conjuncts(row_set.condition) if innermost and stays_false(row_set, part))
        falling = innermost and Ending((row_set.element,), ()) in endings(row_set, level)
        body = self._reach(row_set, lasting, slot, falling) if innermost else self._unbounded(row_set, level + 1, slot)
        leaving = [] if generator.stop is not None else self._leaving(row_set, level, lasting, falling)
        return [self._loop(generator), *_indented([*leaving, *body], 1)]

    def _leaving(self, row_set: Comprehension, level: int, lasting: tuple[Condition, ...], falling: bool) -> list[str]:
        """Leaves an unbounded loop where it has ended, unless a lasting condition or a falling element does so."""
        rest = tuple(part for part in conjuncts(row_set.condition) if part not in lasting)
        found = [
            ending
            for ending in endings(replace(row_set, condition=And(rest) if rest else None), level)
            if not (falling and ending == Ending((row_set.element,), ()))
        ]
        safe = [ending for ending in found if not any(map(may_fail, (*ending.quantities, *ending.guards)))]
        lines = []
        for ending in safe if safe or lasting or falling else found:
            signs = [Comparison(guard, ">=", _ZERO) for guard in ending.guards]
            signs += [Comparison(quantity, "<", _ZERO) for quantity in ending.quantities]
            lines += [f"if {self.index.conjunction(signs)}:", f"{_INDENT}break"]
        return lines

    def _reach(
        self, row_set: Comprehension, lasting: tuple[Condition, ...], slot: str | None, falling: bool
    ) -> list[str]:
        """The innermost statements: conditions, and the element if it is not below 0."""
        leave = "break" if row_set.generators[-1].stop is None else "continue"
        passing = [part for part in conjuncts(row_set.condition) if part not in lasting]
        lines = [line for part in lasting for line in (f"if {self.index.negation(part)}:", f"{_INDENT}{leave}")]
        below = leave if falling else "continue"
        column = [f"j = {self.index.integer(row_set.element)}", "if j < 0:", f"{_INDENT}{below}"]
        added = "found.add({})" if slot is None else f"found.setdefault({{}}, {slot})"
        if passing and may_fail(row_set.element):
            skip = [line for part in passing for line in (f"if {self.index.negation(part)}:", f"{_INDENT}continue")]
            return [*lines, *skip, *column, added.format("j")]
        if self.index.is_natural(row_set.element) and lasting and not passing:
            return [*lines, added.format(self.index.integer(row_set.element))]
        tests = self.index.conjunction(passing)
        final = [f"if {tests}:", f"{_INDENT}{added.format('j')}"] if passing else [added.format("j")]
        return [*lines, *column, *final]

    def _loop(self, generator: Generator) -> str:
        k, start = self.index.variable(generator.variable), self.index.integer(generator.start)
        if generator.stop is None:
            self.index.uses.add("count")
            return f"for {k} in count({'' if start == '0' else start}):"
        stop = self.index.integer(generator.stop)
        return f"for {k} in range({stop}):" if start == "0" else f"for {k} in range({start}, {stop}):"

    def _slot(self, row_set: Comprehension, first: int) -> str:
        if not row_set.generators:
            return str(first)
        (generator,) = row_set.generators
        k = self.index.variable(generator.variable)
        if isinstance(generator.start, Number):
            shift = first - int(generator.start.value)
            return k if not shift else f"{k} + {shift}" if shift > 0 else f"{k} - {-shift}"
        text = f"{k} - {self.index.integer(generator.start, least=1)}"
        return f"{first} + {text}" if first else text

    def _add(self, column: str, slot: str | None, known: bool) -> list[str]:
        """Statements that add one column unless it is negative; ``known``: it never is."""
        if known:
            return [f"found.add({column})" if slot is None else f"found.setdefault({column}, {slot})"]
        adding = "found.add(j)" if slot is None else f"found.setdefault(j, {slot})"
        return [f"j = {column}", "if j >= 0:", f"{_INDENT}{adding}"]


def _indented(lines: list[str], depth: int) -> list[str]:
    return [_INDENT * depth + line for line in lines]


def stays_false(row_set: Comprehension, part: Condition) -> bool:
    """Whether ``part``, once false, is so at all later values of the last variable."""
    if not isinstance(part, Comparison) or part.relation in ("==", "!="):
        return False
    alone = replace(row_set, element=_ZERO, condition=part)
    return any(not ending.guards for ending in endings(alone, len(row_set.generators) - 1))
