"""Diagnostics of meaning: GLM1xx."""

from __future__ import annotations

from dataclasses import dataclass

from glmc.diagnostics import Diagnostic, Severity

# -- names -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class DuplicateName(Diagnostic):
    code = "GLM101"
    title = "`{name}` is declared twice"
    label = "already declared on line {first_line}"
    help = "rename one of the two"
    name: str
    first_line: int


@dataclass(frozen=True, kw_only=True)
class UnknownName(Diagnostic):
    code = "GLM102"
    title = "there is no {kind} named `{name}` here"
    label = "not declared"
    kind: str
    name: str


@dataclass(frozen=True, kw_only=True)
class MisspelledName(UnknownName):
    help = "did you mean `{suggestion}`?"
    suggestion: str


@dataclass(frozen=True, kw_only=True)
class LengthOutsideClaims(UnknownName):
    help = "rows do not depend on the length; `n` is the sequence length in claims only"


@dataclass(frozen=True, kw_only=True)
class BuiltinRedeclared(Diagnostic):
    code = "GLM103"
    title = "`{name}` is {origin} and cannot be redeclared"
    label = "choose another name"
    help = "rename it, for example to `my_{name}`"
    name: str
    origin: str


@dataclass(frozen=True, kw_only=True)
class LengthRedeclared(Diagnostic):
    code = "GLM104"
    title = "no parameter or let may be named `n`"
    label = "`n` is the sequence length in claims"
    help = "choose another name"


@dataclass(frozen=True, kw_only=True)
class UnusableMixerName(Diagnostic):
    code = "GLM105"
    title = "a mixer cannot be named `{name}`: {reason}"
    label = "becomes the name of a Python package"
    help = "rename it, for example to `{suggestion}`"
    name: str
    reason: str
    suggestion: str


@dataclass(frozen=True, kw_only=True)
class UnknownKind(Diagnostic):
    code = "GLM106"
    title = "there is no kind of parameter named `{name}`"
    label = "not a kind"
    help = "a parameter is an `int`, a `real` or a `map`"
    name: str


@dataclass(frozen=True, kw_only=True)
class WrongKind(Diagnostic):
    code = "GLM107"
    title = "expected {expected}, found {found}"
    label = "{found}"
    help = "{remedy}"
    expected: str
    found: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class ArgumentCount(Diagnostic):
    code = "GLM108"
    title = "`{name}` takes {expected}, but {found} given here"
    label = "{found} given"
    name: str
    expected: str
    found: str


@dataclass(frozen=True, kw_only=True)
class MissingArgument(Diagnostic):
    code = "GLM109"
    title = "`{name}` needs a value for its parameter `{parameter}`"
    label = "no `{parameter}` given"
    help = "write `{name}({parameter} = …)`"
    name: str
    parameter: str


@dataclass(frozen=True, kw_only=True)
class UnknownArgument(Diagnostic):
    code = "GLM110"
    title = "`{name}` has no parameter named `{argument}`"
    label = "no such parameter"
    help = "{remedy}"
    name: str
    argument: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class RepeatedArgument(Diagnostic):
    code = "GLM111"
    title = "the parameter `{argument}` of `{name}` is set twice"
    label = "set again here"
    help = "remove one of the two"
    name: str
    argument: str


@dataclass(frozen=True, kw_only=True)
class PositionalAfterKeyword(Diagnostic):
    code = "GLM112"
    title = "an argument without a name follows one with a name"
    label = "which parameter is this?"
    help = "put arguments without names first, or name this one too"


@dataclass(frozen=True, kw_only=True)
class UnsetParameter(Diagnostic):
    code = "GLM113"
    title = "the parameter `{parameter}` of the mixer `{mixer}` has no value"
    label = "no default"
    help = "give it a default (`{parameter}: {kind} = …`) or set it with --set {parameter}=VALUE"
    parameter: str
    mixer: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class MixerSkipped(Diagnostic):
    code = "GLM114"
    severity = Severity.NOTE
    title = "the mixer `{mixer}` is left out: its parameter `{parameter}` has no value"
    label = "used by the heads of another mixer only"
    help = "to get it by itself, set it with --set {parameter}=VALUE"
    parameter: str
    mixer: str


@dataclass(frozen=True, kw_only=True)
class ConditionFails(Diagnostic):
    code = "GLM115"
    title = "the condition of `{name}` does not hold"
    label = "{values}"
    help = "`{condition}` must hold"
    name: str
    condition: str
    values: str


@dataclass(frozen=True, kw_only=True)
class CyclicDefinition(Diagnostic):
    code = "GLM116"
    title = "`{name}` is defined by itself: {cycle}"
    label = "comes back to itself"
    help = "break the cycle; only maps recur, from f(k) to f(k + 1)"
    name: str
    cycle: str


@dataclass(frozen=True, kw_only=True)
class NotConstant(Diagnostic):
    code = "GLM117"
    title = "{what} must be a constant"
    label = "not a constant number"
    what: str


@dataclass(frozen=True, kw_only=True)
class NotWhole(Diagnostic):
    code = "GLM118"
    title = "{what} must be an integer, and this is {value}"
    label = "not an integer"
    help = "use floor or ceil, or write an integer"
    what: str
    value: str


@dataclass(frozen=True, kw_only=True)
class NumberTooLarge(Diagnostic):
    code = "GLM119"
    title = "the number here is too large: it has more than {bits} bits"
    label = "too large"
    help = "no position is that large; use a smaller number"
    bits: int


@dataclass(frozen=True, kw_only=True)
class TooComplex(Diagnostic):
    code = "GLM120"
    title = "the definition is too large: {what} passes the limit of {limit}"
    label = "too large from here on"
    help = "write it with fewer nested definitions"
    what: str
    limit: int


# -- maps ------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class MapGap(Diagnostic):
    code = "GLM121"
    title = "no equation of the map `{name}` gives {missing}"
    label = "incomplete"
    help = "add `let {missing} = …`"
    name: str
    missing: str


@dataclass(frozen=True, kw_only=True)
class MapOverlap(Diagnostic):
    code = "GLM122"
    title = "two equations of the map `{name}` give {value}"
    label = "already given on line {first_line}"
    help = "remove one of them"
    name: str
    value: str
    first_line: int


@dataclass(frozen=True, kw_only=True)
class EarlierOutOfReach(Diagnostic):
    code = "GLM123"
    title = "the equation for {defined} cannot use this value of `{name}`"
    label = "{allowed}"
    help = "{remedy}"
    name: str
    defined: str
    allowed: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class MapOfRow(Diagnostic):
    code = "GLM124"
    title = "the map `{name}` depends on the row index, so it can neither recur nor be an argument"
    label = "depends on the row"
    help = "use the row index outside the map, or only call the map"
    name: str


# -- rows ------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class RowReferenceInSet(Diagnostic):
    code = "GLM125"
    title = "the rows of {row} cannot be used inside a set"
    label = "a row of {row}"
    help = "name the set (`set common[i] = …`) and use it in both: `{row}[i] = common[i]`"
    row: str


@dataclass(frozen=True, kw_only=True)
class RepeatedStatement(Diagnostic):
    code = "GLM126"
    title = "{what} is given twice in the mixer `{mixer}`"
    label = "already given on line {first_line}"
    help = "remove one of the two"
    what: str
    mixer: str
    first_line: int


# -- settings from the command line ----------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class UnknownSetting(Diagnostic):
    code = "GLM127"
    title = "no mixer has a parameter named `{name}`"
    help = "{remedy}"
    name: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class BadSetting(Diagnostic):
    code = "GLM128"
    title = "--set {name}={value}: the parameter `{name}` needs {expected}"
    label = "declared here"
    help = "give {expected}"
    name: str
    value: str
    expected: str


@dataclass(frozen=True, kw_only=True)
class UnknownMixer(Diagnostic):
    code = "GLM129"
    title = "the file has no mixer named `{name}`"
    help = "{remedy}"
    name: str
    remedy: str


# -- weights ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class OneSidedWeights(Diagnostic):
    code = "GLM140"
    title = "{given} has weights and {missing} has none"
    label = "only {given}"
    help = "add `weights {missing} = …`, or write `weights A, B = …` for one softmax over both"
    given: str
    missing: str


@dataclass(frozen=True, kw_only=True)
class NotAWeight(Diagnostic):
    code = "GLM141"
    title = "{found} has no meaning in weights"
    label = "not a weight"
    help = "weights are made of softmax, sigmoid, dot, gate, slot_gate, const, sum(A), sum(B), numbers, + - * /"
    found: str


@dataclass(frozen=True, kw_only=True)
class DotOperand(Diagnostic):
    code = "GLM142"
    title = "dot takes two of q, k, unit(q), unit(k)"
    label = "not a vector"
    help = "for example dot(q, k), or dot(unit(k), unit(k))"


@dataclass(frozen=True, kw_only=True)
class NotAScore(Diagnostic):
    code = "GLM143"
    title = "{what} cannot stand inside {function}"
    label = "needs the whole row"
    help = "scores are made of dot, gate, slot_gate, const and numbers"
    what: str
    function: str


@dataclass(frozen=True, kw_only=True)
class RowSumCycle(Diagnostic):
    code = "GLM144"
    title = "the weights of {side} depend on their own row sum"
    label = "comes back to {side}"
    help = "let only one side use the sum of the other"
    side: str


@dataclass(frozen=True, kw_only=True)
class SlotsUnnumbered(Diagnostic):
    code = "GLM145"
    title = "{what} needs numbered slots, but this set runs over several variables"
    label = "elements have no single number"
    help = "use dot, or write the set with one variable"
    what: str


@dataclass(frozen=True, kw_only=True)
class SlotsGrow(Diagnostic):
    code = "GLM146"
    title = "{what} needs numbered slots, but {reason}"
    label = "{label_text}"
    help = "use dot, or bound the range"
    what: str
    reason: str
    label_text: str


@dataclass(frozen=True, kw_only=True)
class BareVector(Diagnostic):
    code = "GLM147"
    title = "`{name}` is a vector, not a number"
    label = "stands outside of dot"
    help = "write dot(q, k)"
    name: str


# -- state, heads, claims --------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class StateNotPositive(Diagnostic):
    code = "GLM150"
    title = "the number of state channels must be positive, and this is {value}"
    label = "not positive"
    help = "write `state 1` or more, or leave the statement out"
    value: str


@dataclass(frozen=True, kw_only=True)
class HeadsConflict(Diagnostic):
    code = "GLM151"
    title = "a mixer with `heads` has no {what} of its own"
    label = "`heads` on line {heads_line} takes its place"
    help = "move it into the mixers that `heads` names"
    what: str
    heads_line: int


@dataclass(frozen=True, kw_only=True)
class FractionNotPositive(Diagnostic):
    code = "GLM152"
    title = "a fraction of heads must be positive, and this is {value}"
    label = "not positive"
    value: str


@dataclass(frozen=True, kw_only=True)
class FractionSum(Diagnostic):
    code = "GLM153"
    title = "the fractions of heads sum to {total}, not to 1"
    label = "{total} up to here"
    help = "{remedy}"
    total: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class UnknownQuantity(Diagnostic):
    code = "GLM160"
    title = "there is no quantity named `{name}`"
    label = "not a quantity"
    help = "claims are about time, total, cache, path and congestion{suggestion}"
    name: str
    suggestion: str


@dataclass(frozen=True, kw_only=True)
class UnknownOrder(Diagnostic):
    code = "GLM161"
    title = "there is no order named `{name}`"
    label = "not an order"
    help = "write O(…), Omega(…) or Theta(…)"
    name: str


@dataclass(frozen=True, kw_only=True)
class AmbiguousPower(Diagnostic):
    code = "GLM162"
    title = "`{written}` can be read in two ways"
    label = "ambiguous"
    help = "write `{function}({argument})^{exponent}` or `{function}({argument}^{exponent})`"
    written: str
    function: str
    argument: str
    exponent: str


@dataclass(frozen=True, kw_only=True)
class MissingOperator(Diagnostic):
    code = "GLM163"
    title = "an operator is missing between `{left}` and `{right}`"
    label = "two words side by side"
    help = "{remedy}"
    left: str
    right: str
    remedy: str


# -- checks ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class NotCausal(Diagnostic):
    code = "GLM170"
    title = "{side}[i] reads a position that is not there yet: the mixer is not causal"
    label = "reaches {element} at {witness}"
    notes = ("an element of {side}[i] is at most {limit}",)
    help = "{remedy}"
    side: str
    witness: str
    element: int
    limit: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class CausalityUnproved(Diagnostic):
    code = "GLM171"
    severity = Severity.WARNING
    title = "no proof that {side}[i] is causal"
    label = "holds for every i below {checked_to}, not proved beyond"
    help = "intersect it with {remedy} to be certain"
    side: str
    checked_to: int
    remedy: str


@dataclass(frozen=True, kw_only=True)
class NotInteger(Diagnostic):
    code = "GLM172"
    title = "{what} must be an integer"
    label = "{evidence}"
    help = "write floor(…) or ceil(…) around it"
    what: str
    evidence: str


@dataclass(frozen=True, kw_only=True)
class IntegralityUnproved(Diagnostic):
    code = "GLM173"
    severity = Severity.WARNING
    title = "no proof that {what} is always an integer"
    label = "holds for every i below {checked_to}, not proved beyond"
    help = "write floor(…) around it to be certain"
    what: str
    checked_to: int


@dataclass(frozen=True, kw_only=True)
class Undefined(Diagnostic):
    code = "GLM174"
    title = "{operation} is reached"
    label = "at {witness}"
    help = "exclude it by a condition or a later start of the range"
    operation: str
    witness: str


@dataclass(frozen=True, kw_only=True)
class DefinednessUnproved(Diagnostic):
    code = "GLM175"
    severity = Severity.WARNING
    title = "no proof that {operation} is never reached"
    label = "holds for every i below {checked_to}, not proved beyond"
    operation: str
    checked_to: int


@dataclass(frozen=True, kw_only=True)
class EndlessRange(Diagnostic):
    code = "GLM176"
    title = "the range of `{variable}` has no end"
    label = "endless"
    notes = ("from some value on the element must provably be negative or the condition false",)
    help = "write an end, for example `{start}..i + 1`"
    variable: str
    start: str


@dataclass(frozen=True, kw_only=True)
class NotIncreasing(Diagnostic):
    code = "GLM177"
    title = "the map `{name}` must be strictly increasing to be an argument"
    label = "{witness}"
    help = "pass a map that grows with every step"
    name: str
    witness: str


@dataclass(frozen=True, kw_only=True)
class IncreaseUnproved(Diagnostic):
    code = "GLM178"
    severity = Severity.WARNING
    title = "no proof that the map `{name}` is strictly increasing and integer valued"
    label = "holds up to k = {checked_to}, not proved beyond"
    name: str
    checked_to: int


@dataclass(frozen=True, kw_only=True)
class RangeTooLong(Diagnostic):
    code = "GLM179"
    title = "a row here has too many steps to be checked or run"
    label = "more than {limit} steps in one row"
    help = "bound the range by the row index, for example `0..i + 1`"
    limit: int
