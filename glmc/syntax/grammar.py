"""The LALR parser that lark makes of ``grammar/glm.lark``; built once, on first use."""

from __future__ import annotations

from functools import cache

from lark import Lark

from glmc.resources import resource


@cache
def grammar() -> Lark:
    text = resource("grammar/glm.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", lexer="basic", propagate_positions=True, maybe_placeholders=False)
