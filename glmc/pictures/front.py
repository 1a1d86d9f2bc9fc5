"""Where mixers stand: cache across, path upwards, as a drawing in a terminal and as a figure."""

from __future__ import annotations

import math
from io import BytesIO
from typing import TYPE_CHECKING

from glmc.pictures.figure import Format

if TYPE_CHECKING:
    from glmc.explore.measure import Point

_WIDTH, _HEIGHT = 64, 16


def draw_front(points: tuple[Point, ...], names: list[str]) -> str:
    """Every reachable point as its letter; both axes are logarithmic. Of points that share a place the first."""
    placed = [(point.last, name) for point, name in zip(points, names, strict=True) if math.isfinite(point.last.path)]
    if not placed:
        return ""
    caches = [max(values.cache, 1) for values, _ in placed]
    paths = [max(values.path, 1) for values, _ in placed]
    grid = [[" "] * _WIDTH for _ in range(_HEIGHT)]
    for (_, name), cache, path in reversed(list(zip(placed, caches, paths, strict=True))):
        column = min(_place(cache, caches, _WIDTH), _WIDTH - len(name))
        row = _HEIGHT - 1 - _place(path, paths, _HEIGHT)
        grid[row][column : column + len(name)] = name
    labels = {0: str(int(max(paths))), _HEIGHT - 1: str(int(min(paths)))}
    margin = max(map(len, labels.values()))
    lines = ["path", *(f"{labels.get(row, ''):>{margin}} │{''.join(cells)}" for row, cells in enumerate(grid))]
    ends = f"{min(caches)}{max(caches):>{_WIDTH - len(str(min(caches)))}}"
    return "\n".join(
        (*(line.rstrip() for line in lines), " " * margin + " └" + "─" * _WIDTH, f"{'':{margin}}  {ends} cache")
    )


def _place(value: float, values: list[int] | list[float], cells: int) -> int:
    low, high = math.log(min(values)), math.log(max(values))
    return 0 if low == high else round((math.log(value) - low) / (high - low) * (cells - 1))


def front_figure(points: tuple[Point, ...], names: list[str], length: int, format: Format) -> bytes:
    """Cache against path on logarithmic axes; colour is time, the area of a mark congestion."""
    import matplotlib
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    shown = [(point, name) for point, name in zip(points, names, strict=True) if math.isfinite(point.last.path)]
    with matplotlib.rc_context({"svg.hashsalt": "glmc", "font.size": 8}):
        drawn = Figure(figsize=(8, 5), layout="constrained")
        axes = drawn.subplots()
        marks = axes.scatter(
            [point.last.cache for point, _ in shown],
            [point.last.path for point, _ in shown],
            c=[point.last.time for point, _ in shown],
            s=[20 + 30 * math.log2(1 + point.last.congestion[0]) for point, _ in shown],
            norm=LogNorm(),
            alpha=0.8,
        )
        for point, name in shown:
            axes.annotate(name, (point.last.cache, point.last.path), textcoords="offset points", xytext=(4, 4))
        axes.set(xscale="log", yscale="log", xlabel="cache", ylabel="path", title=f"n = {length}; area: congestion")
        drawn.colorbar(marks, label="time")
        file = BytesIO()
        metadata = {"Date": None} if format == "svg" else {"Software": None}
        drawn.savefig(file, format=format, dpi=150, metadata=metadata)
        return file.getvalue()
