"""The checked program: what elaboration gives and every backend takes.

All names are resolved, all arguments validated, all sizes known.  Blocks stay blocks: a `Module` is
one definition elaborated for one set of arguments and input sizes, and is listed once however often
it is used.  A program goes to JSON and back (`model_dump_json`, `model_validate_json`) without loss.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Annotated, Any, Literal, NamedTuple, cast

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, Strict, StrictBool, StrictStr
from pydantic_core import CoreSchema
from typing_extensions import TypeAliasType

from cnndsl.diagnostics import OptionError
from cnndsl.ir.nodes import Item
from cnndsl.ir.record import Record, as_it_is, record
from cnndsl.ir.unions import ByKind
from cnndsl.layers.base import Layer
from cnndsl.layers.extern import Extern, Placeholder
from cnndsl.layers.formula import Dim, Shape
from cnndsl.layers.initialisers import Initialiser
from cnndsl.layers.operations import Fixed, Learned, Operation
from cnndsl.layers.registry import KINDS, OPERATIONS
from cnndsl.symbolic.number import Traced, value_of

Target = Literal["training", "inference"]


class Origin(NamedTuple):
    """Where in the text something was written; lines and columns count from 1."""

    file: str
    line: int
    column: int

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return as_it_is(source, handler(source))


class Model(BaseModel):
    """The base of all that a program consists of: frozen, and validated when it is made."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, ser_json_inf_nan="constants")


def _layers() -> Mapping[str, type[Layer]]:
    others: dict[str, type[Layer]] = {layer.kind: layer for layer in (Learned, Fixed, Extern, Placeholder)}
    return ChainMap(others, cast("MutableMapping[str, type[Layer]]", KINDS))


AnyLayer = Annotated[Layer, ByKind(Layer, _layers, "layer")]


def _operations() -> Mapping[str, type[Operation]]:
    from cnndsl.layers.arrangement import Index  # of a family that is imported when it is used

    return ChainMap({Index.kind: Index}, cast("MutableMapping[str, type[Operation]]", OPERATIONS))


AnyOperation = Annotated[Operation, ByKind(Operation, _operations, "operation")]

Real = Annotated[float, Strict()]
Whole = Annotated[int, Strict()]
Value = TypeAliasType(
    "Value",
    Annotated["Traced | StrictBool | Whole | Real | StrictStr | list[Value]", Field(union_mode="left_to_right")],
)
"""What a parameter of a definition is given."""
TracedValues = dict[str, Annotated[Traced | tuple[Traced | Whole | Real, ...], Field(union_mode="left_to_right")]]
Numbers = TypeAliasType("Numbers", "Whole | Real | tuple[Numbers, ...]")
"""A number, or nested tuples of them; JSON knows them as lists."""


class Weights(Model):
    """Numbers that a layer is given, as nested tuples; a shape with leading axes missing is repeated over them."""

    weight: Numbers | None = None
    bias: Numbers | None = None
    trainable: bool = False


def nested_shape(numbers: Any) -> tuple[int, ...]:
    """The shape of nested tuples of numbers."""
    return (len(numbers), *nested_shape(numbers[0])) if isinstance(numbers, tuple) else ()


@record
class Leaf(Record):
    """A layer that is a module of its own, built for the input shape `x`.

    `traced` has, for parameters that were computed from names, the number with its expression; `init`
    how its tensors begin, where the layer itself says so; `overwrites` whether it writes over what comes in,
    which nobody reads again.
    A learned tensor that is no layer's is a leaf too: its kind is `parameter`, and `x` is empty.
    """

    what: Literal["leaf"] = "leaf"
    layer: AnyLayer
    x: Shape
    traced: TracedValues = Field(default_factory=dict)
    weights: Weights | None = None
    init: dict[str, Initialiser] = Field(default_factory=dict)
    overwrites: bool = False

    def built(self, x: Shape | None = None) -> Any:
        """What the layer is once it is constructed, for an input of the size `x`, or for its own: to be compared."""
        x = self.x if x is None else x
        return type(self.layer), self.layer.beside(()), self.layer.torch(x), self.layer.tensors(x)


@record
class Use(Record):
    """A module used as a part of another: `module` built for the input shapes `xs` as the user sees them."""

    what: Literal["use"] = "use"
    module: str
    xs: tuple[Shape, ...]
    arguments: dict[str, Value] = Field(default_factory=dict)


@record
class Child(Record):
    """A named part of a module: an attribute of the class, registered in this order.

    `in_chain` says of a part `features.0` that it is a layer of a chain, `nn.Sequential`, whose layers the body applies
    one by one.
    """

    name: str
    unit: Annotated[Leaf | Use, Field(discriminator="what")]
    origin: Origin
    in_chain: bool = False


@record
class Call(Record):
    """Apply the child called `child`.

    `module` is the elaboration of a composed child for the sizes of this call; it differs from the
    child's own where a shared part is used on another size.
    """

    what: Literal["call"] = "call"
    child: str
    module: str | None = None


@record
class Plain(Record):
    """Apply a layer that leaves no module, as a plain function call.

    `inserted` marks the flatten that the compiler puts before a dense layer; `overwrites` is as for a leaf.
    """

    what: Literal["plain"] = "plain"
    layer: AnyLayer
    traced: TracedValues = Field(default_factory=dict)
    inserted: bool = False
    overwrites: bool = False


@record
class Combine(Record):
    """Combine values: a sum, a concatenation, a split."""

    what: Literal["combine"] = "combine"
    operation: AnyOperation


@record
class Step(Record):
    """One application: values in, values out, by their index in the module's `values`."""

    action: Annotated[Call | Plain | Combine, Field(discriminator="what")]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    origin: Origin
    training: bool = False
    """Whether the step is taken in training only."""

    @property
    def read(self) -> tuple[int, ...]:
        """The inputs whose numbers are used; of the others, if there are any, only the size is."""
        return self.inputs[: self.action.operation.reads] if isinstance(self.action, Combine) else self.inputs


class Output(Model):
    """One output: a value, and its name where several are returned by name.

    `training` marks one that is given in training only.
    """

    value: int
    name: str | None = None
    training: bool = False


class InitRule(Model):
    """How a tensor of all layers of a kind begins."""

    kind: str
    tensor: Literal["weight", "bias"]
    initialiser: Initialiser


class OpenSize(Model):
    """What an open size of a network's input must be: at least `minimum`, and `multiple` times a number plus `rest`.

    `minimum` is None where no size up to the greatest tried fits; `multiple` None where there is no such pattern.
    `reasons` are the places that ask for it. `relations` say what it must be beside sizes declared before it: "W = H".
    """

    symbol: str
    minimum: int | None
    multiple: int | None
    rest: int = 0
    reasons: tuple[Origin, ...] = ()
    relations: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What it must be, in words: "H is a multiple of 16, at least 32", "W is at least 5, and W = H", "H2 = H"."""
        of_itself = () if self.relations and self.minimum == self.multiple == 1 else (self._of_itself,)
        return ", and ".join((*of_itself, *self.relations))

    @property
    def _of_itself(self) -> str:
        if self.minimum is None:
            return f"no {self.symbol} that was tried fits"
        if self.multiple is None:
            return f"{self.symbol} is at least {self.minimum}, and not every size fits"
        if self.multiple == 1:
            return f"{self.symbol} is at least {self.minimum}" if self.minimum > 1 else f"{self.symbol} is any size"
        rest = f" plus {self.rest}" if self.rest else ""
        least = f", at least {self.minimum}" if self.minimum > self.multiple else ""
        return f"{self.symbol} is a multiple of {self.multiple}{rest}{least}"


class Parameter(Model):
    """A parameter of the definition, with the argument that this elaboration was made for.

    `default` is the definition's own, where that is a constant.
    """

    name: str
    value: Value
    default: Value | None = None


class Module(Model):
    """A network, block, sequence or composed layer, elaborated for one set of arguments and sizes.

    `values` are the shapes of everything that flows, one sample's, the batch left out; the first
    `len(inputs)` of them are what comes in.  `steps` are in the order of execution.
    """

    id: str
    kind: Literal["network", "block", "sequence", "chain"]
    name: str
    """The name of the definition; a chain has none."""
    parameters: tuple[Parameter, ...] = ()
    inputs: tuple[str, ...]
    """The names of the inputs: values 0, 1, ..."""
    children: tuple[Child, ...]
    steps: tuple[Step, ...]
    values: tuple[Shape, ...]
    outputs: tuple[Output, ...]
    names: dict[int, str] = {}
    """What the text calls values."""
    unbatched: tuple[int, ...] = ()
    """The values without a batch axis: learned tensors, and what is made of them alone."""
    init: tuple[InitRule, ...] = ()
    """The rules of a network, in the order of the text; a layer's own word comes before them."""
    open: tuple[OpenSize, ...] = ()
    """The sizes that a network leaves open."""
    origin: Origin

    def lacks_batch(self, values: Iterable[int]) -> tuple[bool, ...]:
        """For each of some values whether it has no batch axis."""
        return tuple(value in self.unbatched for value in values)

    def child(self, name: str) -> Child:
        """The part with this name."""
        return next(child for child in self.children if child.name == name)

    def parts(self) -> Iterator[str]:
        """The ids of the modules that its children are."""
        return (child.unit.module for child in self.children if isinstance(child.unit, Use))

    def used(self) -> Iterator[str]:
        """The ids of the modules that its children are, and of the forms of them that its steps apply."""
        yield from self.parts()
        yield from (step.action.module for step in self.steps if isinstance(step.action, Call) and step.action.module)

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """The shapes of what comes in."""
        return self.values[: len(self.inputs)]

    @property
    def output_shapes(self) -> tuple[Shape, ...]:
        """The shapes of what goes out."""
        return tuple(self.values[output.value] for output in self.outputs)

    def shapes_out(self, *, training: bool) -> tuple[Shape, ...]:
        """The shapes of what goes out in evaluation, or of what goes out in training only."""
        return tuple(self.values[output.value] for output in self.outputs if output.training is training)


class Program(Model):
    """Everything that a text describes."""

    format: Literal[1] = 1
    """The version of the JSON form; it grows when a reader of the old form would misread the new one."""
    source: str
    """The name of the source text."""
    networks: tuple[str, ...]
    """The ids of the networks, in the order of the text."""
    definitions: tuple[Item, ...] = ()
    """What the text says: its definitions, constants and variants, and those of the files that it imports.

    A program whose sizes were worked out for another input than that of its text has none.
    """
    modules: dict[str, Module]
    settings: dict[str, Value] = {}
    """The values that network parameters were given from outside the text."""
    constants: dict[str, Value] = {}
    """What the constants of the files are worth, by their keys, where that is a number, a text or a list of such."""
    target: Target = "training"
    """What the network is for: to be trained, or to serve with weights that are trained already."""

    def network(self, name: str | None = None) -> Module:
        """The network called `name`; without a name, the last one of the text.

        Raises UnknownNetwork, a KeyError, when there is none.
        """
        for key in reversed(self.networks):
            if name is None or self.modules[key].name == name:
                return self.modules[key]
        raise UnknownNetwork(self, name)

    def externs(self) -> Iterator[Extern]:
        """The layers whose classes are taken from elsewhere, each as often as it is used."""
        units = (child.unit for module in self.modules.values() for child in module.children)
        return (unit.layer for unit in units if isinstance(unit, Leaf) and isinstance(unit.layer, Extern))


def outside_shapes(module: Module, arguments: Mapping[str, Any], xs: Iterable[Shape]) -> tuple[Shape, ...]:
    """The sizes that a module gives, in the names of the body that uses it.

    `arguments` and `xs` are what it is given, in these names.
    """
    known: dict[str, Any] = {parameter.name: parameter.value for parameter in module.parameters}
    known.update(arguments)
    for name, inner, outer in zip(module.inputs, module.input_shapes, xs, strict=True):
        if inner and isinstance(inner[0], Traced) and not inner[0].is_open:
            known[str(inner[0].expr)] = outer[0]
        elif outer:
            known.setdefault(f"{name}_channels", outer[0])
    numbers = {name: value for name, value in known.items() if isinstance(value_of(value), (int, float))}

    def seen(dim: Dim) -> Dim:
        if not isinstance(dim, Traced):
            return dim
        expr = dim.expr.substitute(numbers)
        return value_of(dim) if expr.constant is not None and not expr.factors else Traced(dim.value, expr)

    return tuple(tuple(map(seen, shape)) for shape in module.output_shapes)


class UnknownNetwork(OptionError, KeyError):  # noqa: N818 - what happened, as for other names that nothing has
    """A program has no network of this name. The message says which it has."""

    def __init__(self, program: Program, name: str | None) -> None:
        names = [program.modules[key].name for key in program.networks]
        has = f"it has {', '.join(names)}" if names else "it has none"
        words = f"{program.source} has no network {name}; {has}" if name else f"{program.source}: {has}"
        super().__init__("network", words)


def inner_first(
    program: Program, roots: Iterable[str], inside: Callable[[Module], Iterable[str]] = Module.parts
) -> list[Module]:
    """The modules `roots` and all that they are made of, each after the ones inside it; at any depth.

    `inside` gives the ids of what a module is made of, in an order that is kept.
    """
    done: dict[str, None] = {}
    waiting = [(key, False) for key in reversed(list(roots))]
    while waiting:
        key, ready = waiting.pop()
        if key in done:
            continue
        if ready:
            done[key] = None
            continue
        waiting.append((key, True))
        waiting.extend((inner, False) for inner in reversed(list(inside(program.modules[key]))))
    return [program.modules[key] for key in done]
