"""Diagnostics of claims: GLM201 to GLM299."""

from __future__ import annotations

from dataclasses import dataclass

from glmc.diagnostics import Diagnostic


@dataclass(frozen=True, kw_only=True)
class BoundRefuted(Diagnostic):
    """A claim does not hold: enumeration found a length at which it fails, or the proved growth exceeds the claimed
    one. Nothing is built.

    Repair: Claim what was derived, or change the rows.
    """

    code = "GLM201"
    title = "the claimed {quantity} bound does not hold"
    label = "claimed {claimed} here"
    notes = ("{witness}",)
    help = "the derived growth is {derived}; claim that, or change the rows"
    quantity: str
    claimed: str
    derived: str
    witness: str


@dataclass(frozen=True, kw_only=True)
class ValueRefuted(BoundRefuted):
    help = "the derived value is {derived}; claim that, or change the rows"


@dataclass(frozen=True, kw_only=True)
class WitnessRefuted(BoundRefuted):
    help = "claim a bound that holds there too, or change the rows"


@dataclass(frozen=True, kw_only=True)
class BoundNotPositive(Diagnostic):
    """A growth O(g), Omega(g) or Theta(g) speaks of functions that are positive for all large n.

    Repair: Claim a bound such as n, sqrt(n), log(n) or 1.
    """

    code = "GLM202"
    title = "the bound of a growth claim must be positive for all large n"
    label = "{bound} is zero or negative from some length on"
    help = "claim a bound such as n, sqrt(n), log(n) or 1"
    bound: str


@dataclass(frozen=True, kw_only=True)
class BoundUndefined(Diagnostic):
    """Claims speak of every n >= 2, and the claimed bound has no value at one of them.

    Repair: Write a bound that has a value there.
    """

    code = "GLM203"
    title = "the claimed bound has no value at n = {length}"
    label = "{reason}"
    help = "claims speak of every n >= 2; write a bound that has a value there, for example with max(1, …)"
    length: int
    reason: str
