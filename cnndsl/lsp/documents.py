"""The texts that are open in an editor, and what is known of each.

A text is parsed at each change.  Working it out takes longer: at once only the network that a question is about, the
whole when the typing pauses.  What is known of the last text without a mistake is kept meanwhile, with what moved.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from cnndsl.compilation import Compilation
from cnndsl.compiler import compile_source
from cnndsl.diagnostics import Diagnostic
from cnndsl.files import FolderReader, ImportProblem, Reader, nowhere, sources
from cnndsl.frozen import frozen
from cnndsl.hints.spelling import same_start
from cnndsl.ir.program import Program
from cnndsl.lsp.names import Names
from cnndsl.lsp.sizes import Size, sizes
from cnndsl.project import ProjectProblem, find
from cnndsl.semantics import Limits, elaborate
from cnndsl.semantics.values import flows
from cnndsl.source import Source, Span
from cnndsl.syntax import tree
from cnndsl.syntax.grammar import CLOSED_BY, brackets, words
from cnndsl.syntax.parser import parse

_AT_ONCE = Limits(layers=2_000, work=40_000)
"""What is worked out while somebody waits; the largest of the published networks needs half of it."""
_MOST_TRIED = 3
"""So many networks are tried: of a text with mistakes of which nothing is known yet, or for what gets to a place."""


@dataclass(frozen=True)
class Analysis:
    """What came of a text without a mistake: the program, and the tree that its places are in."""

    program: Program
    file: tree.File
    read: Reader
    is_whole: bool = True

    @property
    def source(self) -> Source:
        """The text."""
        return self.file.span.source

    @cached_property
    def sizes(self) -> list[Size]:
        """The sizes after the stages of the text itself."""
        return sizes(self.program, self.file)

    def flowing(self, file: str, start: int) -> list[Any]:
        """What `it` or `input` stands for at a place of a file: values, or lists, in the first network there."""
        for key in self.program.networks[:_MOST_TRIED]:
            if key not in self._flows:
                self._flows[key] = self._seen(self.program.modules[key].name or "")
            if values := self._flows[key].get((file, start)):
                return values
        return []

    @cached_property
    def _flows(self) -> dict[str, dict[tuple[str, int], list[Any]]]:
        return {}

    def _seen(self, network: str) -> dict[tuple[str, int], list[Any]]:
        """What `it` and `input` stand for in a network, by their files and places."""
        found: dict[tuple[str, int], list[Any]] = {}

        def note(at: Span, value: Any) -> None:
            if flows(value):
                found.setdefault((at.source.short, at.start), []).append(value)

        elaborate(self.file, {}, _AT_ONCE, self.read, only=(network,), traced=False, seen=note)
        return found

    @cached_property
    def definitions(self) -> frozenset[str]:
        """The names of the definitions for which there are sizes."""
        return frozenset(size.item for size in self.sizes)

    def of_file(self, file: tree.File) -> list[Size]:
        """The sizes after the stages of a file that the text imports."""
        return sizes(self.program, file)


class OpenFiles(FolderReader):
    """Reads files as a text imports them; of those that are open, the text in the editor."""

    def __init__(self, folder: Path, texts: dict[str, str]) -> None:
        super().__init__(folder)
        self._texts = texts

    def __call__(self, path: PurePosixPath) -> str:
        """The text. Raises ImportProblem."""
        text = self._texts.get(str(self.place(path)))
        return super().__call__(path) if text is None else text


@dataclass
class Document:
    """One open text.

    path: its file, None for one that was never saved. known: what is known of it and of earlier texts, the newest
    first, each with what moved since.
    """

    name: str
    path: Path | None
    text: str
    texts: dict[str, str]
    version: int = 0
    known: list[tuple[Analysis, Moves]] = field(default_factory=list)
    found: tuple[Diagnostic, ...] = ()
    _changed: int = 0
    _tried: int = -1

    def __post_init__(self) -> None:
        self._read_text()

    def _read_text(self) -> None:
        self.source = Source(self.name, self.text)
        self._parsed = self.file, self.mistakes = parse(self.source)  # together: `compiled` runs beside a change
        if (
            all(isinstance(item, tree.Lost) for item in self.file.items) and self.mistakes
        ):  # the last body is not closed
            self.file, _ = parse(Source(self.name, f"{self.source.text}\n{_closing(self.source.text)}"))
        self._names: Names | None = None

    @property
    def names(self) -> Names:
        """What the names of the text stand for."""
        if self._names is None:
            self._names = Names(self.file)
        return self._names

    @property
    def place(self) -> str:
        """Where its file really is; of one that was never saved its name."""
        return self.name if self.path is None else os.path.realpath(self.path)

    @property
    def read(self) -> Reader:
        """Gives the files that the text imports."""
        return nowhere if self.path is None else OpenFiles(self.path.parent, self.texts)

    def imported(self, path: str) -> Path | None:
        """The file that a path names which the text imports from; None where there is no such place."""
        if self.path is None:
            return None
        try:
            return FolderReader(self.path.parent).place(PurePosixPath(path))
        except ImportProblem:
            return None

    def change(self, text: str, version: int) -> None:
        """Take the text that is there now."""
        before = self.source.text
        self.text, self.version = text, version
        self._read_text()
        change = Change.between(before, self.source.text)
        self.known = [(analysis, Moves((*moves.changes, change))) for analysis, moves in self.known]
        self._changed = change.start

    def compiled(self) -> Compilation:
        """The text worked out as a whole, all that is wrong with it among what is found."""
        parsed = self._parsed
        source = parsed[0].span.source
        if self.path is not None:
            try:
                ignore = find(self.path.parent).ignore
                return compile_source(source, read=self.read, ignore=ignore, parsed=parsed)
            except (ProjectProblem, ValueError):  # what is wrong there is said by `cnndsl check`
                pass
        return compile_source(source, read=self.read, parsed=parsed)

    def take(self, compilation: Compilation) -> bool:
        """Take what came of the text; False where the text is another one by now."""
        if compilation.source.text != self.source.text:
            return False
        self.found = compilation.diagnostics
        if compilation.program is not None:
            self._learn(compilation.program, self.file, is_whole=True)
        return True

    def _learn(self, program: Program, file: tree.File, *, is_whole: bool) -> None:
        analysis = Analysis(program, file, self.read, is_whole)
        if is_whole:
            self.known = [(analysis, Moves())]
        else:  # of the others, what is known of the last whole text is enough
            self.known = [(analysis, Moves()), *(one for one in self.known if one[0].is_whole)]

    def latest(self) -> list[tuple[Analysis, Moves]]:
        """What is known, the newest first. Where the text was changed, its network is worked out first if it can be."""
        is_known = bool(self.known) and not self.known[0][1].changes
        if not is_known and self._tried != self.version:
            self._tried = self.version
            for network in _networks_of(self.file, self._changed)[: 1 if self.known else _MOST_TRIED]:
                program, _ = elaborate(self.file, {}, _AT_ONCE, self.read, only=(network,))
                if program is not None and program.networks:
                    self._learn(program, self.file, is_whole=False)
                    break
        return self.known

    def drawn(self, offset: int | None) -> tuple[str, Compilation | None]:
        """The network that gets to a place, or the last one, and the newest text without a mistake that has it."""
        self.latest()
        for analysis, moves in self.known:
            names = [analysis.program.modules[key].name for key in analysis.program.networks]
            before = None if offset is None else moves.before(offset)
            wanted = None if before is None else next(iter(_networks_of(analysis.file, before)), None)
            if wanted in names or (offset is None and names):
                network = wanted if wanted in names else names[-1]
                return network or "", Compilation(analysis.source, (), analysis.program, analysis.read)
        return "", None

    def sizes(self) -> list[Size]:
        """The sizes after the stages of the text as it is now, from what is known of each of its definitions."""
        taken: set[str] = set()
        found: list[Size] = []
        for analysis, moves in self.latest():
            for size in analysis.sizes:
                if size.item in taken:
                    continue
                place = moves.now(size.start, size.end)
                if place is not None:
                    found.append(Size(size.item, *place, size.shapes, size.times))
            taken |= analysis.definitions
        return sorted(found, key=lambda size: (size.end, -size.start))


def _closing(text: str) -> str:
    """What closes the brackets that are open at the end of a text."""
    return "".join(CLOSED_BY[word.type] for word in reversed(brackets(words(text))[1]))


def _networks_of(file: tree.File, offset: int) -> list[str]:
    """The networks of a text, those first that get to what stands at a place."""
    asked: dict[str, set[str]] = {}
    networks: list[str] = []
    here = ""
    for item in file.items:
        if isinstance(item, (tree.Definition, tree.Variant, tree.Constant)):
            asked[item.name.text] = {node.text for node in tree.walk(item) if isinstance(node, tree.Name)}
            if item.span.touches(offset):
                here = item.name.text
            is_network = isinstance(item, tree.Variant) or getattr(item, "kind", "") == "network"
            if is_network and all(parameter.default is not None for parameter in getattr(item, "parameters", ())):
                networks.append(item.name.text)
    return sorted(networks, key=lambda network: bool(here) and here not in _reached(network, asked))


def _reached(name: str, asked: dict[str, set[str]]) -> set[str]:
    """The names that something asks for, also by way of others."""
    found: set[str] = set()
    todo = [name]
    while todo:
        one = todo.pop()
        if one not in found and one in asked:
            found.add(one)
            todo += asked[one]
    return found


class Documents:
    """All open texts, by the address that the editor gives each."""

    def __init__(self) -> None:
        self._open: dict[str, Document] = {}
        self.texts: dict[str, str] = {}
        """The texts of files that are open, by their real paths."""
        self._closed: dict[str, tuple[float, Document]] = {}

    def __iter__(self) -> Iterator[tuple[str, Document]]:
        return iter(list(self._open.items()))

    def get(self, uri: str) -> Document | None:
        """An open text."""
        return self._open.get(uri)

    def open(self, uri: str, path: Path | None, text: str, version: int) -> Document:
        """Take a text that was opened."""
        document = Document(uri if path is None else str(path), path, text, self.texts, version)
        self._open[uri] = document
        self.texts[document.place] = document.source.text
        return document

    def change(self, uri: str, text: str, version: int) -> Document:
        """Take a text that was changed. Raises KeyError for one that is not open."""
        document = self._open[uri]
        document.change(text, version)
        self.texts[document.place] = document.source.text
        return document

    def close(self, uri: str) -> Document | None:
        """Forget a text that was closed."""
        document = self._open.pop(uri, None)
        if document is not None:
            self.texts.pop(document.place, None)
        return document

    def importing(self, changed: Document) -> list[tuple[str, Document]]:
        """The open texts that may import a file: those with imports, but itself."""
        return [
            (uri, document)
            for uri, document in self
            if document is not changed and any(isinstance(item, tree.Import) for item in document.file.items)
        ]

    def at(self, path: Path) -> Document | None:
        """The text of a file, as it is open, or else as it is on disk; None where it cannot be read."""
        place = os.path.realpath(path)
        for _, document in self:
            if document.place == place:
                return document
        try:
            changed = Path(place).stat().st_mtime
            if place in self._closed and self._closed[place][0] == changed:
                return self._closed[place][1]
            document = Document(str(path), path, Path(place).read_text(encoding="utf-8-sig"), self.texts)
        except (OSError, ValueError):
            return None
        self._closed[place] = (changed, document)
        return document

    def sizes(self, document: Document) -> list[Size]:
        """The sizes after the stages of a text; where it has no network, those of an open text that imports it."""
        found = document.sizes()
        if not found:
            for analysis, source in self.elsewhere(document):
                return analysis.of_file(parse(source)[0])
        return found

    def elsewhere(self, document: Document, first: Document | None = None) -> Iterator[tuple[Analysis, Source]]:
        """What is known of a text by open texts that import it, of `first` before others.

        Each with the text as it is, called what it is called there.
        """
        for _, other in sorted(self.importing(document), key=lambda one: one[1] is not first):
            for analysis, _ in other.latest()[:1]:
                for file in dict.fromkeys(module.origin.file for module in analysis.program.modules.values()):
                    path = other.imported(str(analysis.source.path_of(file)))
                    if path is not None and document.path is not None and path.resolve() == document.path.resolve():
                        yield analysis, Source(document.name, document.source.text, file)

    def at_places(self, document: Document, places: Sequence[int]) -> Iterator[tuple[Analysis, Source, int]]:
        """What is known of places of a text, each with the text and the place as they are called there."""
        for analysis, moves in document.latest():
            before = (moves.before(place) for place in places)
            yield from ((analysis, analysis.source, place) for place in before if place is not None)
        for analysis, source in self.elsewhere(document):
            yield from ((analysis, source, place) for place in places)

    def known(self, document: Document, first: Document | None = None) -> Iterator[tuple[Analysis, str]]:
        """What is known of a text by itself, the newest first, and elsewhere; each with what the text is called."""
        for analysis, _ in document.latest():
            yield analysis, analysis.source.short
        for analysis, source in self.elsewhere(document, first):
            yield analysis, source.short


def files_below(folders: Iterable[Path]) -> Iterator[Path]:
    """The `.cnn` files in some folders and below them, as many as are looked at."""
    return islice((path for path in sources(folders) if isinstance(path, Path)), _MOST_FILES)


_MOST_FILES = 500


@frozen()
class Change:
    """The characters `start` to `old_end` of a text became those from `start` to `new_end` of the next one."""

    start: int
    old_end: int
    new_end: int

    @classmethod
    def between(cls, old: str, new: str) -> Change:
        """The smallest single change that makes one text of the other."""
        start = same_start(old, new)
        end = same_start(old[start:][::-1], new[start:][::-1])
        return cls(start, len(old) - end, len(new) - end)


@frozen()
class Moves:
    """What happened to a text since it was looked at, change by change."""

    changes: tuple[Change, ...] = ()

    def now(self, start: int, end: int) -> tuple[int, int] | None:
        """Where a stretch of the text as it was is now; None where its beginning or its end was replaced.

        What was added right before it or behind it is no part of it.
        """
        for change in self.changes:
            if change.start <= start < change.old_end or change.start < end < change.old_end:
                return None
            grown = change.new_end - change.old_end
            start += grown if start >= change.start else 0
            end += grown if end > change.start else 0
        return (start, end) if start < end else None

    def before(self, at: int) -> int | None:
        """Where a character of the text as it is was then; None for one that is new."""
        for change in reversed(self.changes):
            if at >= change.start:
                if at < change.new_end:
                    return None
                at += change.old_end - change.new_end
        return at
