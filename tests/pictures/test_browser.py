"""The page in a real browser, without a window: what it draws, what pointing, zooming and typing do.

Skipped where neither Chromium nor Chrome is installed (``apt install chromium``; GLMC_BROWSER names another one).
"""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from glmc import cli
from tests import oracle
from tests.pictures.browser import Browser, executable, running
from tests.pictures.test_page import EXAMPLES, HOSTILE, example

LENGTH = 64
LOOKED_AT = [
    "attention",
    "fenwick_attention",
    "hybrid",
    "landmark_recurrence",
    "power_of_two",
    "squares_compact",
]
CTRL = 2

pytestmark = pytest.mark.skipif(
    executable() is None, reason="no Chromium or Chrome is installed, so the page is not looked at in a browser"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = executable()
    assert program is not None
    with running(program) as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("pages")

    @cache
    def page(name: str) -> Path:
        written = folder / f"{name}.html"
        command = ["analyze", str(EXAMPLES / f"{name}.glm"), "--length", str(LENGTH), "--report", str(written)]
        assert CliRunner().invoke(cli.cli, command).exit_code == 0
        return written

    return page


@pytest.fixture
def power(browser: Browser, pages) -> Browser:
    """The page of power_of_two on a desk."""
    browser.screen(1280, 900)
    browser.open(pages("power_of_two"))
    return browser


def place(browser: Browser, selector: str, x: float, y: float) -> tuple[float, float]:
    """The point of the window at these shares of an element's width and height, which is scrolled into view."""
    box = browser.evaluate(
        f"""(() => {{
          const element = document.querySelector({json.dumps(selector)});
          element.scrollIntoView({{ block: "center" }});
          const {{ left, top, width, height }} = element.getBoundingClientRect();
          return [left, top, width, height];
        }})()"""
    )
    return box[0] + x * box[2], box[1] + y * box[3]


def point_at(browser: Browser, i: int, j: int, side: str = "b", length: int = LENGTH) -> None:
    x, y = place(browser, f".pattern canvas[data-side={side}]", (j + 0.5) / length, (i + 0.5) / length)
    browser.mouse("mouseMoved", x, y)
    browser.settle()


def shown(browser: Browser, name: str) -> str:
    return browser.evaluate(f"document.querySelector('[data-shown={name}]').textContent")


def stations(browser: Browser) -> tuple[int, list[int], int]:
    """j, the outputs and the length of the path that is told."""
    found = re.fullmatch(r"Shortest influence path: x_(\d+)((?: → y_\d+)+), length (\d+)\.", shown(browser, "path"))
    assert found, shown(browser, "path")
    return int(found[1]), [int(output) for output in re.findall(r"y_(\d+)", found[2])], int(found[3])


def numbers(words: str) -> set[int]:
    """The numbers of a list such as 0–3, 7."""
    found: set[int] = set()
    for first, last in re.findall(r"(\d+)(?:–(\d+))?", words):
        found |= set(range(int(first), int(last or first) + 1))
    return found


def view(browser: Browser) -> tuple[int, int, int, int]:
    """First and last row and column that are shown."""
    found = re.fullmatch(r"rows (\d+)–(\d+), columns (\d+)–(\d+)", shown(browser, "range"))
    assert found, shown(browser, "range")
    return tuple(map(int, found.groups()))


def colour_at(browser: Browser, side: str, x: float, y: float) -> tuple[int, ...]:
    """The colour of a canvas at a share of its width and height."""
    return tuple(
        browser.evaluate(
            f"""(() => {{
              const canvas = document.querySelector(".pattern canvas[data-side={side}]");
              const [x, y] = [{x} * canvas.width, {y} * canvas.height];
              return [...canvas.getContext("2d").getImageData(x, y, 1, 1).data.slice(0, 3)];
            }})()"""
        )
    )


def variable(browser: Browser, name: str) -> tuple[int, ...]:
    hex_ = browser.evaluate(f"getComputedStyle(document.documentElement).getPropertyValue('--{name}').trim()")
    return tuple(bytes.fromhex(hex_.removeprefix("#")))


# -- every page, light and dark, on a desk and in a hand -----------------------------------------------------


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_page_opens_without_complaint(browser: Browser, pages, name: str, dark: bool, phone: bool) -> None:
    width = 390 if phone else 1280
    browser.screen(width, 844, dark=dark, phone=phone)
    browser.open(pages(name))
    assert browser.complaints() == []
    assert browser.evaluate("document.documentElement.scrollWidth") <= width, "nothing is cut off at the side"
    paper = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper))) < 200) == dark
    drawn = browser.evaluate(
        """[...document.querySelectorAll("canvas")].map((canvas) => {
          const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
          return new Set(new Uint32Array(data.buffer)).size;
        })"""
    )
    assert drawn and all(colours > 1 for colours in drawn)


@pytest.mark.parametrize("name", ["fenwick_attention", "power_of_two", "longformer"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_entries_are_drawn(browser: Browser, pages, name: str, dark: bool) -> None:
    browser.screen(1280, 900, dark=dark)
    browser.open(pages(name))
    point_at(browser, 0, 0)
    (group,) = oracle.read(example(name))[name].groups
    for side, rows in (("a", group.a), ("b", group.b)):
        entry, causal = variable(browser, side), variable(browser, "causal")
        for i in range(5, LENGTH, 7):
            for j in range(i + 1):
                expected = entry if j in rows(i) else causal
                assert colour_at(browser, side, (j + 0.5) / LENGTH, (i + 0.5) / LENGTH) == expected, (side, i, j)


def test_hostile_text_runs_nothing(browser: Browser, tmp_path: Path) -> None:
    file, page = tmp_path / "hostile.glm", tmp_path / "page.html"
    file.write_text(HOSTILE, encoding="utf-8")
    CliRunner().invoke(cli.cli, ["analyze", str(file), "--length", "64", "--report", str(page)])
    browser.screen(1280, 900)
    browser.open(page)
    assert browser.complaints() == []
    assert browser.evaluate("document.title") == "hostile.glm – glmc"
    assert browser.evaluate("document.querySelector('img')") is None
    point_at(browser, 40, 3)
    assert stations(browser)[0] == 3


def test_the_policy_stops_what_the_page_did_not_bring(browser: Browser, pages, tmp_path: Path) -> None:
    """Even if escaping failed, a script in the text would not run."""
    page = tmp_path / "injected.html"
    text = pages("power_of_two").read_text(encoding="utf-8")
    injected = "<script>document.title = 'broken into'</script><img src=x onerror=\"document.title = 'broken into'\">"
    page.write_text(text.replace("<main>", f"<main>{injected}"), encoding="utf-8")
    browser.open(page)
    assert browser.evaluate("document.title") == "power_of_two.glm – glmc"
    assert browser.complaints(), "the browser says that it refused them"


# -- pointing ------------------------------------------------------------------------------------------------


def shortest(group: oracle.Group, j: int, i: int) -> int:
    """The length of a shortest path from x_j to y_i, breadth first over single edges."""
    ways = deque((m, int(m != j)) for m in sorted(range(j, i + 1), key=lambda m: m != j) if j in group.a(m))
    seen: set[int] = set()
    while ways:
        m, length = ways.popleft()
        if m == i:
            return length
        if m not in seen:
            seen.add(m)
            ways.extend((later, length + 1) for later in range(m + 1, i + 1) if m in group.b(later))
    raise AssertionError("no path")


WAYS = "glm 1\nmixer ways { A[i] = { i - 3 * k for k in 0..4 }  B[i] = { i - 7, i - 2 } }\n"


def check_paths(browser: Browser, group: oracle.Group, cells: list[tuple[int, int, str]]) -> None:
    for i, j, side in cells:
        point_at(browser, i, j, side)
        source, outputs, length = stations(browser)
        assert (source, outputs[-1]) == (j, i)
        assert j in group.a(outputs[0])
        assert all(earlier in group.b(later) for earlier, later in pairwise(outputs))
        assert length == len(outputs) - 1 + (outputs[0] != j) == shortest(group, j, i)
        reads = re.fullmatch(r"Output (\d+) reads (.*) and (.*)\.", shown(browser, "reads"))
        assert int(reads[1]) == i
        assert (numbers(reads[2]), numbers(reads[3])) == (set(group.a(i)), set(group.b(i)))
    assert browser.complaints() == []


@pytest.mark.parametrize("name", ["attention", "landmark_recurrence", "power_of_two", "squares_compact"])
def test_pointing_at_a_cell_shows_a_shortest_path(browser: Browser, pages, name: str) -> None:
    browser.screen(1280, 900)
    browser.open(pages(name))
    (group,) = oracle.read(example(name))[name].groups
    check_paths(browser, group, [(63, 0, "b"), (50, 3, "a"), (50, 47, "b"), (33, 33, "a"), (41, 12, "b")])


def test_the_best_first_edge_is_taken(browser: Browser, tmp_path: Path) -> None:
    """Where an input is read by several outputs, the way from one of them is shortest."""
    file, page = tmp_path / "ways.glm", tmp_path / "ways.html"
    file.write_text(WAYS)
    CliRunner().invoke(cli.cli, ["analyze", str(file), "--length", str(LENGTH), "--report", str(page)])
    browser.screen(1280, 900)
    browser.open(page)
    (group,) = oracle.read(WAYS)["ways"].groups
    check_paths(browser, group, [(i, 20, "a") for i in (20, 23, 28, 29, 31, 40, 50, 63)])


def test_the_path_is_drawn(power: Browser) -> None:
    point_at(power, 60, 8)
    _, outputs, _ = stations(power)
    for earlier, later in pairwise(outputs):
        found = colour_at(power, "b", (earlier + 0.5) / LENGTH, (later + 0.5) / LENGTH)
        assert found == variable(power, "path"), (earlier, later)


def test_what_the_output_reads_lights_up(power: Browser) -> None:
    point_at(power, 60, 60)
    for column in (28, 44, 52, 56, 58, 59):
        assert colour_at(power, "b", (column + 0.5) / LENGTH, 60.5 / LENGTH) == variable(power, "ink"), column
    assert colour_at(power, "b", 30.5 / LENGTH, 60.5 / LENGTH) not in {
        variable(power, "ink"),
        variable(power, "causal"),
    }


def test_what_has_no_path_is_told(browser: Browser, pages) -> None:
    browser.screen(1280, 900)
    browser.open(pages("fenwick_attention"))
    j, i = oracle.read(example("fenwick_attention"))["fenwick_attention"].unreachable(8)
    point_at(browser, i, j)
    assert shown(browser, "path") == f"No influence path leads from x_{j} to y_{i}."
    point_at(browser, 10, 20)
    assert shown(browser, "path") == "x_20 comes after y_10."


def test_a_pattern_of_other_heads_is_another_one(browser: Browser, pages) -> None:
    browser.screen(1280, 900)
    browser.open(pages("hybrid"))
    last = '#mixer-3 .pattern[data-group="1"]'
    x, y = place(browser, f"{last} canvas[data-side=b]", 10.5 / LENGTH, 60.5 / LENGTH)
    browser.mouse("mouseMoved", x, y)
    text = browser.evaluate(f"document.querySelector('{last} [data-shown=reads]').textContent")
    assert text == "Output 60 reads input 60 and outputs 10, 23, 34, 43, 50, 55, 58, 59."


# -- zooming, moving, typing -----------------------------------------------------------------------------------


def test_buttons_zoom(power: Browser) -> None:
    assert (shown(power, "zoom"), view(power)) == ("1×", (0, 63, 0, 63))
    power.evaluate("document.querySelector('[data-zoom=in]').click()")
    assert (shown(power, "zoom"), view(power)) == ("2×", (16, 47, 16, 47))
    power.evaluate("document.querySelector('[data-zoom=out]').click()")
    assert (shown(power, "zoom"), view(power)) == ("1×", (0, 63, 0, 63))
    for _ in range(5):
        power.evaluate("document.querySelector('[data-zoom=in]').click()")
    assert shown(power, "zoom") == "8×", "eight cells stay in view"
    power.evaluate("document.querySelector('[data-zoom=whole]').click()")
    assert view(power) == (0, 63, 0, 63)


def test_the_wheel_zooms_at_the_pointer(power: Browser) -> None:
    x, y = place(power, ".pattern canvas[data-side=b]", 16.5 / LENGTH, 48.5 / LENGTH)
    power.mouse("mouseWheel", x, y, deltaX=0, deltaY=-400, modifiers=CTRL)
    power.wait_for("document.querySelector('[data-shown=zoom]').textContent === '2×'")
    assert all(abs(found - told) <= 1 for found, told in zip(view(power), (24, 55, 8, 39), strict=True))
    power.mouse("mouseMoved", x, y)
    assert (stations(power)[0], stations(power)[1][-1]) == (16, 48), "what was under the pointer still is"


def test_a_wheel_without_ctrl_scrolls_the_page(power: Browser) -> None:
    x, y = place(power, ".pattern canvas[data-side=b]", 0.5, 0.5)
    before = power.evaluate("scrollY")
    power.mouse("mouseWheel", x, y, deltaX=0, deltaY=120)
    power.wait_for(f"scrollY > {before}")
    assert shown(power, "zoom") == "1×"


def test_dragging_moves_the_view(power: Browser) -> None:
    power.evaluate("document.querySelector('[data-zoom=in]').click()")
    x, y = place(power, ".pattern canvas[data-side=a]", 0.5, 0.5)
    width = power.evaluate("document.querySelector('canvas[data-side=a]').getBoundingClientRect().width")
    power.mouse("mousePressed", x, y, button="left", clickCount=1)
    for step in (1, 2, 3, 4):
        power.mouse("mouseMoved", x + step * width / 16, y + step * width / 32, button="left", buttons=1)
    power.mouse("mouseReleased", x + width / 4, y + width / 8, button="left", clickCount=1)
    first, last, left, right = view(power)
    assert left == 8 and right in (39, 40) and first == 12 and last in (43, 44)
    assert shown(power, "zoom") == "2×"


def test_keys_move_the_cell_and_zoom(power: Browser) -> None:
    point_at(power, 40, 20)
    power.evaluate("document.querySelector('canvas[data-side=b]').focus()")
    power.key("ArrowDown")
    power.key("ArrowLeft")
    assert stations(power)[0] == 19 and stations(power)[1][-1] == 41
    power.key("+")
    assert shown(power, "zoom") == "2×"
    for _ in range(30):
        power.key("ArrowUp")
    first, last, _, _ = view(power)
    assert first <= 11 <= last, "the cell stays in view"
    power.key("0")
    assert shown(power, "zoom") == "1×"


def test_typing_asks_for_a_path(power: Browser) -> None:
    power.evaluate(
        """for (const [name, value] of [["i", 57], ["j", 5]]) {
          const input = document.querySelector(`[data-ask=${name}]`);
          input.value = value;
          input.dispatchEvent(new Event("input"));
        }"""
    )
    assert (stations(power)[0], stations(power)[1][-1]) == (5, 57)
    power.evaluate(
        """(() => {
          const input = document.querySelector("[data-ask=i]");
          input.value = "9999";
          input.dispatchEvent(new Event("input"));
        })()"""
    )
    assert stations(power)[1][-1] == 57, "an output that is not on the page is not asked for"


def test_fingers_tap_pinch_and_move(browser: Browser, pages) -> None:
    browser.screen(390, 844, phone=True)
    browser.open(pages("power_of_two"))
    x, y = place(browser, ".pattern canvas[data-side=b]", 16.5 / LENGTH, 48.5 / LENGTH)
    browser.touch("touchStart", (x, y))
    browser.touch("touchEnd")
    browser.wait_for("document.querySelector('[data-ask=j]').value === '16'")
    assert (stations(browser)[0], stations(browser)[1][-1]) == (16, 48)

    x, y = place(browser, ".pattern canvas[data-side=b]", 0.5, 0.5)
    browser.touch("touchStart", (x - 30, y), (x + 30, y))
    for apart in range(35, 65, 5):
        browser.touch("touchMove", (x - apart, y), (x + apart, y))
        time.sleep(0.02)
    browser.touch("touchEnd")
    browser.wait_for("document.querySelector('[data-shown=zoom]').textContent === '2×'")
    assert browser.evaluate("visualViewport.scale") == 1, "the page itself is not zoomed"
    assert all(abs(found - told) <= 1 for found, told in zip(view(browser), (16, 47, 16, 47), strict=True))
    assert browser.complaints() == []


def test_there_are_words_for_what_is_drawn(power: Browser) -> None:
    unnamed = power.evaluate(
        """[...document.querySelectorAll("canvas, svg, input, button, figure > svg")]
          .filter((element) => !element.getAttribute("aria-label") && !element.labels?.length)
          .filter((element) => !element.textContent.trim())
          .map((element) => element.outerHTML.slice(0, 80))"""
    )
    assert unnamed == []
    assert power.evaluate("document.querySelector('.reading').getAttribute('aria-live')") == "polite"
    assert "Measured time" in power.evaluate("document.querySelector('.chart svg').getAttribute('aria-label')")
