"""Tokens to a tree, going on after mistakes: a statement that cannot be read is reported and left out."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from lark import Token, Tree
from lark.exceptions import UnexpectedToken as LarkUnexpectedToken

from glmc.diagnostics import Diagnostic, Sink
from glmc.source import Source, Span
from glmc.syntax.builder import build_module, token_span
from glmc.syntax.errors import (
    OutsideMixer,
    ReservedWord,
    TooManyMistakes,
    UnclosedBracket,
    UnexpectedEnd,
    UnexpectedToken,
    UnknownStatement,
    another_name,
    did_you_mean,
    habit,
)
from glmc.syntax.grammar import grammar
from glmc.syntax.lexer import MAX_MISTAKES, tokenize
from glmc.syntax.nodes import Item, Module
from glmc.syntax.wording import expectation, found, joined

_CLOSER = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_BODY_WORDS = {"_LET", "_WHERE", "_ROWS", "_DOC", "_WEIGHTS", "_STATE", "_CLAIM", "_HEADS"}
_ITEM_WORDS = {"_MIXER", "_SET"}
_INNER_WORDS = {"_FOR", "_IN", "_IF", "_AND", "_OR", "_NOT"}
_RESERVED = _BODY_WORDS | _ITEM_WORDS | _INNER_WORDS | {"_GLM", "ROW"}
# A ROW after one of these starts a statement; elsewhere it is part of one.
_BEFORE_ROWS = {"LBRACE", "RBRACE", "RPAR", "RSQB", "NAME", "INT", "DECIMAL", "STRING", "SEMICOLON"}
# What a mixer can lose without making its other statements look wrong.
_HARMLESS = {"_DOC", "_CLAIM", "_STATE"}

_ITEM_SPELLINGS = ("mixer", "set", "let")
_STATEMENT_SPELLINGS = ("doc", "where", "let", "A", "B", "weights", "state", "claim", "heads")


def parse(source: Source, report: Sink) -> Module | None:
    """The module of a source without what a syntax mistake makes unreadable; None if nothing remains.

    Every mistake is reported, with a code below GLM100. An item that contains one (other than in a ``doc``,
    ``claim`` or ``state``), or that mentions an item left out, is left out itself, so that later passes judge
    only what was written.
    """
    lexed = tokenize(source, report)
    if lexed is None:
        return None
    reader = _Reader(source, report, *lexed)
    tree = reader.read()
    if tree is None:
        return None
    module = build_module(tree)
    if not report.has_errors:
        return module
    items = _sound_items(module.items, reader)
    return Module(module.version, items, span=module.span) if items else None


def _sound_items(items: tuple[Item, ...], reader: _Reader) -> tuple[Item, ...]:
    """The items without those that are broken or that mention, however indirectly, one that is lost."""
    mentioning: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        for name in reader.names_within(item.span):
            mentioning[name].append(item)
    broken = [item for item in items if reader.is_broken(item.span)]
    unsound = {item.span for item in broken}
    lost = [*reader.lost_names, *(item.name.name for item in broken)]
    while lost:
        for item in mentioning.pop(lost.pop(), []):
            unsound.add(item.span)
            lost.append(item.name.name)
    return tuple(item for item in items if item.span not in unsound)


@dataclass
class _Open:
    """A statement or item whose first token lies at ``depth`` of the parser's stack."""

    depth: int
    index: int
    token: Token
    has_body: bool = False


@dataclass
class _Reader:
    source: Source
    report: Sink
    tokens: list[Token]
    blanked: list[Span]  # text that the lexer reported and took out
    broken: set[int] = field(default_factory=set)  # where the items start that are not to be judged further
    lost_names: set[str] = field(default_factory=set)  # names of items that could not be read
    _open: list[_Open] = field(default_factory=list)
    _mistakes: int = 0

    def read(self) -> Tree[Token] | None:
        """The parse tree of everything readable."""
        self._cursor = grammar().parse_interactive("")
        index = 0
        while index < len(self.tokens):
            if self._feed(self.tokens[index]):
                self._note_opening(index)
                index += 1
                continue
            self._mistakes += 1
            if self._mistakes > MAX_MISTAKES:
                self.report(TooManyMistakes(span=token_span(self.tokens[index]), limit=MAX_MISTAKES))
                return None
            finding = self._diagnose(index)
            if not self._follows_blanked_text(index):
                self.report(finding)
            # A reserved word in the place of a name starts no statement.
            index = self._recover(index + 1 if isinstance(finding, ReservedWord) else index)
        return self._finish()

    def is_broken(self, span: Span) -> bool:
        return span.start in self.broken or any(span.start <= bad.start < span.stop for bad in self.blanked)

    def names_within(self, span: Span) -> set[str]:
        first = bisect_left(self.tokens, span.start, key=_start)
        last = bisect_left(self.tokens, span.stop, key=_start)
        return {token.value for token in self.tokens[first:last] if token.type == "NAME"}

    # -- the parser's stack ------------------------------------------------------------------------

    def _feed(self, token: Token) -> Tree[Token] | bool:
        """Whether the parser took the token; the finished tree for the end of the file."""
        try:
            return self._cursor.feed_token(token) or True
        except LarkUnexpectedToken:
            return False

    def _accepted(self) -> set[str]:
        accepted: set[str] = self._cursor.accepts()  # type: ignore[no-untyped-call]
        return accepted

    def _note_opening(self, index: int) -> None:
        token = self.tokens[index]
        if self._starts_statement(index):
            self._in_progress()
            self._open.append(_Open(len(self._cursor.parser_state.value_stack) - 1, index, token))
        elif token.type == "LBRACE":
            top = self._in_progress()
            if top is not None and top.token.type == "_MIXER":
                top.has_body = True

    def _starts_statement(self, index: int) -> bool:
        kind = self.tokens[index].type
        if kind == "ROW":
            return index > 0 and self._ends_statement(index - 1)
        return kind in _BODY_WORDS or kind in _ITEM_WORDS

    def _follows_blanked_text(self, index: int) -> bool:
        """Whether a mistake may only be the trace of one that the lexer reported in the same statement."""
        opening = self._in_progress()
        start = 0 if opening is None or opening.has_body else opening.index
        first, stop = token_span(self.tokens[start]).start, token_span(self.tokens[index]).stop
        return any(first <= bad.start < stop for bad in self.blanked) and start > 0

    def _in_progress(self) -> _Open | None:
        """The innermost opening that the parser has not finished."""
        values = self._cursor.parser_state.value_stack
        while self._open:
            top = self._open[-1]
            if top.depth < len(values) and values[top.depth] is top.token:
                return top
            self._open.pop()
        return None

    def _drop(self, opening: _Open) -> None:
        """Take an unfinished statement off the parser's stack, as if it had not been there."""
        state = self._cursor.parser_state
        del state.value_stack[opening.depth :]
        # The state stack has its start state below the first value.
        del state.state_stack[opening.depth + 1 :]
        self._open.remove(opening)

    # -- recovery ----------------------------------------------------------------------------------

    def _recover(self, index: int) -> int:
        """Leave out the statement around a mistake; the index of the token to go on with."""
        opening = self._in_progress()
        if opening is not None and opening.has_body:
            opening = None
        if opening is not None:
            self._drop(opening)
            if opening.token.type == "_ROWS" and (enclosing := self._in_progress()) is not None:
                opening = enclosing
                self._drop(opening)
        first = index if opening is None else opening.index
        self._remember_loss(opening)
        accepted = self._accepted()
        if "_MIXER" in accepted:
            return self._resume_at_item(first, index, opening)
        return self._resume_in_body(first, index, accepted)

    def _remember_loss(self, opening: _Open | None) -> None:
        """Mark the mixer around a mistake, or the name of the item that is left out for it."""
        mixer = self._in_progress()
        if mixer is not None:
            if opening is None or opening.token.type not in _HARMLESS:
                self.broken.add(_start(mixer.token))
        elif opening is not None:
            self.lost_names.update(t.value for t in self.tokens[opening.index + 1 :][:1] if t.type == "NAME")

    def _resume_at_item(self, first: int, index: int, opening: _Open | None) -> int:
        """After a mistake between items or in the head of one: at the next, or in the body of a mixer."""
        kind = None if opening is None else opening.token.type
        brackets = Counter(token.type for token in self.tokens[first:index])
        for position in range(index, len(self.tokens)):
            token = self.tokens[position]
            if token.type in _ITEM_WORDS and self._starts_line(position):
                return position
            if opening is not None and kind == "_MIXER" and token.type == "LBRACE":
                self._open_unnamed_mixer(opening, token)
                return position + 1
            closed = brackets["LBRACE"] <= brackets["RBRACE"]
            if kind in {"_LET", "_SET"} and token.type == "_LET" and closed:
                return position
            brackets[token.type] += 1
        return len(self.tokens)

    def _open_unnamed_mixer(self, opening: _Open, brace: Token) -> None:
        name = Token.new_borrow_pos("NAME", "", opening.token)
        for token in (opening.token, name, brace):
            self._feed(token)
        self._open.append(_Open(opening.depth, opening.index, opening.token, has_body=True))
        self.broken.add(_start(opening.token))

    def _resume_in_body(self, first: int, index: int, accepted: set[str]) -> int:
        """After a mistake in the statement that starts at ``first``: at the next, or where its body ends."""
        brackets = Counter(token.type for token in self.tokens[first:index])
        for position in range(index, len(self.tokens)):
            token = self.tokens[position]
            starts_line = self._starts_line(position)
            closed = brackets["LBRACE"] <= brackets["RBRACE"]
            if token.type in _ITEM_WORDS and starts_line:
                self._close_body(token)
                return position
            if token.type in accepted and (
                token.type in _BODY_WORDS
                or (token.type == "ROW" and starts_line)
                or (token.type == "RBRACE" and closed)
            ):
                return position
            misspelt = token.type == "NAME" and starts_line and position > index
            if misspelt and closed and self._follows_statement(position, brackets):
                return position
            brackets[token.type] += 1
        return len(self.tokens)

    def _follows_statement(self, index: int, brackets: Counter[str]) -> bool:
        """Whether a word can be a misspelt statement: all that was opened is closed, or a brace just was."""
        balanced = all(brackets[left] <= brackets[right] for left, right in _CLOSER.items())
        return self.tokens[index - 1].type == "RBRACE" or (balanced and self._ends_statement(index - 1))

    def _ends_statement(self, index: int) -> bool:
        """Whether a statement can end with this token."""
        return self.tokens[index].type in _BEFORE_ROWS

    def _close_body(self, before: Token) -> None:
        """End the item that is still open in front of a token."""
        opening = self._in_progress()
        if opening is None:
            return
        if opening.has_body:
            self._feed(Token.new_borrow_pos("RBRACE", "}", before))
        else:
            self._drop(opening)

    def _finish(self) -> Tree[Token] | None:
        end = len(self.source.text.rstrip())
        token = Token("$END", "", start_pos=end, end_pos=end)
        tree = self._feed(token)
        if isinstance(tree, Tree):
            return tree
        self.tokens.append(token)
        index = len(self.tokens) - 1
        if not self._mistakes or self._in_progress() is not None:
            self.report(self._diagnose(index))
        self._recover(index)
        self._close_body(token)
        tree = self._feed(token)
        return tree if isinstance(tree, Tree) else None

    # -- what to say -------------------------------------------------------------------------------

    def _diagnose(self, index: int) -> Diagnostic:
        token = self.tokens[index]
        span = token_span(token)
        accepted = self._accepted()
        unclosed = self._unclosed_bracket(index)
        if unclosed is not None:
            closer = {"(": ")", "[": "]", "{": "}"}[str(unclosed)]
            return UnclosedBracket(span=token_span(unclosed), bracket=str(unclosed), closer=closer, before=found(token))
        if token.type == "$END":
            return UnexpectedEnd(span=span, expected=expectation(accepted))
        if "_MIXER" in accepted and (token.type in _BODY_WORDS or token.type == "ROW"):
            return OutsideMixer(span=span, word=str(token))
        if (stray := self._stray_word(index, accepted)) is not None:
            return stray
        wants_name = "NAME" in accepted and "PLUS" not in accepted
        if token.type in _RESERVED and wants_name and not self._starts_line(index):
            return ReservedWord(span=span, word=str(token), suggestion=another_name(token))
        return UnexpectedToken(
            span=span, found=found(token), expected=expectation(accepted), hint=self._habit(index, accepted)
        )

    def _unclosed_bracket(self, index: int) -> Token | None:
        """The bracket that a token shows to be unclosed: it starts something, or closes another kind."""
        token = self.tokens[index]
        starts = self._starts_statement(index) and self._starts_line(index)
        if not starts and token.type != "$END" and token.type not in _CLOSER.values():
            return None
        opening = self._in_progress()
        bracket = None
        if opening is not None and not opening.has_body:
            bracket = self._innermost_bracket(opening.index, index)
        body = self._enclosing_body()
        if bracket is None and body is not None and (token.type in _ITEM_WORDS or token.type == "$END"):
            bracket = self._innermost_bracket(body.index, index)
        return None if bracket is None or token.type == _CLOSER[bracket.type] else bracket

    def _innermost_bracket(self, first: int, index: int) -> Token | None:
        brackets: list[Token] = []
        for token in self.tokens[first:index]:
            if token.type in _CLOSER:
                brackets.append(token)
            elif brackets and token.type == _CLOSER[brackets[-1].type]:
                brackets.pop()
        return brackets[-1] if brackets else None

    def _stray_word(self, index: int, accepted: set[str]) -> Diagnostic | None:
        """A name where a statement should start: on its own, or swallowed by the one before as ``3 lets``."""
        first = index
        while first > 0 and not self._starts_line(first):
            first -= 1
        word = self.tokens[first]
        inside = self._enclosing_body() is not None
        if word.type != "NAME" or not (inside or "_MIXER" in accepted):
            return None
        if self._innermost_bracket(first, index) is not None:
            return None
        opening = self._in_progress()
        if opening is not None and not opening.has_body:
            if first <= opening.index or not self._ends_statement(first - 1):
                return None
            if self._innermost_bracket(opening.index, first) is not None:
                return None
        words = _STATEMENT_SPELLINGS if inside else _ITEM_SPELLINGS
        return UnknownStatement(
            span=token_span(word),
            kind="statement" if inside else "item",
            word=str(word),
            expected=joined([f"`{spelling}`" for spelling in words]),
            hint=did_you_mean(word, words),
        )

    def _enclosing_body(self) -> _Open | None:
        self._in_progress()
        return next((opening for opening in reversed(self._open) if opening.has_body), None)

    def _starts_line(self, index: int) -> bool:
        """Whether a token is the first of its line, or stands after a brace or a semicolon."""
        if index == 0 or self.tokens[index - 1].type in {"LBRACE", "RBRACE", "SEMICOLON"}:
            return True
        return "\n" in self.source.text[self.tokens[index - 1].end_pos : self.tokens[index].start_pos]

    def _habit(self, index: int, accepted: set[str]) -> str:
        """The help for a sign of another language, of one token or of two that touch."""
        before, token, after = self.tokens[index - 1], self.tokens[index], self.tokens[index + 1 : index + 2]
        touching = [before + token] if before.end_pos == token.start_pos else []
        touching += [token + right for right in after if token.end_pos == right.start_pos]
        alone = [] if token.type == "EQUAL" and "EQ" not in accepted else [str(token)]
        return next((hint for text in touching + alone if (hint := habit(text))), "")


def _start(token: Token) -> int:
    return token_span(token).start
