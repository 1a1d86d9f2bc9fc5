"""Starting files: a commented mixer of each class, templates/new/<class>.glm under another name."""

from __future__ import annotations

import keyword
import re

from glmc.diagnostics import Sink
from glmc.pattern.elaborate import elaborate
from glmc.pattern.scopes import mixer_name_problem
from glmc.plan.schedule import class_name
from glmc.resources import resource
from glmc.source import Source
from glmc.syntax.parser import parse

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def starting_text(name: str, kind: str) -> str:
    """The file of the class ``kind`` for a mixer ``name``. Raises ValueError if no mixer can have that name."""
    if not _NAME.fullmatch(name):
        raise ValueError("names of mixers match [a-z][a-z0-9_]*")
    problem = mixer_name_problem(name)
    if problem is None and keyword.iskeyword(class_name(name)):
        problem = f"its layer would be called {class_name(name)}, which Python reserves"
    if problem is not None:
        raise ValueError(problem)
    text = resource(f"templates/new/{kind}.glm").read_text(encoding="utf-8")
    text = re.sub(rf"^(mixer |  heads [^:]+: ){kind}", rf"\g<1>{name}", text, flags=re.MULTILINE)
    report = Sink(Source(f"{name}.glm", text))
    module = parse(report.source, report)
    if module is not None:
        elaborate(module, report)
    if report.has_errors:
        raise ValueError(report.diagnostics[0].message)
    return text
