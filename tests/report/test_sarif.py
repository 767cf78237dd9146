from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from cnndsl import pages
from cnndsl.compiler import compile_source
from cnndsl.diagnostics import Applicability, Diagnostic, Edit, Fix, Severity
from cnndsl.report import sarif
from cnndsl.source import Source, Span
from tests.report.build import CASES, load

SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
TEXTS = sorted((Path(__file__).parents[1]).glob("*/cases/*mistakes*.cnn"))


def run(diagnostics: list[Diagnostic]) -> dict[str, Any]:
    """The one run of the log, which the schema allows."""
    log = json.loads(sarif.render(diagnostics))
    Draft4Validator(SCHEMA).validate(log)
    (only,) = log["runs"]
    return dict(only)


def test_the_schema_refuses_what_is_wrong() -> None:
    log = json.loads(sarif.render([Diagnostic("E101", "wrong", Span(Source("net.cnn", "x"), 0, 1))]))
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert not Draft4Validator(SCHEMA).is_valid(log)


@pytest.mark.parametrize("path", sorted(CASES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_case_is_allowed(path: Path) -> None:
    diagnostics = load(path)
    results = run(diagnostics)["results"]
    assert [result["ruleId"] for result in results] == [diagnostic.code for diagnostic in diagnostics]
    assert [result["level"] for result in results] == [diagnostic.severity.value for diagnostic in diagnostics]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.parts[-3])
def test_what_is_found_in_a_text_is_allowed(path: Path) -> None:
    found = compile_source(Source(path.name, path.read_text(encoding="utf-8"))).diagnostics
    assert len(run(list(found))["results"]) == 7


def test_nothing_found() -> None:
    empty = run([])
    assert (empty["results"], empty["tool"]["driver"]["rules"]) == ([], [])
    assert empty["invocations"] == [{"executionSuccessful": True}]


def test_columns_are_utf16_code_units() -> None:
    source = Source("net.cnn", 'x = "\N{GRINNING FACE}é" y\nz')
    (result,) = run([Diagnostic("E101", "wrong", Span(source, 9, 12))])["results"]
    (location,) = result["locations"]
    region = {"startLine": 1, "startColumn": 11, "endLine": 2, "endColumn": 2}
    assert location["physicalLocation"] == {"artifactLocation": {"uri": "net.cnn"}, "region": region}
    assert run([])["columnKind"] == "utf16CodeUnits"


def test_fixes() -> None:
    source = Source("net.cnn", "conv(8 5)\nrely")
    fix = Fix((Edit(Span(source, 6, 6), ","), Edit(Span(source, 10, 14), "relu")), Applicability.UNSAFE)
    (result,) = run([Diagnostic("W203", "wrong", Span(source, 0, 4), severity=Severity.WARNING, fix=fix)])["results"]
    (told,) = result["fixes"]
    assert told["description"] == {"text": ", is added; rely becomes relu"}
    assert told["properties"] == {"applicability": "unsafe"}
    (change,) = told["artifactChanges"]
    regions = [tuple(replacement["deletedRegion"].values()) for replacement in change["replacements"]]
    assert regions == [(1, 7, 1, 7), (2, 1, 2, 5)]
    assert [replacement["insertedContent"]["text"] for replacement in change["replacements"]] == [",", "relu"]


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("sub/net.cnn", "sub/net.cnn"),
        ("../a b%.cnn", "../a%20b%25.cnn"),
        ("c:net.cnn", "c%3Anet.cnn"),
        ("畳.cnn", "%E7%95%B3.cnn"),
        ("<standard input>", "%3Cstandard%20input%3E"),
        (str(Path.cwd() / "models" / "net.cnn"), "models/net.cnn"),
        ("/elsewhere/net.cnn", "file:///elsewhere/net.cnn"),
    ],
)
def test_names_are_uris(name: str, uri: str) -> None:
    (result,) = run([Diagnostic("E101", "wrong", Span(Source(name, "x"), 0, 1))])["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": uri}


def test_rules_have_the_pages() -> None:
    source = Source("net.cnn", "x")
    codes = ["W203", "E302", "W203"]
    only = run([Diagnostic(code, "wrong", Span(source, 0, 1)) for code in codes])
    rules = only["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["E302", "W203"]
    assert [rules[result["ruleIndex"]]["id"] for result in only["results"]] == codes
    assert rules[0]["help"]["markdown"].startswith("# E302: a layer does not fit its input\n")
    assert "```" not in rules[0]["help"]["text"]
    assert [rule["defaultConfiguration"]["level"] for rule in rules] == ["error", "warning"]


def test_a_code_without_a_page_is_a_rule_without_words() -> None:
    assert run([Diagnostic("E999", "wrong")])["tool"]["driver"]["rules"] == [{"id": "E999"}]


def test_what_looks_like_a_link_is_none() -> None:
    (result,) = run([Diagnostic("E101", "wrong", help=("write [a](b)", "or not"))])["results"]
    assert result["message"] == {"text": "wrong\nhelp: write [a] (b)\nhelp: or not"}


def test_a_file_that_cannot_be_read_has_no_place() -> None:
    only = run([Diagnostic("E001", "gone.cnn cannot be read")])
    assert "locations" not in only["results"][0]
    assert only["invocations"] == [{"executionSuccessful": False}]


def test_rules_name_their_pages_where_there_is_a_public_address(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Diagnostic("E101", "wrong", Span(Source("net.cnn", "x"), 0, 1))]
    monkeypatch.setattr(pages, "_repository", lambda: "")
    assert "helpUri" not in run(found)["tool"]["driver"]["rules"][0]
    monkeypatch.setattr(pages, "_repository", lambda: "https://example.org/cnndsl")
    (rule,) = run(found)["tool"]["driver"]["rules"]
    assert rule["helpUri"] == "https://example.org/cnndsl/blob/HEAD/docs/errors/E101.md"
