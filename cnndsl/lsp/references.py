"""A name in a text -> where it is used, also in other files, and the edits by which it is called something else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from cnndsl.compilation import Compilation
from cnndsl.diagnostics import Edit, Severity
from cnndsl.fixing import edited
from cnndsl.ir.words import WORDS
from cnndsl.lsp.documents import Document, Documents
from cnndsl.lsp.hover import DEEPEST, Target, origin, parameter_of
from cnndsl.lsp.names import Symbol
from cnndsl.source import Span
from cnndsl.syntax import tree
from cnndsl.syntax.grammar import keywords


class RenameProblem(Exception):  # noqa: N818 - what is said to the user
    """A name cannot be changed; the message says why."""


def target(documents: Documents, document: Document, offset: int) -> tuple[Target, Span] | None:
    """What the name at a place stands for, and where it begins and ends; None for a word of the language."""
    argument = document.names.argument_at(offset)
    if argument is not None:
        parameter = parameter_of(documents, document, argument)
        return None if parameter is None else (parameter, argument.name.span)
    for network, name in document.names.taps:
        if name.span.touches(offset):
            part = _part(documents, document, network, name.text)
            return None if part is None else (part, name.span)
    for name, symbol in document.names.originals:
        if name.span.touches(offset):
            return origin(documents, document, symbol) or Target(document, symbol), name.span
    found = document.names.at(offset)
    if found is None:
        return None
    symbol, span = found
    return Target(document, symbol), span


def _part(documents: Documents, document: Document, network: Symbol, name: str) -> Target | None:
    """The part of a network, which may be a variant of another one, with this name; None where it has none."""
    for _ in range(DEEPEST):
        found = origin(documents, document, network)
        if found is None:
            return None
        document, network = found.document, found.symbol
        if not isinstance(network.node, tree.Variant):
            parts = (one for one in document.names.symbols if one.owner == network.name and one.name == name)
            part = next((one for one in parts if one.kind in ("part", "local")), None)
            return None if part is None else Target(document, part)
        value = network.node.value.function if isinstance(network.node.value, tree.Call) else network.node.value
        base = document.names.top.symbols.get(value.text) if isinstance(value, tree.Name) else None
        if base is None:
            return None
        network = base
    return None


def defined(documents: Documents, found: Target) -> Target:
    """Where something is defined that may be imported."""
    return origin(documents, found.document, found.symbol) or found


def places(documents: Documents, found: Target, files: Iterable[Path]) -> list[tuple[Document, Span]]:
    """Every place at which something is named, in its own text first, and then in those of `files` that import it."""
    every = [(found.document, span) for span in found.symbol.spans]
    texts = [found.document]
    is_shared = not found.symbol.owner or found.symbol.kind in ("parameter", "part", "local")
    if is_shared and found.document.path is not None:
        own = found.document.place
        texts += [text for text in map(documents.at, files) if text is not None and text.place != own]
    for text in texts:
        names = text.names
        if text is not found.document:
            aliases = {symbol: name for name, symbol in names.originals}
            for symbol in names.file_symbols:
                if symbol.kind == "import" and _is_it(origin(documents, text, symbol), found):
                    every += [(text, span) for span in ([aliases[symbol].span] if symbol in aliases else symbol.spans)]
        for network, name in names.taps if found.symbol.kind in ("part", "local") else ():
            part = _part(documents, text, network, name.text) if name.text == found.symbol.name else None
            if part is not None and part.symbol is found.symbol:
                every.append((text, name.span))
        for argument in names.arguments if found.symbol.kind == "parameter" else ():
            if argument.name.text == found.symbol.name and _is_it(parameter_of(documents, text, argument), found):
                every.append((text, argument.name.span))
    return every


def _is_it(one: Target | None, other: Target) -> bool:
    """Whether two texts, which may be two readings of one file, speak of the same."""
    known = [(at.symbol.owner, at.symbol.name, at.document.place) for at in (one, other) if at is not None]
    return len(known) == 2 and known[0] == known[1]


def rename(
    documents: Documents, found: Target, name: str, files: Iterable[Path]
) -> dict[str, tuple[Document, list[Edit]]]:
    """The edits for each text, by its place, that give something another name. Raises RenameProblem.

    Whether all uses are found is not left to belief: with the edits the name stands for the same at the same places,
    and no text without an error gets one.
    """
    if not re.fullmatch(r"[^\W\d]\w*", name):
        raise RenameProblem(f"{name!r} is no name: letters, digits and _, and no digit first")
    if name in keywords() or (name in WORDS and found.symbol.kind not in ("part", "local", "loop", "constant")):
        raise RenameProblem(f"{name} is a word of the language")
    if found.symbol.kind != "import" or found.symbol.original == found.symbol.name:
        found = defined(documents, found)
    files = list(files)
    if found.document.path is not None and found.document.place not in {os.path.realpath(path) for path in files}:
        message = f"{found.symbol.name} is defined in {found.document.name}, which is in none of the open folders"
        raise RenameProblem(message)
    edits: dict[str, tuple[Document, list[Edit]]] = {}
    for text, span in places(documents, found, files):
        edits.setdefault(text.place, (text, []))[1].append(Edit(span, name))
    changed = {place: edited(text.source, listed) for place, (text, listed) in edits.items()}
    texts = documents.texts | {place: source.text for place, source in changed.items()}
    for text in [text for text, _ in edits.values()] + _importing(documents, set(edits), files):
        place = text.place
        after = Document(text.name, text.path, texts.get(place, text.text), texts)
        if place in edits and not _means_the_same(edits[place][1], after, found.symbol):
            raise RenameProblem(f"called {name}, it would be taken for another {name}, or another one for it")
        before, then = text.compiled(), after.compiled()
        was_wrong, wrong = ([d for d in one.diagnostics if d.severity is Severity.ERROR] for one in (before, then))
        if len(wrong) > len(was_wrong):  # what is wrong already may hide the rest
            new = next((d for d in wrong if d.message not in {one.message for one in was_wrong}), wrong[0])
            line = f", line {new.span.position.line} of {new.span.source.short}" if new.span is not None else ""
            raise RenameProblem(f"called {name}, it would not compile: {new.message}{line}")
        for old_key, key in zip(_keys(before), _keys(then), strict=False):
            if key != old_key and not _plain(old_key).startswith(_plain(found.symbol.name)):
                message = f"called {name}, it would take the number of another layer: {old_key} would be {key}"
                raise RenameProblem(message)
    return edits


def _importing(documents: Documents, places: set[str], files: Iterable[Path]) -> list[Document]:
    """The texts that import one of some files, also by way of others, but for these themselves."""
    texts = {text.place: text for text in map(documents.at, files) if text is not None}
    asked = {
        place: {
            os.path.realpath(path)
            for one in text.names.file_symbols
            if one.path and (path := text.imported(one.path)) is not None
        }
        for place, text in texts.items()
    }
    found = set(places)
    while more := {place for place, others in asked.items() if others & found} - found:
        found |= more
    return [texts[place] for place in sorted(found - places)]


def _keys(compilation: Compilation) -> list[str]:
    """The names of all parts, in an order that does not depend on them."""
    modules = compilation.program.modules.values() if compilation.program is not None else ()
    return [child.name for module in modules for child in module.children]


def _plain(name: str) -> str:
    """A name as its parts may begin: `SqueezeExcite` gives `squeeze_excite1`."""
    return name.lower().replace("_", "")


def _means_the_same(edits: list[Edit], after: Document, symbol: Symbol) -> bool:
    """Whether the name stands for one thing at all places where it was written, and nowhere else."""
    starts: set[int] = set()
    others = {name.span.start for name, _ in after.names.originals}
    others |= {name.span.start for _, name in after.names.taps}
    grown = 0
    for edit in sorted(edits, key=lambda edit: edit.span.start):
        starts.add(edit.span.start + grown)
        grown += len(edit.text) - (edit.span.end - edit.span.start)
    arguments = others | {argument.name.span.start for argument in after.names.arguments}
    found = {id(one[0]): one[0] for at in starts - arguments if (one := after.names.at(at)) is not None}
    stands = {span.start for one in found.values() for span in one.spans}
    is_one = len(found) <= 1 or symbol.kind == "parameter"
    return is_one and stands == starts - arguments
