"""A session of an editor with the server: a real client in one process, `cnndsl lsp` in another."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pytest_lsp", reason="pytest-lsp is not installed", exc_type=ImportError)

from lsprotocol import types
from pytest_lsp import LanguageClient, client_capabilities, make_test_lsp_client

EVERYTHING = types.Range(types.Position(0, 0), types.Position(100_000, 0))
_COMMAND = "import sys; from cnndsl.__main__ import run; sys.argv[1:] = ['lsp']; sys.exit(run())"


class Told(dict[str, Any]):
    """What is found in each file; counts how often it was told, and wakes up who waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.news = asyncio.Event()

    def __setitem__(self, uri: str, found: Any) -> None:
        super().__setitem__(uri, found)
        self.counts[uri] += 1
        self.news.set()


class Editor:
    """An editor that works in a folder."""

    def __init__(self, client: LanguageClient, folder: Path, encoding: str, watched: list[str]) -> None:
        self.client, self.folder, self.encoding = client, folder, encoding
        self._told = client.diagnostics = Told()
        self.watched = watched
        """The patterns of files whose changes on disk the server asks to be told of."""
        self._versions: dict[str, int] = {}
        self._seen: dict[str, int] = {}

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def document(self, name: str) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self.uri(name))

    async def open(self, name: str, text: str) -> list[types.Diagnostic]:
        """Open a text, and wait for what is found in it."""
        self._versions[name] = 1
        item = types.TextDocumentItem(self.uri(name), "cnn", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return await self.diagnostics(name)

    def change(self, name: str, text: str) -> None:
        """Type something; `text` is the whole text then."""
        self._versions[name] += 1
        place = types.VersionedTextDocumentIdentifier(self._versions[name], self.uri(name))
        whole = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(place, [whole]))

    async def diagnostics(self, name: str) -> list[types.Diagnostic]:
        """What is found in a file, told since the last call."""
        uri = self.uri(name)
        while self._told.counts[uri] == self._seen.get(uri, 0):
            self._told.news.clear()
            await self._told.news.wait()
        self._seen[uri] = self._told.counts[uri]
        return list(self._told[uri])

    async def hints(self, name: str) -> list[types.InlayHint]:
        params = types.InlayHintParams(self.document(name), EVERYTHING)
        return list(await self.client.text_document_inlay_hint_async(params) or ())

    async def labels(self, name: str) -> dict[int, str]:
        """The sizes that are shown, by the number of the line, from 1."""
        return {hint.position.line + 1: str(hint.label) for hint in await self.hints(name)}


@asynccontextmanager
async def editor(folder: Path, name: str = "visual_studio_code", **options: Any) -> AsyncIterator[Editor]:
    """An editor with the capabilities of the one called `name`; `options` are the settings of the server."""
    client = make_test_lsp_client()
    await client.start_io(sys.executable, "-c", _COMMAND)
    params = types.InitializeParams(
        client_capabilities(name), root_uri=folder.as_uri(), initialization_options=options or None
    )
    watched: list[str] = []

    def register(params: types.RegistrationParams) -> None:
        for registration in params.registrations:
            options: Any = registration.register_options
            watched.extend(watcher["globPattern"] for watcher in options["watchers"])

    client.feature(types.CLIENT_REGISTER_CAPABILITY)(register)

    result = await client.initialize_session(params)
    try:
        yield Editor(client, folder, result.capabilities.position_encoding or "utf-16", watched)
    finally:
        await client.shutdown_session()
        assert not client.error, client.error


def in_editor(folder: Path, scenario: Callable[[Editor], Coroutine[Any, Any, None]], **options: Any) -> None:
    """Run a scenario in an editor, within a minute."""

    async def run() -> None:
        async with editor(folder, **options) as one:
            await scenario(one)

    asyncio.run(asyncio.wait_for(run(), 60))
