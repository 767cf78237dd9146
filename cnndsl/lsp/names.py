"""What the names of a text stand for, and where each is given its meaning and used.

In: a tree, also one of a text that is only half typed.  Out: symbols with their places.  Names are looked up as
elaboration does, in the order of the text: a name that a later line gives a meaning is another one until then.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from cnndsl.frozen import frozen
from cnndsl.ir.words import WORDS
from cnndsl.layers.initialisers import FANS
from cnndsl.source import Span
from cnndsl.syntax import tree

Kind = Literal["network", "block", "sequence", "extern", "constant", "import", "parameter", "local", "part", "loop"]


@dataclass(eq=False, slots=True)
class Symbol:
    """Something with a name.

    owner: the definition in which it is known; empty for what a file defines. places: where it is given its meaning.
    node: what the text says of it, where it is something of a file, or a parameter. path: the file that it is imported
    from, original: its name there. is_constant: whether what is written for it are numbers, texts, or lists of these.
    """

    name: str
    kind: Kind
    owner: str = ""
    node: tree.Node | None = None
    path: str = ""
    original: str = ""
    is_constant: bool = True
    places: list[Span] = field(default_factory=list)
    uses: list[Span] = field(default_factory=list)

    @property
    def spans(self) -> list[Span]:
        """Every place of the name, in the order of the text."""
        return sorted({*self.places, *self.uses}, key=lambda span: span.start)


@frozen()
class Named:
    """An argument by name: the word that is called, what that stands for where it is no word of the language."""

    word: str
    callee: Symbol | None
    name: tree.Name


@dataclass(eq=False, slots=True)
class Scope:
    """A stretch of a text with names of its own.

    walls: whether it is a chain's, in which the layers and values around it hide no word of the language.
    """

    span: Span
    outer: Scope | None
    walls: bool = False
    symbols: dict[str, Symbol] = field(default_factory=dict)

    def find(self, name: str) -> Symbol | None:
        """What a name stands for here, and further out."""
        scope: Scope | None = self
        behind = False
        while scope is not None:
            symbol = scope.symbols.get(name)
            hides = not (behind and name in WORDS) or symbol is None or symbol.is_constant
            if symbol is not None and (hides or symbol.kind not in ("part", "local")):
                return symbol
            behind = behind or scope.walls
            scope = scope.outer
        return None


class Names:
    """The names of one text."""

    def __init__(self, file: tree.File) -> None:
        self.file = file
        self.scopes: list[Scope] = []
        self.symbols: list[Symbol] = []
        self.words: list[tree.Name] = []
        """Names of the language: kinds of layers, functions, rules."""
        self.properties: list[tree.Name] = []
        """Sizes that are asked for, names of outputs and of settings."""
        self.arguments: list[Named] = []
        self.taps: list[tuple[Symbol, tree.Name]] = []
        """The names of parts in `ResNet50[layer3, layer4]`, each with the network."""
        self.originals: list[tuple[tree.Name, Symbol]] = []
        """The names of other files in `A as B`, each with what it is here."""
        self._pending: list[tuple[tree.Name, Scope]] = []
        self._owner = ""
        self.top = self._scope(file.span, None)
        for item in file.items:
            self._declare(item)
        for item in file.items:
            with suppress(RecursionError):  # of what is nested too deeply the names that were found
                self._item(item)
        for name, scope in self._pending:
            found = scope.find(name.text)
            if found is not None:
                found.uses.append(name.span)
        self.file_symbols = [symbol for symbol in self.symbols if not symbol.owner]

    def at(self, offset: int) -> tuple[Symbol, Span] | None:
        """The symbol whose name stands at a place, and where that begins and ends."""
        for symbol in self.symbols:
            for span in (*symbol.places, *symbol.uses):
                if span.touches(offset):
                    return symbol, span
        return None

    def argument_at(self, offset: int) -> Named | None:
        """The argument by name whose name stands at a place."""
        return next((one for one in self.arguments if one.name.span.touches(offset)), None)

    def visible(self, offset: int) -> dict[str, Symbol]:
        """What is known at a place, by its name: what stands further in hides what is further out."""
        found: dict[str, Symbol] = {}
        for scope in self.scopes:  # outer ones come first
            if scope.span.touches(offset):
                found.update(
                    (name, symbol)
                    for name, symbol in scope.symbols.items()
                    if scope.outer is None or any(place.end < offset for place in symbol.places)
                )
        return found

    def parameters(self, owner: str) -> list[Symbol]:
        """The parameters of a definition, in their order."""
        return [symbol for symbol in self.symbols if symbol.kind == "parameter" and symbol.owner == owner]

    # Walking

    def _scope(self, span: Span, outer: Scope | None, *, walls: bool = False) -> Scope:
        scope = Scope(span, outer, walls)
        self.scopes.append(scope)
        return scope

    def _bind(
        self,
        scope: Scope,
        name: tree.Name,
        kind: Kind,
        node: tree.Node | None = None,
        value: tree.Expression | None = None,
    ) -> None:
        symbol = scope.symbols.get(name.text)
        if symbol is None:
            symbol = scope.symbols[name.text] = Symbol(name.text, kind, self._owner, node)
            self.symbols.append(symbol)
        symbol.places.append(name.span)
        symbol.is_constant &= value is not None and all(isinstance(one, _CONSTANT) for one in tree.walk(value))

    def _declare(self, item: tree.Item) -> None:
        match item:
            case tree.Import():
                for each in item.names:
                    self._bind(self.top, each.local, "import", each)
                    symbol = self.top.symbols[each.local.text]
                    symbol.original = each.name.text
                    if all(isinstance(part, str) for part in item.path.parts):
                        symbol.path = "".join(map(str, item.path.parts))
                    if each.alias is not None:
                        self.originals.append((each.name, symbol))
            case tree.Lost():
                pass
            case _:
                value = item.value if isinstance(item, tree.Constant) else None
                self._bind(self.top, item.name, kind_of(item), item, value)

    def _item(self, item: tree.Item) -> None:
        match item:
            case tree.Definition() | tree.Extern() | tree.Variant():
                self._owner = item.name.text
                scope = self._scope(item.span, self.top)
                self._parameters(item.parameters, scope)
                if isinstance(item, tree.Definition):
                    self._body(item.body, scope)
                elif isinstance(item, tree.Extern):
                    self._named(item.settings, scope)
                else:
                    self._expression(item.value, scope)
                self._owner = ""
            case tree.Constant():
                own = self.top.symbols.pop(item.name.text, None)  # in its own line it has no meaning yet
                self._expression(item.value, self.top)
                if own is not None:
                    self.top.symbols[item.name.text] = own
            case _:
                pass

    def _named(self, values: Iterable[tree.Argument | tree.OutputItem], scope: Scope) -> None:
        """Values that may have names, which are settings or outputs."""
        for each in values:
            if each.name is not None:
                self.properties.append(each.name)
            self._expression(each.value, scope)

    def _parameters(self, parameters: tuple[tree.Parameter, ...], scope: Scope) -> None:
        for parameter in parameters:
            if parameter.default is not None:
                self._expression(parameter.default, self.top)
            self._bind(scope, parameter.name, "parameter", parameter, parameter.default)

    def _body(self, body: tree.Body | tree.If | None, scope: Scope) -> None:
        if isinstance(body, tree.If):
            self._if(body, scope)
        elif body is not None:
            for statement in body.statements:
                self._statement(statement, scope)

    def _if(self, node: tree.If, scope: Scope) -> None:
        self._expression(node.condition, scope)
        self._body(node.yes, scope)
        self._body(node.no, scope)

    def _statement(self, line: tree.Statement, scope: Scope) -> None:
        match line:
            case tree.Bind() | tree.Apply():
                is_bound = isinstance(line, tree.Bind)
                if isinstance(line.value, tree.If) and not is_bound:
                    self._if(line.value, scope)
                else:
                    self._expression(line.value, scope)
                for name in line.targets:
                    self._bind(scope, name, "local", value=line.value if is_bound else None)
            case tree.For():
                self._expression(line.source, scope)
                self._targets(line.targets, scope)
                self._body(line.body, scope)
            case tree.Repeat():
                self._expression(line.count, scope)
                self._body(line.body, scope)
            case tree.When():
                self._body(line.body, scope)
            case tree.Output():
                self._named(line.items, scope)
            case tree.Init():
                self.words += line.kinds
                self._named(line.settings, scope)
            case _:
                for child in line.children:
                    self._expression(child, scope)

    def _targets(self, targets: tree.Name | tree.Row, scope: Scope) -> None:
        if isinstance(targets, tree.Name):
            self._bind(scope, targets, "loop")
        else:
            for item in targets.items:
                self._targets(item, scope)

    def _expression(self, node: tree.Node, scope: Scope) -> None:
        match node:
            case tree.Name():
                self._use(node, scope)
            case tree.Body():
                self._body(node, self._scope(node.span, scope, walls=True))
            case tree.Labelled():
                self._expression(node.layer, scope)
                if isinstance(node.label, tree.Name):
                    self._bind(scope, node.label, "part")
                else:
                    self._expression(node.label, scope)
            case tree.Comprehension():
                self._expression(node.source, scope)
                inner = self._scope(node.span, scope)
                self._targets(node.targets, inner)
                if node.condition is not None:
                    self._expression(node.condition, inner)
                self._expression(node.item, inner)
            case tree.Attribute():
                self._expression(node.value, scope)
                self.properties.append(node.name)
            case tree.Index():
                self._expression(node.value, scope)
                network = node.value.function if isinstance(node.value, tree.Call) else node.value
                callee = scope.find(network.text) if isinstance(network, tree.Name) else None
                for place in node.places:
                    for part in place.children if isinstance(place, tree.Slice) else (place,):
                        if callee is not None and isinstance(part, tree.Name) and self._is_tap(callee, part, scope):
                            self.taps.append((callee, part))
                        else:
                            self._expression(part, scope)
            case tree.Call():
                function = node.function
                while isinstance(function, tree.Call):  # some of the arguments are given in a call before
                    function = function.function
                word = function.text if isinstance(function, tree.Name) else ""
                callee = scope.find(word)
                if callee is not None and word in WORDS and _is_word(callee, node):
                    callee = None
                if callee is None and function is node.function and isinstance(function, tree.Name) and word in WORDS:
                    self.words.append(function)
                else:
                    self._expression(node.function, scope)
                for argument in node.arguments:
                    if argument.name is not None:
                        self.arguments.append(Named(word, callee, argument.name))
                    self._expression(argument.value, scope)
            case _:
                for child in node.children:
                    self._expression(child, scope)

    def _is_tap(self, callee: Symbol, part: tree.Name, scope: Scope) -> bool:
        """Whether a name in brackets is that of a part; what is imported may also be a list, and the name its index."""
        is_known = scope.find(part.text) is not None or part.text in WORDS
        return callee.kind == "network" or (callee.kind == "import" and not is_known)

    def _use(self, name: tree.Name, scope: Scope) -> None:
        found = scope.find(name.text)
        if found is not None:
            found.uses.append(name.span)
        elif name.text in WORDS or name.text in FANS:
            self.words.append(name)
        else:
            self._pending.append((name, scope))


_CONSTANT = (tree.Number, tree.Boolean, tree.String, tree.ListOf, tree.Unary, tree.Binary, tree.Comparison)


def _is_word(symbol: Symbol, call: tree.Call) -> bool:
    """Whether a call with the name of a symbol is of the word of the language: a constant is not called.

    It is one where it says so, and where it is an argument of this call, as in `dropout(dropout)`.
    """
    given = (node for argument in call.arguments for node in tree.walk(argument.value))
    return symbol.is_constant or any(isinstance(node, tree.Name) and node.text == symbol.name for node in given)


Defined = tree.Definition | tree.Variant | tree.Constant | tree.Extern


def kind_of(item: Defined) -> Kind:
    """What a definition defines."""
    if isinstance(item, tree.Definition):
        return item.kind
    return "network" if isinstance(item, tree.Variant) else "constant" if isinstance(item, tree.Constant) else "extern"
