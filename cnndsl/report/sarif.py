"""Diagnostics as SARIF 2.1.0, which code hosts and editors read: one run, with the pages about its codes as rules.

The form: https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
Lines and columns count from 1, an end is exclusive, and columns are in UTF-16 code units, as is usual there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cnndsl import pages
from cnndsl.diagnostics import Diagnostic, Fix, Severity
from cnndsl.source import Source, Span
from cnndsl.terminal import clean

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """The log, with a line end after it."""
    found = list(diagnostics)
    codes = sorted({diagnostic.code for diagnostic in found})
    errors = [diagnostic for diagnostic in found if diagnostic.severity is Severity.ERROR]
    driver = {"name": "cnndsl", **_version(), "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "invocations": [{"executionSuccessful": all(error.span is not None for error in errors)}],
        "results": [_result(diagnostic, codes.index(diagnostic.code)) for diagnostic in found],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _version() -> dict[str, str]:
    try:
        return {"version": metadata.version("cnndsl")}
    except metadata.PackageNotFoundError:
        return {}


def _rule(code: str) -> dict[str, Any]:
    if code not in pages.codes():  # an installation that lacks the pages can report all the same
        return {"id": code}
    page, address = pages.page(code), pages.address(code)
    return {
        "id": code,
        **({} if address is None else {"helpUri": address}),
        "shortDescription": {"text": page.title},
        "fullDescription": {"text": page.summary},
        "help": {"text": pages.plain(page.text), "markdown": page.text},
        "defaultConfiguration": {"level": "error" if code.startswith("E") else "warning"},
    }


def _result(diagnostic: Diagnostic, index: int) -> dict[str, Any]:
    said = "\n".join([diagnostic.message, *(f"help: {line}" for line in diagnostic.help)])
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": index,
        "level": diagnostic.severity.value,
        "message": _message(said),
    }
    if diagnostic.span is not None:
        result["locations"] = [_location(diagnostic.span, diagnostic.label)]
    if diagnostic.labels:
        result["relatedLocations"] = [
            {"id": number, **_location(label.span), "message": _message(label.message)}
            for number, label in enumerate(diagnostic.labels, 1)
        ]
    if diagnostic.fix is not None:
        result["fixes"] = [_fix(diagnostic.fix)]
    return result


def _message(text: str) -> dict[str, str]:
    """Words, in which brackets before a parenthesis would be a link."""
    return {"text": "\n".join(clean(line) for line in text.split("\n")).replace("](", "] (")}


def _location(span: Span, label: str = "") -> dict[str, Any]:
    region = _region(span)
    if label:
        region["message"] = _message(label)
    return {"physicalLocation": {"artifactLocation": _artifact(span.source), "region": region}}


def _fix(fix: Fix) -> dict[str, Any]:
    change = {
        "artifactLocation": _artifact(fix.edits[0].span.source),
        "replacements": [
            {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}} for edit in fix.edits
        ],
    }
    properties = {"applicability": fix.applicability.value}
    return {"description": _message(fix.title), "artifactChanges": [change], "properties": properties}


def _region(span: Span) -> dict[str, Any]:
    (first, start), (last, end) = (_place(span.source, offset) for offset in (span.start, span.end))
    return {"startLine": first, "startColumn": start, "endLine": last, "endColumn": end}


def _place(source: Source, offset: int) -> tuple[int, int]:
    """The line of an offset, and the column in UTF-16 code units."""
    line, column = source.position(offset)
    before = source.text[offset - column + 1 : offset]
    return line, 1 + len(before.encode("utf-16-le", "surrogatepass")) // 2


def _artifact(source: Source) -> dict[str, str]:
    """The name of a text as a URI: relative to where the command runs, if it lies there."""
    path = Path(source.name)
    if path.is_absolute():
        try:
            path = path.relative_to(Path.cwd())
        except ValueError:
            return {"uri": path.as_uri()}
    return {"uri": quote(path.as_posix())}
