"""Files that mean harm, or that a bad day produced, through the real command: each ends soon, in a coded
diagnostic or in a result, and nothing in them is executed."""

from __future__ import annotations

import importlib
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

SECONDS = 15
NOISE = random.Random(1)


def mixer(statements: str) -> str:
    return f"glm 1\nmixer m {{\n{statements}\n}}\n"


def offset(expression: str) -> str:
    return mixer(f"  B[i] = {{ i - 1 - {expression} }}")


def chain(count: int, first: str, step: str, last: str) -> str:
    """A definition, ``count`` more that each use the one before, and a mixer that uses the last."""
    steps = "\n".join(step.format(k=k, p=k - 1) for k in range(1, count))
    return f"glm 1\n{first}\n{steps}\nmixer m {{ {last.format(k=count - 1)} }}\n"


# What no text should do to the reader: code, or None where the file is odd but sound.
UNREADABLE: dict[str, tuple[str | bytes, str | None]] = {
    "empty": ("", "GLM007"),
    "parentheses": (offset("(" * 20000 + "1" + ")" * 20000), "GLM012"),
    "open_parentheses": (offset("(" * 20000), "GLM012"),
    "braces": ("glm 1\n" + "{" * 20000, "GLM012"),
    "minuses": (offset("-" * 20000 + "1"), "GLM012"),
    "negations": (mixer("where " + "not " * 20000 + "1 < 2"), "GLM012"),
    "power_chain": (offset("^".join(["2"] * 20000)), "GLM012"),
    "words_side_by_side": (offset("n " * 20000), "GLM012"),
    "long_sum": (offset("+".join(["0"] * 50000)), None),
    "long_conjunction": (mixer("where " + " and ".join(["1 < 2"] * 20000)), None),
    "long_integer": (offset("9" * 20000), "GLM013"),
    "long_decimal": (offset("9." + "9" * 20000), "GLM013"),
    "much_text": ("glm 1\n" + "#" * 2_000_000, "GLM011"),
    "many_words": ("glm 1\n" + "a " * 400_000, "GLM011"),
    "many_mixers": ("glm 1\n" + "".join(f"mixer m{k} {{ }}\n" for k in range(5000)), "GLM011"),
    "many_mistakes": ("glm 1\n" + "mixer m { let = 3 }\n" * 150, "GLM017"),
    "one_mistake_among_many_items": (
        "glm 1\n" + "".join(f"let a{k} = 1\n" for k in range(20000)) + "let",
        "GLM002",
    ),
    "bytes": (NOISE.randbytes(100_000), "GLM010"),
    "ascii_noise": (b"glm 1\n" + bytes(NOISE.choices(range(1, 127), k=100_000)), "GLM017"),
    "grammar_noise": ("glm 1\n" + "".join(NOISE.choices("{}[]()=+-|&ABik12,:; \n", k=100_000)), "GLM0"),
    "nul": ("glm 1\0mixer m { }", "GLM010"),
    "utf16": ("glm 1\nmixer m { }".encode("utf-16"), "GLM010"),
    "carriage_returns": ("glm 1\r# comment\rmixer m { }", "GLM004"),
    "crlf": ("glm 1\r\nmixer m {\r\n  A[i] = { i }\r\n}\r\n", None),
    "byte_order_mark": (b"\xef\xbb\xbfglm 1\nmixer m { A[i] = { i } }", None),
    "direction_marks": ("glm 1\nmixer m { \u202e }", "GLM004"),
    "gridlab": ("module tape;\nobject house {\n  name a;\n}\n", "GLM009"),
}
# What no meaning should do to the analysis.
MEANINGLESS: dict[str, tuple[str, str | None]] = {
    "tower": (offset("2^2^2^2^2^2"), "GLM1"),
    "tower_of_a_variable": (mixer("  B[i] = { i - 2^2^2^2^2^k for k in 0.. }"), None),
    "factorial_lets": (chain(60, "let a0 = 10", "let a{k} = a{p} * a{p}", "B[i] = {{ i - a{k} }}"), "GLM1"),
    "deep_lets": (chain(3000, "let a0 = 1", "let a{k} = a{p} + 1", "B[i] = {{ i - a{k} }}"), "GLM1"),
    "doubling_sets": (
        chain(60, "set s0[i] = {i}", "set s{k}[i] = s{p}[i] | s{p}[i]", "A[i] = s{k}[i]"),
        "GLM1",
    ),
    "deep_sets": (chain(3000, "set s0[i] = {i}", "set s{k}[i] = s{p}[i] | {{i}}", "A[i] = s{k}[i]"), "GLM1"),
    "long_union": (mixer("A[i] = " + " | ".join(["{ i }"] * 20000)), "GLM1"),
    "set_of_itself": ("glm 1\nset s[i] = s[i]\nmixer m { A[i] = s[i] }", "GLM1"),
    "heads_of_itself": ("glm 1\nmixer m { heads 1: m }", "GLM1"),
    "map_of_itself": (mixer("let f(k) = f(k) + 1  B[i] = { i - f(k) for k in 0.. }"), "GLM1"),
    "map_of_later_values": (mixer("let f(k) = f(k + 1)  B[i] = { i - f(k) for k in 0.. }"), "GLM1"),
    "constant_map_without_end": (
        mixer("let f(0) = 1 let f(k+1) = f(k)  B[i] = { i - f(k) for k in 0.. }"),
        "GLM1",
    ),
    "range_without_end": (mixer("B[i] = { i - 1 for k in 0.. }"), "GLM1"),
    "doubly_exponential_map": (
        mixer("let f(0) = 2 let f(k+1) = f(k)^2  B[i] = { i - f(k) for k in 0.. }"),
        None,
    ),
    "huge_range": (mixer("B[i] = { i - k for k in 1..10^30 }"), None),
    "huge_double_range": (mixer("B[i] = { i - j * k for j in 1..30 for k in 1..10^9 }"), None),
    "huge_condition": (mixer("B[i] = { i - k for k in 1..100 if gcd(k, 10^900 + 7) == 1 }"), None),
    "long_condition": (
        mixer("A[i] = { j for j in 0..i + 1 if " + " and ".join(["j != 3"] * 500) + " }"),
        "GLM120",
    ),
    "zero_divisor": (mixer("B[i] = { i // (i - 5) }"), "GLM1"),
    "keyword": ("glm 1\nmixer class { }", "GLM105"),
    "torch": ("glm 1\nmixer torch { }", "GLM105"),
    "standard_module": ("glm 1\nmixer os { }", "GLM105"),
    "path_as_name": ("glm 1\nmixer ../../etc { }", "GLM0"),
}


def run(command: str, text: str | bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "hostile.glm"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    start = time.perf_counter()
    result = subprocess.run(
        [sys.executable, "-m", "glmc", command, file.name],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=4 * SECONDS,
    )
    assert time.perf_counter() - start < SECONDS
    return result


def check_ending(result: subprocess.CompletedProcess[str], code: str | None) -> None:
    assert "Traceback" not in result.stderr and "Error" not in result.stderr
    if code is None:
        assert result.returncode == 0, result.stderr[:2000]
    else:
        assert result.returncode == 1, result.stderr[:2000]
        assert f"error[{code}" in result.stderr


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable(name, tmp_path):
    text, code = UNREADABLE[name]
    check_ending(run("check", text, tmp_path), code)


@pytest.mark.parametrize("name", MEANINGLESS)
def test_meaningless(name, tmp_path):
    text, code = MEANINGLESS[name]
    check_ending(run("analyze", text, tmp_path), code)


# -- texts that would be code elsewhere -----------------------------------------------------------------

DOCS = {
    "quotes": r"\"\"\" + open(\"touched\", \"w\").write(\"\") + \"\"\"",
    "template": "{{ cycler.__init__.__globals__.os.system('touch touched') }} {% raw %} {# #}",
    "shell": "`touch touched` $(touch touched); touch touched",
    "backslashes": r"\\N{BULLET} \\x41 \\u0041 ends in \\",
    "format": "{0.__class__} %s %(x)s {x!r}",
    "markup": "[bold red]x[/] \u2028 \x0c \x1b[31m coding: utf-7",
}
PAYLOAD = """glm 1
# {comment}
mixer payload {{
  doc "{doc}"
  A[i] = {{ i }}
  B[i] = {{ i - 1 }}
}}
"""


@pytest.mark.parametrize("name", DOCS)
def test_documentation_is_only_text(name, tmp_path, monkeypatch):
    """A package whose text holds code of every kind is built and imported, and says just that text."""
    doc = DOCS[name]
    result = run("build", PAYLOAD.format(doc=doc, comment=doc.replace("\\", "")), tmp_path)
    assert result.returncode == 0, result.stderr
    analyzed = run("analyze", PAYLOAD.format(doc=doc, comment="x"), tmp_path)
    assert analyzed.returncode == 0 and "\x1b" not in analyzed.stdout
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    package = importlib.import_module("payload")
    try:
        meant = re.sub(r'\\(["\\])', r"\1", doc)
        printable = "".join(c if c.isprintable() else "\ufffd" for c in meant)
        documentation = "\n".join(filter(None, (package.__doc__, package.Payload.__doc__)))
        assert printable in documentation or meant in documentation
    finally:
        for loaded in [module for module in sys.modules if module.split(".")[0] == "payload"]:
            del sys.modules[loaded]
    assert not list(tmp_path.rglob("touched"))
    assert not Path("touched").exists()
