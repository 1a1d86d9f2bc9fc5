"""A and B side by side in a terminal: half blocks where they fit, else Braille dots, else plain ASCII."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from glmc.pattern.evaluate import BoolArray
from glmc.pictures.squares import Squares, coarse

_GAP = 3
_LINES_A_LABEL = 4
_INPUTS, _OUTPUTS = "cyan", "yellow"
_CAUSAL = "on grey19"  # where an entry may stand


@dataclass(frozen=True, eq=False)
class _Glyphs:
    """One character for a few cells: its number is the sum of the weights of those that are present."""

    weights: npt.NDArray[np.int64]  # [rows, columns] that one character shows
    characters: str

    @property
    def height(self) -> int:
        return len(self.weights)

    @property
    def width(self) -> int:
        return len(self.weights[0])


_HALF_BLOCKS = _Glyphs(np.array([[1], [2]]), " ▀▄█")
_BRAILLE = _Glyphs(
    np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]),
    " " + "".join(chr(0x2800 + dots) for dots in range(1, 256)),
)
_ASCII = _Glyphs(np.array([[1]]), ".#")


@dataclass(frozen=True)
class Drawing:
    """The squares of one group of heads, drawn in the width that the console has.

    Colours go where the console has none; the characters alone tell which entries are present.
    """

    squares: Squares

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        length = self.squares.length
        margin = len(str(length - 1)) + 1
        room = max((options.max_width - margin - _GAP) // 2, 1)
        glyphs = _glyphs(length, room, options.ascii_only)
        a, block = coarse(self.squares.a, room * glyphs.width)
        b, _ = coarse(self.squares.b, room * glyphs.width)
        yield Text(self.squares.title, style="bold")
        yield from _panels(
            _lines(a, glyphs, _headed("A: inputs read", a), length, _INPUTS),
            _lines(b, glyphs, _headed("B: outputs read", b), length, _OUTPUTS),
            _labels(len(a), glyphs.height, block, margin),
        )
        yield Text(_legend(length, block, glyphs) + "\n", style="dim")


def _glyphs(length: int, room: int, ascii_only: bool) -> _Glyphs:
    if ascii_only:
        return _ASCII
    return _HALF_BLOCKS if length <= room else _BRAILLE


def _headed(words: str, cells: BoolArray) -> str:
    return words if cells.any() else f"{words} - none"


def _legend(length: int, block: int, glyphs: _Glyphs) -> str:
    entry = "an entry" if block == 1 else f"some entry in {block} x {block}"
    sign = "#" if glyphs is _ASCII else "a dot"
    return f"Row i is output i, column j what it reads; i, j < {length}; {sign} is {entry}."


def _panels(left: list[Text], right: list[Text], labels: list[str]) -> Iterator[Text]:
    width = max(line.cell_len for line in left)
    for label, first, second in zip(labels, left, right, strict=True):
        line = Text(label, no_wrap=True, overflow="crop")
        line.append_text(first)
        line.append(" " * (width - first.cell_len + _GAP))
        yield line.append_text(second)


def _labels(size: int, height: int, block: int, margin: int) -> list[str]:
    """What stands before the header, every line and the footer: the row of a line's first cell, now and then."""
    rows = [str(top * block) if top // height % _LINES_A_LABEL == 0 else "" for top in range(0, size, height)]
    return [f"{row:>{margin - 1}} " for row in ("", *rows, "")]


def _lines(cells: BoolArray, glyphs: _Glyphs, header: str, length: int, colour: str) -> list[Text]:
    """The header, the drawn lines, and the first and last column below them."""
    body = [_line(codes, row, glyphs, colour) for row, codes in enumerate(_codes(cells, glyphs))]
    last = str(length - 1)
    return [Text(header, style=colour), *body, Text(f"0{last:>{max(len(body[-1]) - 1, len(last) + 1)}}")]


def _codes(cells: BoolArray, glyphs: _Glyphs) -> npt.NDArray[np.int64]:
    """The number of each character, [lines, columns]."""
    height, width = glyphs.height, glyphs.width
    lines, columns = -(-len(cells) // height), -(-len(cells) // width)
    padded = np.zeros((lines * height, columns * width), np.int64)
    padded[: len(cells), : len(cells)] = cells
    blocks = padded.reshape(lines, height, columns, width)
    codes: npt.NDArray[np.int64] = np.einsum("abcd,bd->ac", blocks, glyphs.weights)
    return codes


def _line(codes: npt.NDArray[np.int64], row: int, glyphs: _Glyphs, colour: str) -> Text:
    causal = min(-(-(row + 1) * glyphs.height // glyphs.width), len(codes))
    drawn = "".join(glyphs.characters[code] for code in codes[:causal])
    return Text(drawn, style=f"{colour} {_CAUSAL}")
