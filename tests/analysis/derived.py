"""Facts and verdicts of short texts."""

from __future__ import annotations

from glmc.analysis.analyze import analyze
from glmc.analysis.facts import Facts, Verdict
from glmc.analysis.verify import verify
from glmc.diagnostics import Diagnostic, Sink
from tests.analysis.mixers import pattern


def facts(body: str, length: int = 256) -> Facts:
    return analyze(pattern(body), length)


def verdicts(body: str, length: int = 1024) -> tuple[list[Verdict], tuple[Diagnostic, ...]]:
    found = pattern(body)
    report = Sink(found.source)
    judged = verify(found, analyze(found, length), report)
    return list(judged), report.diagnostics
