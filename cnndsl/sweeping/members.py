"""The members of a family: settings of a network in, and out what the network with them costs, from its text alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path, PurePosixPath
from typing import Any

from cnndsl.analysis import measure
from cnndsl.compilation import Compilation, CompilationError, no_network
from cnndsl.diagnostics import Diagnostic, OptionError, Severity, error
from cnndsl.files import FolderReader, ImportProblem, Reader, nowhere
from cnndsl.frozen import frozen
from cnndsl.ir.program import Program
from cnndsl.semantics import Limits, elaborate
from cnndsl.semantics.body import Body
from cnndsl.semantics.builder import Builder
from cnndsl.semantics.context import Context
from cnndsl.semantics.values import Scope
from cnndsl.settings import Value
from cnndsl.source import Source, Span
from cnndsl.sweeping.space import Space
from cnndsl.syntax import tree
from cnndsl.syntax.parser import parse, parse_expression

USUAL = ("parameters", "macs", "memory")
_WHOLE_FAMILY = frozenset({"E209", "E210"})
"""What is wrong with every member: a parameter that no network has, or one that needs a value."""


@frozen()
class Member:
    """A network with settings: what it costs, or why there is no such network.

    measures: None for what depends on a size that is left open, or on a class from elsewhere.
    """

    number: int
    settings: Mapping[str, Value]
    measures: Mapping[str, int | None] = field(default_factory=dict)
    problem: str = ""

    @property
    def row(self) -> dict[str, Any]:
        """The settings and measures by their names, and the problem, None where there is none."""
        return {**self.settings, **self.measures, "problem": self.problem or None}


@frozen()
class Text:
    """The text of a family and those that it imports: all that a worker needs to know."""

    source: Source
    imported: Mapping[str, str]
    network: str
    measures: Sequence[str] = USUAL
    limits: Limits = field(default_factory=Limits)


class Family:
    """Works out members of a network. The text is read once."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self._file, _ = parse(text.source)
        self._read = _Texts(text.imported)

    def member(self, number: int, settings: Mapping[str, Value]) -> Member:
        """A member. Never raises for what a setting makes wrong: that is the member's problem."""
        program, _ = self._elaborate(settings, traced=False)
        if program is None:  # what is wrong is told with the expressions that led to it, as `check` does
            program, found = self._elaborate(settings, traced=True)
        if program is None:
            return Member(number, settings, problem=_said(found))
        return Member(number, settings, measure(program, self.text.measures))

    def _elaborate(
        self, settings: Mapping[str, Value], *, traced: bool
    ) -> tuple[Program | None, tuple[Diagnostic, ...]]:
        text = self.text
        return elaborate(self._file, settings, text.limits, self._read, only=(text.network,), traced=traced)

    def members(self, space: Space, numbers: Iterable[int]) -> list[Member]:
        """The members with these numbers."""
        return [self.member(number, space.settings(number)) for number in numbers]


def open_text(
    source: Source,
    folder: Path | None,
    names: Iterable[str],
    *,
    network: str | None,
    first: Mapping[str, Value],
    measures: Sequence[str],
    limits: Limits | None,
) -> Text:
    """The text of a family. Raises CompilationError with what is wrong with it for every member.

    names: the parameters that are given values. network: by default the last one that has them all, and of those a
    definition before a variant. first: the settings of a member. Raises OptionError where there is no network of this
    name.
    """
    file, found = parse(source)
    if found:
        raise CompilationError(Compilation(source, found, None))
    has = {item.name.text: _parameters(file, item) for item in file.networks}
    if network is not None and network not in has:
        there_are = f"there is {', '.join(has)}" if has else "there is none"
        message = f"there is no network {network} here; {there_are}"
        raise OptionError("network", message)
    if network is None:
        own = [item.name.text for item in file.networks if isinstance(item, tree.Definition)]
        fit = [name for name in (*has, *own) if has[name].issuperset(names)]  # a variant has settled what it varies
        network = next(reversed(fit or list(has)), None)
    if network is None:
        raise CompilationError(Compilation(source, (no_network(source),), None))
    reader = _Recorder(nowhere if folder is None else FolderReader(folder))
    _, found = elaborate(file, first, limits, reader, only=(network,))
    if reader.failed or any(d.code in _WHOLE_FAMILY for d in found):
        errors = tuple(d for d in found if d.severity is Severity.ERROR)
        raise CompilationError(Compilation(source, errors, None))
    return Text(source, reader.texts, network, tuple(measures), limits or Limits())


def _parameters(file: tree.File, item: tree.Definition | tree.Variant) -> set[str]:
    """The parameters that may be set; of a variant also those of the network that it is made of."""
    by_name = {each.name.text: each for each in file.networks}
    found: set[str] = set()
    seen: dict[str, None] = {}
    at: tree.Definition | tree.Variant | None = item
    while at is not None and at.name.text not in seen:
        seen[at.name.text] = None
        found |= {parameter.name.text for parameter in at.parameters}
        at = by_name.get(at.base) if isinstance(at, tree.Variant) else None
    return found


class _Recorder:
    """Reads files, and keeps their texts."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self.texts: dict[str, str] = {}
        self.failed = False
        """Whether a file could not be read."""

    def __call__(self, path: PurePosixPath) -> str:
        try:
            self.texts[str(path)] = self._read(path)
        except ImportProblem:
            self.failed = True
            raise
        return self.texts[str(path)]

    def known(self, path: PurePosixPath) -> PurePosixPath:
        return self._read.known(path)


class _Texts:
    """Gives texts that were read before: whatever happens to the files, all members are of the same."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def __call__(self, path: PurePosixPath) -> str:
        if str(path) not in self._texts:
            raise ImportProblem(f"{path} was not imported at first", "import the same files whatever the settings are")
        return self._texts[str(path)]

    def known(self, path: PurePosixPath) -> PurePosixPath:
        return path


def _said(found: Iterable[Diagnostic]) -> str:
    """The first error in a line: its code, what it says, and where."""
    first = next(d for d in found if d.severity is Severity.ERROR)
    where = "" if first.span is None else f" (line {first.span.position.line})"
    return f"{first.code}: {first.message}{where}"


class Condition:
    """What `--where` asks of a member: an expression of the language over its settings and measures."""

    def __init__(self, text: str) -> None:
        """Raises Problem where the text is no expression."""
        self.source = Source("--where", text)
        self._span = Span(self.source, 0, len(text))
        self._node = parse_expression(self._span)
        self.names = frozenset(node.text for node in tree.walk(self._node) if isinstance(node, tree.Name))

    def holds(self, member: Member) -> bool:
        """Whether it is so of a member; not of one of which something that is asked is not known.

        Raises Problem where the expression means nothing.
        """
        names = {**member.settings, **member.measures}
        if member.problem or any(names.get(name, 0) is None for name in self.names):
            return False
        if not self.names <= names.keys():
            places = {node.text: node.span for node in tree.walk(self._node) if isinstance(node, tree.Name)}
            unknown = next(name for name in places if name not in names)
            helps = f"there is {', '.join(names)}"
            raise error("E201", f"{unknown} is not known here", places[unknown], help=helps)
        scope = Scope(None)
        scope.names = dict(names)
        context = Context(Limits())
        body = Body(context, Builder(context, "chain", "", self._span), scope)
        return bool(body.truth(self._node))
