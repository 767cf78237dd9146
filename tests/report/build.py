"""Diagnostics built from a description in TOML, so that a case shows text and marks at a glance.

[[sources]]                   # the first is the one that a mark means unless it says otherwise
name = "net.cnn"
text = "..."
[[diagnostics]]
code, message, severity, help = ...
at = "conv(32, 5)"            # what to mark: this text where it occurs first; "from" and "to" for more lines
label = "applied here"
labels = [{ at = "pool", nth = 2, message = "...", source = "other.cnn" }]
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from cnndsl.diagnostics import Diagnostic, Label, Severity
from cnndsl.source import Source, Span

CASES = Path(__file__).parent / "cases"


def load(path: Path) -> list[Diagnostic]:
    """The diagnostics that a case describes."""
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    sources = {entry["name"]: Source(entry["name"], entry["text"]) for entry in case.get("sources", ())}
    return [_diagnostic(entry, sources) for entry in case["diagnostics"]]


def span(place: dict[str, Any], sources: dict[str, Source]) -> Span:
    """The span of the text `at`, at its occurrence `nth` (1 is the first), or `from` its start to the end of `to`."""
    source = sources[place["source"]] if "source" in place else next(iter(sources.values()))
    wanted = place["at"] if "at" in place else place["from"]
    start = -1
    for _ in range(place.get("nth", 1)):
        start = source.text.index(wanted, start + 1)
    end = source.text.index(place["to"], start) + len(place["to"]) if "to" in place else start + len(wanted)
    return Span(source, start, end)


def _diagnostic(entry: dict[str, Any], sources: dict[str, Source]) -> Diagnostic:
    return Diagnostic(
        code=entry["code"],
        message=entry["message"],
        span=span(entry, sources) if "at" in entry or "from" in entry else None,
        label=entry.get("label", ""),
        labels=tuple(Label(span(label, sources), label["message"]) for label in entry.get("labels", ())),
        help=tuple(entry.get("help", ())),
        severity=Severity(entry.get("severity", "error")),
    )
