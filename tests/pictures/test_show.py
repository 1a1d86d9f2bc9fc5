"""`glmc show`: what is drawn is what the oracle reads, in every alphabet, width and format.

``UPDATE_GOLDENS=1 pytest tests/pictures`` writes the drawings anew; look at them before you commit.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import unicodedata
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from rich.console import Console

from glmc import cli
from glmc.pictures.squares import squares
from glmc.pictures.terminal import Drawing
from tests import oracle
from tests.pattern.texts import pattern

EXAMPLES = Path(__file__).parents[2] / "examples"
DRAWINGS = Path(__file__).parent / "drawings"
UPDATE = "UPDATE_GOLDENS" in os.environ
DRAWN = ["attention", "fenwick_attention", "hybrid", "landmark_recurrence", "power_of_two", "squares_compact"]
SVG = "{http://www.w3.org/2000/svg}"


def shell(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    run = [sys.executable, "-m", "glmc", *arguments]
    return subprocess.run(run, capture_output=True, env=os.environ | environment, cwd=EXAMPLES, timeout=120)


def example(name: str):
    return pattern((EXAMPLES / f"{name}.glm").read_text(encoding="utf-8"), name)


def drawn(name: str, length: int, width: int, **options) -> str:
    """What a console of that width shows of the example's last mixer."""
    console = Console(width=width, file=io.StringIO(), legacy_windows=False, **options)
    for group in squares(example(name), length):
        console.print(Drawing(group))
    return console.file.getvalue()


@cache
def expected(name: str, length: int) -> list[tuple[set[tuple[int, int]], set[tuple[int, int]]]]:
    """The entries of A and of B of each group, as the oracle reads them."""
    groups = oracle.read((EXAMPLES / f"{name}.glm").read_text(encoding="utf-8"))[name].groups
    return [tuple({(i, j) for i in range(length) for j in rows(i)} for rows in (group.a, group.b)) for group in groups]


# -- the terminal ------------------------------------------------------------------------------------------


def dots(character: str) -> set[tuple[int, int]]:
    """The (row, column) of the dots that a character shows, by its Unicode name."""
    name = unicodedata.name(character)
    if name.startswith("BRAILLE PATTERN DOTS-"):
        places = [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1), (3, 0), (3, 1)]
        return {places[int(digit) - 1] for digit in name.removeprefix("BRAILLE PATTERN DOTS-")}
    return {
        "SPACE": set(),
        "FULL STOP": set(),
        "NUMBER SIGN": {(0, 0)},
        "UPPER HALF BLOCK": {(0, 0)},
        "LOWER HALF BLOCK": {(1, 0)},
        "FULL BLOCK": {(0, 0), (1, 0)},
    }[name]


def read_back(text: str, height: int, width: int) -> list[tuple[set[tuple[int, int]], set[tuple[int, int]]]]:
    """The dots of each drawing, at (row, column) of A and of B."""
    found = []
    for part in re.findall(r"A: inputs read.*\n((?:.*\n)*?) *0 +\d+ +0 +\d+ *\n", text):
        lines = part.splitlines()
        margin = len(lines[0]) - len(lines[0].lstrip().removeprefix("0").lstrip())
        header = text.splitlines()[1]
        starts = (margin, header.index("B: outputs"))
        ends = (header.index("B: outputs"), None)
        found.append(
            tuple(
                {
                    (line * height + row, column * width + beside)
                    for line, characters in enumerate(lines)
                    for column, character in enumerate(characters[start:end])
                    for row, beside in dots(character)
                }
                for start, end in zip(starts, ends, strict=True)
            )
        )
    return found


@pytest.mark.parametrize("name", ["fenwick_attention", "landmark_recurrence", "power_of_two", "longformer"])
@pytest.mark.parametrize(("width", "height", "across"), [(70, 4, 2), (150, 2, 1)])
def test_a_dot_is_an_entry(name: str, width: int, height: int, across: int) -> None:
    assert read_back(drawn(name, 61, width), height, across) == expected(name, 61)


def test_a_stream_without_unicode_gets_ascii() -> None:
    result = shell("show", "power_of_two.glm", "--length", "30", PYTHONIOENCODING="ascii", COLUMNS="80")
    assert result.returncode == 0
    assert read_back(result.stdout.decode("ascii"), 1, 1) == expected("power_of_two", 30)


def test_where_it_does_not_fit_a_dot_is_a_block_of_entries() -> None:
    text = drawn("power_of_two", 200, 40)
    block = int(re.search(r"some entry in (\d+) x \1", " ".join(text.split()))[1])
    fine = expected("power_of_two", 200)
    assert block > 1
    assert read_back(text, 4, 2) == [tuple({(i // block, j // block) for i, j in side} for side in fine[0])]


@pytest.mark.parametrize("width", [40, 61, 80, 200])
@pytest.mark.parametrize("length", [1, 2, 7, 64, 300])
def test_the_width_is_kept(width: int, length: int) -> None:
    assert max(map(len, drawn("hybrid", length, width).splitlines())) <= width


def test_colours_only_on_a_terminal_that_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain = drawn("power_of_two", 32, 80)
    coloured = drawn("power_of_two", 32, 80, force_terminal=True, color_system="truecolor")
    assert "\x1b" not in plain and "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    monkeypatch.setenv("NO_COLOR", "1")
    uncoloured = drawn("power_of_two", 32, 80, force_terminal=True, color_system="truecolor")
    assert not re.search(r"\x1b\[[0-9;]*\b(3[0-9]|4[0-9]|9[0-7])[0-9;]*m", uncoloured)


@pytest.mark.parametrize("name", DRAWN)
def test_drawing(name: str) -> None:
    result = shell("show", f"{name}.glm", COLUMNS="80", PYTHONIOENCODING="utf-8")
    assert (result.returncode, result.stderr) == (0, b"")
    found = "\n".join(line.rstrip() for line in result.stdout.decode().splitlines()).rstrip() + "\n"
    golden = DRAWINGS / f"{name}.txt"
    if UPDATE:
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")


def test_json_lists_the_rows() -> None:
    found = json.loads(shell("show", "hybrid.glm", "--length", "40", "--output-format", "json").stdout)
    assert [mixer["name"] for mixer in found["mixers"]] == ["local", "squares_recurrence", "hybrid"]
    sides = [
        tuple({(i, j) for i, row in enumerate(group[side]) for j in row} for side in "AB")
        for group in found["mixers"][2]["groups"]
    ]
    assert sides == expected("hybrid", 40)


# -- files -------------------------------------------------------------------------------------------------


def boxes(root: ElementTree.Element, colour: str) -> list[list[tuple[float, float, float, float]]]:
    """(left, top, right, bottom) of every subpath of every path that has this colour."""
    found = []
    for path in root.iter(f"{SVG}path"):
        if colour in path.get("style", ""):
            pieces = []
            for piece in re.split(r"(?=M)", path.get("d"))[1:]:
                numbers = [float(word) for word in re.findall(r"-?[\d.]+", piece)]
                pieces.append((min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])))
            found.append(pieces)
    return found


@pytest.mark.parametrize("name", ["landmark_recurrence", "power_of_two", "longformer"])
def test_the_figure_has_the_entries(name: str, tmp_path: Path) -> None:
    length = 24
    picture = tmp_path / "picture.svg"
    assert shell("show", f"{name}.glm", "--length", str(length), "-o", str(picture)).returncode == 0
    root = ElementTree.parse(picture).getroot()
    frames = [triangle[0] for triangle in boxes(root, "#ececec")]
    for side, frame, colour in zip(expected(name, length)[0], frames, ("#1668b8", "#c2560c"), strict=True):
        left, top, right, bottom = frame
        step = (right - left) / length
        cells = {
            (round((y - top) / (bottom - top) * length), column)
            for path in boxes(root, colour)
            for x, y, stop, _ in path
            for column in range(round((x - left) / step), round((stop - left) / step))
        }
        assert cells == side


@pytest.mark.parametrize("suffix", ["png", "svg", "SVG"])
def test_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    pictures = [tmp_path / f"{seed}.{suffix}" for seed in (1, 2)]
    for seed, picture in enumerate(pictures, 1):
        result = shell("show", "power_of_two.glm", "--length", "32", "-o", str(picture), PYTHONHASHSEED=str(seed))
        assert (result.returncode, result.stderr) == (0, b"")
    first, second = (picture.read_bytes() for picture in pictures)
    assert first == second
    assert first.startswith(b"\x89PNG" if suffix == "png" else b"<?xml")
    assert b"<dc:date>" not in first


@pytest.mark.parametrize("name", ["picture.jpg", "picture", ".png", "missing/picture.png"])
def test_a_picture_that_cannot_be_written_is_wrong_usage(name: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.cli, ["show", str(EXAMPLES / "attention.glm"), "-o", str(tmp_path / name)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert not list(tmp_path.iterdir())


def test_too_many_groups_for_one_picture(tmp_path: Path) -> None:
    file = tmp_path / "many.glm"
    file.write_text("glm 1\n" + "".join(f"mixer m{number} {{ B[i] = {{ i - 1 }} }}\n" for number in range(40)))
    result = CliRunner().invoke(cli.cli, ["show", str(file), "--length", "4", "-o", str(tmp_path / "picture.png")])
    assert result.exit_code == 2 and "--mixer" in result.stderr
    assert CliRunner().invoke(cli.cli, ["show", str(file), "--length", "4"]).stdout.count("inputs read") == 40
    one = ["show", str(file), "--mixer", "m7", "--length", "4", "-o", str(tmp_path / "picture.png")]
    assert CliRunner().invoke(cli.cli, one).exit_code == 0


def test_a_row_without_a_value_is_a_mistake_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "partial.glm"
    file.write_text("glm 1\nmixer partial { B[i] = { i - 1 if 8 // (100 - i) > 0 } }\n")
    result = CliRunner().invoke(cli.cli, ["show", str(file), "--length", "200"])
    assert result.exit_code == 1 and "GLM17" in result.stderr
