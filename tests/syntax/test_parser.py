"""The tree of a text: its shape, its spans, and the grammar's own health."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lark import Lark

from glmc.diagnostics import Sink
from glmc.resources import resource
from glmc.source import Source
from glmc.syntax.nodes import (
    Apart,
    Applied,
    ClaimBound,
    ClaimOrder,
    Comparison,
    Comprehension,
    Condition,
    Doc,
    Expr,
    Heads,
    Intersection,
    Keyword,
    LetConstant,
    LetEquation,
    Listed,
    Module,
    Name,
    Node,
    Not,
    Number,
    Or,
    Power,
    Product,
    RowReference,
    Rows,
    RowSum,
    Set,
    SetChain,
    SetDefinition,
    Statement,
    Sum,
    Unary,
    Weights,
)
from glmc.syntax.parser import parse

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.glm"))


def parsed(text: str) -> Module:
    report = Sink(Source("test.glm", text))
    module = parse(report.source, report)
    assert not report.diagnostics, [(d.code, d.message) for d in report.diagnostics]
    assert module is not None
    return module


def expression(text: str) -> Expr:
    (let,) = parsed(f"glm 1\nlet x = {text}").items
    assert isinstance(let, LetConstant)
    return let.value


def statement(text: str) -> Statement:
    ((only,),) = (mixer.statements for mixer in parsed(f"glm 1\nmixer m {{ {text} }}").items)
    return only


def row_set(text: str) -> Set:
    rows = statement(f"A[i] = {text}")
    assert isinstance(rows, Rows)
    return rows.set


def number(value: int | str) -> Number:
    return Number(Fraction(value))


def test_the_grammar_has_no_ambiguity():
    text = resource("grammar/glm.lark").read_text(encoding="utf-8")
    Lark(text, parser="lalr", lexer="basic", strict=True)


# -- shapes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("-2^2", Unary(Power(number(2), number(2)))),
        ("2^-1", Power(number(2), Unary(number(1)))),
        ("2^3^k", Power(number(2), Power(number(3), Name("k")))),
        ("-a*b", Product(Unary(Name("a")), (("*", Name("b")),))),
        ("1.50", number("3/2")),
        ("a·b // 2 % 3", Product(Name("a"), (("*", Name("b")), ("//", number(2)), ("%", number(3))))),
        ("1 - 2 + 3", Sum(number(1), (("-", number(2)), ("+", number(3))))),
        ("log n", Apart((Name("log"), Name("n")))),
        ("n log log n", Apart((Name("n"), Name("log"), Name("log"), Name("n")))),
        ("log n^2", Apart((Name("log"), Power(Name("n"), number(2))))),
        ("n^2 log n", Apart((Power(Name("n"), number(2)), Name("log"), Name("n")))),
        ("(log n)^2", Power(Apart((Name("log"), Name("n"))), number(2))),
        ("sum(B)", RowSum(Name("sum"), "B")),
        ("format", Name("format")),
    ],
)
def test_expressions(text, tree):
    assert expression(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("{ }", Listed(())),
        ("{ 1, i }", Listed((number(1), Name("i")))),
        ("a[i] | b[i] - c[i]", "((a|b)-c)"),
        ("a[i] - b[i] & c[i]", "(a-(b&c))"),
        ("(a[i] | b[i]) & c[i]", "((a|b)&c)"),
        ("B[i - 1]", RowReference("B", Sum(Name("i"), (("-", number(1)),)))),
        ("{ i if i > 0 }", Comprehension(Name("i"), (), Comparison(Name("i"), ((">", number(0)),)))),
        ("w(w = 64)[i]", Applied(Name("w"), (Keyword("w", number(64)),), Name("i"))),
    ],
)
def test_sets(text, tree):
    found = row_set(text)
    assert (_spelled(found) if isinstance(tree, str) else found) == tree


def _spelled(tree: Set) -> str:
    """Fully parenthesised, left to right."""
    match tree:
        case Applied(Name(name)):
            return name
        case SetChain(first, rest):
            text = _spelled(first)
            for operator, part in rest:
                text = f"({text}{operator}{_spelled(part)})"
            return text
        case Intersection(parts):
            return f"({'&'.join(map(_spelled, parts))})"
    raise AssertionError(tree)


def test_generators_and_condition():
    tree = row_set("{ i - j for j in 1..4 for k in 0.. if j < k <= 9 and not (j == 2 or k == 3) }")
    assert isinstance(tree, Comprehension)
    first, second = tree.generators
    assert (first.variable, first.start, first.stop) == (Name("j"), number(1), number(4))
    assert (second.variable, second.start, second.stop) == (Name("k"), number(0), None)
    chain, negated = tree.condition.parts
    assert chain == Comparison(Name("j"), (("<", Name("k")), ("<=", number(9))))
    assert isinstance(negated, Not) and isinstance(negated.part, Or)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        (r'doc "a \"b\" \\ {{ c }}"', Doc(r'a "b" \ {{ c }}')),
        ("let f(k) = k", LetEquation(Name("f"), Name("k"), 0, Name("k"))),
        ("let f(3) = 1", LetEquation(Name("f"), None, 3, number(1))),
        ("let f(k + 2) = 1", LetEquation(Name("f"), Name("k"), 2, number(1))),
        ("weights A, B = gate", Weights(("A", "B"), Name("gate"))),
        ("claim time in O(log n)", ClaimOrder(Name("time"), Name("O"), Apart((Name("log"), Name("n"))))),
        ("claim path == 1", ClaimBound(Name("path"), "==", number(1))),
        ("heads 3/4: m(1)", Heads(Product(number(3), (("/", number(4)),)), Name("m"), (number(1),))),
    ],
)
def test_statements(text, tree):
    assert statement(text) == tree


def test_semicolons_comments_and_line_ends():
    plain = "glm 1\nset s(w: int)[i] = { let v = w rows { i } }\nmixer m(f: map, r: real = 0.5) { A[i] = s(2)[i] }"
    busy = (
        "# first\r\nglm\t1;;\r\nset s(w: int)[i] = {; let v = w;; # inside\n rows { i }; };\n"
        "mixer m(f: map, r: real = 0.5) {;; A[i] = s(2)[i];; };;# end"
    )
    assert parsed(plain).items == parsed(busy).items


def test_chains_are_flat():
    tree = expression(" + ".join(["k"] * 5000))
    assert isinstance(tree, Sum) and len(tree.rest) == 4999
    union = row_set(" | ".join(["{ i }"] * 1000))
    assert isinstance(union, SetChain) and len(union.rest) == 999


NAMES = {"a": Fraction(2), "b": Fraction(3), "c": Fraction(-1), "d": Fraction(1, 2), "e": Fraction(0)}


def _texts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "*", "/", "//", "%"])
    return st.one_of(
        st.tuples(inner, operators, inner).map("".join),
        st.tuples(inner, st.sampled_from(["^a", "^-a", "^c", "^-e"])).map("".join),
        inner.map("-{}".format),
        inner.map("({})".format),
    )


@settings(max_examples=150, deadline=None)
@given(st.recursive(st.sampled_from(sorted(NAMES)), _texts, max_leaves=8))
def test_precedence_is_python_s(text):
    """Python binds and associates the shared operators as the language does, and computes with Fractions."""
    try:
        expected = eval(text.replace("^", "**"), {}, dict(NAMES))
    except ZeroDivisionError:
        assume(False)
    assume(not isinstance(expected, complex))
    assert _value(expression(text)) == expected


def _value(tree: Expr):
    match tree:
        case Name(name):
            return NAMES[name]
        case Unary(operand):
            return -_value(operand)
        case Power(base, exponent):
            return _value(base) ** _value(exponent)
        case Sum(first, rest) | Product(first, rest):
            total = _value(first)
            for operator, term in rest:
                value = _value(term)
                match operator:
                    case "+":
                        total = total + value
                    case "-":
                        total = total - value
                    case "*":
                        total = total * value
                    case "/":
                        total = total / value
                    case "//":
                        total = total // value
                    case "%":
                        total = total % value
            return total
    raise AssertionError(tree)


# -- spans --------------------------------------------------------------------------------------------


def nodes(tree: object) -> Iterator[Node]:
    if isinstance(tree, tuple):
        for part in tree:
            yield from nodes(part)
    elif isinstance(tree, Node):
        yield tree
        for field in dataclasses.fields(tree):
            yield from nodes(getattr(tree, field.name))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_spans_are_exact(path):
    """The text under a node's span, read again in a place of its kind, is the same node."""
    text = path.read_text(encoding="utf-8")
    for node in nodes(parsed(text)):
        part = text[node.span.start : node.span.stop]
        assert part == part.strip()
        match node:
            case Name(name):
                assert part == name
            case _ if isinstance(node, get_args(Expr)):
                assert expression(part) == node
            case _ if isinstance(node, get_args(Condition)):
                assert statement(f"where {part}").condition == node
            case _ if isinstance(node, get_args(Set)):
                assert row_set(part) == node
            case _ if isinstance(node, get_args(Statement)):
                assert statement(part) == node
            case SetDefinition():
                assert parsed(f"glm 1\n{part}").items == (node,)


def test_spans_include_parentheses_only_outside():
    tree = expression("(a + b) * c")
    assert (tree.span.start, tree.span.stop) == (14, 25)
    assert (tree.first.span.start, tree.first.span.stop) == (15, 20)


# -- mistakes -----------------------------------------------------------------------------------------


def findings(text: str) -> list[tuple[str, int, int]]:
    report = Sink(Source("test.glm", text))
    parse(report.source, report)
    return [(found.code, *report.source.position(found.span.start)) for found in report.diagnostics]


MISTAKES = """glm 1
mixer first(w: int = ) {
  let f(k) = 2^
  claim time in O(log n)
  lets g = 3
  where w = 3
  B[i] = { i - f(k for k in 0.. }
  weight A = 1
  A = { i }
  weights A, C = 1
}
set s[i] = { let v 3
  rows { i } }
mixer last {
  A[i] = { i } | { i -- }
"""


def test_all_mistakes_in_one_run():
    assert findings(MISTAKES) == [
        ("GLM001", 2, 22),
        ("GLM001", 4, 3),
        ("GLM015", 5, 3),
        ("GLM001", 6, 11),
        ("GLM001", 7, 20),
        ("GLM015", 8, 3),
        ("GLM001", 9, 5),
        ("GLM001", 10, 14),
        ("GLM001", 12, 20),
        ("GLM003", 14, 12),
        ("GLM001", 15, 25),
    ]


def test_what_is_sound_is_kept():
    report = Sink(
        Source("test.glm", "glm 1\nlet a = \nlet b = 2\nmixer uses_a { B[i] = { i - a } }\nmixer m { claim }")
    )
    module = parse(report.source, report)
    assert [item.name.name for item in module.items] == ["b", "m"]
    assert len(report.diagnostics) == 2


def test_a_mixer_is_left_out_with_its_name_or_its_rows():
    text = "glm 1\nmixer ../x {\n A[i] = { i } }\nmixer m {\n A[i] = { i ) }\nmixer n { A[i] = { i } }"
    report = Sink(Source("test.glm", text))
    module = parse(report.source, report)
    assert [item.name.name for item in module.items] == ["n"]
    assert len(report.diagnostics) == 2


def test_statements_before_and_after_a_mistake_are_kept():
    report = Sink(Source("test.glm", "glm 1\nmixer m { A[i] = { i } claim time claim path <= 3 weights A = 1 }"))
    (mixer,) = parse(report.source, report).items
    assert [type(part).__name__ for part in mixer.statements] == ["Rows", "ClaimBound", "Weights"]


def test_a_point_behind_a_name_with_digits():
    assert findings("glm 1\nlet x = y0.5") == [("GLM004", 2, 11)]


@pytest.mark.parametrize("text", ["", " \n", "# only a comment", "\ufeff"])
def test_an_empty_file_lacks_the_header(text):
    assert [code for code, _, _ in findings(text)] == ["GLM007"]


def test_the_end_is_reported_behind_the_last_character():
    assert findings("glm 1\nlet x =\n\n") == [("GLM002", 2, 8)]


def test_a_byte_order_mark_is_skipped():
    assert parsed("\ufeffglm 1\nlet x = 1").items == parsed("glm 1\nlet x = 1").items


TOKENS = """
    glm 1 mixer set let rows doc where weights claim heads { } ( ) [ ] A B i = == | - & .. , ; : ^ for in if n
"""


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_damage_is_a_coded_finding(data):
    """Words put in, left out or exchanged anywhere: never an exception, and spans stay inside the text."""
    words = data.draw(st.sampled_from(EXAMPLES)).read_text(encoding="utf-8").split(" ")
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(words) - 1))
        words[place : place + data.draw(st.integers(0, 2))] = data.draw(
            st.lists(st.sampled_from(TOKENS.split()), max_size=2)
        )
        words = words or [""]
    report = Sink(Source("test.glm", " ".join(words)))
    module = parse(report.source, report)
    assert module is not None or report.has_errors
    for found in report.diagnostics:
        assert found.code.startswith("GLM0")
        assert 0 <= found.span.start <= found.span.stop <= len(report.source.text)
        assert found.message
