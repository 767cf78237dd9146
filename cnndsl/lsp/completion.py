"""A place of a text -> what may be written there, and what the call that stands around it takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from cnndsl.frozen import frozen
from cnndsl.i18n import tr
from cnndsl.ir.words import WORDS
from cnndsl.layers.aliases import others_of
from cnndsl.layers.operations import Operation
from cnndsl.layers.registry import KINDS, OPERATIONS
from cnndsl.layers.types import Parameter
from cnndsl.lsp.documents import Document, Documents, files_below
from cnndsl.lsp.hover import described, origin, parameters_of, rule_signature
from cnndsl.lsp.names import Symbol
from cnndsl.lsp.vocabulary import FUNCTIONS, KEYWORDS, PROPERTIES, RULES
from cnndsl.reference import first_sentence, parameter_said, written
from cnndsl.semantics.values import Parametric
from cnndsl.syntax.grammar import CLOSED_BY, OPENED_BY, Word, brackets, keywords, words

Sort = Literal["layer", "function", "keyword", "parameter", "name", "definition", "file", "size", "choice"]


@frozen()
class Item:
    """Something that may be written.

    text: what is written, where that is not the label: `conv($0)`, where `$0` is where one goes on.
    """

    label: str
    sort: Sort
    detail: str = ""
    documentation: str = ""
    text: str = ""


@frozen()
class Signature:
    """How something is called: `conv(channels, kernel, stride=1)`; each parameter with words, and which is due."""

    label: str
    parameters: tuple[tuple[str, str], ...]
    active: int
    documentation: str = ""


@frozen()
class Around:
    """What stands before a place.

    before: the words up to there, the one that is begun left out. called: the function of the innermost call that is
    open. at: which of its arguments this is, counted from 0. given: the arguments that it has by name. name: the name
    of the argument, where that is written. is_outside: no bracket is open, so that definitions stand here.
    """

    before: list[Word]
    begun: str
    called: str = ""
    at: int = 0
    given: frozenset[str] = frozenset()
    name: str = ""
    is_definition: bool = False
    is_outside: bool = False

    @property
    def takes_new_name(self) -> bool:
        """Whether what is written here is a name for something new, which nobody can know."""
        is_parameter = self.is_definition and not self.name
        return is_parameter or (bool(self.before) and self.before[-1].type in (*_DEFINING, "AS", "FOR"))


_DEFINING = ("NETWORK", "BLOCK", "SEQUENCE", "EXTERN")


def around(text: str, offset: int) -> Around | None:
    """What stands before a place; None inside of a comment."""
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    if "#" in line and line[: line.index("#")].count('"') % 2 == 0:
        return None
    found = words(text[:offset])
    begun = ""
    if found and found[-1].end == offset and (found[-1][:1].isalpha() or found[-1][:1] == "_"):
        begun = str(found.pop())
    open_ = brackets(found)[1]
    first = next((at for at, word in enumerate(found) if open_ and word is open_[-1]), 0) - 1
    if first < 0 or open_[-1].type != "_LPAR" or found[first].type != "NAME":
        return Around(found, begun, is_outside=not open_)
    inside = found[first + 2 :]
    at, depth, given, name = 0, 0, [], ""
    for here, word in enumerate(inside):
        depth += (word.type in CLOSED_BY) - (word.type in OPENED_BY)
        if depth:
            continue
        if word.type == "COMMA":
            at, name = at + 1, ""
        elif word.type == "EQUAL" and here:
            name = str(inside[here - 1])
            given.append(name)
    heads = first > 0 and found[first - 1].type in _DEFINING
    return Around(found, begun, str(found[first]), at, frozenset(given), name, heads)


def complete(documents: Documents, document: Document, offset: int) -> tuple[int, list[Item]]:
    """What may be written at a place, and where what it replaces begins."""
    text = document.source.text
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    in_text = line.rpartition('"')[2] if line.count('"') % 2 else None
    if in_text is not None and line.lstrip().startswith("from "):
        return offset - len(in_text), list(_files(document))
    if in_text is not None and in_text.rfind("{") <= in_text.rfind("}"):
        start = offset - len(in_text)
        quoted = around(text, start - 1)
        return start, [] if quoted is None else list(_choices(document, quoted))
    here = around(text, offset)
    if here is None or here.takes_new_name:
        return offset, []
    start = offset - len(here.begun)
    if line.lstrip().startswith("from ") and line.count('"') == 2:
        return start, list(_importable(documents, document, line) if "import " in line else [Item("import", "keyword")])
    if here.is_outside and (not here.before or here.before[-1].type == "_NL"):
        return start, [Item(word, "keyword") for word in ("from", *map(str.lower, _DEFINING))]
    if here.before and here.before[-1].type == "DOT":
        if len(here.before) < 2 or str(here.before[-2]) not in _MODULES:
            return start, [Item(name, "size", "of the value", tr(said)) for name, said in PROPERTIES.items()]
        start = here.before[-2].start  # nn.Conv2d
    return start, list(_names(documents, document, here, offset).values())


_MODULES = frozenset({"nn", "torch", "F", "tf", "keras", "layers"})
"""What stands before the names of layers in Python."""


def _names(documents: Documents, document: Document, here: Around, offset: int) -> dict[str, Item]:
    """The arguments of the call, the names that are known, and the words of the language."""
    found: dict[str, Item] = {}
    if here.called and not here.name and not here.is_definition:
        for item in _arguments(documents, document, here):
            found.setdefault(item.label, item)
    for item in _choices(document, here):
        found[item.label] = Item(f'"{item.label}"', "choice", item.detail)
    for name, symbol in document.names.visible(offset).items():
        found.setdefault(name, _named(name, symbol))
    for item in _language():
        found.setdefault(item.label, item)
    return found


def _files(document: Document) -> Iterator[Item]:
    """The files that a text may import, relative to its own folder."""
    if document.path is None:
        return
    folder = document.path.parent
    for path in files_below([folder]):
        if path != document.path:
            yield Item(path.relative_to(folder).as_posix(), "file", "a file to import from")


def _importable(documents: Documents, document: Document, line: str) -> Iterator[Item]:
    """What the file defines from which a line imports."""
    path = line.split('"')[1] if line.count('"') > 1 else ""
    place = document.imported(path) if path else None
    other = None if place is None else documents.at(place)
    for name, symbol in other.names.top.symbols.items() if other is not None else ():
        yield _named(name, symbol)


def _named(name: str, symbol: Symbol) -> Item:
    is_definition = symbol.kind in ("network", "block", "sequence", "extern", "import")
    where = f" of {symbol.owner}" if symbol.owner else ""
    return Item(name, "definition" if is_definition else "name", f"{_KINDS.get(symbol.kind, symbol.kind)}{where}")


_KINDS = {"local": "a name", "part": "a layer", "loop": "counts a loop", "import": "imported"}


def _arguments(documents: Documents, document: Document, here: Around) -> Iterator[Item]:
    """The arguments by name that a call may still be given."""
    symbol = document.names.top.symbols.get(here.called)
    if symbol is not None:
        found = _definition(documents, document, symbol)
        for name, text in _own(found)[here.at - len(here.given) :] if found is not None else ():
            if name not in here.given:
                yield Item(f"{name}=", "parameter", text)
        return
    for parameter in parameters_of(here.called)[here.at - len(here.given) :]:
        if parameter.name not in here.given:
            yield _argument(parameter)
            for other in others_of(here.called, parameter.name) if here.called in KINDS else ():
                told = f"is called {parameter.name} here"
                yield Item(other, "parameter", told, described(parameter), text=f"{parameter.name}=")


def _choices(document: Document, here: Around) -> Iterator[Item]:
    """The texts that the argument takes which is due."""
    if here.called not in KINDS or here.called in document.names.top.symbols:
        return
    for at, parameter in enumerate(parameters_of(here.called)):
        if parameter.name == here.name or (not here.name and at == here.at):
            for text in re.findall(r'"([^"]+)"', parameter.takes):
                yield Item(text, "choice", f"for {parameter.name}")


def _argument(parameter: Parameter) -> Item:
    default = "" if parameter.required or parameter.default is None else f" = {written(parameter.default)}"
    return Item(f"{parameter.name}=", "parameter", f"{parameter.takes}{default}", described(parameter))


def _definition(documents: Documents, document: Document, symbol: Symbol) -> Parametric | None:
    """The definition that a name of a file stands for, also in another file."""
    found = origin(documents, document, symbol)
    symbol = symbol if found is None else found.symbol
    return symbol.node if isinstance(symbol.node, Parametric) else None


def _own(definition: Parametric) -> list[tuple[str, str]]:
    """The parameters of a definition, each as it is written."""
    return [(parameter.name.text, parameter.span.text) for parameter in definition.parameters]


def _language() -> Iterator[Item]:
    """The words of the language, and those of PyTorch that lead to them."""
    for word, kind in KINDS.items():
        first = first_sentence(kind)
        needs = any(parameter.required for parameter in kind.parameters())
        yield Item(word, "layer", first, text=f"{word}($0)" if needs else "")
        for other in others_of(word):
            yield Item(other, "layer", f"is called {word} here", first, f"{word}($0)" if needs else word)
    for word in sorted({*FUNCTIONS, *OPERATIONS, *WORDS} - KINDS.keys()):
        told = first_sentence(OPERATIONS[word]) if word in OPERATIONS else "works on numbers and lists"
        if word in FUNCTIONS:
            sentence, example = FUNCTIONS[word]
            yield Item(word, "function", told, f"{tr(sentence)} {example}")
        elif word in RULES:
            yield Item(word, "function", "how weights begin", f"`{rule_signature(word)}`: {tr(RULES[word])}")
        else:
            yield Item(word, "function", told if word in OPERATIONS else "")
    for word in keywords():
        yield Item(word, "keyword", documentation=tr(KEYWORDS[word][0]))


def signature(documents: Documents, document: Document, offset: int) -> Signature | None:
    """What the call takes that stands around a place; None where none does."""
    here = around(document.source.text, offset)
    if here is None or not here.called or here.is_definition:
        return None
    symbol = document.names.top.symbols.get(here.called)
    told: list[tuple[str, str, str]]
    documentation = ""
    if symbol is not None:
        found = _definition(documents, document, symbol)
        if found is None:
            return None
        told = [(name, text, "") for name, text in _own(found)]
    else:
        kind = KINDS.get(here.called) or OPERATIONS.get(here.called)
        if kind is None:
            return None
        told = [(p.name, parameter_said(p), described(p)) for p in kind.parameters()]
        if issubclass(kind, Operation):
            values = kind.written.partition("(")[2].removesuffix(")").split(", ")
            told = [*((value, value, "a value that flows") for value in values), *told]
        documentation = first_sentence(kind)
    given = [name for name, _, _ in told]
    active = given.index(here.name) if here.name in given else here.at
    label = f"{here.called}({', '.join(text for _, text, _ in told)})"
    return Signature(label, tuple((text, more) for _, text, more in told), active, documentation)
