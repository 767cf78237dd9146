"""The server: what an editor asks, by the Language Server Protocol, and how it is told the answers."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, get_args

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path
from pygls.workspace import PositionCodec

from cnndsl.diagnostics import Diagnostic, Edit, Severity
from cnndsl.frozen import frozen
from cnndsl.i18n import language
from cnndsl.lsp import actions, completion, outline, references
from cnndsl.lsp.documents import Document, Documents, files_below
from cnndsl.lsp.hover import Target, hover
from cnndsl.lsp.sizes import Style, shown
from cnndsl.source import Source, Span

TOKENS: tuple[str, ...] = get_args(outline.TokenKind)
_LONGEST_PAUSE = 0.4
"""Seconds without a change after which a text is worked out as a whole, where that takes as long or longer."""
_UNUSED = frozenset({"W202", "W217", "W236"})
"""The codes of what is there and has no effect, which editors show greyed out."""
_SYMBOLS = {
    "network": types.SymbolKind.Class,
    "block": types.SymbolKind.Class,
    "sequence": types.SymbolKind.Class,
    "extern": types.SymbolKind.Interface,
    "constant": types.SymbolKind.Constant,
    "part": types.SymbolKind.Field,
}
_ITEMS: dict[completion.Sort, types.CompletionItemKind] = {
    "layer": types.CompletionItemKind.Function,
    "function": types.CompletionItemKind.Function,
    "keyword": types.CompletionItemKind.Keyword,
    "parameter": types.CompletionItemKind.Property,
    "name": types.CompletionItemKind.Variable,
    "definition": types.CompletionItemKind.Class,
    "file": types.CompletionItemKind.File,
    "size": types.CompletionItemKind.Property,
    "choice": types.CompletionItemKind.EnumMember,
}
_FIRST: dict[completion.Sort, str] = {"choice": "0", "parameter": "0", "name": "1", "definition": "2", "layer": "3"}
"""What is offered first; PyTorch's names and the words of the language come last."""


@frozen()
class Positions:
    """Places of a text -> the protocol's, lines and characters from 0 in the units of an editor, and back."""

    source: Source
    codec: PositionCodec

    def offset(self, position: types.Position) -> int:
        """The character of the text that stands at a position; of one behind the end of a line, that end."""
        number = position.line + 1
        if number > self.source.line_count:
            return len(self.source.text)
        line = self.source.line(number)
        place = types.Position(0, min(position.character, self._units(line)))
        return self.source.offset(number, self.codec.position_from_client_units([line], place).character + 1)

    def position(self, offset: int) -> types.Position:
        """The position of a character; of one behind the end of the text, that end."""
        offset = min(offset, len(self.source.text))
        line, column = self.source.position(offset)
        return types.Position(line - 1, self._units(self.source.text[offset - column + 1 : offset]))

    def range(self, span: Span) -> types.Range:
        """The range of a span."""
        return types.Range(self.position(span.start), self.position(span.end))

    def length(self, span: Span) -> int:
        """How many units a span has."""
        return self._units(span.text)

    def _units(self, text: str) -> int:
        units: int = len(text) if text.isascii() else self.codec.client_num_units(text)
        return units


class Server:
    """The texts of one editor, and the answers to what it asks about them.

    An answer gets the open text that it is about, and the place in it where it is about one.
    """

    def __init__(self, version: str) -> None:
        self.ls = LanguageServer("cnndsl", version, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.documents = Documents()
        self.style: Style = "line"
        self._worker = ThreadPoolExecutor(1, "compile")
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._took: dict[str, float] = {}
        """How long it took to work out each text, in seconds."""
        self._published: dict[str, dict[str, list[types.Diagnostic]]] = {}
        """What was found by working out a text, in it and in the files that it imports, by their addresses."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._register()

    def _register(self) -> None:
        legend = types.SemanticTokensLegend(list(TOKENS), [])
        kinds = [types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll]
        for name, handler, *options in (
            (types.INITIALIZE, partial(self.initialize)),
            (types.INITIALIZED, partial(self.watch)),
            (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, partial(self.files_changed)),
            (types.WORKSPACE_DID_CHANGE_CONFIGURATION, partial(self.configure)),
            (types.TEXT_DOCUMENT_DID_OPEN, partial(self.open)),
            (types.TEXT_DOCUMENT_DID_CHANGE, partial(self.change)),
            (types.TEXT_DOCUMENT_DID_CLOSE, partial(self.close)),
            (types.TEXT_DOCUMENT_INLAY_HINT, self._of_text(self.hints)),
            (types.TEXT_DOCUMENT_HOVER, self._of_place(self.hover)),
            (types.TEXT_DOCUMENT_FORMATTING, self._of_text(self.format)),
            (types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, self._of_text(self.symbols)),
            (types.WORKSPACE_SYMBOL, partial(self.workspace_symbols)),
            (
                types.TEXT_DOCUMENT_CODE_ACTION,
                self._of_text(self.code_actions),
                types.CodeActionOptions(code_action_kinds=kinds),
            ),
            (types.TEXT_DOCUMENT_DEFINITION, self._of_name(self.definition)),
            (types.TEXT_DOCUMENT_REFERENCES, self._of_name(self.references)),
            (types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT, self._of_place(self.highlights)),
            (types.TEXT_DOCUMENT_PREPARE_RENAME, self._of_name(self.prepare_rename)),
            (types.TEXT_DOCUMENT_RENAME, self._of_name(self.rename), types.RenameOptions(prepare_provider=True)),
            (
                types.TEXT_DOCUMENT_COMPLETION,
                self._of_place(self.complete),
                types.CompletionOptions(trigger_characters=[".", '"', "/"]),
            ),
            (
                types.TEXT_DOCUMENT_SIGNATURE_HELP,
                self._of_place(self.signature),
                types.SignatureHelpOptions(["(", ","]),
            ),
            (types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, self._of_text(self.tokens), legend),
            (types.TEXT_DOCUMENT_FOLDING_RANGE, self._of_text(self.folds)),
            (types.TEXT_DOCUMENT_SELECTION_RANGE, self._of_text(self.selections)),
            ("cnndsl/diagram", partial(self.diagram)),
        ):
            self.ls.feature(name, *options)(handler)

    def _of_text(self, answer: Callable[..., Any]) -> Callable[[Any], Any]:
        """What answers a question about an open text; nothing is said of one that is not open."""

        def answered(params: Any) -> Any:
            document = self.documents.get(params.text_document.uri)
            return None if document is None else answer(document, params)

        return answered

    def _of_place(self, answer: Callable[..., Any]) -> Callable[[Any], Any]:
        """The same of a place in one."""

        def answered(document: Document, params: Any) -> Any:
            return answer(document, self._positions(document.source).offset(params.position), params)

        return self._of_text(answered)

    def _of_name(self, answer: Callable[..., Any]) -> Callable[[Any], Any]:
        """The same of a name: of what it stands for, and where it is."""

        def answered(document: Document, offset: int, params: Any) -> Any:
            found = references.target(self.documents, document, offset)
            return None if found is None else answer(*found, params)

        return self._of_place(answered)

    # Settings

    def initialize(self, params: types.InitializeParams) -> None:
        """Take the settings that come with the first message."""
        self._set(params.initialization_options)

    def watch(self, _: types.InitializedParams) -> None:
        """Ask the editor to tell what changes on disk, if it can."""
        workspace = self.ls.client_capabilities.workspace
        watched = None if workspace is None else workspace.did_change_watched_files
        if watched is not None and watched.dynamic_registration:
            files = [types.FileSystemWatcher(pattern) for pattern in ("**/*.cnn", "**/pyproject.toml")]
            options = types.DidChangeWatchedFilesRegistrationOptions(files)
            told = types.Registration("files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            self.ls.client_register_capability(types.RegistrationParams([told]))

    def configure(self, params: types.DidChangeConfigurationParams) -> None:
        """Take other settings, and show the sizes anew."""
        self._set(params.settings)
        self._refresh()

    def _set(self, given: Any) -> None:
        """Take `{"hints": "stage"}`, also below `cnndsl`; what is no style is left as it was."""
        found = _item(_item(given, "cnndsl"), "hints") or _item(given, "hints")
        if found in get_args(Style):
            self.style = found

    # Texts

    def open(self, params: types.DidOpenTextDocumentParams) -> None:
        """Take a text that was opened."""
        given = params.text_document
        document = self.documents.open(given.uri, _path(given.uri), given.text, given.version)
        self._schedule(given.uri)
        self._schedule_importing(document)

    def change(self, params: types.DidChangeTextDocumentParams) -> None:
        """Take a text that was changed; the whole of it comes."""
        given = params.text_document
        document = self.documents.change(given.uri, params.content_changes[-1].text, given.version)
        self._schedule(given.uri)
        self._schedule_importing(document)

    def close(self, params: types.DidCloseTextDocumentParams) -> None:
        """Forget a text, and take back what was found in it."""
        uri = params.text_document.uri
        waiting = self._waiting.pop(uri, None)
        if waiting is not None:
            waiting.cancel()
        document = self.documents.close(uri)
        self._publish(uri, {})
        if document is not None:  # what is on disk counts from now on
            self._schedule_importing(document)

    def files_changed(self, _: types.DidChangeWatchedFilesParams) -> None:
        """Work out all texts anew: a file that they import, or their project, changed on disk."""
        for uri, _document in self.documents:
            self._schedule(uri)

    def _schedule_importing(self, changed: Document) -> None:
        """Work out the open texts that may import a text."""
        for uri, _ in self.documents.importing(changed):
            self._schedule(uri)

    def _schedule(self, uri: str) -> None:
        """Work out a text when the typing pauses, the longer the more there is to do."""
        waiting = self._waiting.pop(uri, None)
        if waiting is not None:
            waiting.cancel()
        pause = min(self._took.get(uri, 0.0), _LONGEST_PAUSE)
        self._waiting[uri] = asyncio.get_running_loop().call_later(pause, self._begin, uri)

    def _begin(self, uri: str) -> None:
        task = asyncio.get_running_loop().create_task(self._work(uri))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, uri: str) -> None:
        document = self.documents.get(uri)
        if document is None:
            return
        begun = time.perf_counter()
        compilation = await asyncio.get_running_loop().run_in_executor(self._worker, document.compiled)
        self._took[uri] = time.perf_counter() - begun
        if self.documents.get(uri) is document and document.take(compilation):
            self._publish(uri, self._by_file(uri, document))
            self._refresh()

    def _refresh(self) -> None:
        """Have the editor ask anew for the sizes."""
        capabilities = self.ls.client_capabilities.workspace
        if capabilities is not None and capabilities.inlay_hint is not None and capabilities.inlay_hint.refresh_support:
            self.ls.workspace_inlay_hint_refresh(None)

    # What was found

    def _by_file(self, uri: str, document: Document) -> dict[str, list[types.Diagnostic]]:
        found: dict[str, list[types.Diagnostic]] = {uri: []}
        for diagnostic in document.found:
            span = diagnostic.span
            place = uri if span is None else self._uri(document, uri, span.source)
            found.setdefault(place, []).append(self._diagnostic(diagnostic, document, uri))
        return found

    def _uri(self, document: Document, uri: str, source: Source) -> str:
        """The address of a text that a document has, or imports."""
        path = None if source.name == document.name else document.imported(source.short)
        return uri if path is None else self._address(path)

    def _address(self, path: Path) -> str:
        """The address of a file, as the editor has it where it is open."""
        place = os.path.realpath(path)
        opened = (uri for uri, document in self.documents if document.place == place)
        return next(opened, from_fs_path(str(path)) or "")

    def _diagnostic(self, diagnostic: Diagnostic, document: Document, uri: str) -> types.Diagnostic:
        span = diagnostic.span or Span(document.source, 0, 0)
        helps = "".join(f"\nhelp: {text}" for text in diagnostic.help)
        label = f"\n{diagnostic.label}" if diagnostic.label else ""
        related = [
            types.DiagnosticRelatedInformation(
                types.Location(
                    self._uri(document, uri, label.span.source), self._positions(label.span.source).range(label.span)
                ),
                label.message,
            )
            for label in diagnostic.labels
        ]
        is_error = diagnostic.severity is Severity.ERROR
        return types.Diagnostic(
            self._positions(span.source).range(span),
            f"{diagnostic.message}{label}{helps}",
            types.DiagnosticSeverity.Error if is_error else types.DiagnosticSeverity.Warning,
            diagnostic.code,
            source="cnndsl",
            tags=[types.DiagnosticTag.Unnecessary] if diagnostic.code in _UNUSED else None,
            related_information=related or None,
        )

    def _publish(self, root: str, found: dict[str, list[types.Diagnostic]]) -> None:
        """Tell what was found by working out a text; what several texts find in one file is told together."""
        before = self._published.pop(root, {})
        if found:
            self._published[root] = found
        for uri in sorted({*before, *found}):
            document = self.documents.get(uri)
            told: list[types.Diagnostic] = []
            for place, listed in self._published.items():
                # An open file says itself what is wrong with it.
                if place == uri or document is None:
                    told += [one for one in listed.get(uri, ()) if one not in told]
            version = None if document is None else document.version
            self.ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, told, version))

    # Answers

    def _positions(self, source: Source) -> Positions:
        return Positions(source, self.ls.workspace.position_codec)

    def _folders(self) -> list[Path]:
        folders = (to_fs_path(folder.uri) for folder in self.ls.workspace.folders.values())
        root = self.ls.workspace.root_path
        return [Path(folder) for folder in dict.fromkeys([*folders, root]) if folder]

    def _files(self) -> list[Path]:
        """The files of the folders that the editor works in, and those that are open."""
        opened = [document.path for _, document in self.documents if document.path is not None]
        return list(dict.fromkeys([*opened, *files_below(self._folders())]))

    def _location(self, document: Document, span: Span) -> types.Location:
        uri = next((uri for uri, one in self.documents if one is document), None)
        return types.Location(uri or self._address(Path(document.name)), self._positions(span.source).range(span))

    def _edits(self, edits: Iterable[Edit]) -> list[types.TextEdit]:
        """The edits as the protocol has them, their lines ended as those of their texts."""
        found = ((self._positions(edit.span.source), edit) for edit in edits)
        return [types.TextEdit(at.range(edit.span), edit.span.source.ended(edit.text)) for at, edit in found]

    def hints(self, document: Document, params: types.InlayHintParams) -> list[types.InlayHint]:
        """The sizes beside the lines of a range."""
        if self.style == "off":
            return []
        positions = self._positions(document.source)
        start, end = positions.offset(params.range.start), positions.offset(params.range.end)
        return [
            types.InlayHint(positions.position(at), size.label, tooltip=size.tooltip or None, padding_left=True)
            for at, size in shown(self.documents.sizes(document), document.source.text, self.style)
            if start <= at <= end
        ]

    def hover(self, document: Document, offset: int, _: types.HoverParams) -> types.Hover | None:
        """What there is to say of a place."""
        found = hover(self.documents, document, offset)
        if found is None:
            return None
        text, span = found
        content = types.MarkupContent(types.MarkupKind.Markdown, text)
        return types.Hover(content, self._positions(document.source).range(span))

    def format(self, document: Document, _: types.DocumentFormattingParams) -> list[types.TextEdit]:
        """The one layout; nothing for a text that cannot be read."""
        return self._edits(actions.layout_edits(document.source))

    def symbols(self, document: Document, _: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        """The outline."""
        positions = self._positions(document.source)
        return [_symbol(entry, positions) for entry in outline.outline(document.file)]

    def workspace_symbols(self, params: types.WorkspaceSymbolParams) -> list[types.WorkspaceSymbol]:
        """The definitions of all files whose names have the letters of the query, in their order."""
        found = []
        for document in filter(None, map(self.documents.at, self._files())):
            for entry in outline.outline(document.file):
                if _fits(params.query, entry.name):
                    place = self._location(document, entry.name_span)
                    found.append(types.WorkspaceSymbol(place, entry.name, _SYMBOLS[entry.kind]))
        return found

    def code_actions(self, document: Document, params: types.CodeActionParams) -> list[types.CodeAction]:
        """What can be done about what was found in a range."""
        uri = params.text_document.uri
        positions = self._positions(document.source)
        start, end = positions.offset(params.range.start), positions.offset(params.range.end)
        only = params.context.only
        wanted: Callable[[str], bool] = lambda kind: only is None or any(kind.startswith(one) for one in only)  # noqa: E731
        found = []
        if wanted(types.CodeActionKind.QuickFix.value):
            for action in actions.actions(document.source, document.found, start, end):
                about = [self._diagnostic(action.about, document, uri)] if action.about is not None else None
                edit = types.WorkspaceEdit({uri: self._edits(action.edits)})
                kind = types.CodeActionKind.QuickFix
                found.append(types.CodeAction(action.title, kind, about, action.is_safe or None, edit=edit))
        every = actions.all_safe(document.source, document.found)
        if every is not None and wanted(types.CodeActionKind.SourceFixAll.value):
            edit = types.WorkspaceEdit({uri: self._edits(every.edits)})
            found.append(types.CodeAction(every.title, types.CodeActionKind.SourceFixAll, edit=edit))
        return found

    def definition(self, found: Target, _span: Span, _: types.DefinitionParams) -> list[types.Location]:
        """Where a name is given its meaning."""
        target = references.defined(self.documents, found)
        return [self._location(target.document, span) for span in target.symbol.places]

    def references(self, found: Target, _span: Span, params: types.ReferenceParams) -> list[types.Location]:
        """Where a name is used, in all files."""
        target = references.defined(self.documents, found)
        declared = {(span.source, span.start) for span in target.symbol.places}
        return [
            self._location(document, span)
            for document, span in references.places(self.documents, target, self._files())
            if params.context.include_declaration or (span.source, span.start) not in declared
        ]

    def highlights(
        self, document: Document, offset: int, _: types.DocumentHighlightParams
    ) -> list[types.DocumentHighlight]:
        """Where the name at a place is used in its own text."""
        found = document.names.at(offset)
        if found is None:
            return []
        positions = self._positions(document.source)
        kinds = types.DocumentHighlightKind
        places = set(found[0].places)
        return [
            types.DocumentHighlight(positions.range(span), kinds.Write if span in places else kinds.Read)
            for span in found[0].spans
        ]

    def prepare_rename(self, _found: Target, span: Span, _: types.PrepareRenameParams) -> types.Range:
        """The name that would be changed."""
        return self._positions(span.source).range(span)

    def rename(self, found: Target, _span: Span, params: types.RenameParams) -> types.WorkspaceEdit | None:
        """The changes that give something another name. What cannot be is said to the user."""
        try:
            edits = references.rename(self.documents, found, params.new_name, self._files())
        except references.RenameProblem as problem:
            message = types.ShowMessageParams(types.MessageType.Warning, str(problem))
            self.ls.window_show_message(message)
            return None
        return types.WorkspaceEdit(
            {self._location(document, edits[0].span).uri: self._edits(edits) for document, edits in edits.values()}
        )

    def complete(self, document: Document, offset: int, _: types.CompletionParams) -> types.CompletionList:
        """What may be written at a place."""
        start, items = completion.complete(self.documents, document, offset)
        place = self._positions(document.source).range(Span(document.source, start, offset))
        text = document.source.text[start:offset]
        prefix = text[: text.rfind(".") + 1]
        return types.CompletionList(is_incomplete=False, items=[self._item(item, place, prefix) for item in items])

    def _item(self, item: completion.Item, place: types.Range, prefix: str) -> types.CompletionItem:
        text = item.text or item.label
        is_snippet = "$0" in text
        if is_snippet and not self._takes_snippets():
            text, is_snippet = text.partition("(")[0], False
        rank = _FIRST.get(item.sort, "4") if not item.detail.startswith("is called ") else "5"
        return types.CompletionItem(
            item.label,
            kind=_ITEMS[item.sort],
            detail=item.detail or None,
            documentation=item.documentation or None,
            filter_text=f"{prefix}{item.label}" if prefix else None,
            sort_text=f"{rank}{item.label}",
            text_edit=types.TextEdit(place, text),
            insert_text_format=types.InsertTextFormat.Snippet if is_snippet else None,
        )

    def _takes_snippets(self) -> bool:
        texts = self.ls.client_capabilities.text_document
        items = None if texts is None or texts.completion is None else texts.completion.completion_item
        return items is not None and bool(items.snippet_support)

    def signature(self, document: Document, offset: int, _: types.SignatureHelpParams) -> types.SignatureHelp | None:
        """What the call takes that stands around a place."""
        found = completion.signature(self.documents, document, offset)
        if found is None:
            return None
        parameters = []
        end = found.label.index("(") + 1
        for text, told in found.parameters:  # by place: a name may also be in the name of another one
            start = found.label.index(text, end)
            end = start + len(text)
            parameters.append(types.ParameterInformation((start, end), told or None))
        signature = types.SignatureInformation(found.label, found.documentation or None, parameters)
        return types.SignatureHelp([signature], 0, found.active)

    def tokens(self, document: Document, _: types.SemanticTokensParams) -> types.SemanticTokens:
        """What each word is, for colours."""
        data: list[int] = []
        positions = self._positions(document.source)
        line = character = 0
        for span, kind in outline.tokens(document.names):
            at = positions.position(span.start)
            apart = at.character - character if at.line == line else at.character
            data += [at.line - line, apart, positions.length(span), TOKENS.index(kind), 0]
            line, character = at.line, at.character
        return types.SemanticTokens(data)

    def folds(self, document: Document, _: types.FoldingRangeParams) -> list[types.FoldingRange]:
        """What can be folded."""
        return [
            types.FoldingRange(
                fold.first - 1, fold.last - 1, kind=types.FoldingRangeKind.Comment if fold.is_comment else None
            )
            for fold in outline.folds(document.source)
        ]

    def selections(self, document: Document, params: types.SelectionRangeParams) -> list[types.SelectionRange]:
        """What a selection grows to, for each place."""
        found = []
        positions = self._positions(document.source)
        for position in params.positions:
            made = types.SelectionRange(types.Range(position, position))
            parent: types.SelectionRange | None = None
            for span in reversed(outline.selections(document.file, positions.offset(position))):
                parent = types.SelectionRange(positions.range(span), parent)
            found.append(parent or made)
        return found

    def diagram(self, params: Any) -> dict[str, str] | None:
        """The diagram of a text as SVG, of the network at a place or of the last one; None where there is none.

        The question has `uri` and, where it is about a place, `position`.
        """
        document = self.documents.get(_item(params, "uri"))
        if document is None:
            return None
        from cnndsl.render import RenderError

        at = _item(params, "position")
        offset = None
        if at is not None:
            place = types.Position(_item(at, "line"), _item(at, "character"))
            offset = self._positions(document.source).offset(place)
        network, compilation = document.drawn(offset)
        if compilation is None:
            return None
        try:
            return {"network": network, "svg": compilation.diagram(network=network, lang=language()).decode()}
        except RenderError:
            return None


def _symbol(entry: outline.Entry, positions: Positions) -> types.DocumentSymbol:
    inside = [_symbol(one, positions) for one in entry.inside]
    kind = _SYMBOLS[entry.kind]
    place, name = positions.range(entry.span), positions.range(entry.name_span)
    return types.DocumentSymbol(entry.name, kind, place, name, entry.detail or None, children=inside or None)


def _fits(query: str, name: str) -> bool:
    """Whether a name has the letters of a query, in their order."""
    letters = iter(name.lower())
    return all(letter in letters for letter in query.lower())


def _item(given: Any, name: str) -> Any:
    """An item of what came as JSON, which is an object or a mapping; None where it is not there."""
    return given.get(name) if isinstance(given, dict) else getattr(given, name, None)


def _path(uri: str) -> Path | None:
    """The file of an address; None for a text that was never saved."""
    path = to_fs_path(uri) if uri.startswith("file:") else None
    return None if path is None else Path(path)


def serve() -> None:
    """Talk to an editor over standard input and output, until it ends."""
    from importlib.metadata import version

    Server(version("cnndsl")).ls.start_io()
