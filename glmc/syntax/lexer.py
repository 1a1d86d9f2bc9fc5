"""Text to tokens. Whatever the grammar's terminals cannot match is reported here and blanked, so that every
offset stays and the parser sees the rest of the file."""

from __future__ import annotations

import re

from lark import Token

from glmc.diagnostics import Sink
from glmc.source import Source, Span
from glmc.syntax.errors import (
    BadCharacter,
    BadEscape,
    GridLabModel,
    MissingHeader,
    NestedTooDeeply,
    NotText,
    NumberTooLong,
    TooLarge,
    TooManyMistakes,
    UnsupportedVersion,
    UnterminatedString,
    habit,
)
from glmc.syntax.grammar import grammar

MAX_CHARACTERS = 1_000_000
MAX_TOKENS = 150_000
MAX_MIXERS = 200
MAX_DIGITS = 1_000
MAX_MISTAKES = 100
# Every pass over the tree recurses a few Python frames a level, and Python stops at 1000.
MAX_NESTING = 64

_LOST_BYTE_OR_NUL = re.compile("[\x00\ud800-\udfff]")
_HEADER = re.compile(r"(?:[ \t\r\n\f]|#[^\n]*)*glm(?![A-Za-z0-9_])")
_GRIDLAB = re.compile(
    r"^[ \t]*(?:object[ \t]+\w+(?::[\w.]+)?[ \t\r\n]*\{|clock[ \t\r\n]*\{|module[ \t]+\w+[ \t]*[;{]"
    r"|(?:class|schedule)[ \t]+\w+[ \t\r\n]*\{)",
    re.MULTILINE,
)
_SCAN = re.compile(
    r"""
      \#[^\n\r]*
    | (?P<string>"(?:\\[^\n\r]|[^"\\\n\r])*")
    | (?P<open>"[^\n\r]*)
    | [A-Za-z_][A-Za-z0-9_]*
    | (?P<number>[0-9]+(?:\.[0-9]+)?)
    | \.\.(?!\.) | !=
    | (?P<bad>\.+ | ! | \r(?!\n) | [^A-Za-z0-9_\ \t\r\n\f{}()\[\],:;=|&^+*·/%<>"\#!.-]+)
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(.)")

_OPENERS = {"LPAR", "LSQB", "LBRACE"}
_CLOSERS = {"RPAR", "RSQB", "RBRACE"}
_OPERAND_ENDS = {"INT", "DECIMAL", "NAME", "ROW", "STRING"} | _CLOSERS
_WORDS = {"INT", "DECIMAL", "NAME", "ROW"}
_PREFIXES = {"CIRCUMFLEX", "_NOT"}


def tokenize(source: Source, report: Sink) -> tuple[list[Token], list[Span]] | None:
    """The tokens of a version 1 file, header included, and the spans of unreadable text that was blanked.

    None where reading on would make no sense.
    """
    if not _is_readable(source, report):
        return None
    clean, blanked = _blank_bad_text(source, report)
    if len(blanked) > MAX_MISTAKES:
        report(TooManyMistakes(span=blanked[-1], limit=MAX_MISTAKES))
        return None
    parser = grammar().parse_interactive(clean)
    tokens = list(parser.lexer_thread.lex(parser.parser_state))  # type: ignore[no-untyped-call]
    if len(tokens) > MAX_TOKENS:
        report(TooLarge(span=_span(tokens[MAX_TOKENS]), limit=MAX_TOKENS, unit="words and signs"))
        return None
    mixers = [token for token in tokens if token.type == "_MIXER"]
    if len(mixers) > MAX_MIXERS:
        report(TooLarge(span=_span(mixers[MAX_MIXERS]), limit=MAX_MIXERS, unit="mixers"))
        return None
    deepest = _too_deep(tokens)
    if deepest is not None:
        report(NestedTooDeeply(span=_span(deepest), limit=MAX_NESTING))
        return None
    headed = _with_header(tokens, report)
    return None if headed is None else (headed, blanked)


def _span(token: Token) -> Span:
    assert token.start_pos is not None and token.end_pos is not None
    return Span(token.start_pos, token.end_pos)


def _is_readable(source: Source, report: Sink) -> bool:
    text = source.text
    if len(text) > MAX_CHARACTERS:
        report(TooLarge(span=Span(MAX_CHARACTERS, MAX_CHARACTERS + 1), limit=MAX_CHARACTERS, unit="characters"))
        return False
    if found := _LOST_BYTE_OR_NUL.search(text):
        reason = "a NUL byte" if found.group() == "\0" else "a byte that no UTF-8 text has here"
        report(NotText(span=Span(*found.span()), reason=reason))
        return False
    if not _HEADER.match(text.removeprefix("\ufeff")) and (model := _GRIDLAB.search(text)):
        start, stop = model.span()
        report(GridLabModel(span=Span(stop - len(text[start:stop].lstrip()), stop)))
        return False
    return True


def _blank_bad_text(source: Source, report: Sink) -> tuple[str, list[Span]]:
    """The text with every unreadable piece replaced by as many harmless characters, and where they were.

    Stops after MAX_MISTAKES.
    """
    text = source.text
    clean = [" "] if text.startswith("\ufeff") else []
    blanked: list[Span] = []
    done = len(clean)
    for found in _SCAN.finditer(text, done):
        span = Span(*found.span())
        replacement = _judge(found, span, report)
        if replacement is not None:
            clean.extend((text[done : span.start], replacement.ljust(span.stop - span.start)))
            blanked.append(span)
            done = span.stop
            if len(blanked) > MAX_MISTAKES:
                break
    clean.append(text[done:])
    return "".join(clean), blanked


def _judge(found: re.Match[str], span: Span, report: Sink) -> str | None:
    """Report what is wrong with a piece of text, if anything, and what to read in its place."""
    text = found.group()
    match found.lastgroup:
        case "string":
            bad = [escape for escape in _ESCAPE.finditer(text) if escape.group(1) not in '"\\']
            for escape in bad:
                start = span.start + escape.start()
                report(BadEscape(span=Span(start, start + 2), escape=escape.group()))
            return '""' if bad else None
        case "open":
            report(UnterminatedString(span=span))
            return '""' if len(text) > 1 else " "
        case "number" if len(text) > MAX_DIGITS:
            report(NumberTooLong(span=span, digits=len(text), limit=MAX_DIGITS))
            return "1"
        case "bad":
            report(BadCharacter(span=span, characters=_visible(text), hint=_hint(text)))
            return " "
        case _:
            return None


def _visible(characters: str) -> str:
    if characters.isprintable():
        return characters if len(characters) <= 24 else f"{characters[:23]}…"
    return f"U+{ord(characters[0]):04X}"


def _hint(characters: str) -> str:
    if characters == "\r":
        return "lines end with a line feed, or a carriage return and a line feed"
    if characters.isspace():
        return "write a plain space"
    return habit(characters) or habit(characters[0])


def _too_deep(tokens: list[Token]) -> Token | None:
    """The first token inside more than MAX_NESTING brackets, powers, signs, negations and juxtapositions."""
    outer: list[int] = []
    level = 0
    previous = ""
    for token in tokens:
        kind = token.type
        if kind in _OPENERS:
            outer.append(level)
            level += 1
        elif kind in _CLOSERS:
            level = outer.pop() if outer else 0
        elif (
            kind in _PREFIXES
            or (kind == "MINUS" and previous not in _OPERAND_ENDS)
            or (kind in _WORDS and previous in _WORDS)
        ):
            level += 1
        elif kind not in _OPERAND_ENDS:
            level = outer[-1] + 1 if outer else 0
        if level > MAX_NESTING:
            return token
        previous = kind
    return None


def _with_header(tokens: list[Token], report: Sink) -> list[Token] | None:
    """The tokens with a sound header: as written, or put in after a report that it is missing."""
    first = tokens[0] if tokens else None
    if first is None or first.type != "_GLM":
        report(MissingHeader(span=Span(0, 0) if first is None else _span(first)))
        if not any(token.type in {"_MIXER", "_SET"} for token in tokens):
            return None
        return [
            Token("_GLM", "glm", start_pos=0, end_pos=0),
            Token("INT", "1", start_pos=0, end_pos=0),
            *tokens,
        ]
    version = tokens[1] if len(tokens) > 1 else None
    if version is None or version.type not in {"INT", "DECIMAL"}:
        report(MissingHeader(span=_span(first)))
        return [first, Token("INT", "1", start_pos=first.end_pos, end_pos=first.end_pos), *tokens[1:]]
    if version.type == "DECIMAL" or int(version) != 1:
        report(UnsupportedVersion(span=_span(version), version=str(version)))
        return None
    return tokens
