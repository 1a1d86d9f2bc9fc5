"""Diagnostics of meaning: GLM1xx."""

from __future__ import annotations

from dataclasses import dataclass

from glmc.diagnostics import Diagnostic, Severity

# -- names -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class DuplicateName(Diagnostic):
    """Two declarations of one scope have the same name.

    Repair: Rename one of them.
    """

    code = "GLM101"
    title = "`{name}` is declared twice"
    label = "already declared on line {first_line}"
    help = "rename one of the two"
    name: str
    first_line: int


@dataclass(frozen=True, kw_only=True)
class UnknownName(Diagnostic):
    """A name is used that nothing declares at this place: no parameter, `let`, bound variable, set, mixer or library
    name.

    Repair: Declare it, or correct its spelling.
    """

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
    """Names of built-in functions and of the standard library keep their meaning in every file.

    Repair: Choose another name.
    """

    code = "GLM103"
    title = "`{name}` is {origin} and cannot be redeclared"
    label = "choose another name"
    help = "rename it, for example to `my_{name}`"
    name: str
    origin: str


@dataclass(frozen=True, kw_only=True)
class LengthRedeclared(Diagnostic):
    """`n` is the sequence length in claims, so that nothing else may be called so.

    Repair: Choose another name.
    """

    code = "GLM104"
    title = "no parameter or let may be named `n`"
    label = "`n` is the sequence length in claims"
    help = "choose another name"


@dataclass(frozen=True, kw_only=True)
class UnusableMixerName(Diagnostic):
    """A mixer becomes a Python package of its name, which must be a lower-case identifier, no keyword of Python and no
    module that Python or the generated code imports.

    Repair: Rename the mixer.
    """

    code = "GLM105"
    title = "a mixer cannot be named `{name}`: {reason}"
    label = "becomes the name of a Python package"
    help = "rename it, for example to `{suggestion}`"
    name: str
    reason: str
    suggestion: str


@dataclass(frozen=True, kw_only=True)
class UnknownKind(Diagnostic):
    """A parameter is declared with a kind that does not exist.

    Repair: Write `int`, `real` or `map`.
    """

    code = "GLM106"
    title = "there is no kind of parameter named `{name}`"
    label = "not a kind"
    help = "a parameter is an `int`, a `real` or a `map`"
    name: str


@dataclass(frozen=True, kw_only=True)
class WrongKind(Diagnostic):
    """A map, a set, a number or a vector stands where another kind of thing is needed.

    Repair: Use a thing of the expected kind; a map gives a number when it is called: `f(k)`.
    """

    code = "GLM107"
    title = "expected {expected}, found {found}"
    label = "{found}"
    help = "{remedy}"
    expected: str
    found: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class ArgumentCount(Diagnostic):
    """A function, map or set is called with more or fewer arguments than it has parameters.

    Repair: Give as many as it takes.
    """

    code = "GLM108"
    title = "`{name}` takes {expected}, but {found} given here"
    label = "{found} given"
    name: str
    expected: str
    found: str


@dataclass(frozen=True, kw_only=True)
class MissingArgument(Diagnostic):
    """A set or mixer has a parameter without a default, and the use gives it no value.

    Repair: Give the argument by name, or give the parameter a default.
    """

    code = "GLM109"
    title = "`{name}` needs a value for its parameter `{parameter}`"
    label = "no `{parameter}` given"
    help = "write `{name}({parameter} = …)`"
    name: str
    parameter: str


@dataclass(frozen=True, kw_only=True)
class UnknownArgument(Diagnostic):
    """An argument is given by a name that is no parameter of the set or mixer.

    Repair: Correct the name, or remove the argument.
    """

    code = "GLM110"
    title = "`{name}` has no parameter named `{argument}`"
    label = "no such parameter"
    help = "{remedy}"
    name: str
    argument: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class RepeatedArgument(Diagnostic):
    """One parameter gets two values in the same use, by place and by name or twice by name.

    Repair: Remove one of them.
    """

    code = "GLM111"
    title = "the parameter `{argument}` of `{name}` is set twice"
    label = "set again here"
    help = "remove one of the two"
    name: str
    argument: str


@dataclass(frozen=True, kw_only=True)
class PositionalAfterKeyword(Diagnostic):
    """Arguments without names are matched by their place, which is unclear after named ones.

    Repair: Put those without names first.
    """

    code = "GLM112"
    title = "an argument without a name follows one with a name"
    label = "which parameter is this?"
    help = "put arguments without names first, or name this one too"


@dataclass(frozen=True, kw_only=True)
class UnsetParameter(Diagnostic):
    """A mixer with a parameter that has no value cannot be analysed or built.

    Repair: Give it a default, or set it with `--set NAME=VALUE`.
    """

    code = "GLM113"
    title = "the parameter `{parameter}` of the mixer `{mixer}` has no value"
    label = "no default"
    help = "give it a default (`{parameter}: {kind} = …`) or set it with --set {parameter}=VALUE"
    parameter: str
    mixer: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class MixerSkipped(Diagnostic):
    """A mixer with an unset parameter serves only as a part of another one, and is left out by itself.

    Repair: Nothing needs repair; set the parameter if the mixer is wanted by itself.
    """

    code = "GLM114"
    severity = Severity.NOTE
    title = "the mixer `{mixer}` is left out: its parameter `{parameter}` has no value"
    label = "used by the heads of another mixer only"
    help = "to get it by itself, set it with --set {parameter}=VALUE"
    parameter: str
    mixer: str


@dataclass(frozen=True, kw_only=True)
class ConditionFails(Diagnostic):
    """A `where` condition is false for the values that the parameters have.

    Repair: Use values that fulfil it, or change the condition.
    """

    code = "GLM115"
    title = "the condition of `{name}` does not hold"
    label = "{values}"
    help = "`{condition}` must hold"
    name: str
    condition: str
    values: str


@dataclass(frozen=True, kw_only=True)
class CyclicDefinition(Diagnostic):
    """A `let`, map, set or mixer needs itself to be known.

    Repair: Break the cycle; to recur, write a map by equations for f(0) and f(k+1).
    """

    code = "GLM116"
    title = "`{name}` is defined by itself: {cycle}"
    label = "comes back to itself"
    help = "break the cycle; only maps recur, from f(k) to f(k + 1)"
    name: str
    cycle: str


@dataclass(frozen=True, kw_only=True)
class NotConstant(Diagnostic):
    """This place needs one fixed number, and the expression depends on the row or a bound variable.

    Repair: Use numbers, parameters and constants made of them.
    """

    code = "GLM117"
    title = "{what} must be a constant"
    label = "not a constant number"
    what: str


@dataclass(frozen=True, kw_only=True)
class NotWhole(Diagnostic):
    """This place counts something or is an index, and the value is no integer.

    Repair: Write an integer, or round with floor or ceil.
    """

    code = "GLM118"
    title = "{what} must be an integer, and this is {value}"
    label = "not an integer"
    help = "use floor or ceil, or write an integer"
    what: str
    value: str


@dataclass(frozen=True, kw_only=True)
class NumberTooLarge(Diagnostic):
    """Evaluating the expression leads to a number beyond all positions.

    Repair: Use smaller numbers, or bound the range that leads there.
    """

    code = "GLM119"
    title = "the number here is too large: it has more than {bits} bits"
    label = "too large"
    help = "no position is that large; use a smaller number"
    bits: int


@dataclass(frozen=True, kw_only=True)
class TooComplex(Diagnostic):
    """Inlining sets and maps makes the definition too large to be worked with.

    Repair: Use fewer nested definitions.
    """

    code = "GLM120"
    title = "the definition is too large: {what} passes the limit of {limit}"
    label = "too large from here on"
    help = "write it with fewer nested definitions"
    what: str
    limit: int


# -- maps ------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class MapGap(Diagnostic):
    """The equations of a map leave a value undefined: f(0) … f(m−1) and one for f(k+m) must all be there.

    Repair: Add the missing equation.
    """

    code = "GLM121"
    title = "no equation of the map `{name}` gives {missing}"
    label = "incomplete"
    help = "add `let {missing} = …`"
    name: str
    missing: str


@dataclass(frozen=True, kw_only=True)
class MapOverlap(Diagnostic):
    """Two equations of a map define the same value.

    Repair: Remove one of them.
    """

    code = "GLM122"
    title = "two equations of the map `{name}` give {value}"
    label = "already given on line {first_line}"
    help = "remove one of them"
    name: str
    value: str
    first_line: int


@dataclass(frozen=True, kw_only=True)
class EarlierOutOfReach(Diagnostic):
    """An equation of a map may use only the m values before the one that it defines.

    Repair: Use f(k) … f(k+m−1) on the right, or add first values.
    """

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
    """A map is a fixed sequence of numbers; this one would differ from row to row.

    Repair: Keep the row index out of the map's equations.
    """

    code = "GLM124"
    title = "the map `{name}` depends on the row index, so it can neither recur nor be an argument"
    label = "depends on the row"
    help = "use the row index outside the map, or only call the map"
    name: str


# -- rows ------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class RowReferenceInSet(Diagnostic):
    """A set cannot be made of the rows of A or B, whose own definition may use it.

    Repair: Name a `set` and use it in both.
    """

    code = "GLM125"
    title = "the rows of {row} cannot be used inside a set"
    label = "a row of {row}"
    help = "name the set (`set common[i] = …`) and use it in both: `{row}[i] = common[i]`"
    row: str


@dataclass(frozen=True, kw_only=True)
class RepeatedStatement(Diagnostic):
    """A mixer has one of each: A, B, weights of a side, state, doc.

    Repair: Remove one of the two.
    """

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
    """`--set` names a parameter that no mixer of the file has.

    Repair: Correct the name; the parameters stand in parentheses after a mixer's name.
    """

    code = "GLM127"
    title = "no mixer has a parameter named `{name}`"
    help = "{remedy}"
    name: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class BadSetting(Diagnostic):
    """`--set` gives a value that is not of the parameter's kind.

    Repair: Give an integer for `int`, a number for `real`, the name of a map for `map`.
    """

    code = "GLM128"
    title = "--set {name}={value}: the parameter `{name}` needs {expected}"
    label = "declared here"
    help = "give {expected}"
    name: str
    value: str
    expected: str


@dataclass(frozen=True, kw_only=True)
class UnknownMixer(Diagnostic):
    """A mixer is asked for that the file does not declare.

    Repair: Correct the name after `--mixer`.
    """

    code = "GLM129"
    title = "the file has no mixer named `{name}`"
    help = "{remedy}"
    name: str
    remedy: str


# -- weights ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class OneSidedWeights(Diagnostic):
    """Weights are given for one side, and the other side has rows that would have none.

    Repair: Give weights for both, together (`weights A, B = …`) or in two lines.
    """

    code = "GLM140"
    title = "{given} has weights and {missing} has none"
    label = "only {given}"
    help = "add `weights {missing} = …`, or write `weights A, B = …` for one softmax over both"
    given: str
    missing: str


@dataclass(frozen=True, kw_only=True)
class NotAWeight(Diagnostic):
    """Weights are a small language of their own, and this is not in it.

    Repair: Use the words that the help lists.
    """

    code = "GLM141"
    title = "{found} has no meaning in weights"
    label = "not a weight"
    help = "weights are made of softmax, sigmoid, dot, gate, slot_gate, const, sum(A), sum(B), numbers, + - * /"
    found: str


@dataclass(frozen=True, kw_only=True)
class DotOperand(Diagnostic):
    """A product of scores is taken of two vectors, the first at the output's position and the second at the source's.

    Repair: Write two of q, k, unit(q), unit(k).
    """

    code = "GLM142"
    title = "dot takes two of q, k, unit(q), unit(k)"
    label = "not a vector"
    help = "for example dot(q, k), or dot(unit(k), unit(k))"


@dataclass(frozen=True, kw_only=True)
class NotAScore(Diagnostic):
    """Inside softmax or sigmoid stands a score of one element; a softmax or a row sum needs the whole row.

    Repair: Move it outside.
    """

    code = "GLM143"
    title = "{what} cannot stand inside {function}"
    label = "needs the whole row"
    help = "scores are made of dot, gate, slot_gate, const and numbers"
    what: str
    function: str


@dataclass(frozen=True, kw_only=True)
class RowSumCycle(Diagnostic):
    """sum(A) in A's own weights, or sum(A) and sum(B) in each other's, would have to be known before themselves.

    Repair: Let only one side use the sum of the other.
    """

    code = "GLM144"
    title = "the weights of {side} depend on their own row sum"
    label = "comes back to {side}"
    help = "let only one side use the sum of the other"
    side: str


@dataclass(frozen=True, kw_only=True)
class SlotsUnnumbered(Diagnostic):
    """slot_gate and const have one logit a slot, and elements of a set with several variables have no natural number.

    Repair: Use dot, or write the set with one variable.
    """

    code = "GLM145"
    title = "{what} needs numbered slots, but this set runs over several variables"
    label = "elements have no single number"
    help = "use dot, or write the set with one variable"
    what: str


@dataclass(frozen=True, kw_only=True)
class SlotsGrow(Diagnostic):
    """slot_gate and const have one logit a slot, and slots keep their numbers only if nothing before them grows.

    Repair: Use dot, bound the range, or write the growing part last.
    """

    code = "GLM146"
    title = "{what} needs numbered slots, but {reason}"
    label = "{label_text}"
    help = "use dot, or bound the range"
    what: str
    reason: str
    label_text: str


@dataclass(frozen=True, kw_only=True)
class BareVector(Diagnostic):
    """q and k are vectors, and a weight is a number.

    Repair: Take a product: dot(q, k).
    """

    code = "GLM147"
    title = "`{name}` is a vector, not a number"
    label = "stands outside of dot"
    help = "write dot(q, k)"
    name: str


# -- state, heads, claims --------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class StateNotPositive(Diagnostic):
    """`state N` lifts each value to N channels, and N must be at least 1.

    Repair: Write a positive number, or leave the statement out.
    """

    code = "GLM150"
    title = "the number of state channels must be positive, and this is {value}"
    label = "not positive"
    help = "write `state 1` or more, or leave the statement out"
    value: str


@dataclass(frozen=True, kw_only=True)
class HeadsConflict(Diagnostic):
    """A mixer that divides its heads among others takes its rows and weights from them.

    Repair: Move the statement into those mixers.
    """

    code = "GLM151"
    title = "a mixer with `heads` has no {what} of its own"
    label = "`heads` on line {heads_line} takes its place"
    help = "move it into the mixers that `heads` names"
    what: str
    heads_line: int


@dataclass(frozen=True, kw_only=True)
class FractionNotPositive(Diagnostic):
    """A share of the heads is zero or negative.

    Repair: Write a positive fraction, or remove the line.
    """

    code = "GLM152"
    title = "a fraction of heads must be positive, and this is {value}"
    label = "not positive"
    value: str


@dataclass(frozen=True, kw_only=True)
class FractionSum(Diagnostic):
    """The shares of the heads do not make up all of them.

    Repair: Change them so that they sum to 1.
    """

    code = "GLM153"
    title = "the fractions of heads sum to {total}, not to 1"
    label = "{total} up to here"
    help = "{remedy}"
    total: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class UnknownQuantity(Diagnostic):
    """A claim is about one of five quantities.

    Repair: Write time, total, cache, path or congestion.
    """

    code = "GLM160"
    title = "there is no quantity named `{name}`"
    label = "not a quantity"
    help = "claims are about time, total, cache, path and congestion{suggestion}"
    name: str
    suggestion: str


@dataclass(frozen=True, kw_only=True)
class UnknownOrder(Diagnostic):
    """A growth is claimed by one of three orders.

    Repair: Write O, Omega or Theta.
    """

    code = "GLM161"
    title = "there is no order named `{name}`"
    label = "not an order"
    help = "write O(…), Omega(…) or Theta(…)"
    name: str


@dataclass(frozen=True, kw_only=True)
class AmbiguousPower(Diagnostic):
    """`log n^2` could be (log n)² or log(n²).

    Repair: Write parentheses.
    """

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
    """Two words stand side by side; a product sign may be left out only before log, log2 and sqrt in claims.

    Repair: Write the operator.
    """

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
    """An output would read an input from its future, or an output that is not computed yet. Elements above the limit
    are never cut off silently.

    Repair: Bound the element or the range, or intersect the rows with causal[i] or past[i].
    """

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
    """No row that was checked reads the future, but no proof covers all of them. The mixer builds.

    Repair: Intersect the rows with causal[i] or past[i] to be certain.
    """

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
    """An element of a row, an end of a range or an argument of an integer function has a value that is no integer.

    Repair: Round it with floor or ceil.
    """

    code = "GLM172"
    title = "{what} must be an integer"
    label = "{evidence}"
    help = "write floor(…) or ceil(…) around it"
    what: str
    evidence: str


@dataclass(frozen=True, kw_only=True)
class IntegralityUnproved(Diagnostic):
    """All values that were checked are integers, but no proof covers all of them. The mixer builds.

    Repair: Round with floor to be certain.
    """

    code = "GLM173"
    severity = Severity.WARNING
    title = "no proof that {what} is always an integer"
    label = "holds for every i below {checked_to}, not proved beyond"
    help = "write floor(…) around it to be certain"
    what: str
    checked_to: int


@dataclass(frozen=True, kw_only=True)
class Undefined(Diagnostic):
    """A row reaches a division by zero, a logarithm of zero, a root of a negative number or the like.

    Repair: Exclude it by a condition, or start the range later.
    """

    code = "GLM174"
    title = "{operation} is reached"
    label = "at {witness}"
    help = "exclude it by a condition or a later start of the range"
    operation: str
    witness: str


@dataclass(frozen=True, kw_only=True)
class DefinednessUnproved(Diagnostic):
    """No row that was checked divides by zero or the like, but no proof covers all of them. The mixer builds.

    Repair: Start the range later, or use max(1, …), to be certain.
    """

    code = "GLM175"
    severity = Severity.WARNING
    title = "no proof that {operation} is never reached"
    label = "holds for every i below {checked_to}, not proved beyond"
    operation: str
    checked_to: int


@dataclass(frozen=True, kw_only=True)
class EndlessRange(Diagnostic):
    """A range without an end must provably stop to matter: from some value on its elements are negative or its
    condition is false.

    Repair: Write an end, or a condition such as `if f(k) <= i`.
    """

    code = "GLM176"
    title = "the range of `{variable}` has no end"
    label = "endless"
    notes = ("from some value on the element must provably be negative or the condition false",)
    help = "write an end, for example `{start}..i + 1`"
    variable: str
    start: str


@dataclass(frozen=True, kw_only=True)
class NotIncreasing(Diagnostic):
    """shifts, compact and landmarks need a map with f(k) < f(k+1) for every k; for this one a counterexample is shown.

    Repair: Pass a map that grows with every step.
    """

    code = "GLM177"
    title = "the map `{name}` must be strictly increasing to be an argument"
    label = "{witness}"
    help = "pass a map that grows with every step"
    name: str
    witness: str


@dataclass(frozen=True, kw_only=True)
class IncreaseUnproved(Diagnostic):
    """The map grows as far as it was checked, but no proof covers every k. The mixer builds.

    Repair: Write the map as a polynomial, a power, or a recurrence with non-negative coefficients to be certain.
    """

    code = "GLM178"
    severity = Severity.WARNING
    title = "no proof that the map `{name}` is strictly increasing and integer valued"
    label = "holds up to k = {checked_to}, not proved beyond"
    name: str
    checked_to: int


@dataclass(frozen=True, kw_only=True)
class RangeTooLong(Diagnostic):
    """One row has more steps than could ever be run.

    Repair: Bound the range by the row index.
    """

    code = "GLM179"
    title = "a row here has too many steps to be checked or run"
    label = "more than {limit} steps in one row"
    help = "bound the range by the row index, for example `0..i + 1`"
    limit: int
