"""What layers and operations are: models of their parameters; and what running a layer takes in memory."""

from collections.abc import Mapping
from enum import Enum
from functools import cache, reduce
from inspect import cleandoc
from operator import mul
from typing import Any, ClassVar, Literal, Self, TypeVar, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    TypeAdapter,
)
from pydantic_core import CoreSchema, ValidationError, core_schema
from pydantic_core.core_schema import ValidatorFunctionWrapHandler

from cnndsl.frozen import frozen
from cnndsl.i18n import tr
from cnndsl.layers.formula import AxisRule, Dim, KnownShape, Shape, SizeError, show
from cnndsl.layers.reach import Reaches, unknown
from cnndsl.layers.types import Parameter, in_our_words, role, takes
from cnndsl.symbolic.number import SizeIsOpen, is_open


@frozen()
class Extra:
    """Numbers that are neither a layer's input nor its output.

    numbers: how many for each sample, of the type that the network is run in.
    indices: how many whole numbers of 64 bits for each sample.
    shared: how many for the whole batch together, such as the mean of each channel over the batch.
    """

    numbers: int = 0
    indices: int = 0
    shared: int = 0

    def bytes(self, batch: int, width: int) -> int:
        """What they take for a batch, with numbers of `width` bytes."""
        return (self.numbers * width + self.indices * 8) * batch + self.shared * width


NOTHING = Extra()


@frozen()
class Kept:
    """What is kept until the backward pass: of the inputs those with these numbers, the output, and more.

    turned: whether the first input is kept with the batch second: a copy, or itself where its numbers lie so already.
    contiguous: whether the first input is kept with its numbers in order: a copy, or itself where they lie so already.
    """

    inputs: tuple[int, ...] = ()
    output: bool = False
    extra: Extra = NOTHING
    turned: bool = False
    contiguous: bool = False


class Group(Enum):
    """The kinds of layers as a diagram colours them."""

    CONVOLUTION = "convolution"
    POOLING = "pooling"
    NORMALISATION = "normalisation"
    DROPOUT = "dropout"
    ACTIVATION = "activation"
    SHAPE = "shape"
    DENSE = "dense"
    SEQUENCE = "sequence"
    BLOCK = "block"
    """A class from elsewhere: it has an inside of its own, as a block has."""


@frozen()
class Tensor:
    """A tensor that a module holds: the name of the attribute and the shape.

    `learned` is false for buffers such as running statistics, of which those that are not `persistent` are not in
    `state_dict()`.  Raises SizeIsOpen for a size that is left open:
    what a module holds is fixed when it is built.
    """

    name: str
    shape: tuple[int, ...]
    learned: bool = True
    persistent: bool = True

    def __post_init__(self) -> None:
        if any(is_open(dim) for dim in self.shape):
            raise SizeIsOpen

    @property
    def size(self) -> int:
        """How many numbers it has."""
        total = 1
        for dim in self.shape:
            total *= dim
        return total


Products = tuple[tuple[Dim, ...], ...]
"""How many multiply-accumulates there are: products of sizes, which are added up."""


def sum_of(products: Products) -> int:
    """The number that the products give together; nothing where there are none."""
    return cast("int", sum(reduce(mul, factors) for factors in products))


_NO_DEFAULT: Any = object()


class Code(str):
    """A piece of Python that stands in generated source as it is: `self.training`.  Never a user's text."""

    __slots__ = ()


@frozen()
class Argument:
    """One argument of a PyTorch constructor, with the default at which it is left out."""

    name: str
    value: Any
    default: Any = _NO_DEFAULT

    @property
    def required(self) -> bool:
        """Whether it is always written."""
        return self.default is _NO_DEFAULT


@frozen()
class Spelling:
    """How PyTorch writes a layer: `nn.Conv2d` with arguments in the constructor's order.

    Arguments without a default come first and are written by position; the others by name, as all are that a class of
    another package takes.
    A call that is no plain call, such as a slice, has a `template` instead of a target: `{x}` stands for
    the value, or `{v0}`, `{v1}`, ... for several, `{name}` for an argument.
    """

    target: str
    arguments: tuple[Argument, ...] = ()
    template: str | None = None
    around: str = ""
    """A function that what is constructed is given to: "nn.utils.parametrizations.weight_norm"."""
    package: str = ""
    """The module that the target is imported from, where it is neither PyTorch's nor a helper."""


class Parameterised(BaseModel):
    """The base of layers and operations. Its fields are the parameters, in the order of their positions: they become
    the arguments of a class or function of PyTorch.

    In JSON the `kind` stands beside them. Raises pydantic.ValidationError for parameters that do not fit, with our
    words: what each must be continues its name.
    """

    # What holds for a class, as a `kind` does, is no field, and has no annotation: Pydantic would look at a `ClassVar`
    # again in each of some hundred classes below.
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        defer_build=True,
        ser_json_inf_nan="constants",
        ignored_types=(str, bool, tuple, dict, Enum),
    )

    kind = ""
    """The word of the language."""
    example = ""
    """A use in a network that compiles, for the reference page."""
    along = False
    """Whether a class may be given its `axis`: the other axes keep their sizes, and PyTorch is told the axis alone."""

    torch_names: ClassVar[dict[str, str]] = {}
    """PyTorch's names of the parameters that have a shorter one here."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # Pydantic's decorators for the two would be bound anew for each of some hundred classes.
        return core_schema.no_info_wrap_validator_function(
            cls._in_our_words,
            handler(source),
            ref=f"{cls.__module__}.{cls.__qualname__}:{id(cls)}-in-our-words",
            serialization=core_schema.wrap_serializer_function_ser_schema(cls._with_kind),
        )

    @classmethod
    def _in_our_words(cls, given: Any, handler: ValidatorFunctionWrapHandler) -> Self:
        if isinstance(given, dict) and given.get("kind") == getattr(cls, "kind", ""):
            given = {name: value for name, value in given.items() if name != "kind"}
        try:
            made: Self = handler(given)
        except ValidationError as problem:
            raise in_our_words(cls, problem) from None
        return made

    def _with_kind(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {"kind": self.kind, **handler(self)}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        found = handler.resolve_ref_schema(handler(schema))
        if "kind" in vars(cls):
            found["properties"] = {"kind": {"const": cls.kind, "type": "string"}, **found.get("properties", {})}
            found["required"] = ["kind", *found.get("required", ())]
        return found

    @property
    def word(self) -> str:
        """What people call it: the word of the language, or the name of a class from elsewhere."""
        return self.kind

    def non_default(self) -> dict[str, Any]:
        """The parameters that have other values than their defaults."""
        return {
            name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if field.is_required() or getattr(self, name) != field.default
        }

    def having(self, values: Mapping[str, Any]) -> Self:
        """The same with other values of its parameters, unchecked; they may be traced."""
        return self.model_copy(update=dict(values))

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """The parameters, in the order in which they may be given by position."""
        return tuple(
            Parameter(
                name,
                takes(field),
                field.description or "",
                field.is_required(),
                None if field.is_required() else field.default,
                role(field),
            )
            for name, field in cls.model_fields.items()
        )

    def arguments(self, *names: str) -> tuple[Argument, ...]:
        """The parameters `names`, or all of them, as arguments with PyTorch's names."""
        fields = type(self).model_fields
        return tuple(
            Argument(long, getattr(self, name))
            if fields[name].is_required()
            else Argument(long, getattr(self, name), fields[name].default)
            for name in names or fields
            for long in (self.torch_names.get(name, name),)
        )


def first_paragraph(kind: object) -> str:
    """The first paragraph of what the class of a layer or an operation says."""
    return " ".join(cleandoc(kind.__doc__ or "").split("\n\n")[0].split())


_Kind = TypeVar("_Kind", bound=Parameterised)


def declare(base: type[_Kind], kind: str, says: str, example: str, *, name: str = "", **facts: Any) -> type[_Kind]:
    """A kind that differs from its base in facts alone, as most functions of numbers do.

    kind: its word. says: its docstring. example: a use of it. name: of the class. facts: its other class variables.
    """
    made = {"__module__": base.__module__, "__doc__": says, "kind": kind, "example": example, **facts}
    return cast("type[_Kind]", type(base)(name or kind.title().replace("_", ""), (base,), made))  # type: ignore[misc]


class Layer(Parameterised):
    """The base of every layer kind."""

    group: ClassVar[Group]
    ranks: ClassVar[tuple[int, ...]] = ()
    """How many axes one sample may have: 3 for channels x height x width. Empty: any number."""
    module = ""
    """The class of `torch.nn`, `{r}` being the number of spatial axes; empty where there is none."""
    call = ""
    """The function that does the same, `{r}` as in `module`; empty where there is none, or it depends on the shape."""
    helper = ""
    """What `torch` writes where PyTorch has no class for it, as Python: classes, and functions that these call.

    The generated module gets each once, and only those that it needs.
    """
    takes: ClassVar[tuple[int, ...]] = (1,)
    """To how many values at once it may be applied: see `MultiInput`."""
    calling = ""
    """How the module is called, where that is not `{module}({x})`: `{module}({x})[0]` where it gives several values.

    `{x1}` and `{x2}` are the second and the third of several values that it is applied to, and the first where it is
    applied to one.

    In a chain, which calls its parts plainly, the class `Chained...` of the `helper` stands in its place.
    """
    plain_call = False
    """Whether it is a plain function call, and no module, as an unnamed line of a block or network."""

    pointwise = False
    """Whether each number of the output is made of the one in its place, so that no axis need be the batch."""

    turns = False
    """Whether what comes out in training lies in memory with the batch second."""
    copies = False
    """Whether PyTorch may copy a part of a value, or one that lies in memory in another order: that is not known."""
    keeps_order = False
    """Whether the numbers of what comes out lie in memory as those of what comes in do."""
    is_view = False
    """Whether what comes out is always a view of what comes in."""
    renumbers = False
    """Whether it gives the axes other sizes and leaves the numbers where they are, unless they have to be copied."""
    keeps: ClassVar[Kept | None] = None
    """What PyTorch keeps of every step in training until the backward pass; None where it is not known, see `kept`."""
    takes_wholes = False
    """Whether what comes in is whole numbers, such as the rows of a table."""

    def output(self, x: Shape) -> Shape:
        """The size of what comes out. Raises SizeError where PyTorch would refuse, or nothing would be left."""
        self.check_rank(x)
        self.check(x)
        return self.size_rule(x)

    def check(self, x: Shape) -> None:
        """Raise SizeError unless an input fits that has the right number of axes. By default each does."""

    def outputs(self, x: Shape) -> tuple[Shape, ...]:
        """The sizes of all values that come out: one, except of a class from elsewhere that gives several."""
        return (self.output(x),)

    def size_rule(self, x: Shape) -> Shape:
        """The size of what comes out, as `output` gives it for an input that fits.

        Arithmetic alone: it asks nothing of the numbers and raises nothing, so that it is a formula where these are
        expressions. By default that of what comes in.
        """
        return x

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        """Why each axis of what comes out is as long as it is; empty for a layer that keeps the size."""
        return ()

    def variations(self, x: Shape) -> tuple[tuple[str, Any], ...]:
        """Other values of parameters that would give another size, as a reader may wonder: ("kernel", 3)."""
        return ()

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        """The parameters and buffers, in the order of `state_dict()`."""
        return ()

    def products(self, x: Shape, y: Shape) -> Products:
        """The multiply-accumulates for one sample, as products that are added up, each in the order of reading.

        Only convolutions, dense layers and those on sequences have any.
        """
        return ()

    def macs(self, x: Shape, y: Shape) -> int:
        """Multiply-accumulates for one sample."""
        return sum_of(self.products(x, y))

    def reach(self, x: Shape, y: Shape) -> Reaches:
        """What each position of the output reads of each axis of the input, in evaluation.

        Away from the border; a border that is taken from the map itself counts as one of zeros.
        """
        return unknown(x)

    def reaches(self, xs: tuple[Shape, ...], y: Shape) -> tuple[Reaches, ...]:
        """What each position of the output reads of each value that comes in; see `reach`."""
        return (self.reach(xs[0], y),)

    def shares(self, x: KnownShape, *, training: bool, in_order: bool) -> bool:
        """Whether the output lies where the input does: it is a view of it, or overwrites it.

        `in_order` says whether the numbers of each input sample lie in memory as its axes do.
        """
        return self.is_view

    def in_order(self, x: KnownShape, in_order: bool) -> bool:
        """Whether the numbers of each output sample lie in memory as its axes do; `in_order`: the input's."""
        return in_order or not self.keeps_order

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra | None:
        """What is needed in evaluation while it runs, besides input and output; None where it is not known."""
        return NOTHING

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        """What PyTorch keeps of a step in training until the backward pass: by default `keeps`.

        `gradient` says whether the input wants one, `trained` names the tensors that do. One of them does.
        """
        return self.keeps

    def torch(self, x: Shape) -> Spelling:
        """How `torch.nn` writes the module."""
        return Spelling(f"nn.{self.module_name(len(x) - 1)}", self.spelled(x))

    def function(self, x: Shape) -> Spelling | None:
        """How PyTorch writes it as a call on a value, which comes first and is left out here.

        None for a layer that has something to learn or to keep.
        """
        return Spelling(self.call.format(r=len(x) - 1), self.spelled(x)) if self.call else None

    def of_parameter(self, x: Shape) -> Spelling | None:
        """As `function`, for a value without a batch; None for a layer that takes the first axis for the batch."""
        return self.function(x) if self.pointwise else None

    def spelled(self, x: Shape) -> tuple[Argument, ...]:
        """The arguments of the module and of the call, where these are the same."""
        return self.arguments()

    @property
    def others(self) -> tuple[Shape, ...]:
        """The sizes of the values after the first that it is applied to; see `MultiInput`."""
        return ()

    def beside(self, others: tuple[Shape, ...]) -> Self:
        """The layer as it is applied to several values, of which `others` are the sizes of those after the first."""
        return self

    def flattens(self, x: Shape) -> bool:
        """Whether a feature map of this shape is flattened before it comes in."""
        return False

    @property
    def text(self) -> str:
        """How it could be written: `conv(channels=8, kernel=5)`."""
        listed = ", ".join(f"{name}={value}" for name, value in self.non_default().items())
        return f"{self.kind}({listed})" if listed else self.kind

    @property
    def counted(self) -> bool:
        """Whether it is known how many numbers it learns."""
        return True

    def title(self, x: Shape) -> str:
        """The name of the PyTorch class, for a picture: "Conv2d"."""
        return self.module_name(len(x) - 1)

    def role(self, name: str) -> Literal["count", "free", "fixed"]:
        """What the parameter `name` decides; see `Parameter`."""
        return role(type(self).model_fields[name])

    def does(self, x: Shape) -> str:
        """What it does with such an input, in a sentence or two: by default the first paragraph of its class."""
        return tr(first_paragraph(self))

    def words(self, x: Shape) -> str:
        """The arguments that matter, for people: "8 filters, 5×5, stride 2". Empty where there are none."""
        return ""

    def check_rank(self, x: Shape) -> None:
        """Raise SizeError unless a sample of this shape may come in."""
        if self.ranks and len(x) not in self.ranks:
            wanted = [RANK_WORDS[rank] for rank in self.ranks]
            listed = wanted[0] if len(wanted) == 1 else ", ".join(wanted[:-1]) + " or " + wanted[-1]
            other = "flatten" if len(x) > min(self.ranks) else "unflatten or reshape"
            helps = f"bring the input to one of these forms first, for example with {other}"
            if len(x) == 1 and min(self.ranks) > 1:
                helps = f"{self.kind} works on feature maps: put it before the map is flattened"
            raise SizeError(f"{self.kind} takes {listed}, and the input is {show(x)}", helps, code="E301")

    @classmethod
    def module_name(cls, rank: int) -> str:
        """The name of the PyTorch class on `rank` spatial axes, for a picture: "Conv2d"."""
        return cls.module.format(r=max(rank, 1)) or cls.kind


class MultiInput(Layer):
    """The base of layers that may be applied to several values: `[query, key, value] -> multihead_attention(8)`.

    What is asked of a layer is asked for the first value; it knows the sizes of the others, which are no parameters.
    """

    _others: tuple[Shape, ...] = PrivateAttr(default=())

    @property
    def others(self) -> tuple[Shape, ...]:
        return self._others

    def beside(self, others: tuple[Shape, ...]) -> Self:
        made = self.model_copy()
        made._others = others  # noqa: SLF001 - its own
        return made

    @classmethod
    def _in_our_words(cls, given: Any, handler: ValidatorFunctionWrapHandler) -> Self:
        if not isinstance(given, dict) or "others" not in given:
            return super()._in_our_words(given, handler)
        parameters = {name: value for name, value in given.items() if name != "others"}
        return super()._in_our_words(parameters, handler).beside(_shapes().validate_python(given["others"]))

    def _with_kind(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found = super()._with_kind(handler)
        return found | {"others": _shapes().dump_python(self._others, mode="json")} if self._others else found

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        found = super().__get_pydantic_json_schema__(schema, handler)
        found["properties"]["others"] = {"type": "array", "items": {"type": "array"}}
        return found


@cache
def _shapes() -> TypeAdapter[tuple[Shape, ...]]:
    return TypeAdapter(tuple[Shape, ...])


RANK_WORDS = {
    1: "a list of features",
    2: "channels x length",
    3: "channels x height x width",
    4: "channels x depth x height x width",
}


def times(extent: Any) -> str:
    """A kernel for people: `5×5`, `3`, `3×1`."""
    return "×".join(map(str, extent)) if isinstance(extent, tuple) else str(extent)
