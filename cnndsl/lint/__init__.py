"""Warnings that know the field: what can be compiled, and is probably not meant.

    lint(program, source, read) -> tuple[Diagnostic, ...]     what is found
    silence(diagnostics, source, ignore) -> ...               without what is known and wanted

A rule is a class (see `rule.Rule`) in the file of its family; `rules.RULES` lists them all.
"""

from __future__ import annotations

from collections.abc import Iterable

from cnndsl.diagnostics import Diagnostic, Label, Severity
from cnndsl.files import Reader, nowhere
from cnndsl.ir.program import Origin, Program
from cnndsl.lint.places import Places
from cnndsl.lint.rule import Finding, Rule, Trail, Walk
from cnndsl.lint.rules import RULES
from cnndsl.lint.suppression import parse_codes, silence
from cnndsl.source import Source

__all__ = ["RULES", "lint", "parse_codes", "silence"]


def lint(program: Program, source: Source, read: Reader = nowhere) -> tuple[Diagnostic, ...]:
    """What is probably not meant, as warnings.

    `source` is the text that the program was made from, `read` gives the files that it imports. A place in the text is
    reported once by each rule, however many modules came of it.
    """
    first: dict[tuple[str, Origin], Finding] = {}
    for finding in _findings(program):
        first.setdefault((finding.code, finding.at), finding)
    places = Places(source, read)
    return tuple(filter(None, (_diagnostic(finding, places) for finding in first.values())))


def _findings(program: Program) -> Iterable[Finding]:
    rules = [rule() for rule in RULES]
    wanted: dict[str, list[Rule]] = {}
    for rule in rules:
        for layer in rule.layers:
            wanted.setdefault(layer, []).append(rule)
    found: list[Finding] = []

    def see(trail: Trail) -> None:
        for rule in wanted.get(trail.newest.layer.kind, ()):
            found.extend(rule.see(trail))

    walk = Walk(program, see)
    for key in program.networks:
        for trail in walk.network(key):
            for rule in rules:
                found.extend(rule.end(program.modules[key], trail))
    for rule in rules:
        found.extend(rule.finish(program))
    return found


def _diagnostic(finding: Finding, places: Places) -> Diagnostic | None:
    span = places.span(finding.at)
    if span is not None and not finding.holds(span):
        return None
    more = ((places.span(origin), words) for origin, words in finding.more)
    labels = tuple(Label(place, words) for place, words in more if place is not None and span is not None)
    fix = None if span is None else finding.fix(span)
    return Diagnostic(finding.code, finding.message, span, "", labels, finding.help, Severity.WARNING, fix)
