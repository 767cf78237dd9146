"""From the syntax tree to the definitions of a program: names are resolved, unnamed parts named.

In: the trees of a text and of the files that it imports. Out: the items of these files as `ir.nodes`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cnndsl.frozen import frozen
from cnndsl.ir import nodes
from cnndsl.ir.part_names import Place, names_of, place_of
from cnndsl.ir.words import WORDS
from cnndsl.source import Span
from cnndsl.syntax import tree


@frozen()
class ParsedFile:
    """A file, and for each name that it imports the file that has it, and its name there."""

    file: tree.File
    imports: Mapping[str, tuple[ParsedFile, str]]

    @property
    def name(self) -> str:
        """The name of the file, without the folders around the first one."""
        return self.file.span.source.short


_COMMENTS = re.compile(r'"[^"\n]*"|(#[^\n]*)')
"""Comments, and texts, in which a `#` begins none."""


@frozen()
class Cut:
    """A network up to some of its parts: the whole one, the parts in the order of the text, and what is left of it."""

    whole: tree.Definition
    parts: tuple[str, ...]
    definition: tree.Definition
    length: tuple[str, int] | None = None
    """For a part inside of a chain the chain's label, and how many layers are left of it."""

    @property
    def name(self) -> str:
        """How a text may write it."""
        return cut_key(self.whole.name.text, self.parts)


PartNames = Callable[[tree.Definition], Mapping[Place, nodes.Part]]


def lower(
    files: Sequence[ParsedFile],
    part_names: PartNames,
    cuts: Sequence[Cut] = (),
) -> tuple[nodes.Item, ...]:
    """The items of files, in their order; networks up to some of their parts behind the whole ones.

    `part_names` gives the names of the parts of a definition that the text does not name.
    """
    items = []
    for parsed in files:
        for item in parsed.file.items:
            made = _Lowering(parsed, part_names).item(item)
            if made is not None:
                items.append(made)
            items += [_cut(parsed, part_names, cut) for cut in cuts if cut.whole is item]
    return tuple(items)


def _cut(parsed: ParsedFile, part_names: PartNames, cut: Cut) -> nodes.Item:
    """A network up to some of its parts."""
    made = _Lowering(parsed, part_names).item(cut.definition)
    assert isinstance(made, nodes.Definition)  # noqa: S101 - as what it is cut from
    whole, *others = cut.whole.name.text, *cut.parts
    listed = others[0] if len(others) == 1 else f"{', '.join(others[:-1])} and {others[-1]}"
    comment = f"{whole} up to {listed}." if len(others) == 1 else f"{whole}, and what comes out of {listed}."
    key = cut_key(qualified(parsed.name, whole), cut.parts)
    return replace(made, key=key, comment=comment)


def cut_key(key: str, parts: Sequence[str]) -> str:
    """By what a network up to some of its parts is known."""
    return f"{key}[{', '.join(parts)}]"


def qualified(file: str, name: str) -> str:
    """By what a definition or constant is known among those of all files."""
    return f"{file}:{name}"


class _Lowering:
    """Lowers one item of a file."""

    def __init__(self, parsed: ParsedFile, part_names: PartNames) -> None:
        self._parsed, self._part_names = parsed, part_names
        self._parameters: set[str] = set()
        self._local: set[str] = set()
        self._parts: Mapping[Place, nodes.Part] = {}
        self._known: dict[str, tuple[nodes.RefKind, str]] = {}
        """What names are that no body gives, as far as they were asked for."""

    def item(self, item: tree.Item) -> nodes.Item | None:
        """An item; None for one that leaves nothing behind."""
        if isinstance(item, tree.Import | tree.Lost):
            return None
        file, name = self._parsed.name, item.name.text
        head: dict[str, Any] = {"span": self._span(item.span), "key": qualified(file, name), "name": name, "file": file}
        if isinstance(item, tree.Constant):
            return nodes.FileConstant(**head, value=self._expression(item.value))
        if isinstance(item, tree.Definition) and item.kind != "sequence":
            self._parts = self._part_names(item)
        head["parameters"] = tuple(map(self._parameter, item.parameters))
        match item:
            case tree.Definition():
                lines, comment = self._lines(item.body), _comment_above(item.span)
                return nodes.Definition(**head, kind=item.kind, body=lines, comment=comment)
            case tree.Variant():
                value, comment = self._expression(item.value), _comment_above(item.span)
                return nodes.Variant(**head, value=value, comment=comment)
            case tree.Extern():
                package, settings = "".join(map(str, item.package.parts)), tuple(map(self._argument, item.settings))
                return nodes.Extern(**head, package=package, settings=settings)

    def _parameter(self, parameter: tree.Parameter) -> nodes.Parameter:
        """A parameter, of which the default can speak of those before it: in `widths = widths` it is a constant."""
        default, name = self._optional(parameter.default), parameter.name.text
        self._parameters.add(name)
        return nodes.Parameter(span=self._span(parameter.span), name=name, default=default)

    # Statements

    def _lines(self, body: tree.Body | tree.If | None) -> tuple[nodes.Statement, ...]:
        if body is None:
            return ()
        if isinstance(body, tree.If):
            return (self._if(body),)
        made = []
        for line in body.statements:
            first, *more = self._line(line) or (None,)
            if first is None:
                continue
            comment = _comment_at(line)
            made += [replace(first, comment=comment) if comment else first, *more]
        return tuple(made)

    def _if(self, node: tree.If) -> nodes.If:
        return nodes.If(
            span=self._span(node.span),
            condition=self._expression(node.condition),
            yes=self._lines(node.yes),
            no=self._lines(node.no),
        )

    def _line(self, line: tree.Statement) -> list[Any]:
        match line:
            case tree.Apply(value=tree.If() as branch):
                names, span = self._names(line.targets), self._span(line.span)
                flow = nodes.Flow(span=span, of="it")
                return [self._if(branch), *([nodes.Bind(span=span, names=names, value=flow)] if names else [])]
            case tree.Apply() | tree.Bind():
                kind = nodes.Apply if isinstance(line, tree.Apply) else nodes.Bind
                value = self._expression(line.value)
                span = self._span_around(line, line.value, value)
                return [kind(span=span, names=self._names(line.targets), value=value)]
            case tree.For():
                source = self._expression(line.source)
                self._local.update(names_of(line.targets))
                body = self._lines(line.body)
                return [nodes.For(span=self._span(line.span), targets=_targets(line.targets), source=source, body=body)]
            case tree.Repeat():
                count = self._expression(line.count)
                return [nodes.Repeat(span=self._span(line.span), count=count, body=self._lines(line.body))]
            case tree.Output():
                items = tuple(
                    nodes.OutputItem(
                        span=self._span(item.span),
                        name=None if item.name is None else item.name.text,
                        value=self._expression(item.value),
                        training=item.when is not None,
                    )
                    for item in line.items
                )
                return [nodes.Output(span=self._span(line.span), items=items)]
            case tree.When():
                return [nodes.Training(span=self._span(line.span), body=self._lines(line.body))]
            case tree.Init():
                settings = tuple(map(self._argument, line.settings))
                span, kinds = self._span(line.span), [self._ref(kind, self._span(kind.span)) for kind in line.kinds]
                return [nodes.InitRule(span=span, kind=kind, settings=settings) for kind in kinds]
            case _:
                return []

    def _names(self, targets: tuple[tree.Name, ...]) -> tuple[str, ...]:
        """The names that a line gives, which are those of the body from here on."""
        names = tuple(target.text for target in targets)
        self._local.update(names)
        return names

    # Expressions

    def _argument(self, argument: tree.Argument) -> nodes.Argument:
        name = None if argument.name is None else argument.name.text
        value = self._expression(argument.value)
        return nodes.Argument(span=self._span_around(argument, argument.value, value), name=name, value=value)

    def _optional(self, node: tree.Expression | None) -> Any:
        return None if node is None else self._expression(node)

    def _all(self, expressions: tuple[tree.Expression, ...]) -> Any:
        return tuple(map(self._expression, expressions))

    def _ref(self, node: tree.Name, span: nodes.Span, part: nodes.Part | None = None) -> nodes.Ref:
        name, key = node.text, ""
        of: nodes.RefKind
        if name in self._local:
            of = "local"
        elif name in self._parameters:
            of = "parameter"
        else:
            if name not in self._known:
                self._known[name] = self._outside(self._parsed, name)
            of, key = self._known[name]
        return nodes.Ref(span=span, part=part, name=name, of=of, key=key)

    def _outside(self, parsed: ParsedFile, name: str) -> tuple[nodes.RefKind, str]:
        """What a name is that no body gives: of the file, of an imported one, or of the language."""
        for item in parsed.file.items:
            if isinstance(item, (tree.Definition, tree.Variant, tree.Extern)) and item.name.text == name:
                return "definition", qualified(parsed.name, name)
            if isinstance(item, tree.Constant) and item.name.text == name:
                return "constant", qualified(parsed.name, name)
        if name in parsed.imports:
            return self._outside(*parsed.imports[name])
        return WORDS.get(name, "local"), ""

    def _span(self, span: Span) -> nodes.Span:
        return nodes.Span(*span.source.positions(span.start, span.end))

    def _span_around(self, node: tree.Node, inner: tree.Node, made: nodes.Node) -> nodes.Span:
        """The place of a node, which is that of what was made of the inner one where there is nothing around it."""
        return made.span if node.span is inner.span else self._span(node.span)

    def _expression(self, node: tree.Expression) -> Any:
        span, part = self._span(node.span), self._parts.get(place_of(node))
        match node:
            case tree.Name():
                return self._ref(node, span, part)
            case tree.Number() | tree.Boolean():
                return nodes.Const(span=span, value=node.value)
            case tree.String():
                if all(isinstance(piece, str) for piece in node.parts):
                    return nodes.Const(span=span, value="".join(map(str, node.parts)))
                pieces = tuple(piece if isinstance(piece, str) else self._expression(piece) for piece in node.parts)
                return nodes.Format(span=span, parts=pieces)
            case tree.Hole():
                return nodes.Hole(span=span)
            case tree.Input():
                return nodes.Flow(span=span, of="input")
            case tree.It():
                return nodes.Flow(span=span, of="it")
            case tree.ListOf():
                return nodes.ListOf(span=span, items=self._all(node.items))
            case tree.Comprehension():
                return self._comprehension(node, span)
            case tree.Call():
                arguments = tuple(map(self._argument, node.arguments))
                return nodes.Call(span=span, part=part, function=self._expression(node.function), arguments=arguments)
            case tree.Attribute():
                return nodes.SizeOf(span=span, value=self._expression(node.value), name=node.name.text)
            case tree.Index():
                value = self._expression(node.value)
                return nodes.Index(span=span, part=part, value=value, places=self._all(node.places))
            case tree.Slice():
                start, end, step = map(self._optional, (node.start, node.end, node.step))
                return nodes.Slice(span=span, start=start, end=end, step=step)
            case tree.Ellipsis():
                return nodes.Ellipsis(span=span)
            case tree.Unary():
                return nodes.Op(span=span, operator=node.operator, operands=(self._expression(node.operand),))
            case tree.Binary():
                return nodes.Op(span=span, operator=node.operator, operands=self._all((node.left, node.right)))
            case tree.Comparison():
                return nodes.Compare(span=span, operands=self._all(node.operands), operators=node.operators)
            case tree.Conditional():
                condition, yes, no = self._all((node.condition, node.yes, node.no))
                return nodes.Conditional(span=span, condition=condition, yes=yes, no=no)
            case tree.Labelled():
                label = node.label.text if isinstance(node.label, tree.Name) else self._expression(node.label)
                layer = self._expression(node.layer)
                if isinstance(node.label, tree.Name):
                    self._local.add(node.label.text)
                return nodes.Labelled(span=span, label=label, layer=layer)
            case tree.Pipe():
                return nodes.Pipe(span=span, stages=self._all(node.stages))
            case tree.Body():
                return nodes.Brace(span=span, body=self._lines(node))
            case tree.If():
                condition = self._expression(node.condition)
                return nodes.Choice(span=span, condition=condition, yes=self._lines(node.yes), no=self._lines(node.no))

    def _comprehension(self, node: tree.Comprehension, span: nodes.Span) -> nodes.Comprehension:
        source = self._expression(node.source)
        before = set(self._local)
        self._local.update(names_of(node.targets))
        condition, item = self._optional(node.condition), self._expression(node.item)
        self._local = before
        targets = _targets(node.targets)
        return nodes.Comprehension(span=span, item=item, targets=targets, source=source, condition=condition)


def _targets(targets: tree.Name | tree.Row) -> nodes.Targets:
    if isinstance(targets, tree.Name):
        return targets.text
    return tuple(map(_targets, targets.items))


def _comment_at(line: tree.Statement) -> str:
    """What comments say of a line: above it, between its parts, behind it."""
    span = line.span
    text = span.source.text
    end = text.find("\n", span.end)
    behind = text[span.end : end if end >= 0 else len(text)].strip()
    said = [behind] if behind.startswith("#") else []
    if "#" in text[span.start : span.end] and not any(isinstance(node, tree.Body) for node in tree.walk(line)):
        said = [found[1] for found in _COMMENTS.finditer(text, span.start, span.end) if found[1]] + said
    return "\n".join(filter(None, [_comment_above(span), *map(_paragraph, ([each] for each in said))]))


def _comment_above(span: Span) -> str:
    """The comment that ends on the line before, as one paragraph."""
    text = span.source.text
    start = text.rfind("\n", 0, span.start) + 1
    if text[start : span.start].strip():
        return ""  # another statement stands before it on its line
    lines: list[str] = []
    while start > 0:
        end, start = start - 1, text.rfind("\n", 0, start - 1) + 1
        line = text[start:end].strip()
        if not line.startswith("#"):
            break
        lines.append(line)
    comment = _paragraph(reversed(lines))
    return comment if comment != span.source.short else ""  # a heading that is the file's name


def _paragraph(lines: Iterable[str]) -> str:
    """What comments say, without those that silence warnings."""
    said = (line.lstrip("#") for line in lines if not line.lstrip("# \t").startswith("cnndsl:"))
    comment = " ".join(" ".join(said).split())
    return comment if any(map(str.isalnum, comment)) else ""
