"""The pictures of the documentation are what the commands beside them draw."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from tests.pictures.test_show import DRAWINGS, boxes, shell

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "pictures.md").read_text(encoding="utf-8")


def test_the_drawing_is_real() -> None:
    """The golden that the command's output is compared with."""
    name, drawing = re.search(r"\$ glmc show examples/(\w+)\.glm\n(.*?)```", PAGE, re.DOTALL).groups()
    assert drawing == (DRAWINGS / f"{name}.txt").read_text(encoding="utf-8")


def test_the_figure_is_real(tmp_path: Path) -> None:
    name, shown = re.search(r"\$ glmc show examples/(\w+)\.glm -o docs/(\S+)", PAGE).groups()
    drawn = tmp_path / shown
    assert shell("show", f"{name}.glm", "-o", str(drawn)).returncode == 0
    trees = [ElementTree.parse(path).getroot() for path in (drawn, ROOT / "docs" / shown)]
    for colour in ("#ececec", "#1668b8", "#c2560c"):
        found, expected = (boxes(tree, colour) for tree in trees)
        assert found == expected and found


def test_every_picture_is_there() -> None:
    for page in (ROOT / "README.md", ROOT / "docs" / "pictures.md"):
        for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).is_file(), target
