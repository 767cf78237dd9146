"""Golden transcripts: what the server answers about a text, capability by capability.

A case has its files, the first of them open, and places that are asked about: `⟦hover⟧` stands before the place and is
no part of the text.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Golden
from tests.lsp.session import Editor, in_editor

from lsprotocol import types  # isort: skip - the line above skips where it is not there

import cnndsl
from cnndsl.i18n import VARIABLE
from cnndsl.ir import words
from cnndsl.layers import initialisers
from cnndsl.layers.formula import AXES
from cnndsl.lsp.server import TOKENS
from cnndsl.lsp.vocabulary import FUNCTIONS, KEYWORDS, PROPERTIES, RULES
from cnndsl.syntax.grammar import keywords

ROOT = Path(__file__).parents[2]
CASES = sorted((Path(__file__).parent / "cases").glob("*.toml"))
_MARK = re.compile(r"⟦(\w+)(?::([^⟧]*))?⟧")


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_case(case: Path, golden: Golden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = tomllib.loads(case.read_text(encoding="utf-8"))
    monkeypatch.setenv(VARIABLE, given.get("lang", "en"))
    texts: dict[str, str] = given["files"]
    plain = {name: _MARK.sub("", text) for name, text in texts.items()}
    for name, text in plain.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    first = next(iter(texts))
    told: list[str] = []

    async def scenario(editor: Editor) -> None:
        found = await editor.open(first, plain[first])
        for what in given["show"]:
            told.extend([f"== {what}", *[line async for line in shown(editor, first, plain[first], what, found)], ""])
        for mark, line in marks(texts[first]):
            asked = f"{mark[1]} {mark[2]}".strip() if mark[2] else mark[1]
            place = types.Position(line, units(texts[first], mark.start()))
            rest = plain[first].splitlines()[line]
            told.extend([f"== {asked} at {line + 1}: {rest.strip()}"])
            told.extend([*[line async for line in answered(editor, first, place, mark[1], mark[2] or "")], ""])

    in_editor(tmp_path, scenario, **given.get("options", {}))
    text = "\n".join(told)
    for place in (tmp_path.as_uri() + "/", f"{tmp_path}/", ROOT.as_uri() + "/", f"{ROOT}/"):
        text = text.replace(place, "")
    golden(case.with_suffix(".txt"), text)


def test_every_keyword_is_explained_by_a_text_that_compiles() -> None:
    assert tuple(KEYWORDS) == keywords()
    for word, (_, example) in KEYWORDS.items():
        assert re.search(rf"\b{word}\b", example), word
        found = cnndsl.compile(example, folder=ROOT / "models").diagnostics
        assert not found, (word, found)


def test_every_function_is_explained_with_what_it_gives() -> None:
    assert FUNCTIONS.keys() == words.FUNCTIONS
    for word, (_, example) in FUNCTIONS.items():
        assert example.startswith(word)
        text = f"network Net {{\n    input(3, 8, 8)\n    conv(1, 1)\n    assert {example}\n}}"
        assert not cnndsl.compile(text).diagnostics, word


def test_every_rule_and_property_is_explained() -> None:
    assert RULES.keys() == {*initialisers.RULES, *initialisers.FANS}
    axes = {axis for axes in AXES.values() for axis in axes}
    assert PROPERTIES.keys() == {"shape", "rank", "features", "channels", *axes}


def marks(text: str) -> Iterable[tuple[re.Match[str], int]]:
    for mark in _MARK.finditer(text):
        yield mark, text.count("\n", 0, mark.start())


def units(text: str, at: int) -> int:
    """How many units of UTF-16 stand before a mark on its line, other marks left out."""
    before = _MARK.sub("", text[text.rfind("\n", 0, at) + 1 : at])
    return len(before.encode("utf-16-le")) // 2


def place(at: types.Range) -> str:
    """`3:5-9`, or over several lines `3:5-4:1`; lines and characters from 1."""
    end = at.end.character + 1 if at.end.line == at.start.line else f"{at.end.line + 1}:{at.end.character + 1}"
    return f"{at.start.line + 1}:{at.start.character + 1}-{end}"


async def shown(editor: Editor, name: str, text: str, what: str, found: list[types.Diagnostic]) -> AsyncIterator[str]:
    """What the server says of a whole text."""
    client, document = editor.client, editor.document(name)
    if what == "diagnostics":
        for one in found:
            severity = types.DiagnosticSeverity(one.severity or 1).name
            tags = f" {[tag.name for tag in one.tags]}" if one.tags else ""
            yield f"{place(one.range)} {severity} {one.code}: {one.message}{tags}"
            for more in one.related_information or ():
                yield f"    {more.location.uri} {place(more.location.range)} {more.message}"
    elif what == "hints":
        hints = {(hint.position.line, hint.position.character): hint for hint in await editor.hints(name)}
        for number, line in enumerate(text.splitlines()):
            row = line.encode("utf-16-le")
            for (_, at), hint in sorted(((k, v) for k, v in hints.items() if k[0] == number), reverse=True):
                row = row[: 2 * at] + f" ⟨{hint.label}⟩".encode("utf-16-le") + row[2 * at :]
            yield row.decode("utf-16-le")
        for hint in hints.values():
            if hint.tooltip:
                yield f"{hint.position.line + 1}: {hint.tooltip}"
    elif what == "actions":
        diagnostics = types.CodeActionContext(found)
        whole = types.Range(types.Position(0, 0), types.Position(100_000, 0))
        for action in (
            await client.text_document_code_action_async(types.CodeActionParams(document, whole, diagnostics)) or ()
        ):
            assert isinstance(action, types.CodeAction)
            yield f"{action.kind}: {action.title}{' (preferred)' if action.is_preferred else ''}"
            for line in edits(action.edit):
                yield line
    elif what == "formatting":
        params = types.DocumentFormattingParams(document, types.FormattingOptions(4, insert_spaces=True))
        for edit in await client.text_document_formatting_async(params) or ():
            yield f"{place(edit.range)} {edit.new_text!r}"
    elif what == "symbols":
        entries = await client.text_document_document_symbol_async(types.DocumentSymbolParams(document)) or ()
        for line in outline(entries, 0):
            yield line
    elif what == "folding":
        for fold in await client.text_document_folding_range_async(types.FoldingRangeParams(document)) or ():
            yield f"{fold.start_line + 1}-{fold.end_line + 1} {fold.kind or ''}".rstrip()
    elif what == "tokens":
        tokens = await client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(document))
        assert tokens is not None
        number = at = 0
        rows = [row.encode("utf-16-le") for row in text.splitlines()]
        for start in range(0, len(tokens.data), 5):
            down, right, long, kind, _ = tokens.data[start : start + 5]
            number, at = number + down, right if down else at + right
            yield f"{number + 1}:{at + 1} {rows[number][2 * at : 2 * (at + long)].decode('utf-16-le')} {TOKENS[kind]}"
    elif what.startswith("workspace"):
        query = what.partition(" ")[2]
        for symbol in await client.workspace_symbol_async(types.WorkspaceSymbolParams(query)) or ():
            assert isinstance(symbol.location, types.Location)
            name = f"{symbol.name} {types.SymbolKind(symbol.kind).name}"
            yield f"{name} {symbol.location.uri} {place(symbol.location.range)}"


def outline(entries: Iterable[Any], depth: int) -> Iterable[str]:
    for entry in entries:
        kind = types.SymbolKind(entry.kind).name
        yield f"{'  ' * depth}{entry.name} {kind} {place(entry.range)} {entry.detail or ''}".rstrip()
        yield from outline(entry.children or (), depth + 1)


def edits(edit: types.WorkspaceEdit | None) -> Iterable[str]:
    for uri, listed in (edit.changes or {}).items() if edit is not None else ():
        for one in listed:
            yield f"    {uri} {place(one.range)} {one.new_text!r}"


async def answered(editor: Editor, name: str, at: types.Position, what: str, more: str) -> AsyncIterator[str]:
    """What the server says of a place."""
    client, document = editor.client, editor.document(name)
    if what == "hover":
        found = await client.text_document_hover_async(types.HoverParams(document, at))
        if found is not None:
            assert isinstance(found.contents, types.MarkupContent)
            assert found.range is not None
            yield f"{place(found.range)}"
            yield found.contents.value
    elif what == "complete":
        offered = await client.text_document_completion_async(types.CompletionParams(document, at))
        assert isinstance(offered, types.CompletionList)
        wanted = set(more.split())
        for item in sorted(offered.items, key=lambda item: item.sort_text or ""):
            if not wanted or item.label in wanted:
                assert isinstance(item.text_edit, types.TextEdit)
                written = f"{place(item.text_edit.range)} {item.text_edit.new_text!r}"
                kind = types.CompletionItemKind(item.kind or 1).name
                filtered = f", typed as {item.filter_text}" if item.filter_text else ""
                yield f"{item.label} {kind} [{item.detail or ''}] -> {written}{filtered}"
    elif what == "signature":
        help_ = await client.text_document_signature_help_async(types.SignatureHelpParams(document, at))
        if help_ is not None:
            (one,) = help_.signatures
            yield one.label
            for number, parameter in enumerate(one.parameters or ()):
                assert isinstance(parameter.label, tuple)
                mark = "*" if number == help_.active_parameter else " "
                start, end = parameter.label
                yield f"  {mark} {one.label[start:end]}: {parameter.documentation or ''}".rstrip(": ")
    elif what == "definition":
        defined = await client.text_document_definition_async(types.DefinitionParams(document, at))
        assert isinstance(defined, Sequence | None)
        for where in defined or ():
            assert isinstance(where, types.Location)
            yield f"{where.uri} {place(where.range)}"
    elif what == "references":
        context = types.ReferenceContext(include_declaration=more != "uses")
        for use in await client.text_document_references_async(types.ReferenceParams(context, document, at)) or ():
            yield f"{use.uri} {place(use.range)}"
    elif what == "highlight":
        params = types.DocumentHighlightParams(document, at)
        for shown in await client.text_document_document_highlight_async(params) or ():
            yield f"{place(shown.range)} {types.DocumentHighlightKind(shown.kind or 1).name}"
    elif what == "rename":
        ready = await client.text_document_prepare_rename_async(types.PrepareRenameParams(document, at))
        yield f"names {place(ready)}" if isinstance(ready, types.Range) else "names nothing"
        for line in edits(await client.text_document_rename_async(types.RenameParams(document, at, more))):
            yield line
        for said in client.messages:
            yield f"said: {said.message}"
        client.messages.clear()
    elif what == "select":
        chosen = await client.text_document_selection_range_async(types.SelectionRangeParams(document, [at]))
        step = chosen[0] if chosen else None
        while step is not None:
            yield place(step.range)
            step = step.parent
