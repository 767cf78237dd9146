"""What happens while somebody types: errors come and go, sizes stay, imported files count as they are in the editor."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from tests.lsp.session import EVERYTHING, Editor, editor, in_editor

from lsprotocol import types  # isort: skip - the line above skips where it is not there

from cnndsl.lsp.documents import Change, Documents, Moves
from cnndsl.lsp.sizes import shown

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "models"
NET = """network Net {
    input(3, 32, 32)
    conv(8, 5) -> relu -> maxpool(2)
    conv(16, 5) -> relu -> maxpool(2)
    linear(10)
}
"""
SIZES = {3: "→ 8 × 14 × 14", 4: "→ 16 × 5 × 5", 5: "→ 10"}


def test_errors_come_and_go(tmp_path: Path) -> None:
    async def scenario(editor: Editor) -> None:
        assert await editor.open("net.cnn", NET) == []
        editor.change("net.cnn", NET.replace("relu", "rellu", 1))
        (found,) = await editor.diagnostics("net.cnn")
        assert (found.code, found.range.start.line, found.source) == ("E201", 2, "cnndsl")
        editor.change("net.cnn", NET)
        assert await editor.diagnostics("net.cnn") == []
        place = types.DidCloseTextDocumentParams(editor.document("net.cnn"))
        editor.change("net.cnn", "network Net {")
        assert await editor.diagnostics("net.cnn") != []
        editor.client.text_document_did_close(place)
        assert await editor.diagnostics("net.cnn") == []

    in_editor(tmp_path, scenario)


def test_sizes_stay_while_a_line_is_typed(tmp_path: Path) -> None:
    """After each character: the sizes of the lines above and below, and those of the line when it is whole."""
    line = "    conv(32, 3, padding=1) -> relu"

    async def scenario(editor: Editor) -> None:
        await editor.open("net.cnn", NET)
        assert await editor.labels("net.cnn") == SIZES
        above, below = NET[: NET.index("    linear")], NET[NET.index("    linear") :]
        for end in range(1, len(line)):
            editor.change("net.cnn", f"{above}{line[:end]}\n{below}")
            labels = await editor.labels("net.cnn")
            assert (labels[3], labels[4], labels[6]) == ("→ 8 × 14 × 14", "→ 16 × 5 × 5", "→ 10"), line[:end]
        editor.change("net.cnn", f"{above}{line}\n{below}")
        assert (await editor.labels("net.cnn"))[5] == "→ 32 × 5 × 5"

    in_editor(tmp_path, scenario)


def test_sizes_are_those_of_the_text_as_it_is(tmp_path: Path) -> None:
    """The answer to a question right after a change is about the changed text, although it is not worked out yet."""

    async def scenario(editor: Editor) -> None:
        await editor.open("net.cnn", NET)
        for channels in (9, 10, 11):
            editor.change("net.cnn", NET.replace("conv(8", f"conv({channels}"))
            assert (await editor.labels("net.cnn"))[3] == f"→ {channels} × 14 × 14"

    in_editor(tmp_path, scenario)


def test_a_text_with_a_mistake_in_one_network_shows_the_sizes_of_another(tmp_path: Path) -> None:
    async def scenario(editor: Editor) -> None:
        wrong = "network Wrong {\n    input(3, 8, 8)\n    conv(8, 99)\n}\n"
        assert len(await editor.open("net.cnn", wrong + NET)) == 1
        assert list((await editor.labels("net.cnn")).values()) == list(SIZES.values())

    in_editor(tmp_path, scenario)


def test_an_imported_file_counts_as_it_is_in_the_editor(tmp_path: Path) -> None:
    block = "block Wide(n) {\n    conv(n, 3, padding=1) -> relu\n}\n"
    (tmp_path / "blocks.cnn").write_text(block, encoding="utf-8")
    net = 'from "blocks.cnn" import Wide\nnetwork Net {\n    input(3, 8, 8)\n    Wide(4)\n}\n'

    async def scenario(editor: Editor) -> None:
        assert await editor.open("net.cnn", net) == []
        await editor.open("blocks.cnn", block)
        assert await editor.labels("blocks.cnn") == {2: "→ 4 × 8 × 8"}, "the sizes of a block that another file uses"
        editor.change("blocks.cnn", block.replace("conv(n, 3", "conv(n, 99"))
        assert await editor.diagnostics("net.cnn") == [], "the error stands in the other file"
        editor.change("blocks.cnn", block.replace(" -> relu", "").replace("padding=1", "stride=2"))
        await editor.diagnostics("net.cnn")
        assert await editor.labels("net.cnn") == {4: "→ 4 × 3 × 3"}

    in_editor(tmp_path, scenario)


def test_a_block_is_explained_by_its_uses_in_other_files(tmp_path: Path) -> None:
    """Where it is imported, and in its own file, in which no network is."""
    blocks = "# A unit.\nblock Unit(channels) { conv(channels, 3, padding=1) -> relu }\nblock Spare { relu }\n"
    net = 'from "lib/blocks.cnn" import Unit\nnetwork Net { input(3, 8, 8); Unit(4) -> Unit(6) }\n'
    other = "block Unit { tanh }\nnetwork Other { input(3, 8, 8); Unit }\n"
    (tmp_path / "lib").mkdir()

    async def scenario(editor: Editor) -> None:
        async def told(name: str, line: int, character: int) -> str:
            at = types.HoverParams(editor.document(name), types.Position(line, character))
            found = await editor.client.text_document_hover_async(at)
            return found.contents.value if found is not None and isinstance(found.contents, types.MarkupContent) else ""

        await editor.open("lib/blocks.cnn", blocks)
        await editor.open("other.cnn", 'from "lib/blocks.cnn" import Spare\n' + other)
        await editor.open("net.cnn", net)
        for name, line, character in (("net.cnn", 0, 31), ("lib/blocks.cnn", 1, 8)):
            unit = await told(name, line, character)
            assert "A unit." in unit
            assert "3 × 8 × 8 → 4 × 8 × 8   112 parameters" in unit
            assert "4 × 8 × 8 → 6 × 8 × 8" in unit
            assert "3 × 8 × 8 → 3 × 8 × 8" not in unit, "the Unit of another file"
        assert "a parameter of Unit: 4, 6" in await told("lib/blocks.cnn", 1, 13)
        conv = await told("lib/blocks.cnn", 1, 25)
        assert "unit1.conv1 = conv(channels, 3, padding=1)" in conv
        assert "In all uses it gives 4 × 8 × 8, 6 × 8 × 8" in conv

    in_editor(tmp_path, scenario)


def test_files_may_change_on_disk(tmp_path: Path) -> None:
    unit = tmp_path / "unit.cnn"
    unit.write_text("block Unit { conv(8, 3) }\n")
    main = 'from "unit.cnn" import Unit\nnetwork Net {\n    input(3, 8, 8)\n    Unit\n}\n'

    async def scenario(editor: Editor) -> None:
        assert await editor.open("main.cnn", main) == []
        assert "**/*.cnn" in editor.watched
        uri = editor.uri("unit.cnn")

        async def told(kind: types.FileChangeType) -> list[str | int | None]:
            changes = [types.FileEvent(uri, kind)]
            editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changes))
            return [found.code for found in await editor.diagnostics("main.cnn")]

        unit.write_text("block Other { conv(8, 3) }\n")
        assert await told(types.FileChangeType.Changed) == ["E413"]
        unit.write_text("block Unit { conv(4, 3) }\n")
        assert await told(types.FileChangeType.Changed) == []
        assert await editor.labels("main.cnn") == {4: "→ 4 × 6 × 6"}
        unit.unlink()
        assert await told(types.FileChangeType.Deleted) != []

    in_editor(tmp_path, scenario)


def test_what_was_typed_and_not_saved_is_forgotten_with_its_text(tmp_path: Path) -> None:
    (tmp_path / "unit.cnn").write_text("block Unit { conv(8, 3) }\n")

    async def scenario(editor: Editor) -> None:
        await editor.open("unit.cnn", "block Other { conv(8, 3) }\n")
        assert (
            await editor.open("main.cnn", 'from "unit.cnn" import Unit\nnetwork Net { input(3, 8, 8) -> Unit }\n') != []
        )
        editor.client.text_document_did_close(types.DidCloseTextDocumentParams(editor.document("unit.cnn")))
        assert await editor.diagnostics("main.cnn") == []

    in_editor(tmp_path, scenario)


def test_what_is_wrong_with_an_imported_file_is_told_there(tmp_path: Path) -> None:
    (tmp_path / "blocks.cnn").write_text("block Wide(n) {\n    conv(n, 99)\n}\n", encoding="utf-8")
    net = 'from "blocks.cnn" import Wide\nnetwork Net {\n    input(3, 8, 8)\n    Wide(4)\n}\n'

    async def scenario(editor: Editor) -> None:
        await editor.open("net.cnn", net)
        (found,) = editor.client.diagnostics[editor.uri("blocks.cnn")]
        assert (found.code, found.range.start) == ("E302", types.Position(1, 4))
        assert found.related_information is not None
        assert found.related_information[-1].location.uri == editor.uri("net.cnn")
        editor.change("net.cnn", net.replace("(3, 8, 8)", "(3, 100, 100)"))
        await editor.diagnostics("net.cnn")
        assert list(editor.client.diagnostics[editor.uri("blocks.cnn")]) == []

    in_editor(tmp_path, scenario)


def test_the_style_of_sizes_can_be_changed(tmp_path: Path) -> None:
    async def scenario(editor: Editor) -> None:
        await editor.open("net.cnn", NET)
        assert len(await editor.hints("net.cnn")) == 7
        for settings, count in (({"cnndsl": {"hints": "off"}}, 0), ({"hints": "line"}, 3), ({"hints": "none"}, 3)):
            editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))
            assert len(await editor.hints("net.cnn")) == count

    in_editor(tmp_path, scenario, hints="stage")


def test_a_diagram_is_of_the_network_at_a_place(tmp_path: Path) -> None:
    async def scenario(editor: Editor) -> None:
        ask: Any = editor.client.protocol.send_request_async  # which has no types
        await editor.open("net.cnn", NET + NET.replace("Net", "Other"))
        for position, name in (({"line": 2, "character": 3}, "Net"), (None, "Other")):
            asked = {"uri": editor.uri("net.cnn")} | ({"position": position} if position else {})
            drawn = await ask("cnndsl/diagram", asked)
            assert drawn.network == name
            assert drawn.svg.startswith("<?xml") or "<svg" in drawn.svg
        editor.change("net.cnn", "network")  # what is known of the text before is shown on
        for uri, is_known in ((editor.uri("net.cnn"), True), ("file:///nothing.cnn", False)):
            drawn = await ask("cnndsl/diagram", {"uri": uri})
            assert (drawn is not None) == is_known

    in_editor(tmp_path, scenario)


def test_names_are_known_in_a_body_that_is_not_closed_yet(tmp_path: Path) -> None:
    text = "block Unit(wide = 1) { relu }\nnetwork Net(n = 2) {\n    input(3, 8, 8)\n    for turn in [1, 2] { Unit("

    async def scenario(editor: Editor) -> None:
        (found,) = await editor.open("net.cnn", text)
        assert found.code == "E102"
        place = types.Position(3, len("    for turn in [1, 2] { Unit("))
        completion = types.CompletionParams(editor.document("net.cnn"), place)
        offered = await editor.client.text_document_completion_async(completion)
        assert isinstance(offered, types.CompletionList)
        assert {"wide=", "turn", "n", "Unit"} <= {item.label for item in offered.items}
        symbols = types.DocumentSymbolParams(editor.document("net.cnn"))
        outline = await editor.client.text_document_document_symbol_async(symbols) or ()
        assert [one.range.end for one in outline if isinstance(one, types.DocumentSymbol)][-1] == place

    in_editor(tmp_path, scenario)


def test_no_text_is_too_broken_to_answer(tmp_path: Path) -> None:
    """Every beginning of a text, and each with a line missing: all questions are answered, none with a fault."""
    text = (MODELS / "net.cnn").read_text(encoding="utf-8") + 'block "é𝄞{\r\n network network = ( [ -> { ..'
    beginnings = [text[:end] for end in range(0, len(text), 31)]

    async def scenario(editor: Editor) -> None:
        client, document = editor.client, editor.document("net.cnn")
        await editor.open("net.cnn", "")
        for beginning in beginnings:
            editor.change("net.cnn", beginning)
            lines = beginning.splitlines() or [""]
            at = types.Position(len(lines) - 1, len(lines[-1]))
            await editor.hints("net.cnn")
            await client.text_document_hover_async(types.HoverParams(document, at))
            await client.text_document_completion_async(types.CompletionParams(document, at))
            await client.text_document_signature_help_async(types.SignatureHelpParams(document, at))
            await client.text_document_definition_async(types.DefinitionParams(document, at))
            await client.text_document_references_async(
                types.ReferenceParams(types.ReferenceContext(include_declaration=True), document, at)
            )
            await client.text_document_rename_async(types.RenameParams(document, at, "other"))
            await client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
            await client.text_document_folding_range_async(types.FoldingRangeParams(document))
            await client.text_document_selection_range_async(types.SelectionRangeParams(document, [at]))
            await client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(document))
            await client.text_document_formatting_async(
                types.DocumentFormattingParams(document, types.FormattingOptions(4, insert_spaces=True))
            )
            context = types.CodeActionContext([])
            await client.text_document_code_action_async(types.CodeActionParams(document, EVERYTHING, context))

    in_editor(tmp_path, scenario)


def test_an_editor_may_count_otherwise(tmp_path: Path) -> None:
    """A note is two units of UTF-16, four of UTF-8 and one of UTF-32: an editor says what it counts in."""
    text = 'network Net {\n    input(1, 8, 8)\n    "𝄞": conv(8, 3) -> rellu\n}\n'

    async def start(name: str) -> tuple[str, int]:
        async with editor(tmp_path, name) as one:
            (found,) = await one.open("net.cnn", text)
            return str(one.encoding), found.range.start.character

    starts = {"utf-8": 26, "utf-16": 24, "utf-32": 23}
    for name in ("visual_studio_code", "neovim", "emacs"):
        encoding, found = asyncio.run(asyncio.wait_for(start(name), 60))
        assert found == starts[encoding], encoding


def test_lines_end_as_they_did(tmp_path: Path) -> None:
    async def scenario(editor: Editor) -> None:
        text = "network Net {\r\n    input(3, 8, 8)\r\n  conv(8,3)\r\n  relu\r\n}\r\n"
        assert await editor.open("net.cnn", text) == []
        assert await editor.labels("net.cnn") == {3: "→ 8 × 6 × 6", 4: "→ 8 × 6 × 6"}
        params = types.DocumentFormattingParams(
            editor.document("net.cnn"), types.FormattingOptions(4, insert_spaces=True)
        )
        found = await editor.client.text_document_formatting_async(params)
        assert found is not None
        (edit,) = found
        assert edit.new_text == "    conv(8, 3)\r\n    relu\r\n"
        assert (edit.range.start, edit.range.end) == (types.Position(2, 0), types.Position(4, 0))

    in_editor(tmp_path, scenario)


def test_a_large_text_does_not_hold_up_the_answers(tmp_path: Path) -> None:
    """More than is worked out while somebody waits: the answers are of the text before, until the whole is there."""
    large = NET.replace(
        "    linear", "    repeat 300 {\n" + "        relu -> relu -> relu -> relu\n" * 8 + "    }\n    linear"
    )
    deep = NET.replace("linear(10)", "linear(" + " + ".join(["1"] * 3000) + ")")

    async def scenario(editor: Editor) -> None:
        await editor.open("net.cnn", NET)
        editor.change("net.cnn", large)
        labels = await editor.labels("net.cnn")
        assert (labels[3], labels[15]) == ("→ 8 × 14 × 14", "→ 10")
        assert 6 not in labels
        assert all(one.severity is types.DiagnosticSeverity.Warning for one in await editor.diagnostics("net.cnn"))
        assert (await editor.labels("net.cnn"))[6] == "→ 16 × 5 × 5"
        editor.change("net.cnn", deep)
        await editor.client.text_document_document_symbol_async(types.DocumentSymbolParams(editor.document("net.cnn")))
        await editor.client.text_document_semantic_tokens_full_async(
            types.SemanticTokensParams(editor.document("net.cnn"))
        )
        assert (await editor.labels("net.cnn"))[3] == "→ 8 × 14 × 14"

    in_editor(tmp_path, scenario)


# What a session does not show


def test_a_change_works_out_one_network_alone() -> None:
    """Of a family of eight the one that the change reaches; what is known of the others moves with the text."""
    path = MODELS / "efficientnet.cnn"
    text = path.read_text(encoding="utf-8")
    documents = Documents()
    document = documents.open("uri", path, text, 1)
    document.take(document.compiled())
    before = document.sizes()
    changed = text.replace("    fc1              = conv(squeezed, 1)\n", "    fc1              = conv(squeezed, 1)\n\n")
    assert changed != text
    documents.change("uri", changed, 2)
    after = document.sizes()
    analysis, moves = document.latest()[0]
    assert analysis.program.networks == ("EfficientNetB0",)
    assert not moves.changes
    assert [size.label for size in after] == [size.label for size in before]


def test_places_move_with_the_text() -> None:
    old, new = "abc def ghi", "abc XY def ghi"
    moves = Moves((Change.between(old, new),))
    for start in range(len(old)):
        for end in range(start + 1, len(old) + 1):
            now = moves.now(start, end)
            assert now is not None
            assert new[slice(*now)].replace("XY ", "") == old[start:end]
            assert moves.before(now[0]) == start
    assert [moves.before(at) for at in range(len(new))].count(None) == 3
    back = Moves((*moves.changes, Change.between(new, old)))
    assert [back.now(start, start + 1) for start in range(len(old))] == [(at, at + 1) for at in range(len(old))]
    assert Moves((Change.between("aaa", "aa"),)).now(0, 3) == (0, 2)
    assert Moves((Change.between("conv(8)", "conv(9)"),)).now(5, 6) is None


def test_the_sizes_in_the_document_are_those_that_are_shown() -> None:
    document = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
    (block,) = [block for block in re.findall(r"```text\n(.*?)```", document, re.DOTALL) if "→" in block]
    text = re.sub(r"   → .*", "", block)
    opened = Documents().open("uri", None, text, 1)
    assert opened.compiled().diagnostics == ()
    for at, size in reversed(shown(opened.sizes(), text, "line")):
        text = f"{text[:at]}   {size.label}{text[at:]}"
    assert text == block
