"""What an operation on values is; concatenation and splits; and learned tensors."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from cnndsl.i18n import tr
from cnndsl.layers.base import NOTHING, Argument, Extra, Group, Kept, Layer, Parameterised, Products, Spelling, Tensor
from cnndsl.layers.formula import (
    AxisRule,
    Dim,
    KnownShape,
    Letter,
    Shape,
    SizeError,
    Sum,
    as_it_comes,
    axis_names,
    incoming,
    show,
)
from cnndsl.layers.initialisers import Initialiser
from cnndsl.layers.reach import Reach, Reaches, Window, mixing, same
from cnndsl.layers.types import AnyAxis, Counts, Flag, Pieces, Real, Takes
from cnndsl.symbolic.number import is_open, value_of

OPERATORS_OF_VALUES = {"+": "add", "-": "sub", "*": "mul", "/": "div", "**": "pow", "@": "matmul"}
"""The signs between values, or a value and a number, and the operations that they are."""


class Operation(Parameterised):
    """The base of every operation on values: unless it says so, a call on one value, and PyTorch's function of the same
    name. Its example is the lines of a small network, in one.
    """

    symbol = ""
    """What a diagram writes into the merge: by default its word."""
    written = ""
    """How a text writes it, without the parameters that follow: "concat(a, b, ...)"."""
    values = "a value"
    """What it is called on, in words."""
    call = ""
    """What it is in PyTorch."""
    torch_names = {"axis": "dim"}
    takes_number = False
    """Whether a number may stand in the place of a value."""
    arranges = False
    """Whether what comes out are numbers of the values, in other places."""
    reads: ClassVar[int | None] = None
    """Of how many values, from the first on, it uses the numbers; of the others only what is `asked`. None for all."""
    asked: ClassVar[str] = "size of"
    """What it takes of the values of which it uses no numbers, in words that stand before them."""
    takes = (1, 1)
    """The fewest and the most values that it takes."""
    shares = False
    """Whether what comes out lies where the value does."""
    keeps_order = False
    """Whether the numbers of what comes out lie in memory as those of the values do."""
    keeps: ClassVar[Kept] = Kept()
    """What PyTorch keeps until the backward pass, where it is the same for all parameters and gradients."""

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        if "kind" in vars(cls):
            usual = {"symbol": cls.kind, "written": f"{cls.kind}(x)", "call": f"torch.{cls.kind}"}
            for name in usual.keys() - vars(cls).keys():
                setattr(cls, name, usual[name])

    @property
    def sign(self) -> str:
        """What a diagram and a table write for it."""
        return self.symbol

    def outputs(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """The shapes that come out. Raises SizeError where the shapes do not go together."""
        self.check(xs)
        return self.size_rule(xs)

    def check(self, xs: tuple[Shape, ...]) -> None:
        """Raise SizeError unless the shapes go together. By default they do."""

    def outputs_of(self, xs: tuple[Shape, ...], unbatched: tuple[bool, ...]) -> tuple[Shape, ...]:
        """As `outputs`, for values of which some have no batch. Raises SizeError where it would take one for it."""
        if any(unbatched):
            lacking = f"a parameter or constant has no batch: here is one of {show(xs[unbatched.index(True)])}"
            raise SizeError(
                f"{self.kind} counts the batch as axis 0, and {lacking}",
                "a parameter takes part in + - * / and in activations: combine it with a value of the network first",
                "expand(p) gives the parameter p the batch of what flows",
                code="E316",
            )
        return self.outputs(xs)

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """The shapes that come out, as `outputs` gives them for values that go together; arithmetic alone.

        By default that of the first.
        """
        return xs[:1]

    def size_rule_by(
        self, xs: tuple[Shape, ...], unbatched: tuple[bool, ...], larger: Callable[[Dim, Dim], Dim]
    ) -> tuple[Shape, ...]:
        """As `size_rule`, for values of which some have no batch; `larger` gives that of two sizes which is not 1."""
        return self.size_rule(xs)

    def deciding(self, xs: tuple[Shape, ...]) -> tuple[Dim, ...]:
        """The sizes of the values on which it depends how many come out."""
        return ()

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        """Why each axis of `y`, the first value that comes out, is as long as it is; empty where it is the first's."""
        return ()

    def torch(self, xs: tuple[Shape, ...]) -> Spelling:
        """How PyTorch writes it: a function of the values, or a template with `{v0}`, `{v1}`, ... in their places."""
        return Spelling(self.call, self.arguments())

    def text(self, xs: tuple[Shape, ...], names: tuple[str, ...]) -> str:
        """Python for it, applied to the variables `names`."""
        spelling = self.torch(xs)
        if spelling.template is not None:
            given = {argument.name: repr(argument.value) for argument in spelling.arguments}
            return spelling.template.format(**{f"v{at}": name for at, name in enumerate(names)}, **given)
        given_by_name = (a for a in spelling.arguments if not a.required and repr(a.value) != repr(a.default))
        needed = (repr(argument.value) for argument in spelling.arguments if argument.required)
        return f"{spelling.target}({', '.join([*names, *needed, *(f'{a.name}={a.value!r}' for a in given_by_name)])})"

    @abstractmethod
    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        """What each position of output `k` reads of each axis of each value."""

    def products(self, xs: tuple[Shape, ...], y: Shape) -> Products:
        """The multiply-accumulates for one sample; see `Layer.products`."""
        return ()

    def copies(self, xs: tuple[KnownShape, ...], in_order: tuple[bool, ...]) -> bool:
        """Whether PyTorch may copy the values, which is not known; for `in_order` see below."""
        return False

    def is_inner(self, x: KnownShape) -> bool:
        """Whether what comes out is a view of one place of an axis that lies inside of others."""
        return False

    def in_order(self, xs: tuple[KnownShape, ...], in_order: tuple[bool, ...]) -> bool:
        """Whether the numbers of each output sample lie in memory as its axes do; `in_order`: those of the values."""
        return all(in_order) or not self.keeps_order

    def scratch(self, xs: tuple[KnownShape, ...]) -> Extra:
        """What is needed in evaluation while it runs, besides the values and what comes out."""
        return NOTHING

    def kept(self, xs: tuple[KnownShape, ...], gradients: tuple[bool, ...]) -> Kept:
        """What PyTorch keeps until the backward pass; `gradients` says which of the values want one, at least one."""
        return self.keeps


_MOST_SUMMED = 6
"""Values of whose joined sizes each has a letter of its own."""


def is_outermost(x: KnownShape, at: int) -> bool:
    """Whether a piece along an axis has its numbers side by side in memory: the axes before it have one place."""
    return all(dim == 1 for dim in x[:at])


def all_values(count: int) -> str:
    """The tuple of all values, for a template."""
    joined = ", ".join(f"{{v{at}}}" for at in range(count))
    return f"({joined},)" if count == 1 else f"({joined})"


class Concat(Operation):
    """Several values side by side along an axis, the channels by default."""

    kind = "concat"
    arranges = True
    written = "concat(a, b, ...)"
    values = "values that have the same sizes on the other axes, or a list of them"
    call = "torch.cat"
    along = True
    example = "input(8, 4, 4); concat(input, it -> conv(16, 3, padding=1))"
    takes = (1, 65_536)

    axis: AnyAxis = Field(default=1, description="the axis, the batch being axis 0")

    def check(self, xs: tuple[Shape, ...]) -> None:
        at = axis_index(self.axis, xs[0], "concat")
        for x in xs[1:]:
            if len(x) != len(xs[0]) or any(a != b for i, (a, b) in enumerate(zip(x, xs[0], strict=True)) if i != at):
                raise SizeError(
                    f"concat along axis {self.axis} needs equal sizes on the other axes: "
                    + " and ".join(show(shape) for shape in xs),
                    "bring them to the same size first: padding in a convolution, upsample, or crop",
                    code="E306",
                )

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        at = axis_index(self.axis, xs[0], "concat")
        total: Dim = 0
        for x in xs:
            total = total + x[at]
        return ((*xs[0][:at], total, *xs[0][at + 1 :]),)

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        at = axis_index(self.axis, xs[0], "concat")
        names = axis_names(y)
        letters = tuple(Letter(f"I{k}", x[at], meaning=names[at], operand=k - 1) for k, x in enumerate(xs, 1))
        if len(xs) == 1:
            joined = as_it_comes(y, at)
        elif len(xs) > _MOST_SUMMED:
            joined = AxisRule(names[at], y[at], words=tr("those of all {count} values", count=len(xs)))
        else:
            joined = AxisRule(names[at], y[at], Sum(tuple((1, letter) for letter in letters)))
        return tuple(joined if axis == at else as_it_comes(y, axis, tr("as in each value")) for axis in range(len(y)))

    def torch(self, xs: tuple[Shape, ...]) -> Spelling:
        return Spelling("", (Argument("axis", self.axis),), f"torch.cat({all_values(len(xs))}, {{axis}})")

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        at = axis_index(self.axis, xs[0], "concat")
        return tuple(mixing(x, (at,)) for x in xs)


class Split(Operation):
    """A value cut into pieces along an axis, the channels by default: equal ones, or of given sizes.

    Each piece is a value of its own: `a, b = split(x, 2)`, or `a, b = split(x, [16, 48])`.
    """

    kind = "split"
    arranges = True
    call = "torch.chunk, torch.split"
    along = True
    example = "input(64, 8, 8); a, b = split(it, [16, 48]); concat(a -> conv(16, 3, padding=1), b)"
    shares = True

    parts: Pieces = Field(description="number of equal pieces, or a list of their sizes")
    axis: AnyAxis = Field(default=1, description="the axis, the batch being axis 0")

    def check(self, xs: tuple[Shape, ...]) -> None:
        whole = xs[0][axis_index(self.axis, xs[0], "split")]
        if isinstance(self.parts, int):
            if whole % self.parts:
                raise SizeError(
                    f"{whole} does not divide into {self.parts} equal parts",
                    "choose a number of parts that divides it, or give the sizes of the parts in a list",
                    code="E304",
                )
        elif sum(self.parts) != whole:
            summed = f"{' + '.join(map(str, self.parts))} = " if len(self.parts) > 1 else ""
            raise SizeError(
                f"the sizes of the pieces add up to {summed}{sum(self.parts)}, and there are {whole} to split",
                "give sizes that add up to what there is",
                code="E304",
            )

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        (x,) = xs
        at = axis_index(self.axis, x, "split")
        parts = (x[at] // self.parts,) * self.parts if isinstance(self.parts, int) else self.parts
        return tuple((*x[:at], size, *x[at + 1 :]) for size in parts)

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        (x,) = xs
        at = axis_index(self.axis, x, "split")
        name = axis_names(x)[at]
        if isinstance(self.parts, int):
            cut = AxisRule(name, y[at], incoming(x, at) / self.parts, tr("in each piece"))
        else:
            cut = AxisRule(name, y[at], words=tr("as asked for: {sizes}", sizes=", ".join(map(str, self.parts))))
        return tuple(cut if axis == at else as_it_comes(x, axis) for axis in range(len(x)))

    def torch(self, xs: tuple[Shape, ...]) -> Spelling:
        parts: Any = self.parts if isinstance(self.parts, int) else list(self.parts)
        function, count = ("chunk", parts) if isinstance(parts, int) else ("split", len(parts))
        template = f"torch.{function}({{v0}}, {{parts}}, {{axis}}){'[0]' if count == 1 else ''}"
        return Spelling("", (Argument("parts", parts), Argument("axis", self.axis)), template)

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        at = axis_index(self.axis, xs[0], "split")
        reaches = [*same(xs[0])]
        start = sum(value_of(y[at]) for y in ys[:k])
        reaches[at] = None if is_open(ys[k][at]) else Reach(at, Window(1, ((start, start),)))
        return (tuple(reaches),)

    def in_order(self, xs: tuple[KnownShape, ...], in_order: tuple[bool, ...]) -> bool:
        at = axis_index(self.axis, xs[0], "split")
        return in_order[0] and (len(self.outputs(xs)) == 1 or is_outermost(xs[0], at))


def axis_index(axis: int, x: Shape, what: str) -> int:
    """The position in a sample's shape of an axis that counts the batch as axis 0.

    Raises SizeError for the batch axis and for one that the value does not have.
    """
    rank = len(x) + 1
    index = axis + rank if axis < 0 else axis
    if not 1 <= index < rank:
        reason = "is the batch" if index == 0 else "does not exist"
        raise SizeError(
            f"{what}: axis {axis} {reason}; the value is batch x {show(x)}",
            f"choose an axis from 1 (channels) to {rank - 1}" if rank > 2 else "the only axis besides the batch is 1",
            code="E307",
        )
    return index - 1


def axes_of(axis: int | tuple[int, ...]) -> tuple[int, ...]:
    """The axes that are meant by one or a list of them."""
    return axis if isinstance(axis, tuple) else (axis,)


def axis_indices(axis: int | tuple[int, ...], x: Shape, what: str) -> set[int]:
    """The positions in a sample's shape of one axis or a list of them; see `axis_index`."""
    return {axis_index(one, x, what) for one in axes_of(axis)}


def _form(value: Any) -> Literal["rule", "number"]:
    return "rule" if isinstance(value, (Initialiser, dict)) else "number"


class Learned(Layer):
    """A tensor of numbers that are learned, with no layer around them (torch.nn.Parameter).

    It takes nothing in, and has no batch axis: it is the same for all samples.
    """

    kind = "parameter"
    module = "Parameter"
    group = Group.SHAPE
    keeps = Kept()

    size: Counts = Field(description="shape of the tensor, which has no batch axis; [] for a single number")
    init: Annotated[Annotated[Initialiser, Tag("rule")] | Annotated[Real, Tag("number")], Discriminator(_form)] = Field(
        default=0.0, description="number that all entries begin with, or a rule such as normal(0, 0.02)"
    )

    def size_rule(self, x: Shape) -> Shape:
        return self.size

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        return (Tensor("", self.size),)

    def torch(self, x: Shape) -> Spelling:
        size = Argument("size", self.size)
        if isinstance(self.init, Initialiser):
            filled = self.init.python("torch.empty({size})")
            return Spelling("nn.Parameter", (size,), f"nn.Parameter({filled})")
        if self.init in (0, 1):
            function = "zeros" if self.init == 0 else "ones"
            return Spelling("nn.Parameter", (size,), f"nn.Parameter(torch.{function}({{size}}))")
        return Spelling(
            "nn.Parameter", (size, Argument("init", float(self.init))), "nn.Parameter(torch.full({size}, {init}))"
        )


class Fixed(Learned):
    """A tensor of given numbers that are not learned, with no layer around them (torch.nn.Buffer).

    It takes nothing in, and has no batch axis: it is the same for all samples.
    """

    kind = "constant"
    module = "Buffer"

    numbers: Annotated[tuple[Real, ...], Field(max_length=65_536), Takes("list of numbers")] = Field(
        default=(), description="the numbers, row by row"
    )
    persistent: Flag = Field(default=True, description="whether the numbers are in state_dict()")

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        return (Tensor("", self.size, learned=False, persistent=self.persistent),)

    def torch(self, x: Shape) -> Spelling:
        listed = f"torch.tensor({nested([float(number) for number in self.numbers], self.size)!r})"
        if len(self.size) > 1 and len(self.numbers) == max(self.size):  # along one axis
            listed = f"torch.tensor({[float(number) for number in self.numbers]!r}).view{tuple(self.size)!r}"
        kept = "" if self.persistent else ", persistent=False"
        return Spelling("nn.Buffer", (), f"nn.Buffer({listed}{kept})")


def nested(numbers: list[float], size: tuple[int, ...]) -> Any:
    """Numbers as lists in lists of a size."""
    if not size:
        return numbers[0]
    if len(size) == 1:
        return numbers
    step = len(numbers) // size[0]
    return [nested(numbers[at * step : (at + 1) * step], size[1:]) for at in range(size[0])]
