"""Numbers with units, three digits each."""

from __future__ import annotations

_PREFIXES = {-4: "p", -3: "n", -2: "µ", -1: "m", 0: "", 1: "k", 2: "M", 3: "G", 4: "T", 5: "P", 6: "E"}


def quantity(value: float, unit: str) -> str:
    """`1.23 µs` of 1.2345e-6 and "s"; nothing below a picosecond or beyond an exabyte is asked for."""
    if value == 0:
        return f"0 {unit}"
    shown = float(f"{value:.3g}")
    place = next((p for p in sorted(_PREFIXES) if shown < 1000.0 ** (p + 1)), max(_PREFIXES))
    return f"{shown / 1000.0**place:.3g} {_PREFIXES[place]}{unit}"
