"""What there is to say of one application of a layer, whatever form it is then written in.

In: a program and the trees of its files.  Out: explanations: the formula, its numbers, where each comes from and
where it was written.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from cnndsl.frozen import frozen
from cnndsl.i18n import tr, trn
from cnndsl.ir.interpreter import Application, Frame, Interpreter
from cnndsl.ir.nodes import FileConstant
from cnndsl.ir.program import Module, Origin, Parameter, Program, Use
from cnndsl.layers.base import Layer, Products, Tensor, first_paragraph
from cnndsl.layers.formula import (
    AxisRule,
    Constant,
    Dim,
    Letter,
    Product,
    Shape,
    SizeError,
    Sum,
    Term,
    axis_said,
    of_input,
    plain,
    product,
    show,
)
from cnndsl.layers.operations import Operation
from cnndsl.source import Position
from cnndsl.symbolic.expr import Symbol
from cnndsl.symbolic.number import SizeIsOpen, Traced, is_open, literal, value_of
from cnndsl.syntax import tree

THE_INPUT = "the input"
"""What the only input of a network is called."""


def _in_line(words: str, origin: Origin | None) -> str:
    """What something is called, and the line that it stands in."""
    return tr("{what}, line {line}", what=words, line=origin.line) if origin is not None else words


@frozen()
class Came:
    """Where a value comes from: the part or operation, in words, and where that is applied.

    flattened: the value that was flattened to give this one, where the compiler put the flatten there.
    """

    words: str
    shape: Shape
    origin: Origin | None = None
    flattened: Came | None = None

    def told(self, form: Form) -> str:
        """The size, where it comes from, and the line."""
        words = tr(self.words) if self.words == THE_INPUT else form.code(self.words)
        return f"{form.shape(self.shape)}{form.gap}{tr('from {place}', place=_in_line(words, self.origin))}"


class Form(ABC):
    """One of the forms of explanations: how it writes a size, a name of the text, words, a formula, and all of it."""

    latex = True
    """Whether formulas are in LaTeX."""
    times = r" \cdot "
    """What stands between factors."""
    gap = ", "
    """What stands behind a size."""
    more = "in"
    """What stands before each input but the first."""

    def __init__(self, *, color: bool = False) -> None:
        self.color = color

    @property
    def head(self) -> str:
        """What the explanations begin with."""
        return ""

    @abstractmethod
    def brief(self, explanation: Explanation) -> Iterator[str]:
        """The lines of one explanation among many: the sizes, without what the numbers are."""

    @abstractmethod
    def full(self, explanation: Explanation) -> Iterator[str]:
        """The lines of an explanation that stands by itself."""

    @abstractmethod
    def shape(self, shape: Shape) -> str:
        """A size."""

    @abstractmethod
    def code(self, text: str) -> str:
        """A name of the text, or a line of it."""

    @abstractmethod
    def plain(self, text: str) -> str:
        """Words."""

    def formula(self, text: str) -> str:
        """A formula."""
        return f"${text}$"

    def note(self, text: str) -> str:
        """A paragraph behind all explanations."""
        return text

    def joined(self, *texts: str) -> str:
        """The texts that there are, one after the other."""
        return self.gap.join(filter(None, texts))

    def marked(self, text: str) -> str:
        """Words in which names of the text stand in backticks."""
        pieces = text.split("`")
        return "".join(self.code(piece) if at % 2 else self.plain(piece) for at, piece in enumerate(pieces))

    def worked(self, cost: Term) -> str:
        """A number of parameters or of multiply-accumulates, with how it is worked out."""
        text = cost.latex("numbers") if self.latex else cost.text("numbers")
        value = f"{cost.value:,}".replace(",", "{,}" if self.latex else ",")
        return self.formula(f"{text} = {value}" if text != str(cost.value) else value)

    def equation(self, quantity: Quantity) -> str:
        """A letter with its numbers: `k = 3 (height), 5 (width)`."""
        word = quantity.letter if len(quantity.letter) == 1 or not self.latex else rf"\text{{{quantity.letter}}}"
        (first, axis), *others = quantity.values
        shown = [(f"{word} = {first}", axis), *others]
        return ", ".join(f"{self.formula(text)} ({axis})" if axis else self.formula(text) for text, axis in shown)


Calls = tuple[tuple[str, Origin], ...]
"""Parts that are applied one inside the other: the path of each, and where the text applies it."""


@dataclass(slots=True)
class Occurrence(Application):
    """One application of a layer or an operation, in the order of execution.

    came: where the values come from. outputs: the shapes that come out, also of another layer in the place of its own.
    calls: the parts that are applied for it to be, from the network on, with its own: their paths, and where that is.
    `uses`: how often the part is applied in all; `use`: which time this is, and `used`: where the text asks for it.
    """

    target: Layer | Operation
    came: tuple[Came, ...] = ()
    outputs: tuple[Shape, ...] = ()
    calls: Calls = ()
    use: int = 1
    uses: int = 1
    used: Origin | None = None


def applications(program: Program, network: str | None = None, within: str = "") -> Iterator[Occurrence]:
    """Every application of a layer or an operation in a network, by default the last one of the text.

    With `within` only those of the part with this path, and of the parts inside it. Raises KeyError for an
    unknown network.
    """
    return _counted(_Origins(program, within), program.network(network))


def steps(program: Program, module: Module) -> Iterator[Occurrence]:
    """Every application of a layer or an operation by a module itself, told in the names inside of it."""
    return _counted(_Origins(program, opened=False), module)


def _counted(origins: _Origins, top: Module) -> Iterator[Occurrence]:
    """What is found in a module, each with how often it is there."""
    came = tuple(
        Came(THE_INPUT if name == "input" else name, shape)
        for name, shape in zip(top.inputs, top.input_shapes, strict=True)
    )
    found = list(origins.found(Frame(top), came))
    seen: Counter[str] = Counter()
    for applied in found:
        uses = origins.uses[applied.path]
        seen[applied.path] += 1
        use = seen[applied.path]
        yield replace(applied, use=use, uses=uses, used=_used(applied.calls, origins.uses)) if uses > 1 else applied


def _used(calls: Calls, uses: Counter[str]) -> Origin | None:
    """Where the text uses a part again: in the innermost of these calls that is made more often than the one around it.

    A layer of a block that is shared is used where the block is.
    """
    around, found = 1, None
    for path, origin in calls:
        if uses[path] > around:
            found = origin
        around = uses[path]
    return found


class _Origins(Interpreter[Came]):
    """Says of each value where it comes from; looks into the parts alone that may hold what is `within` a path.

    opened: whether it looks into parts at all.
    """

    def __init__(self, program: Program, within: str = "", *, opened: bool = True) -> None:
        super().__init__(program)
        self._within, self._opened = within, opened
        self.uses: Counter[str] = Counter()
        """How often each part is applied, by its path."""

    def call_layer(self, at: Application, layer: Layer, inputs: Sequence[Came]) -> list[Came]:
        through = inputs[0] if at.inserted else None
        return [Came(at.path or layer.word, y, at.step.origin, through) for y in at.ys]

    def combine(self, at: Application, operation: Operation, inputs: Sequence[Came]) -> list[Came]:  # noqa: ARG002
        return [Came(operation.sign, y, at.step.origin) for y in at.ys]

    def call_module(self, at: Application, module: Module, inputs: Sequence[Came]) -> list[Came]:  # noqa: ARG002
        return [Came(at.path, y, at.step.origin) for y in at.ys]

    def opens(self, at: Application) -> bool:
        return self._opened and touches(at.path, self._within)

    def found(self, top: Frame, inputs: tuple[Came, ...]) -> Iterator[Occurrence]:
        """The applications of layers and operations."""
        around: dict[str, Calls] = {"": ()}
        for at, values in self.walk(top, inputs):
            calls = (*around[at.frame.path], (at.path, at.step.origin)) if at.path else ()
            self.uses[at.path] += bool(at.path)
            if isinstance(at.target, Module):
                around[at.path] = calls
            elif inside(at.path or at.frame.path, self._within):
                came = tuple(values[index] for index in at.step.inputs)
                yield Occurrence(at.frame, at.index, at.step, at.target, at.part, came, at.ys, calls)


def inside(path: str, within: str) -> bool:
    """Whether a path is that of a part, or lies in it."""
    return not within or path == within or path.startswith(f"{within}.")


def touches(path: str, within: str) -> bool:
    """Whether what is looked for is a path or lies in it, or the other way round; what has no path is let through."""
    return not path or inside(path, within) or within.startswith(f"{path}.")


def paths(program: Program, network: str | None = None) -> Iterator[str]:
    """The paths of all parts of a network, the blocks and lists among them."""

    def below(module: Module, prefix: str) -> Iterator[str]:
        for child in module.children:
            if child.name.endswith(".0"):  # the first of a list
                yield prefix + child.name.removesuffix(".0")
            yield prefix + child.name
            if isinstance(child.unit, Use):
                yield from below(program.modules[child.unit.module], f"{prefix}{child.name}.")

    return below(program.network(network), "")


Trees = Callable[[str], tree.File | None]
"""The tree of a file that the program calls by this name; None where it cannot be had."""


_BREAKS = re.compile(r"(?<=[(\[])\s*\n\s*|,?\s*\n\s*(?=[)\]])")
"""What stands between brackets and what is in them where that has lines of its own."""


@frozen()
class Written:
    """A layer as it was written: `node` is its call, its bare name, or an index."""

    node: tree.Call | tree.Name | tree.Index

    @property
    def text(self) -> str:
        """The words of the text, on one line."""
        return " ".join(_BREAKS.sub("", self.node.span.text).split())

    @property
    def position(self) -> Position:
        """Where it begins."""
        return self.node.span.position

    def argument(self, layer: Layer, parameter: str) -> tree.Argument | None:
        """The argument that gives a parameter of the layer; None where it was left out."""
        if not isinstance(self.node, tree.Call):
            return None
        names = list(type(layer).model_fields)
        for at, argument in enumerate(self.node.arguments):
            name = argument.name.text if argument.name is not None else names[at] if at < len(names) else ""
            if name == parameter:
                return argument
        return None


class Places:
    """Finds what was written, in files that are read once each."""

    def __init__(self, trees: Trees) -> None:
        self._trees = trees
        self._files: dict[str, tuple[str, dict[Position, list[tree.Node]]]] = {}

    def layer(self, origin: Origin, kind: str) -> Written | None:
        """The layer of this kind that was declared at a place.

        None where it cannot be told: a layer that came as a block's argument, or one of two alternatives.
        """
        indices = [node for node in self._at(origin) if isinstance(node, tree.Index)]
        if kind == "index":
            return Written(indices[0]) if len(indices) == 1 else None
        for node in self._at(origin):
            found = list(_layers(node, kind))
            if found:
                return Written(found[0]) if len(found) == 1 else None
        return None

    def name(self, file: str) -> str:
        """What messages call a file, with the folders before it."""
        return self._file(file)[0]

    def _at(self, origin: Origin) -> list[tree.Node]:
        """What begins at a place, the smallest first."""
        return self._file(origin.file)[1].get(Position(origin.line, origin.column), [])

    def _file(self, file: str) -> tuple[str, dict[Position, list[tree.Node]]]:
        """The name of a file, and what begins where in it."""
        if file not in self._files:
            found = self._trees(file)
            self._files[file] = (file, {}) if found is None else (found.span.source.name, _index(found))
        return self._files[file]


def _index(file: tree.File) -> dict[Position, list[tree.Node]]:
    nodes: dict[int, list[tree.Node]] = {}
    todo: list[tree.Node] = [file]
    while todo:
        node = todo.pop()
        todo += _inside(node)
        nodes.setdefault(node.span.start, []).append(node)
    position = file.span.source.position
    return {position(start): sorted(found, key=lambda node: node.span.end) for start, found in nodes.items()}


def _inside(node: tree.Node) -> Iterator[tree.Node]:
    """The parts of a node that may be layers, one level down: what a call calls is none, nor is a name given to one."""
    if isinstance(node, (tree.Bind, tree.Apply)):
        yield node.value
        return
    if isinstance(node, tree.Labelled):
        yield node.layer
        return
    if isinstance(node, tree.Call):
        yield from _inside(node.function)
        yield from (argument.value for argument in node.arguments)
        return
    yield from node.children


def _layers(node: tree.Node, kind: str) -> Iterator[tree.Call | tree.Name]:
    """The layers of a kind in an expression; those in braces are parts of their own."""
    if isinstance(node, tree.Call) and isinstance(node.function, tree.Name):
        if node.function.text == kind:
            yield node
    elif isinstance(node, tree.Name):
        if node.text == kind:
            yield node
    elif not isinstance(node, (tree.Body, tree.Definition, tree.File)):
        for inner in _inside(node):
            yield from _layers(inner, kind)


@frozen()
class Quantity:
    """A letter of the formulas with its numbers, what it is, and where they come from.

    values: the number, or where the axes differ one for each with the axis: "14" (height), "20" (width).
    """

    letter: str
    values: tuple[tuple[str, str], ...]
    meaning: str
    source: str


def quantities(applied: Occurrence, rules: tuple[AxisRule, ...], written: Written | None) -> tuple[Quantity, ...]:
    """The letters of the rules of an application, each once, in the order in which they come up."""
    letters: dict[str, list[tuple[str, Letter]]] = {}
    for rule in rules:
        for letter in rule.letters():
            letters.setdefault(letter.name, []).append((rule.axis, letter))
    return tuple(_quantity(uses, applied, written) for uses in letters.values())


def _quantity(uses: list[tuple[str, Letter]], applied: Occurrence, written: Written | None) -> Quantity:
    letter = uses[0][1]
    numbers = dict.fromkeys(str(use.number) for _, use in uses)
    values = (
        tuple((str(use.number), axis_said(axis)) for axis, use in uses)
        if len(numbers) > 1
        else ((next(iter(numbers)), ""),)
    )
    if letter.parameter:
        meaning = letter.meaning or ("" if letter.parameter == letter.name else tr(letter.parameter))
        return Quantity(letter.name, values, meaning, source_of(letter, applied, written))
    meaning = of_input(*dict.fromkeys(use.meaning for _, use in uses))
    came = applied.came[letter.operand]
    words = tr(came.words) if came.words == THE_INPUT else came.words
    return Quantity(letter.name, values, meaning, _in_line(words, came.origin))


def source_of(letter: Letter, applied: Occurrence, written: Written | None) -> str:
    """Where the number of a parameter comes from: the place where it is written, or that it is not."""
    layer = applied.target
    assert isinstance(layer, Layer)  # noqa: S101 - only layers have parameters in a formula
    argument = written.argument(layer, letter.parameter) if written is not None else None
    symbols = _symbols(applied, letter.parameter)
    if argument is not None:
        line, column = argument.span.position
        told = tr("line {line}, column {column}", line=line, column=column)
        value = argument.value
        if not isinstance(value, (tree.Number, tree.String, tree.Boolean, tree.ListOf)):
            told = f"{' '.join(value.span.text.split())}, {told}"
    elif written is not None or getattr(layer, letter.parameter) == _default(layer, letter.parameter):
        told = tr("not written: {instead}", instead=letter.otherwise or tr("the default"))
    else:
        told = tr("not written here")
    return "; ".join((told, *(_given(symbol, applied.frame) for symbol in symbols)))


def _default(layer: Layer, parameter: str) -> Any:
    return type(layer).model_fields[parameter].default


def _symbols(applied: Occurrence, parameter: str) -> list[Symbol]:
    """What the number was computed from, by name."""
    traced = applied.leaf.traced.get(parameter) if applied.leaf is not None else None
    numbers = traced if isinstance(traced, tuple) else (traced,)
    symbols = {
        symbol.name: symbol for number in numbers if isinstance(number, Traced) for symbol in number.expr.symbols()
    }
    return [symbols[name] for name in sorted(symbols)]


def _given(symbol: Symbol, frame: Frame) -> str:
    """A name of a definition with its number, and who gave it; of a size that comes in, what it comes into."""
    name = symbol.name
    while frame.module.kind == "chain" and frame.outer is not None:
        frame = frame.outer
    own = frame
    while not (found := _parameter(name, frame)) and frame.outer is not None:
        frame = frame.outer  # a layer that was given as an argument speaks of what was there
    if found is None:
        is_size = symbol.value is not None and name.endswith(("_channels", "_features"))
        return f"{name} = {symbol.value}, {tr('what comes into {who}', who=own.module.name)}" if is_size else name
    who, said = frame.module.name, f"{name} = {found.value}, "
    if frame.part is not None and found.value != found.default:
        return said + tr("given to {who} in line {line}", who=who, line=frame.part.origin.line)
    if found.value != found.default:
        return said + tr("given to {who}", who=who)
    return said + tr("the default of {who}", who=who)


def _parameter(name: str, frame: Frame) -> Parameter | None:
    return next((p for p in frame.module.parameters if p.name == name), None)


@frozen()
class Rule:
    """Why one axis of what comes out, or several that are worked out alike, are as long as they are."""

    axes: tuple[str, ...]
    rule: AxisRule

    @property
    def said(self) -> str:
        """The axes in words: `height, width`."""
        return tr(", ").join(map(axis_said, self.axes))


@frozen()
class Change:
    """What another value of one parameter would give: a size and what it costs, or why it does not go."""

    words: str
    result: str
    fits: bool


@frozen()
class Explanation:
    """All about one application.

    title: the path, or for what has none the kind. written: the layer as the text has it. does: what a layer of this
    kind does, in a sentence or two; empty for a class from elsewhere.
    macs: the multiply-accumulates as a product; None where there are none.
    """

    applied: Occurrence
    title: str
    written: str
    does: str
    place: str
    rules: tuple[Rule, ...]
    notes: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    parameters: Term | None
    macs: Term | None
    changes: tuple[Change, ...]

    @property
    def keeps(self) -> bool:
        """Whether what comes out is as large as what comes in."""
        return not self.rules and self.applied.xs[:1] == self.applied.outputs

    @property
    def _read(self) -> tuple[int, str]:
        """How many of the values that come in are read, and of what it asks those behind them, in words."""
        target = self.applied.target
        reads, asked = (target.reads, target.asked) if isinstance(target, Operation) else (None, "")
        return len(self.applied.came) if reads is None else reads, asked

    @property
    def introduction(self) -> str:
        """What the kind does, with names in backticks; empty where it was said before."""
        return self.does if self.applied.use == 1 else ""

    @property
    def assigned(self) -> str:
        """The layer as the text has it, with its path."""
        return f"{self.applied.path} = {self.written}" if self.applied.path else self.written

    def where(self, form: Form) -> str:
        """Where the layer stands, and which use of it it is, where there are several."""
        applied, used = self.applied, self.applied.used
        place = f"{tr('put there by the compiler')}, {self.place}" if applied.inserted else self.place
        use = used and tr("use {use} of {uses}, line {line}", use=applied.use, uses=applied.uses, line=used.line)
        return form.joined(form.plain(place), use or "")

    def costs(self, form: Form) -> list[tuple[str, str]]:
        """What it holds and takes to run: the name of the number, how it is worked out and who shares it."""
        shared = tr("shared by {count} uses", count=self.applied.uses) if self.applied.uses > 1 else ""
        found = ((tr("parameters"), self.parameters, shared), (tr("MACs"), self.macs, ""))
        return [(name, form.joined(form.worked(cost), by)) for name, cost, by in found if cost is not None]

    def letters(self, form: Form) -> list[tuple[str, ...]]:
        """The rows of a table: the letters with their numbers, what they are, and where they are from."""
        return [(form.equation(q), form.plain(q.meaning), form.plain(q.source)) for q in self.quantities]

    def rows(self, form: Form) -> list[tuple[str, str]]:
        """What is said in brief: a word, and the size, the formula or the number."""
        return [*self.sizes(form), *self.costs(form)]

    @property
    def flattened(self) -> Came | None:
        """What was flattened before the layer, where the compiler put the flatten there."""
        return self.applied.came[0].flattened if self.applied.came else None

    @property
    def why_flattened(self) -> str:
        """Why there is a flatten, in words."""
        said = "{layer} takes a list of features, so the compiler puts a flatten before it"
        return tr(said, layer=self.applied.target.word)

    def sizes(self, form: Form) -> Iterator[tuple[str, str]]:
        """The rows of a table: what comes in, why each axis is as long as it is, and what comes out."""
        first, more = (tr("keeps"), tr("and")) if self.keeps else (tr("in"), tr(form.more))
        if self.flattened is not None and not self.keeps:
            product = f"{form.times.join(map(str, self.flattened.shape))} = {self.applied.xs[0][0]}"
            yield first, f"{form.formula(product)}, {tr('flattened from {value}', value=self.flattened.told(form))}"
            yield "", self.why_flattened
        else:
            read, asked = self._read
            for at, came in enumerate(self.applied.came):
                yield tr(asked) if at >= read else more if at else first, came.told(form)
        if self.keeps:
            return
        for rule in self.rules:
            steps = form.formula(" = ".join(rule.rule.steps(latex=form.latex)))
            yield rule.said, f"{steps}{tr(', ')}{rule.rule.words}" if rule.rule.words else steps
        for note in self.notes:
            yield "", form.plain(note)
        yield tr("out"), ", ".join(map(form.shape, self.applied.outputs))


def explain(applied: Occurrence, places: Places) -> Explanation:
    """What there is to say of an application."""
    layer = applied.target
    declared = applied.origins[0]
    written = places.layer(declared, layer.word)
    line, column = written.position if written is not None else (declared.line, declared.column)
    rules: tuple[AxisRule, ...] = ()
    tensors: tuple[Tensor, ...] = ()
    if isinstance(layer, Layer):
        x = plain(applied.xs[0]) if applied.xs else ()
        does = layer.does(x)
        rules, tensors = layer.formula(x), layer.tensors(x)
    else:
        does = tr(first_paragraph(layer))
        rules = layer.formula(tuple(map(plain, applied.xs)), plain(applied.outputs[0]))
    return Explanation(
        applied,
        applied.path or layer.word,
        written.text if written is not None else _spelled(applied),
        does,
        f"{places.name(declared.file)}:{line}:{column}",
        grouped(rules),
        tuple(note for rule in rules for note in rule.notes),
        quantities(applied, rules, written),
        _held(tensors),
        _macs(applied),
        _changes(applied),
    )


def _spelled(applied: Occurrence) -> str:
    if not isinstance(applied.target, Layer):
        return applied.target.word
    words = applied.target.words(plain(applied.xs[0]) if applied.xs else ())
    return f"{applied.target.word} {words}".strip()


def grouped(rules: tuple[AxisRule, ...]) -> tuple[Rule, ...]:
    """The rules, those of axes that are worked out with the same numbers in one."""
    groups: dict[Any, list[AxisRule]] = {}
    for rule in rules:
        groups.setdefault((rule.steps(), rule.words), []).append(rule)
    return tuple(Rule(tuple(rule.axis for rule in group), group[0]) for group in groups.values())


def _held(tensors: tuple[Tensor, ...]) -> Term | None:
    """The number of parameters as a sum of products of sizes."""
    return _sum(tuple(tensor.shape for tensor in tensors if tensor.learned))


def _macs(applied: Occurrence) -> Term | None:
    if not applied.xs:
        return None
    xs, y = tuple(map(plain, applied.xs)), plain(applied.outputs[0])
    layer = applied.target
    return _sum(layer.products(xs[0], y) if isinstance(layer, Layer) else layer.products(xs, y))


def _sum(products: Products) -> Term | None:
    """Products of sizes, added up; None where there are none, and where a size is left open."""
    if not products or any(is_open(factor) for factors in products for factor in factors):
        return None
    items = tuple((1, _product(factors)) for factors in products)
    return items[0][1] if len(items) == 1 else Sum(items)


def _product(dims: tuple[Dim, ...]) -> Term:
    if len(dims) < 2:  # a single number has no axes
        return Constant(value_of(product(dims)))
    return Product(tuple(Constant(value_of(dim)) for dim in dims), wide=True)


def _changes(applied: Occurrence) -> tuple[Change, ...]:
    """What comes out with other values, by the layer's own size rule; only what makes a difference."""
    layer = applied.target
    if not isinstance(layer, Layer) or not applied.xs:
        return ()
    x = plain(applied.xs[0])
    now = layer.output(x)
    changes: dict[str, Change] = {}
    for name, value in layer.variations(x):
        words = f"{tr(name)} {literal(value)}"
        try:
            other = type(layer)(**{**layer.model_dump(), name: value})
            y = other.output(x)
        except SizeError as problem:
            changes[words] = Change(words, tr("refused: {reason}", reason=problem.message), fits=False)
        except (ValidationError, SizeIsOpen):
            continue
        else:
            if y != now:
                changes[words] = Change(words, ", ".join([show(y), *_costs(other, x, y)]), fits=True)
    return tuple(changes.values())


def _costs(layer: Layer, x: Shape, y: Shape) -> tuple[str, ...]:
    """How many numbers a layer with multiply-accumulates learns, and how many of those it takes, in words."""
    macs = layer.macs(x, plain(y))
    if is_open(macs) or not macs:
        return ()
    learned = sum(tensor.size for tensor in layer.tensors(x) if tensor.learned)
    return (
        trn("{count:,} parameter", "{count:,} parameters", learned),
        trn("{count:,} MAC", "{count:,} MACs", macs),
    )


def told(program: Program, network: Module, name: str, trees: Trees) -> str | None:
    """The value of a parameter of the network, or of a constant, and where it came from; None for another name."""
    parameter = next((each for each in network.parameters if each.name == name), None)
    if parameter is not None:
        value, is_given = literal(parameter.value), name in program.settings
        if isinstance(parameter.value, str) and parameter.default is None and not is_given:
            value = parameter.value  # the word of a layer
        came = ""
        if is_given:
            came = f"  {tr('it was given this value from outside')}\n"
        elif parameter.default is not None and literal(parameter.default) == value:
            came = f"  {tr('it is the default')}\n"
        return f"{name} = {value}   {tr('a parameter of {network}', network=network.name)}\n{came}"
    for item in program.definitions:
        if isinstance(item, FileConstant) and item.name == name and item.key in program.constants:
            head = f"{name} = {literal(program.constants[item.key])}"
            found = next(_constants(trees(item.file), name), None)
            if found is None:
                return f"{head}\n"
            text, position = " ".join(found.value.span.text.split()), found.span.position
            place = f"{found.span.source.name}:{position.line}:{position.column}"
            return f"{head}   {place}\n" + ("" if head.endswith(f"= {text}") else f"  = {text}\n")
    return None


def _constants(file: tree.File | None, name: str) -> Iterator[tree.Constant]:
    for item in file.items if file is not None else ():
        if isinstance(item, tree.Constant) and item.name.text == name:
            yield item
