"""What the page asks of the compiler, as JSON: one text that is edited, and what is made of it.

In the page this runs in Pyodide, and what lays a diagram out is given from there: DOT text to SVG. Places are offsets
in UTF-16 units, as JavaScript counts. The answers are those of the language server, without a protocol between.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from cnndsl.compilation import Compilation, CompilationError
from cnndsl.diagnostics import Diagnostic, Edit
from cnndsl.lsp import completion, outline
from cnndsl.lsp.actions import actions, layout_edits
from cnndsl.lsp.documents import Documents
from cnndsl.lsp.hover import hover
from cnndsl.lsp.sizes import shown
from cnndsl.source import Span

NAME = "network.cnn"
"""What the text is called in messages and in what is made of it."""


class Engine:
    """The text of the page, and the answers to what is asked about it."""

    def __init__(self, layout: Callable[[str], str]) -> None:
        self._layout = layout
        self._documents = Documents()
        self._document = self._documents.open(NAME, None, "", 0)
        self._latest: Compilation | None = None
        """What came of the latest text without an error."""

    def answer(self, question: str) -> str:
        """The answer to `{"ask": NAME, ...}`, where the name is that of a method and the rest are its arguments."""
        given = json.loads(question)
        name = given.pop("ask")
        if name not in ("check", "show", "hover", "complete", "format", "rule"):
            message = f"there is no question {name!r}"
            raise ValueError(message)
        return json.dumps(getattr(self, name)(**given))

    def check(self, text: str) -> dict[str, Any]:
        """What is wrong with a text, the sizes beside its lines, what each word is, and the names of its networks."""
        document = self._document = self._documents.change(NAME, text, self._document.version + 1)
        compilation = document.compiled()
        document.take(compilation)
        if compilation.program is not None and compilation.program.networks:
            self._latest = compilation
        at = _Units(document.source.text)
        return {
            "problems": [self._problem(one, at) for one in compilation.diagnostics],
            "sizes": [
                [at.units(place), size.label, size.tooltip]
                for place, size in shown(document.sizes(), document.source.text, "line")
            ],
            "words": [[*at.span(span), kind] for span, kind in outline.tokens(document.names)],
            "networks": self._networks(),
        }

    def _networks(self) -> list[str]:
        program = None if self._latest is None else self._latest.program
        return [program.modules[key].name or "" for key in program.networks] if program is not None else []

    def _problem(self, one: Diagnostic, at: _Units) -> dict[str, Any]:
        source, span, message = self._document.source, one.span, one.message
        if span is not None and span.source.name != source.name:
            message = f"{span.source.short}: {message}"
            span = None
        start, end = (0, 0) if span is None else at.span(span)
        fixes = [] if span is None else actions(source, [one], span.start, span.end)
        return {
            "from": start,
            "to": end,
            "line": 1 if span is None else span.position.line,
            "severity": one.severity.value,
            "code": one.code,
            "message": message,
            "label": one.label,
            "help": list(one.help),
            "fixes": [{"title": fix.title, "edits": _edits(fix.edits, at)} for fix in fixes],
        }

    def show(self, what: str, network: str = "", depth: int | None = None, width: int = 80) -> dict[str, Any]:
        """What is made of the latest text without an error: `form` is "svg" or "text", `old` whether it is of another.

        what: "diagram", "volumes", "python", "summary" or "explain". network: by default, or where there is none of
        this name, the last one. depth: how many levels of blocks a picture shows with their inside. width: how many
        characters of a line there is room for.
        """
        latest = self._latest
        if latest is None:
            return {"form": "none", "text": "", "network": "", "old": False}
        names = self._networks()
        name = network if network in names else names[-1]
        try:
            form, text = self._made(latest, what, name, depth, width)
        except CompilationError as refused:  # it has no translation
            form, text = "text", str(refused).strip()
        return {"form": form, "text": text, "network": name, "old": latest.source.text != self._document.source.text}

    def _made(self, latest: Compilation, what: str, network: str, depth: int | None, width: int) -> tuple[str, str]:
        if what == "diagram":
            from cnndsl.render.svg import finish

            dot = latest.dot(network=network, depth=depth)
            return "svg", finish(self._layout(dot).encode(), "auto").decode()
        if what == "volumes":
            return "svg", str(latest.volumes(network=network, depth=depth))
        if what == "python":
            return "python", latest.python()
        if what == "summary":
            return "text", str(latest.summary(network=network, width=width))
        return "text", latest.explain(network=network)

    def hover(self, at: int) -> dict[str, Any] | None:
        """What there is to say of a place, as Markdown, and where what is said it of begins and ends."""
        units = _Units(self._document.source.text)
        found = hover(self._documents, self._document, units.offset(at))
        if found is None:
            return None
        start, end = units.span(found[1])
        return {"from": start, "to": end, "text": found[0]}

    def complete(self, at: int) -> dict[str, Any]:
        """What may be written at a place, and where what it replaces begins; one goes on where `text` has `$0`."""
        units = _Units(self._document.source.text)
        start, items = completion.complete(self._documents, self._document, units.offset(at))
        told = [
            {"label": one.label, "sort": one.sort, "detail": one.detail, "text": one.text or one.label} for one in items
        ]
        return {"from": units.units(start), "items": told}

    def format(self) -> list[list[Any]]:
        """The edits that give the text the one layout; none for a text that cannot be read."""
        source = self._document.source
        return _edits(layout_edits(source), _Units(source.text))

    def rule(self, code: str) -> str:
        """The page about the code of an error or warning, as text. Raises KeyError for one that has none."""
        from cnndsl import pages

        return pages.plain(pages.page(code).text)


def _edits(edits: Iterable[Edit], at: _Units) -> list[list[Any]]:
    return [[*at.span(edit.span), edit.text] for edit in edits]


class _Units:
    """Characters of a text -> UTF-16 units, of which those beyond U+FFFF have two, and back."""

    def __init__(self, text: str) -> None:
        self._wide = [] if text.isascii() else list(_wide(text))
        self._wide_units = [at + before for before, at in enumerate(self._wide)]

    def units(self, offset: int) -> int:
        return offset + bisect_left(self._wide, offset)

    def offset(self, units: int) -> int:
        return units - bisect_left(self._wide_units, units)

    def span(self, span: Span) -> tuple[int, int]:
        return self.units(span.start), self.units(span.end)


def _wide(text: str) -> Iterator[int]:
    return (at for at, char in enumerate(text) if char > "\uffff")
