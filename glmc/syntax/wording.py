"""Tokens and terminals in plain words."""

from __future__ import annotations

from lark import Token
from lark.lexer import PatternStr

from glmc.syntax.grammar import grammar

_EXPRESSION = {"NAME", "INT", "DECIMAL", "LPAR", "MINUS"}
_OPERATORS = {"PLUS", "MINUS", "STAR", "SLASH", "FLOOR", "PERCENT", "CIRCUMFLEX"}
_RELATIONS = {"LT", "LE", "EQ", "NE", "GE", "GT"}
_PLAIN = {
    "NAME": "a name",
    "INT": "an integer",
    "STRING": "a string",
    "ROW": "`A` or `B`",
    "$END": "the end of the file",
}


def found(token: Token) -> str:
    """What stands in the text."""
    if token.type == "$END":
        return "the end of the file"
    text = str(token)
    return f"`{text if len(text) <= 24 else text[:23] + '…'}`"


def expectation(accepted: set[str]) -> str:
    """The terminals that could come next, in plain words."""
    rest = set(accepted)
    words: list[str] = []

    def fold(whole: set[str], phrase: str) -> None:
        if whole <= rest:
            words.append(phrase)
            rest.difference_update(whole)

    fold({"_DOC", "_CLAIM", "_LET", "_WHERE", "_WEIGHTS", "_STATE", "_HEADS", "ROW"}, "a statement")
    fold({"_MIXER", "_SET", "_LET"}, "`mixer`, `set` or `let`")
    if rest >= _OPERATORS:  # an operand stands before; another may follow it only in claims
        rest -= _EXPRESSION | {"EQUAL"}
        words.append("an operator")
        rest -= _OPERATORS
    elif rest >= _EXPRESSION:
        rest -= _EXPRESSION | {"_NOT", "ROW"}
        words.append("an expression")
    fold(_RELATIONS, "a comparison")
    if words or len(rest) > 1:
        rest -= {"SEMICOLON", "$END"}
    spelled = sorted(_PLAIN[kind] if kind in _PLAIN else _spelling(kind) for kind in rest)
    return joined(sorted(words) + spelled)


def _spelling(kind: str) -> str:
    pattern = grammar().get_terminal(kind).pattern
    return f"`{pattern.value if isinstance(pattern, PatternStr) else pattern.value.split('(?!')[0]}`"


def joined(words: list[str]) -> str:
    """``a, b or c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
