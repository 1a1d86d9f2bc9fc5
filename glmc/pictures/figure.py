"""A and B as a figure in a file: PNG or SVG, the same bytes for the same patterns."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Literal

from glmc.pattern.evaluate import BoolArray
from glmc.pictures.squares import Squares, coarse, runs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Format = Literal["png", "svg"]

_MOST_CELLS = 512  # a cell finer than that would be lost between the dots of a screen
_INCHES = 3.2
_INPUTS, _OUTPUTS, _CAUSAL = "#1668b8", "#c2560c", "#ececec"


def figure(groups: tuple[Squares, ...], format: Format) -> bytes:
    """One line of the figure for each group: its A at the left, its B at the right."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever style a user has set
        matplotlib.rcParams.update({"svg.hashsalt": "glmc", "text.parse_math": False})
        drawn = Figure(figsize=(2 * _INCHES + 0.6, (_INCHES + 0.4) * len(groups)), layout="constrained")
        lines = drawn.subplots(len(groups), 2, squeeze=False)
        for (left, right), group in zip(lines, groups, strict=True):
            _draw(left, group.a, f"{group.title}\nA: inputs read", _INPUTS)
            _draw(right, group.b, "B: outputs read", _OUTPUTS)
            left.set_ylabel("output i")
        file = BytesIO()
        metadata = {"Date": None} if format == "svg" else {"Software": None}
        drawn.savefig(file, format=format, dpi=150, metadata=metadata)
        return file.getvalue()


def _draw(axes: Axes, cells: BoolArray, title: str, colour: str) -> None:
    from matplotlib.patches import PathPatch, Polygon
    from matplotlib.path import Path

    length = len(cells)
    cells, block = coarse(cells, _MOST_CELLS)
    axes.add_patch(Polygon([(0, 0), (0, length), (length, length)], facecolor=_CAUSAL, edgecolor="none"))
    corners = [
        (column * block, (row + down) * block)
        for row, start, stop in runs(cells)
        for column, down in ((start, 0), (stop, 0), (stop, 1), (start, 1), (start, 0))
    ]
    if corners:
        moves = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * (len(corners) // 5)
        axes.add_patch(PathPatch(Path(corners, moves), facecolor=colour, edgecolor="none"))
    blocks = "" if block == 1 else f" (a dot is some entry in {block} × {block})"
    axes.set(xlim=(0, length), ylim=(length, 0), aspect="equal", xlabel=f"j{blocks}")
    axes.set_title(title, loc="left", fontsize="medium")
