"""`glmc analyze --report`: one file that holds everything, says what the JSON says, and trusts nothing in the input."""

from __future__ import annotations

import base64
import json
import math
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

import glmc
from glmc import cli
from tests import oracle

EXAMPLES = Path(__file__).parents[2] / "examples"
VOID = {"meta", "input", "br", "link", "img"}
HOSTILE = """glm 1
# </pre><script>document.title = "comment"</script><img src=x onerror="document.title = 'comment'">
mixer hostile(base: int = 2) { # "</style><svg onload=alert(1)>
  doc "</script><img src=x onerror=alert(1)>&lt;b&gt; \\"'`{{ 7 * 7 }}{% raw %}\u202e\\\\"
  B[i] = { i - base^k for k in 0.. }
  claim time in # <!-- <script>
    O(log n)
}
"""


def shell(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    run = [sys.executable, "-m", "glmc", *arguments]
    return subprocess.run(run, capture_output=True, env=os.environ | environment, cwd=cwd, timeout=120)


def written(text: str, folder: Path, name: str = "mixers.glm", *options: str) -> str:
    """The page of a text."""
    (folder / name).write_text(text, encoding="utf-8")
    page = folder / "page.html"
    CliRunner().invoke(cli.cli, ["analyze", str(folder / name), "--report", str(page), "--length", "256", *options])
    return page.read_text(encoding="utf-8")


def example(name: str) -> str:
    return (EXAMPLES / f"{name}.glm").read_text(encoding="utf-8")


class Reader(HTMLParser):
    """The elements of a page, each with its attributes and its text; whether every one of them is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.elements: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(page)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in VOID or self.get_starttag_text().endswith("/>"):
            self.elements.append((tag, dict(attributes), ""))
        else:
            self.open.append((tag, dict(attributes), []))

    def handle_endtag(self, tag: str) -> None:
        if self.get_starttag_text() and tag not in {name for name, _, _ in self.open}:
            return  # the end of <line …/>
        name, attributes, texts = self.open.pop()
        assert name == tag, (name, tag)
        text = "".join(texts)
        self.elements.append((tag, attributes, text))
        if self.open:
            self.open[-1][2].append(text)

    def handle_data(self, data: str) -> None:
        if self.open:
            self.open[-1][2].append(data)

    def all(self, tag: str, of_class: str | None = None) -> list[tuple[dict[str, str | None], str]]:
        return [
            (attributes, text)
            for name, attributes, text in self.elements
            if name == tag and (of_class is None or of_class in (attributes.get("class") or "").split())
        ]


# -- one file ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.glm")))
def test_every_example_has_a_page_that_needs_nothing(name: str, tmp_path: Path) -> None:
    reader = Reader(written(example(name), tmp_path))
    assert not reader.all("link") and not reader.all("img") and not reader.all("iframe")
    for tag, attributes, _ in reader.elements:
        assert not {"src", "style", "srcset", "action"} & set(attributes), (tag, attributes)
        assert not any(key.startswith("on") for key in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    (style,) = reader.all("style")
    (script,) = [found for found in reader.all("script") if not found[0]]
    assert "url(" not in style[1] and "@import" not in style[1]
    assert not re.search(r"https?:|fetch\(|import\b|XMLHttpRequest|eval\(", script[1])


def test_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "hybrid.glm").write_text(example("hybrid"), encoding="utf-8")
    pages = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        page = folder / "page.html"
        result = shell("analyze", "../hybrid.glm", "--report", str(page), cwd=folder, PYTHONHASHSEED=seed)
        assert (result.returncode, result.stderr) == (0, b"")
        pages.append(page.read_bytes())
    assert pages[0] == pages[1]
    assert str(tmp_path).encode() not in pages[0]


# -- what it says ------------------------------------------------------------------------------------------


def test_the_table_says_what_the_json_says(tmp_path: Path) -> None:
    text = example("squares_compact").replace("claim path in O(log log n)", "claim path in O(1)\n  claim cache <= n")
    reader = Reader(written(text, tmp_path))
    command = ["analyze", str(tmp_path / "mixers.glm"), "--length", "256", "--output-format", "json"]
    (mixer,) = json.loads(CliRunner().invoke(cli.cli, command).stdout)["mixers"]
    cells = iter(reader.all("td"))  # the facts stand first
    for (_, quantity), (name, fact) in zip(
        [row for row in reader.all("th") if row[0]["scope"] == "row"][:5], mixer["facts"].items(), strict=True
    ):
        expression, value, growth, status, because = (next(cells)[1] for _ in range(5))
        assert quantity == name
        assert expression == (fact.get("expression") or "")
        assert growth == (f"Θ({fact['growth']})" if fact["growth"] else "?")
        assert status == fact["status"]
        assert because.startswith(fact["because"])
        if name != "congestion":
            assert value == str(fact["at_length"])
    claims = [(text.split()[0], text) for attributes, text in reader.all("li")]
    assert [verdict for verdict, _ in claims] == [claim["verdict"] for claim in mixer["claims"]]
    assert {"proved", "refuted"} <= {verdict for verdict, _ in claims}
    for (_, shown), claim in zip(claims, mixer["claims"], strict=True):
        assert claim["claim"] in shown and (claim["witness"] or "") in shown


@pytest.mark.parametrize("name", ["hybrid", "landmark_recurrence", "longformer"])
def test_the_squares_hold_the_entries(name: str, tmp_path: Path) -> None:
    reader = Reader(written(example(name), tmp_path, "mixers.glm", "--length", "77", "--mixer", name))
    (embedded,) = [text for attributes, text in reader.all("script") if attributes.get("class") == "squares"]
    for found, group in zip(json.loads(embedded), oracle.read(example(name))[name].groups, strict=True):
        assert found["length"] == 77
        for side, rows in (("a", group.a), ("b", group.b)):
            bits = "".join(f"{byte:08b}" for byte in base64.b64decode(found[side]))
            for i in range(77):
                row = bits[i * 80 : i * 80 + 77]
                assert {j for j, bit in enumerate(row) if bit == "1"} == set(rows(i)), (side, i)


@pytest.mark.parametrize("name", ["power_of_two", "landmark_recurrence", "kth_order"])
def test_the_curves_are_at_the_values(name: str, tmp_path: Path) -> None:
    page = written(example(name), tmp_path)
    mixer = oracle.read(example(name))[name]
    for quantity in ("time", "total", "path"):
        chart = re.search(rf"<b>{quantity}</b>.*?</svg>", page, re.DOTALL)[0]
        circles = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="3"><title>n = (\d+): (\d+)</title>', chart)
        assert len(circles) > 15 and circles[0][2] == "2" and circles[-1][2] == "256"
        for _, _, n, value in circles:
            if int(n) <= 48:
                assert int(value) == getattr(mixer, quantity)(int(n)), (quantity, n)
        across = [(float(x), int(text)) for x, text in re.findall(r'<text x="([\d.]+)" y="186"[^>]*>(\d+)<', chart)]
        (first, low), (last, high) = across[0], across[-1]
        for x, _, n, _ in circles:
            expected = first + (last - first) * math.log(int(n) / low) / math.log(high / low)
            assert float(x) == pytest.approx(expected, abs=0.2)
        line = re.search(r'<polyline class="law exact" points="([^"]*)"', chart)
        assert line or name == "landmark_recurrence"
        if line:  # an exact law goes through every point
            course = dict(tuple(point.split(",")) for point in line[1].split())
            through = [(x, y) for x, y, _, _ in circles if f"{float(x):g}" in course]
            assert len(through) > 5
            assert all(float(course[f"{float(x):g}"]) == float(y) for x, y in through)


def test_a_bound_is_above_what_was_measured(tmp_path: Path) -> None:
    page = written(example("landmark_recurrence"), tmp_path)
    chart = re.search(r"<b>time</b>.*?</figure>", page, re.DOTALL)[0]
    line = re.search(r'<polyline class="law bound" points="([^"]*)"', chart)
    assert "<code>≤ floor(sqrt(n - 2)) + 3</code>" in chart
    course = dict(tuple(map(float, point.split(","))) for point in line[1].split())
    heights = {float(x): float(y) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', chart)}
    shared = course.keys() & heights.keys()
    assert len(shared) > 5 and all(course[x] <= heights[x] for x in shared)  # up is less


def test_heights_follow_the_ticks(tmp_path: Path) -> None:
    page = written(example("power_of_two"), tmp_path)
    for quantity, scale in (("time", float), ("cache", math.log)):
        chart = re.search(rf"<b>{quantity}</b>.*?</svg>", page, re.DOTALL)[0]
        ticks = re.findall(r'<text x="40" y="([\d.]+)" text-anchor="end">(\d+)<', chart)
        (low, least), (high, most) = ((float(y) - 3.5, scale(int(text))) for y, text in (ticks[0], ticks[-1]))
        for y, value in re.findall(r'cy="([\d.]+)" r="3"><title>n = \d+: (\d+)<', chart):
            assert float(y) == pytest.approx(low + (high - low) * (scale(int(value)) - least) / (most - least), abs=0.3)


def test_bounds_of_stability_are_told(tmp_path: Path) -> None:
    reader = Reader(written(example("chacal"), tmp_path))
    command = ["analyze", str(tmp_path / "mixers.glm"), "--length", "256", "--output-format", "json"]
    (mixer,) = json.loads(CliRunner().invoke(cli.cli, command).stdout)["mixers"]
    (bounds,) = mixer["stability"]
    cells = [text for _, text in reader.all("td")][-8:]
    for bound, (expression, value, growth, because) in zip(
        (bounds["inverse"], bounds["output"]), (cells[:4], cells[4:]), strict=True
    ):
        assert expression == f"≤ {bound['expression']}"
        assert (value, growth, because) == (str(bound["at_length"]), f"O({bound['growth']})", bound["because"])


def test_the_row_that_breaks_the_bounds_is_told(tmp_path: Path) -> None:
    text = "glm 1\nmixer loud { B[i] = { i - 1 }  weights A = 1  weights B = 2 * sigmoid(gate) }\n"
    assert re.search(r"<b>breaks:</b> row \d+ of B may read", written(text, tmp_path))


def test_infinite_paths_are_told(tmp_path: Path) -> None:
    page = written("glm 1\nmixer local { A[i] = window(16)[i] }\n", tmp_path)
    assert "Infinite from n = 17 on: x_0 never reaches y_16." in page
    assert "unroutable" in page


# -- hostile input -----------------------------------------------------------------------------------------


def test_nothing_of_the_file_becomes_markup(tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>&\"'.glm"
    page = written(HOSTILE, tmp_path, name)
    reader = Reader(page)
    plain = Reader(written(example("power_of_two"), tmp_path))
    assert not reader.all("img")
    assert len(reader.all("script")) == len(plain.all("script")) == 2
    assert len(reader.all("svg")) == len(plain.all("svg"))
    assert "\u202e" not in page
    (heading,) = reader.all("h1")
    assert heading[1] == name
    (doc,) = reader.all("p", "doc")
    assert doc[1] == "</script><img src=x onerror=alert(1)>&lt;b&gt; \"'`{{ 7 * 7 }}{% raw %}\ufffd\\"
    listing = [text for _, text in reader.all("pre", "source")][-1]
    assert re.sub(r"^ *\d+", "", listing, flags=re.MULTILINE).rstrip() == HOSTILE.replace("\u202e", "\ufffd").rstrip()


def test_only_the_pages_own_script_may_run(tmp_path: Path) -> None:
    import hashlib

    reader = Reader(written(HOSTILE, tmp_path))
    (policy,) = [a["content"] for a, _ in reader.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    (script,) = [text for attributes, text in reader.all("script") if not attributes]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert "default-src 'none'" in policy and f"script-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_notebooks_escape_too() -> None:
    (analysis,) = glmc.analyze(HOSTILE, 64)
    for shown in (analysis.pattern._repr_html_(), analysis.facts._repr_html_()):
        reader = Reader(shown)
        assert not reader.all("img") and not reader.all("script")
    (text,) = Reader(analysis.pattern._repr_html_()).all("pre")
    assert "</script><img src=x onerror=alert(1)>" in text[1]


# -- notebooks ---------------------------------------------------------------------------------------------


def test_a_pattern_shows_its_entries_and_its_text() -> None:
    (analysis,) = glmc.analyze(example("fenwick_attention"), 64)
    shown = analysis.pattern._repr_html_()
    group = oracle.read(example("fenwick_attention"))["fenwick_attention"].groups[0]
    outlines = [a["d"] for a, _ in Reader(shown).all("path") if a["fill"] != "#8888"]
    for outline, rows in zip(outlines, (group.a, group.b), strict=True):
        drawn = {
            (int(row), column)
            for start, row, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", outline)
            for column in range(int(start), int(start) + int(width))
        }
        assert drawn == {(i, j) for i in range(64) for j in rows(i)}
    (again,) = glmc.analyze(Reader(shown).all("pre")[0][1], 64)
    assert again.pattern == analysis.pattern


def test_facts_show_a_row_each() -> None:
    (analysis,) = glmc.analyze(example("power_of_two"), 64)
    rows = [text for a, text in Reader(analysis.facts._repr_html_()).all("th") if a["scope"] == "row"]
    assert rows == ["time", "total", "cache", "path", "congestion"]


def test_notebooks_need_no_matplotlib() -> None:
    code = (
        "import glmc, sys; from pathlib import Path\n"
        "(a,) = glmc.analyze(Path('power_of_two.glm'), 64)\n"
        "a.pattern._repr_html_(), a.facts._repr_html_()\n"
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=EXAMPLES, check=True, timeout=120)


# -- the command -------------------------------------------------------------------------------------------


def test_mistakes_write_no_page(tmp_path: Path) -> None:
    file, page = tmp_path / "wrong.glm", tmp_path / "page.html"
    file.write_text("glm 1\nmixer wrong { B[i] = { unknown } }\n")
    assert CliRunner().invoke(cli.cli, ["analyze", str(file), "--report", str(page)]).exit_code == 1
    assert not page.exists()


def test_a_refuted_claim_is_on_the_page(tmp_path: Path) -> None:
    file, page = tmp_path / "wrong.glm", tmp_path / "page.html"
    file.write_text("glm 1\nmixer wrong { B[i] = { i - (k^2 + 1) for k in 0.. } claim time in O(log n) }\n")
    assert CliRunner().invoke(cli.cli, ["analyze", str(file), "--report", str(page)]).exit_code == 1
    reader = Reader(page.read_text(encoding="utf-8"))
    assert any("GLM201" in text and "--> wrong.glm:2:" in text for _, text in reader.all("pre"))
    assert {"refuted"} <= {text for _, text in reader.all("span", "badge")}


@pytest.mark.parametrize("name", ["page.txt", "page", "missing/page.html"])
def test_a_page_that_cannot_be_written_is_wrong_usage(name: str, tmp_path: Path) -> None:
    command = ["analyze", str(EXAMPLES / "attention.glm"), "--length", "64", "--report", str(tmp_path / name)]
    result = CliRunner().invoke(cli.cli, command)
    assert result.exit_code == 2 and result.stderr
    assert not list(tmp_path.iterdir())


def test_many_groups_are_not_all_drawn_and_that_is_told(tmp_path: Path) -> None:
    heads = "".join("  heads 1/20: one\n" for _ in range(20))
    text = f"glm 1\nmixer one {{ B[i] = {{ i - 1 }} }}\nmixer many {{\n{heads}}}\n"
    page = written(text, tmp_path, "mixers.glm", "--mixer", "many", "--length", "24")
    assert page.count('class="pattern"') == 16
    assert "The patterns of 4 more groups of heads are not on this page" in page


@pytest.mark.parametrize("length", ["1", "2", "3", "9"])
@pytest.mark.parametrize("body", ["B[i] = { i - 1 }", "A[i] = { }", "A[i] = { }  B[i] = past[i]"])
def test_short_lengths_have_pages(length: str, body: str, tmp_path: Path) -> None:
    Reader(written(f"glm 1\nmixer short {{ {body} }}\n", tmp_path, "short.glm", "--length", length))


def test_costs_are_told_where_a_machine_is_named(tmp_path: Path) -> None:
    assert not Reader(written(example("power_of_two"), tmp_path)).all("table", "costs")
    page = written(example("power_of_two"), tmp_path, "mixers.glm", "--target", "h200", "--heads", "8")
    cells = [text for _, text in Reader(page).all("td")]
    command = ["analyze", str(tmp_path / "mixers.glm"), "--length", "256", "--target", "h200", "--heads", "8"]
    (mixer,) = json.loads(CliRunner().invoke(cli.cli, [*command, "--output-format", "json"]).stdout)["mixers"]
    (cost,) = mixer["cost"]["lengths"]
    place = cells.index("decode step")
    assert cells[place - 2] == "256"
    assert cells[place + 4 : place + 6] == [cost["decode"]["binds"], ""]


@pytest.mark.parametrize(
    "body",
    [
        "A[i] = { i - k for k in 0..10^400 if k % 3 == 0 }",
        "B[i] = { i - 10^400 - k for k in 0..4 } | { i - 1 }",
        "B[i] = { i - 1 } | { 10^(10^k) for k in 0..4 if 10^(10^k) < i }",
    ],
)
def test_enormous_numbers_have_pages(body: str, tmp_path: Path) -> None:
    assert Reader(written(f"glm 1\nmixer far {{ {body} }}\n", tmp_path)).all("svg")
