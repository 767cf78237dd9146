"""A checked program -> its sizes worked out anew: the shape pass by itself.

Elaboration knows all sizes already.  This pass takes a checked program, for instance one read back from
JSON, and derives every size again with the layers' own rules, for the inputs that it declares or for
others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from cnndsl.diagnostics import OptionError
from cnndsl.ir.interpreter import Application, Frame, Interpreter
from cnndsl.ir.program import Call, Child, Leaf, Module, OpenSize, Plain, Program, Step, Use, outside_shapes
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import Dim, Shape, SizeError, plain, show
from cnndsl.layers.operations import Learned, Operation
from cnndsl.layers.types import LARGEST
from cnndsl.symbolic.expr import RELATIONS, parse_expr
from cnndsl.symbolic.number import Traced, is_open, key_of, value_of


def infer(program: Program, inputs: Mapping[str, Sequence[Sequence[Dim]]] | None = None) -> Program:
    """The program with every size derived anew by the layers' rules.

    `inputs` gives networks other input shapes than they declare, one for each input, each channels first
    and without the batch: `{"Net": [(3, 64, 64)]}`. The structure and the parameters of the layers stay
    as they are; what a layer derives from its input, such as the number of features, follows the input. A number that
    was computed from channels stays as it is too, and forgets how, where these are other ones now. Such a program is
    not what its text says any more: it has no definitions, and no module is generated from it.

    Raises SizeError, its message beginning with the layer's path and place, where something does not fit,
    and KeyError for a network that the program does not have.
    """
    wanted = dict(inputs or {})
    for name in wanted:
        program.network(name)  # raises where there is none
    shapes = _Shapes(program)
    networks = []
    definitions = program.definitions
    for key in program.networks:
        module = program.modules[key]
        given = wanted.get(module.name)
        if given is not None and len(given) != len(module.inputs):
            message = f"{module.name} has {len(module.inputs)} inputs, and {len(given)} shapes are given"
            raise SizeError(message, "give one shape for each input")
        new = module.input_shapes if given is None else tuple(tuple(shape) for shape in given)
        if [tuple(map(key_of, shape)) for shape in new] != [tuple(map(key_of, shape)) for shape in module.input_shapes]:
            definitions = ()
        networks.append(shapes.module(module, new, module.name, frozenset()).id)
    update = {"networks": tuple(networks), "definitions": definitions, "modules": shapes.done}
    return program.model_copy(update=update)


class OpenSizeError(OptionError):
    """Open sizes cannot be what was asked for. The message says why, and what they can be."""

    def __init__(self, message: str) -> None:
        super().__init__("sizes", message)


def with_sizes(program: Program, network: str | None, sizes: Mapping[str, int]) -> Program:
    """The program with one of its networks alone, whose open sizes are the given ones: `{"H": 256, "W": 256}`.

    Others stay open. Raises OpenSizeError for a name that no open size has, and for sizes that do not fit; KeyError
    for a network that the program does not have.
    """
    module = program.network(network)
    symbols = [str(dim) for shape in module.input_shapes for dim in shape if is_open(dim)]
    for name, size in sizes.items():
        if name not in symbols:
            has = f"it has {', '.join(symbols)}" if symbols else "it has none: sizes are left open with ?"
            raise OpenSizeError(f"{module.name} has no open size {name}; {has}")
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= LARGEST:
            raise OpenSizeError(f"{name} is a whole number from 1 to {LARGEST:,}, and not {size!r}")
    told = ", ".join(f"{name} = {size:,}" for name, size in sizes.items())
    for rule in module.open:
        _check_rule(module, rule, sizes, told)
    inputs = tuple(tuple(sizes.get(str(dim), dim) for dim in shape) for shape in module.input_shapes)
    only = program.model_copy(update={"networks": (module.id,)})
    try:
        known = infer(only, {module.name: inputs})
    except SizeError as problem:
        rules = "; ".join(rule.words for rule in module.open)
        raise OpenSizeError(f"{module.name} cannot take {told}: {problem.message} ({rules})") from None
    (key,) = known.networks
    left = tuple(rule for rule in module.open if rule.symbol not in sizes)
    made = known.modules[key].model_copy(update={"open": left})
    return known.model_copy(update={"modules": known.modules | {key: made}})


def _check_rule(module: Module, rule: OpenSize, sizes: Mapping[str, int], told: str) -> None:
    """Raise OpenSizeError where sizes are not what the structure of a network was worked out for."""
    size = sizes.get(rule.symbol)
    if size is not None and rule.minimum is not None:
        step = rule.multiple or 1
        over = (size - rule.rest) % step
        if size < rule.minimum or over:
            near = [n for n in (size - over, size - over + step) if n >= rule.minimum] if over else []
            fits = " or ".join(f"{n:,}" for n in near or [rule.minimum])
            message = f"{module.name} cannot take {rule.symbol} = {size:,}: {rule.words}; {fits} would fit"
            raise OpenSizeError(message)
    for relation in rule.relations:
        left, sign, right = re.split(r" ([<>!]?=|[<>]) ", relation)
        sides = parse_expr(left), parse_expr(right)
        names = sorted({symbol.name for side in sides for symbol in side.symbols()})
        missing = [name for name in names if name not in sizes]
        if missing and len(missing) < len(names):
            raise OpenSizeError(f"{relation} is asked for in {module.name}: give {' and '.join(missing)} as well")
        known = [side.substitute(sizes).constant for side in sides]
        if None not in known and not RELATIONS["==" if sign == "=" else sign](*known):
            raise OpenSizeError(f"{module.name} cannot take {told}: {relation} is asked for")


Names = frozenset[str]


class _Shapes:
    """Derives each module once for each set of input shapes."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._known: dict[Any, Module] = {}
        self._counts: dict[str, int] = {}
        self._builds: dict[str, Any] = {}
        self.done: dict[str, Module] = {}

    def module(self, module: Module, inputs: tuple[Shape, ...], path: str, outdated: Names) -> Module:
        """The module with its sizes for these inputs, as a body sees it in which some names are `outdated`."""
        if module.kind != "chain":
            inputs, outdated = _inside(module, inputs)
        key = (module.id, outdated, tuple(tuple(map(key_of, shape)) for shape in inputs))
        if key not in self._known:
            frame = Frame(_without(module, outdated) if outdated else module, path)
            derived = _Derivation(self, frame, outdated).module(self._id(module.id), inputs)
            self._known[key] = self.done[derived.id] = derived
        return self._known[key]

    def build(self, key: str) -> Any:
        """What a derived module is made of, whatever the sizes that flow through it."""
        if key not in self._builds:
            units = ((child.name, child.unit) for child in self.done[key].children)
            self._builds[key] = tuple(
                (name, self.build(unit.module) if isinstance(unit, Use) else unit.built()) for name, unit in units
            )
        return self._builds[key]

    def _id(self, name: str) -> str:
        count = self._counts[name] = self._counts.get(name, 0) + 1
        return name if count == 1 else f"{name}~{count}"


class _Derivation(Interpreter[Shape]):
    """Derives one module, for one set of input shapes."""

    def __init__(self, shapes: _Shapes, frame: Frame, outdated: Names) -> None:
        super().__init__(shapes.program)
        self._shapes, self._frame, self._outdated = shapes, frame, outdated
        self._built: dict[str, Leaf | Use] = {}
        self._called: dict[int, Step] = {}
        """The steps that call a module, by their numbers, with its new form."""

    def module(self, key: str, inputs: tuple[Shape, ...]) -> Module:
        """The module with its new sizes, called `key`."""
        module = self._frame.module
        values = self.run(self._frame, inputs)
        built = ((child, self._built.get(child.name) or self._kept(child)) for child in module.children)
        return module.model_copy(
            update={
                "id": key,
                "children": tuple(replace(child, unit=unit) for child, unit in built),
                "steps": tuple(self._called.get(index, step) for index, step in enumerate(module.steps)),
                "values": tuple(values.get(index, ()) for index in range(len(module.values))),
            }
        )

    def _kept(self, child: Child) -> Leaf | Use:
        """A part that nothing goes through, as of a chain of which some layers are taken: it stays as it is."""
        if not isinstance(child.unit, Use):
            return child.unit
        inner = self._shapes.program.modules[child.unit.module]
        made = self._shapes.module(inner, inner.input_shapes, self._frame.path_of(child.name), frozenset())
        return replace(child.unit, module=made.id)

    def call_layer(self, at: Application, layer: Layer, inputs: Sequence[Shape]) -> tuple[Shape, ...]:
        x, others = inputs[0] if inputs else (), tuple(inputs[1:])
        made = at.leaf or at.step.action
        assert isinstance(made, Leaf | Plain)  # noqa: S101 - what else applies a layer
        if others:
            made = replace(made, layer=layer.beside(tuple(map(plain, others))))
        with _placed(at):
            ys = _outputs(made, x)
        if isinstance(made, Leaf):
            before = self._built.setdefault(at.name, replace(made, x=x))
            if isinstance(before, Leaf) and (before.x != x or others) and before.built() != made.built(x):
                raise _other_build(at, before.x, x)
        return ys

    def combine(self, at: Application, operation: Operation, inputs: Sequence[Shape]) -> Sequence[Shape]:
        with _placed(at):
            return operation.outputs_of(tuple(inputs), at.frame.module.lacks_batch(at.step.inputs))

    def call_module(self, at: Application, module: Module, inputs: Sequence[Shape]) -> Sequence[Shape]:
        unit, action, xs = at.part and at.part.unit, at.step.action, tuple(inputs)
        assert isinstance(unit, Use) and isinstance(action, Call)  # noqa: S101, PT018 - what else is a module
        derived = self._shapes.module(module, xs, at.path, self._outdated)
        use = replace(unit, module=derived.id, xs=xs)
        before = self._built.setdefault(at.name, use)
        if isinstance(before, Use) and self._shapes.build(before.module) != self._shapes.build(derived.id):
            raise _other_build(at, before.xs[0], xs[0])
        self._called[at.index] = replace(at.step, action=replace(action, module=derived.id))
        return derived.output_shapes if derived.kind == "chain" else outside_shapes(derived, use.arguments, xs)


def _place(at: Application) -> str:
    origin = at.step.origin
    return f"{at.path or at.frame.path}, {origin.file}:{origin.line}:{origin.column}"


@contextmanager
def _placed(at: Application) -> Iterator[None]:
    try:
        yield
    except SizeError as problem:
        raise SizeError(f"{_place(at)}: {problem.message}", *problem.help, code=problem.code) from None


def _outputs(applied: Leaf | Plain, x: Shape) -> tuple[Shape, ...]:
    """What a layer gives, its counts of channels and features with their names."""
    layer = applied.layer
    is_said = isinstance(layer, Learned)  # a tensor, whose size is what it is given
    counts = {name: value for name, value in applied.traced.items() if is_said or layer.role(name) == "count"}
    return (layer.having(counts) if counts else layer).outputs(x)


def _inside(module: Module, inputs: tuple[Shape, ...]) -> tuple[tuple[Shape, ...], Names]:
    """What comes into a definition as its inside sees it, and the names in it that stand for other numbers now."""
    shapes: list[Shape] = []
    outdated: set[str] = set()
    for new, old in zip(inputs, module.input_shapes, strict=True):
        shape = plain(new)
        named = old[0] if old else None
        if isinstance(named, Traced) and not named.is_open:
            if shape[:1] == (named.value,):
                shape = (named, *shape[1:])
            else:
                outdated |= {symbol.name for symbol in named.expr.symbols()}
        shapes.append(shape)
    return tuple(shapes), frozenset(outdated)


def _without(module: Module, names: Names) -> Module:
    """The module without what is said with some names: its numbers and its structure as they are, and no more why."""
    children = tuple(_child_without(child, names) for child in module.children)
    steps = []
    for step in module.steps:
        action = step.action
        if isinstance(action, Plain):
            action = replace(action, traced=_said_without(action.traced, names))
        steps.append(replace(step, action=action))
    return module.model_copy(update={"children": children, "steps": tuple(steps)})


def _child_without(child: Child, names: Names) -> Child:
    unit = child.unit
    if isinstance(unit, Leaf):
        unit = replace(unit, traced=_said_without(unit.traced, names))
    else:
        numbers = {k: value_of(v) if _uses(v, names) else v for k, v in unit.arguments.items()}
        unit = replace(unit, arguments=numbers)
    return replace(child, unit=unit)


def _said_without(traced: Mapping[str, Any], names: Names) -> dict[str, Any]:
    return {name: value for name, value in traced.items() if not _uses(value, names)}


def _uses(value: Any, names: Names) -> bool:
    if isinstance(value, tuple):
        return any(_uses(item, names) for item in value)
    return isinstance(value, Traced) and any(symbol.name in names for symbol in value.expr.symbols())


def _other_build(at: Application, before: Shape, now: Shape) -> SizeError:
    message = f"{_place(at)}: built for an input of {show(before)}, and {show(now)} comes in"
    return SizeError(message, "a shared layer has one set of weights", code="E308")
