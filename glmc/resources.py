"""Finds the grammar and the templates: in an installed wheel, or in the checkout of an editable install."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def resource(name: str) -> Traversable:
    """The resource at a ``/``-separated path such as ``grammar/glm.lark`` or ``templates``."""
    packaged = files("glmc") / "_data"
    root = packaged if packaged.is_dir() else Path(__file__).parent.parent
    return root.joinpath(*name.split("/"))
