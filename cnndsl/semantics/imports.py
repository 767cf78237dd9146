"""The definitions of a file and of those that it imports."""

from __future__ import annotations

import keyword
from pathlib import PurePosixPath
from typing import Any

from cnndsl.diagnostics import Label, Problem, error
from cnndsl.files import ImportProblem, Reader
from cnndsl.hints.spelling import nearest
from cnndsl.ir.lower import ParsedFile, qualified
from cnndsl.ir.names import why_not_class, why_not_imported
from cnndsl.layers.initialisers import RULES
from cnndsl.layers.registry import HELPERS, KINDS, OPERATIONS
from cnndsl.semantics.arguments import settled
from cnndsl.semantics.body import Body
from cnndsl.semantics.builder import Builder
from cnndsl.semantics.context import Context
from cnndsl.semantics.externs import check_extern
from cnndsl.semantics.functions import TABLE
from cnndsl.semantics.hints import nested_too_deeply
from cnndsl.semantics.hoisting import declared_before_use
from cnndsl.semantics.values import (
    IDENTITY,
    UNKNOWN,
    External,
    Function,
    InitialiserKind,
    Kind,
    Scope,
    Silent,
    Template,
    VariantRecipe,
    is_constant,
    plain_constant,
)
from cnndsl.source import PACKAGED, Source, Span
from cnndsl.syntax import tree
from cnndsl.syntax.parser import LONGEST, parse

_MAX_DEPTH = 16


class Files:
    """The files of one compilation, each read and entered once."""

    def __init__(self, context: Context, read: Reader) -> None:
        self._context, self._read = context, read
        self._done: dict[PurePosixPath, Scope | None] = {}
        self._open: list[PurePosixPath] = []
        self._characters = 0
        self._first: Source | None = None
        self._classes: dict[str, tree.Definition | tree.Variant | tree.Extern] = {}
        """The first of each name."""
        self.definitions: list[Template | External] = []
        """All that the files define."""
        self.parsed: list[ParsedFile] = []
        """All files, each after those that it imports."""
        self._by_scope: dict[Scope, ParsedFile] = {}
        self._imported: dict[Scope, dict[str, tuple[ParsedFile, str]]] = {}
        self._parameters: list[tree.Parameter] = []
        """Those of blocks, sequences and networks."""

    def enter(self, file: tree.File) -> Scope:
        """The scope of a file: what it defines, imports and the language gives.

        Definitions see one another whatever their order; constants only what stands before them.
        """
        if self._first is None:
            self._first = file.span.source
        scope = Scope(_language())
        places: dict[str, Span] = {}
        for item in file.items:
            with self._context.reporting():
                self._declare(item, scope, places)
        body = Body(self._context, Builder(self._context, "chain", "", file.span), scope)
        for item in file.items:
            if isinstance(item, (tree.Constant, tree.Variant)):
                with self._context.reporting():
                    self._evaluate(item, body, scope)
        if not self._open:
            self._context.parameters = frozenset(parameter.name.text for parameter in self._parameters)
            for parameter in self._parameters:
                with self._context.reporting():
                    self._check_hides_no_class(parameter)
        parsed = self._by_scope[scope] = ParsedFile(file, self._imported.get(scope, {}))
        self.parsed.append(parsed)
        return scope

    def constants(self) -> dict[str, Any]:
        """What the constants of all files are worth that are numbers, texts or lists of such, by their keys."""
        return {
            qualified(parsed.name, item.name.text): plain_constant(value)
            for scope, parsed in self._by_scope.items()
            for item in parsed.file.items
            if isinstance(item, tree.Constant) and is_constant(value := scope.names[item.name.text])
        }

    def _declare(self, item: tree.Item, scope: Scope, places: dict[str, Span]) -> None:
        if isinstance(item, tree.Import):
            self._import(item, scope, places)
            return
        if isinstance(item, tree.Lost):
            for name in item.names:
                scope.names.setdefault(name, UNKNOWN)
            return
        scope.names.setdefault(item.name.text, UNKNOWN)  # also where a mistake follows: its uses stay silent
        if not isinstance(item, tree.Constant):
            _check_class(item.name, imported=isinstance(item, tree.Extern))
            self._check_elsewhere(item)
        if isinstance(item, (tree.Definition, tree.Extern, tree.Variant)):
            _check_parameters(item)
        if isinstance(item, (tree.Definition, tree.Variant)):
            self._parameters += item.parameters
        _enter(places, item.name)
        if isinstance(item, tree.Definition):
            template = scope.names[item.name.text] = Template(item, scope)
            self.definitions.append(template)
        elif isinstance(item, tree.Extern):
            check_extern(item)
            external = scope.names[item.name.text] = External(item, scope)
            self.definitions.append(external)

    def _check_elsewhere(self, item: tree.Definition | tree.Variant | tree.Extern) -> None:
        """Raise Problem where a class from elsewhere has the name of another class, of whatever file."""
        first = self._classes.setdefault(item.name.text, item)
        if isinstance(first, tree.Extern) and isinstance(item, tree.Extern):
            if first.package.parts == item.package.parts:
                return
        elif not isinstance(first, tree.Extern) and not isinstance(item, tree.Extern):
            return
        raise _second(item.name, first.name.span, way="a class from elsewhere keeps its name: rename the other one")

    def _check_hides_no_class(self, parameter: tree.Parameter) -> None:
        """Raise Problem where a constructor has an argument with the name of a class that it may construct."""
        name = parameter.name.text
        if name in self._classes:
            raise error(
                "E203",
                f"{name} cannot be a parameter: there is a class of this name",
                parameter.name.span,
                labels=(Label(self._classes[name].name.span, "the class"),),
                help=f"call it {name.lower()}" if name.lower() != name else f"call it {name}_",
            )

    def _evaluate(self, item: tree.Constant | tree.Variant, body: Body, scope: Scope) -> None:
        # Before its own line a constant is not there: what stands outside, such as a layer kind, is seen.
        del scope.names[item.name.text]
        value: Any = UNKNOWN  # unless what follows goes well
        try:
            if isinstance(item, tree.Variant) and item.parameters:
                value = VariantRecipe(item, scope)
            else:
                value = body.known(item.value)
                value = settled(body, value, item.span) if isinstance(value, VariantRecipe) else value
        except RecursionError:
            raise nested_too_deeply(item.span) from None
        finally:
            scope.names[item.name.text] = value

    def _import(self, item: tree.Import, scope: Scope, places: dict[str, Span]) -> None:
        for each in item.names:
            _enter(places, each.local)
            scope.names[each.local.text] = UNKNOWN
        if any(not isinstance(part, str) for part in item.path.parts):
            raise error(
                "E413", "the path of an import is a plain text", item.path.span, help="write the path without braces"
            )
        importing = self._open[-1] if self._open else PurePosixPath()
        path = self._read.known(_joined(importing, "".join(map(str, item.path.parts)), item.path.span))
        found = self._scope_of(path, item)
        if found is None:
            raise Silent
        for each in item.names:
            name, local = each.name, each.local.text
            if name.text not in found.names:
                near = nearest(name.text, found.names)
                raise error(
                    "E413",
                    f"{path} defines no {name.text}",
                    name.span,
                    help=f"did you mean {near}?" if near else f"it defines {', '.join(found.names) or 'nothing'}",
                )
            scope.names[local] = found.names[name.text]
            self._imported.setdefault(scope, {})[local] = (self._by_scope[found], name.text)

    def _scope_of(self, path: PurePosixPath, item: tree.Import) -> Scope | None:
        if path in self._open:
            if path == self._open[-1]:
                raise error(
                    "E413", f"{path} imports itself", item.span, help="remove this line: what a file defines is there"
                )
            circle = " -> ".join(map(str, [*self._open[self._open.index(path) :], path]))
            raise error(
                "E413",
                f"files import one another in a circle: {circle}",
                item.span,
                help="move what both need to a third file",
            )
        if path not in self._done:
            if len(self._open) >= _MAX_DEPTH:
                raise error(
                    "E413", f"imports are nested more than {_MAX_DEPTH} deep", item.span, help="import directly"
                )
            self._open.append(path)
            try:
                self._done[path] = self._load(path, item)
            finally:
                self._open.pop()
        return self._done[path]

    def _load(self, path: PurePosixPath, item: tree.Import) -> Scope | None:
        try:
            text = self._read(path)
        except ImportProblem as problem:
            raise error("E413", problem.message, item.path.span, help=problem.help) from None
        self._characters += len(text)
        if self._characters > LONGEST:
            raise error(
                "E505",
                f"the files that are imported may have at most {LONGEST:,} characters together",
                item.span,
                help="import only what is needed",
            )
        assert self._first is not None  # noqa: S101 - it imports this one, or one that does
        file, found = parse(self._first.beside(str(path), text))
        for diagnostic in found:
            self._context.report(diagnostic)
        return None if found else self.enter(declared_before_use(file))


def _joined(importing: PurePosixPath, text: str, span: Span) -> PurePosixPath:
    """The path that an import in a file names, from the folder of the first file. Raises Problem."""
    begin = PACKAGED if text.startswith(PACKAGED) else ""
    given = PurePosixPath(text.removeprefix(begin))
    if given.is_absolute() or any(each in given.as_posix() for each in ("\\", ":", "\0")) or not given.name.strip():
        raise error(
            "E413",
            f'"{text}" is no path that an import can have',
            span,
            help=f'write a path relative to this file, with /, or "{PACKAGED}resnet.cnn" for what comes with cnndsl',
        )
    around: tuple[str, ...] = ()
    if not begin:
        begin = PACKAGED if str(importing).startswith(PACKAGED) else ""
        around = PurePosixPath(str(importing).removeprefix(begin)).parent.parts
    parts: list[str] = list(around)
    for part in given.parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return PurePosixPath(begin + "/".join(parts))


def _enter(places: dict[str, Span], name: tree.Name, what: str = "something") -> None:
    if name.text in places:
        raise _second(name, places[name.text], what)
    places[name.text] = name.span


def _second(name: tree.Name, first: Span, what: str = "something", way: str = "rename one of them") -> Problem:
    """The error for a second thing of the same name."""
    labels = (Label(first, "the first one"),)
    return error("E204", f"there is already {what} called {name.text}", name.span, labels=labels, help=way)


def _why_not(name: str) -> str | None:
    """Why a definition or a parameter cannot have this name; None when it can."""
    return "the generated module needs this name itself" if name in HELPERS else why_not_class(name)


def _check_class(name: tree.Name, *, imported: bool) -> None:
    reason = _why_not(name.text) or (why_not_imported(name.text) if imported else None)
    if reason:
        raise error(
            "E203",
            f"{name.text} cannot be the name of a class: {reason}",
            name.span,
            help="give the class another name in Python, and import that"
            if imported
            else f"call it {name.text.strip('_').capitalize()}Net",
        )


def _check_parameters(item: tree.Definition | tree.Extern | tree.Variant) -> None:
    places: dict[str, Span] = {}
    for parameter in item.parameters:
        name = parameter.name.text
        _enter(places, parameter.name, "a parameter")
        reason = _why_not(name)
        if isinstance(item, tree.Extern):  # Python has to be able to name the argument
            reason = "it is a word of Python" if keyword.iskeyword(name) or name == "__debug__" else None
        if reason:
            raise error("E203", f"{name} cannot be a parameter: {reason}", parameter.name.span, help=f"call it {name}_")


def _language() -> Scope:
    """The outermost scope: layer kinds and functions."""
    scope = Scope(None)
    scope.names.update({word: Function(word) for word in (*TABLE, *OPERATIONS, "parameter")})
    scope.names.update({word: Kind(word) for word in KINDS})  # some are the words of operations too
    scope.names.update({word: InitialiserKind(word) for word in RULES})
    scope.names["identity"] = IDENTITY
    return scope
