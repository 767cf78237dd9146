"""Why a size is what it is: the formula of a size rule, with its letters and with its numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import groupby
from math import ceil, floor, prod
from typing import Annotated, Any, Literal

from pydantic import Field, Strict

from cnndsl.frozen import frozen
from cnndsl.i18n import listed, tr
from cnndsl.layers.types import LARGEST, MOST_AXES
from cnndsl.symbolic.expr import Expr
from cnndsl.symbolic.number import Traced, is_open, key_of, value_of

Dim = Annotated[Annotated[int, Strict()] | Traced, Field(union_mode="left_to_right")]
"""A number of a shape. Strict, as Pydantic would take a traced 8 for a plain one, and forget its expression."""
Shape = tuple[Dim, ...]
KnownShape = tuple[int, ...]
"""A shape of plain numbers, none of them left open."""

AXES: dict[int, tuple[str, ...]] = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


class SizeError(Exception):
    """A layer does not fit what comes into it.

    `message` says what does not fit, with the numbers; `help` what would. The stage that applies
    the layer adds the places.
    """

    def __init__(self, message: str, *help: str, code: str = "E302") -> None:  # noqa: A002
        super().__init__(message)
        self.message = message
        self.help = help
        self.code = code


def show(shape: Iterable[Any]) -> str:
    """A shape as people write it: `16 x 5 x 5`, `8 x (H - 2) x W`; that of a single number is `1`."""
    return " x ".join(f"({dim})" if " " in str(dim) else str(dim) for dim in shape) or "1"


def plain(shape: Shape) -> Shape:
    """The shape in plain numbers, but for sizes that are left open."""
    return tuple(dim if is_open(dim) else value_of(dim) for dim in shape)


def same_size(a: Shape, b: Shape) -> bool:
    """Whether two sizes are the same, open ones included; a plain `==` would count as a condition on those."""
    return [key_of(dim) if is_open(dim) else value_of(dim) for dim in a] == [
        key_of(dim) if is_open(dim) else value_of(dim) for dim in b
    ]


def as_json(shapes: Iterable[Shape]) -> list[list[int | str]]:
    """Shapes as numbers, or text for sizes that are left open."""
    return [[str(dim) if is_open(dim) else value_of(dim) for dim in shape] for shape in shapes]


def per_axis(value: Any, rank: int, what: str) -> tuple[Any, ...]:
    """One number for each of `rank` axes, from one number or from a list of them.

    Raises SizeError when a list has another length.
    """
    if not isinstance(value, tuple):
        return (value,) * rank
    if len(value) != rank:
        numbers = "number" if len(value) == 1 else "numbers"
        raise SizeError(
            f"{what} has {len(value)} {numbers}, and the input has {rank} spatial {'axis' if rank == 1 else 'axes'}",
            f"write one number for all axes, or a list of {rank}",
            code="E303",
        )
    return value


def check_groups(x: Shape, groups: int) -> None:
    """Raise SizeError unless the channels divide into groups."""
    if x[0] % groups:
        raise SizeError(
            f"{x[0]} channels do not divide into {groups} groups",
            "choose a number of groups that divides the channels",
            code="E304",
        )


def product(dims: Iterable[Dim]) -> Dim:
    """How many numbers there are, remembered as the product that it is: 400 as `16 * 5 * 5`."""
    factors = tuple(dims)
    if len(factors) == 1:
        return factors[0]
    return Traced(prod(value_of(factor) for factor in factors), Expr.product(factors))


def check_limits(shape: Shape) -> None:
    """Raise SizeError for a value that no machine holds: too many axes, or too long a one.

    Layers such as `upsample` and `embedding`, repeated, would else make numbers that cannot even be printed.
    """
    if len(shape) > MOST_AXES:
        raise SizeError(
            f"the result would have {len(shape)} axes", f"a value has at most {MOST_AXES} axes", code="E313"
        )
    if any(value_of(dim) > LARGEST for dim in shape if not is_open(dim)):
        raise SizeError(
            f"the result would have an axis of more than {LARGEST:,} numbers",
            "no memory holds that: let the map grow less",
            code="E313",
        )


def window_size(size: Dim, kernel: int, padding: int = 0, stride: int = 1, dilation: int = 1) -> Dim:
    """Positions of a kernel along an axis: floor((I - L*(K - 1) - 1 + 2D) / S) + 1.

    The formula of torch.nn.Conv2d and torch.nn.MaxPool2d; with dilation L = 1 it is (I - K + 2D)/S + 1.
    """
    return (size - dilation * (kernel - 1) - 1 + 2 * padding) // stride + 1


Form = Literal["letters", "numbers", "worked"]
"""With letters; with numbers; with numbers and each quotient worked out: `floor(4.5) + 1`."""

_SUM, _PRODUCT, _POWER = range(3)  # how tightly a place binds


@frozen()
class Term(ABC):
    """A part of a formula. Terms are added, subtracted and multiplied as numbers are."""

    @property
    def parts(self) -> tuple[Term, ...]:
        """What it is made of."""
        return ()

    @property
    def value(self) -> Any:
        """The number that comes out, a fraction where it is none; None where it depends on a size left open."""
        values = [part.value for part in self.parts]
        return None if None in values else self.of(*values)

    @abstractmethod
    def of(self, *values: Any) -> Any:
        """The number that comes out, by those of its parts."""

    @abstractmethod
    def written(self, form: Form, place: int = _SUM, *, latex: bool = False) -> str:
        """The formula in plain text or in LaTeX's mathematics; `place` says how tightly the surroundings bind."""

    def text(self, form: Form) -> str:
        """The formula in plain text."""
        return self.written(form)

    def latex(self, form: Form) -> str:
        """The formula in LaTeX's mathematics."""
        return self.written(form, latex=True)

    def letters(self) -> Iterator[Letter]:
        """The letters in it, from left to right."""
        for part in self.parts:
            yield from part.letters()

    def __add__(self, other: Term | int) -> Term:
        return Sum(((1, self), (1, term(other))))

    def __sub__(self, other: Term | int) -> Term:
        return Sum(((1, self), (-1, term(other))))

    def __mul__(self, other: Term | int) -> Term:
        return Product((self, term(other)))

    def __rmul__(self, other: int) -> Term:
        return Product((term(other), self))

    def __truediv__(self, other: Term | int) -> Term:
        return Quotient(self, term(other))


def term(value: Term | int) -> Term:
    """A number as a term; a term as it is."""
    return value if isinstance(value, Term) else Constant(value)


@frozen()
class Constant(Term):
    """A number that belongs to the formula."""

    number: int

    def of(self, *values: Any) -> int:
        return self.number

    def written(self, form: Form, place: int = _SUM, *, latex: bool = False) -> str:
        return str(self.number)


@frozen()
class Letter(Term):
    """A quantity: its letter, its number, and what it is.

    parameter: the layer's parameter that it is; empty for a size of what comes in.
    meaning: for a size the name of the axis, "height"; for a parameter what it is, only where its name does not say it.
    otherwise: what gives the number where the parameter was not written, if that is no plain default.
    operand: of which value it is a size, where an operation takes several, counted from 0.
    """

    name: str
    number: Dim | float
    parameter: str = ""
    meaning: str = ""
    otherwise: str = ""
    operand: int = 0

    def of(self, *values: Any) -> Any:
        return None if is_open(self.number) else value_of(self.number)

    def written(self, form: Form, place: int = _SUM, *, latex: bool = False) -> str:
        if form == "letters":
            return rf"\text{{{self.name}}}" if latex and len(self.name) > 1 else self.name
        shown = str(self.number)
        if " " in shown and (place > _SUM or is_open(self.number)):
            shown = f"({shown})"
        if not latex:
            return shown
        return shown.replace("//", r"\mathbin{/\!/}").replace(" * ", r" \cdot ").replace("_", r"\_")

    def letters(self) -> Iterator[Letter]:
        yield self


@frozen()
class Sum(Term):
    """Terms added to or, with the sign -1, taken from one another."""

    items: tuple[tuple[int, Term], ...]

    @property
    def parts(self) -> tuple[Term, ...]:
        return tuple(item for _, item in self.items)

    def of(self, *values: Any) -> Any:
        return sum(sign * value for (sign, _), value in zip(self.items, values, strict=True))

    def written(self, form: Form, place: int = _SUM, *, latex: bool = False) -> str:
        joined = "".join(
            (" + " if sign > 0 else " - ") * (at > 0)
            + item.written(form, _SUM if at == 0 or sign > 0 else _PRODUCT, latex=latex)
            for at, (sign, item) in enumerate(self.flat())
        )
        if place == _SUM:
            return joined
        return rf"\left({joined}\right)" if latex else f"({joined})"

    def flat(self) -> Iterator[tuple[int, Term]]:
        """The terms, with the sums that are added opened."""
        for sign, item in self.items:
            if sign > 0 and isinstance(item, Sum):
                yield from item.flat()
            else:
                yield sign, item


@frozen()
class Product(Term):
    """Terms multiplied; `wide` for a product of sizes, which is written with spaces: 16 * 5 * 5."""

    parts: tuple[Term, ...]
    wide: bool = False

    def of(self, *values: Any) -> Any:
        return prod(values)

    def written(self, form: Form, place: int = _SUM, *, latex: bool = False) -> str:
        factors = [part.written(form, _PRODUCT, latex=latex) for part in self.parts]
        if form == "letters" and self._is_coefficient:
            return "".join(factors)
        if latex:
            return r" \cdot ".join(factors)
        joined = (" * " if self.wide else "*").join(factors)
        return f"({joined})" if place > _PRODUCT and len(factors) > 1 else joined

    @property
    def _is_coefficient(self) -> bool:
        """Whether it is a number before a letter: 2D."""
        first, *rest = self.parts
        return isinstance(first, Constant) and len(rest) == 1 and isinstance(rest[0], Letter) and len(rest[0].name) == 1


@frozen()
class Quotient(Term):
    """One term divided by another."""

    top: Term
    bottom: Term

    @property
    def parts(self) -> tuple[Term, ...]:
        return self.top, self.bottom

    def of(self, *values: Any) -> Any:
        from fractions import Fraction

        above, below = map(Fraction, values)
        exact = above / below
        return exact.numerator if exact.denominator == 1 else exact

    def written(self, form: Form, place: int = _SUM, *, latex: bool = False) -> str:
        if form == "worked" and self.value is not None:
            return decimal(self.value)
        if latex:
            return rf"\frac{{{self.top.latex(form)}}}{{{self.bottom.latex(form)}}}"
        return f"{self.top.written(form, _PRODUCT)} / {self.bottom.written(form, _POWER)}"


@frozen()
class Rounded(Term):
    """A term rounded down to a whole number, or up. Where it is one already, nothing of that is written."""

    inner: Term
    way: Literal["floor", "ceil"] = "floor"

    @property
    def parts(self) -> tuple[Term, ...]:
        return (self.inner,)

    def of(self, *values: Any) -> Any:
        return (floor if self.way == "floor" else ceil)(*values)

    @property
    def cuts(self) -> bool:
        """Whether there is something to round, or may be where a size is left open."""
        inner = self.inner.value
        if inner is None:
            return not (isinstance(self.inner, Quotient) and self.inner.bottom.value == 1)
        return bool(inner != int(inner))

    def written(self, form: Form, place: int = _SUM, *, latex: bool = False) -> str:
        if not self.cuts:
            return self.inner.written(form, place, latex=latex)
        value = self.inner.value
        inner = decimal(value) if form == "worked" and value is not None else self.inner.written(form, latex=latex)
        return rf"\left\l{self.way} {inner} \right\r{self.way}" if latex else f"{self.way}({inner})"


def decimal(value: Any) -> str:
    """A number with at most two places after the point: 4.5, 4.33."""
    return f"{float(value):.2f}".rstrip("0").rstrip(".") if value != int(value) else str(int(value))


@frozen()
class AxisRule:
    """Why one axis of what comes out is as long as it is.

    formula: how the length is worked out; None where there is nothing to work out.
    words: what the length is, in words: "one for each kernel".
    notes: what else is to know, in sentences: "1 row at the bottom is never read".
    """

    axis: str
    size: Dim
    formula: Term | None = None
    words: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_worked_out(self) -> bool:
        """Whether there is a formula, and not just a number that stands somewhere."""
        return self.formula is not None and not isinstance(self.formula, Letter)

    def steps(self, *, latex: bool = False) -> tuple[str, ...]:
        """The formula in letters, in numbers, where something is rounded with the quotient worked out, and the size."""
        size = str(self.size)
        if self.formula is None or not self.is_worked_out:
            return (size,)
        forms: tuple[Form, ...] = ("letters", "numbers", "worked")
        written = [self.formula.written(form, latex=latex) for form in forms]
        if self.formula.value is None or not _cuts(self.formula):
            del written[2]
        return tuple(step for step, _ in groupby((*written, size)))  # a number is the same in letters and in numbers

    def letters(self) -> tuple[Letter, ...]:
        """The letters of the formula, each once."""
        return tuple(dict.fromkeys(self.formula.letters())) if self.formula is not None else ()


def _cuts(formula: Term) -> bool:
    """Whether something is rounded in it."""
    return formula.cuts if isinstance(formula, Rounded) else any(map(_cuts, formula.parts))


def axis_names(shape: Shape | int) -> tuple[str, ...]:
    """What the axes of one sample are called: channels, height, width."""
    rank = shape if isinstance(shape, int) else len(shape)
    if rank == 1:
        return ("features",)
    if rank - 1 in AXES:
        return ("channels", *AXES[rank - 1])
    return tuple(f"axis {axis}" for axis in range(1, rank + 1))


def incoming(x: Shape, axis: int, name: str = "I") -> Letter:
    """The letter for the length of an axis of what comes in."""
    return Letter(name, x[axis], meaning=axis_names(x)[axis])


def parameter(name: str, number: Dim | float, field: str, *, meaning: str = "", otherwise: str = "") -> Letter:
    """The letter for a parameter of the layer."""
    return Letter(name, number, field, meaning, otherwise)


def as_it_comes(x: Shape, axis: int, words: str = "") -> AxisRule:
    """An axis that stays as it is."""
    return AxisRule(axis_names(x)[axis], x[axis], words=words or tr("as in the input"))


def in_words(y: Shape, words: Iterable[str]) -> tuple[AxisRule, ...]:
    """The rules of axes of which words say why they are as long as they are."""
    return tuple(AxisRule(name, size, words=said) for name, size, said in zip(axis_names(y), y, words, strict=True))


def axis_said(name: str) -> str:
    """The name of an axis in the language that is spoken."""
    word, _, number = name.partition(" ")
    return tr("axis {number}", number=number) if number else tr(word)


def of_input(*axes: str) -> str:
    """Axes of what comes in, in words: `height and width of the input`."""
    *others, last = map(axis_said, axes)
    return tr("{axes} of the input", axes=listed([*filter(None, [tr(", ").join(others)]), last]))
