"""What can be wrong with a text before anything has a meaning: codes GLM001 to GLM019."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from glmc.diagnostics import Diagnostic

# What people write out of habit from another language, and what glm calls it.
_HABITS = {
    "=": "equality is written `==`",
    "**": "powers are written `^`",
    "!": "negation is written `not`, inequality `!=`",
    "&&": "write `and`; `&` intersects sets",
    "||": "write `or`; `|` unites sets",
    "'": "strings stand in double quotes",
    "/*": "comments start with `#`",
    "//": "comments start with `#`; `//` divides",
    ".": "a range is written `a..b`, a decimal has digits on both sides of its point",
    "...": "a range is written `a..b`; it does not contain b",
    "≤": "write `<=`",
    "≥": "write `>=`",
    "≠": "write `!=`",
    "×": "write `*` or `·`",
    "−": "write the ASCII minus `-`",
    "–": "write the ASCII minus `-`",
    "∪": "write `|`",
    "∩": "write `&`",
    "∖": "write `-`",
    "∅": "write `{ }`",
    "…": "a range is written with two points, `a..b`",
    "⌊": "write `floor(x)`",
    "⌈": "write `ceil(x)`",
    "²": "write `^2`",
    "³": "write `^3`",
    "√": "write `sqrt(x)`",
    "“": 'strings stand in straight double quotes, "…"',
    "”": 'strings stand in straight double quotes, "…"',
}


def habit(text: str) -> str:
    """The help for a text that another language would understand, or nothing."""
    return _HABITS.get(text, "")


def did_you_mean(word: str, known: tuple[str, ...]) -> str:
    """The help that names the nearest known word, or nothing."""
    return "".join(f"did you mean `{match}`?" for match in get_close_matches(word, known, 1, 0.5))


def another_name(word: str) -> str:
    """A name near a reserved word that is not reserved."""
    return word.lower() if word in {"A", "B"} else f"{word}_"


@dataclass(frozen=True, kw_only=True)
class UnexpectedToken(Diagnostic):
    """The parser met a word or sign that no rule of the grammar allows at this place.

    Repair: Look at what the label expects; the mistake may also stand just before the place, as a missing operator,
    bracket or brace.
    """

    code = "GLM001"
    title = "unexpected {found}"
    label = "expected {expected}"
    help = "{hint}"
    found: str
    expected: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class UnexpectedEnd(Diagnostic):
    """The text ends inside a statement or before a closing brace.

    Repair: Finish the statement that the label names, and close every brace.
    """

    code = "GLM002"
    title = "the file ends too early"
    label = "expected {expected}"
    expected: str


@dataclass(frozen=True, kw_only=True)
class UnclosedBracket(Diagnostic):
    """A bracket or brace is opened and nothing closes it before the statement around it has to end.

    Repair: Add the closing one where the help says, or remove the opening one.
    """

    code = "GLM003"
    title = "`{bracket}` is never closed"
    label = "opened here"
    help = "add `{closer}` before {before}"
    bracket: str
    closer: str
    before: str


@dataclass(frozen=True, kw_only=True)
class BadCharacter(Diagnostic):
    """These characters belong to no word, number or sign of the language.

    Repair: Write the sign or word that the help names.
    """

    code = "GLM004"
    title = "`{characters}` means nothing in this language"
    help = "{hint}"
    characters: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class UnterminatedString(Diagnostic):
    """A string starts with a double quote and has no second one on the same line.

    Repair: Close it; strings hold no line breaks.
    """

    code = "GLM005"
    title = "the string does not end on its line"
    label = "the string starts here"
    help = 'close it with `"`; a string cannot contain a line break, and a quote inside is written `\\"`'


@dataclass(frozen=True, kw_only=True)
class BadEscape(Diagnostic):
    r"""Inside a string, a backslash stands before something other than a double quote or a backslash.

    Repair: Write `\\` for a backslash itself.
    """

    code = "GLM006"
    title = "`{escape}` is no escape"
    help = 'only `\\"` and `\\\\` are; a backslash itself is written `\\\\`'
    escape: str


@dataclass(frozen=True, kw_only=True)
class MissingHeader(Diagnostic):
    """Every file starts by naming its language and version.

    Repair: Write `glm 1` first; only comments and white space may stand before it.
    """

    code = "GLM007"
    title = "the header `glm 1` is missing"
    label = "the file starts here"
    help = "write `glm 1` on the first line; it names the language and its version"


@dataclass(frozen=True, kw_only=True)
class UnsupportedVersion(Diagnostic):
    """The file is written for another version of the language than this glmc reads.

    Repair: Write `glm 1` if the file is meant for version 1, or install another glmc.
    """

    code = "GLM008"
    title = "glm version {version} is not supported"
    label = "this glmc reads version 1"
    help = "write `glm 1`, or install a glmc that knows version {version}"
    version: str


@dataclass(frozen=True, kw_only=True)
class GridLabModel(Diagnostic):
    """GridLAB-D, a simulator of power grids, uses the same file ending; this file is one of its models.

    Repair: Give glmc a file that declares token mixers.
    """

    code = "GLM009"
    title = "this is a GridLAB-D model, not a token mixer"
    label = "GridLAB-D syntax"
    help = "both use the ending .glm; a token mixer's file starts with `glm 1`"


@dataclass(frozen=True, kw_only=True)
class NotText(Diagnostic):
    """The bytes of the file are no UTF-8 text.

    Repair: Save the file as UTF-8 in your editor.
    """

    code = "GLM010"
    title = "the file is not UTF-8 text"
    label = "{reason}"
    help = "save it as UTF-8 text"
    reason: str


@dataclass(frozen=True, kw_only=True)
class TooLarge(Diagnostic):
    """Files are limited in characters and words, so that a file from elsewhere can do no harm.

    Repair: Split the file, or say long lists by a `for`.
    """

    code = "GLM011"
    title = "the file is too large"
    label = "the limit of {limit} {unit} is passed here"
    help = "split the file; a comprehension with `for` or a recursive map says long lists in one line"
    limit: int
    unit: str


@dataclass(frozen=True, kw_only=True)
class NestedTooDeeply(Diagnostic):
    """Brackets, braces and signs nest more deeply than any reader could follow.

    Repair: Give inner parts names with `let` or `set`.
    """

    code = "GLM012"
    title = "nested too deeply"
    label = "level {limit} ends here"
    help = "name inner parts with `let` or `set`; at most {limit} brackets and signs may nest"
    limit: int


@dataclass(frozen=True, kw_only=True)
class NumberTooLong(Diagnostic):
    """A number is written out with more digits than the limit.

    Repair: Write it as a power or a product: `10^30`.
    """

    code = "GLM013"
    title = "a number of {digits} digits is too long"
    label = "at most {limit} digits"
    help = "write it as a power or a product"
    digits: int
    limit: int


@dataclass(frozen=True, kw_only=True)
class ReservedWord(Diagnostic):
    """A word of the language stands where a name is declared.

    Repair: Choose another name.
    """

    code = "GLM014"
    title = "`{word}` is a reserved word and cannot be a name"
    help = "choose another name, such as `{suggestion}`"
    word: str
    suggestion: str


@dataclass(frozen=True, kw_only=True)
class UnknownStatement(Diagnostic):
    """A statement of a mixer, or an item of a file, starts with a word that none starts with.

    Repair: Use one of the words that the label lists.
    """

    code = "GLM015"
    title = "no {kind} starts with `{word}`"
    label = "expected {expected}"
    help = "{hint}"
    kind: str
    word: str
    expected: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class OutsideMixer(Diagnostic):
    """Rows, weights, claims and the like belong to a mixer, and this one stands at the top of the file.

    Repair: Move it into a mixer's braces; often a brace before it closes the mixer too early.
    """

    code = "GLM016"
    title = "`{word}` stands outside a mixer"
    help = "move it into the braces of a mixer, or look for a brace that closes one too early"
    word: str


@dataclass(frozen=True, kw_only=True)
class TooManyMistakes(Diagnostic):
    """After so many mistakes more reports would help nobody.

    Repair: Repair the first ones and run again.
    """

    code = "GLM017"
    title = "more than {limit} mistakes; the rest of the file was not read"
    limit: int
