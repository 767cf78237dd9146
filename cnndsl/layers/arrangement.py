"""Functions that arrange the numbers of values in other axes, and calculate nothing: stacks, turns, and pieces."""

from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from cnndsl.i18n import tr
from cnndsl.layers.base import Argument, Spelling
from cnndsl.layers.formula import (
    AxisRule,
    Dim,
    KnownShape,
    Rounded,
    Shape,
    SizeError,
    Term,
    axis_names,
    in_words,
    incoming,
    of_input,
    show,
    term,
)
from cnndsl.layers.operations import Operation, Split, all_values, axes_of, axis_index, axis_indices, is_outermost
from cnndsl.layers.reach import IDENTITY, Reach, Reaches, Window, mixing, read_beside
from cnndsl.layers.types import (
    MOST_PIECES,
    AnyAxis,
    AxisOrAxes,
    Flag,
    Indices,
    OptionalIndices,
    Positive,
    ShiftOrShifts,
)
from cnndsl.symbolic.number import is_open, value_of

_AXIS = "the axis, the batch being axis 0"
AXES = "the axis, or a list of them, the batch being axis 0"


class Arrangement(Operation):
    """The base of functions of one value that give each axis of it another place, or take one away."""

    arranges = True
    shares = True

    def places(self, x: Shape) -> tuple[int | None, ...]:
        """Where each axis of the value is in what comes out; None for one that is gone."""
        return tuple(range(len(x)))

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        (x,) = xs
        left = {at: dim for at, dim in zip(self.places(x), x, strict=True) if at is not None}
        return (tuple(left[at] for at in sorted(left)),)

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        (x,) = xs
        return (tuple(Reach(fixed=(0, 0)) if at is None else Reach(at, IDENTITY) for at in self.places(x)),)

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        (x,) = xs
        old = axis_names(x)
        came = {at: axis for axis, at in enumerate(self.places(x)) if at is not None}
        return in_words(y, (of_input(old[came[at]]) if at in came else tr("a new axis of one") for at in range(len(y))))

    def in_order(self, xs: tuple[KnownShape, ...], in_order: tuple[bool, ...]) -> bool:
        (x,) = xs
        kept = [at for axis, at in enumerate(self.places(x)) if at is not None and x[axis] != 1]
        return in_order[0] and kept == sorted(kept)


class Unsqueeze(Arrangement):
    """A value with one more axis, of size 1, at the place `axis` of what comes out."""

    kind = "unsqueeze"
    example = "input(8, 6); unsqueeze(it, 1) -> conv(4, 3)"

    axis: AnyAxis = Field(description="the place of the new axis, the batch being axis 0")

    def places(self, x: Shape) -> tuple[int | None, ...]:
        at = axis_index(self.axis, (1, *x), "unsqueeze")
        return tuple(axis + (axis >= at) for axis in range(len(x)))

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        (x,) = xs
        at = axis_index(self.axis, (1, *x), "unsqueeze")
        return ((*x[:at], 1, *x[at:]),)


class Squeeze(Arrangement):
    """A value without one axis or several of size 1."""

    kind = "squeeze"
    example = "input(8, 6, 6); global_avgpool; squeeze(it, [2, 3]) -> linear(4)"

    axis: AxisOrAxes = Field(description=AXES)

    def places(self, x: Shape) -> tuple[int | None, ...]:
        gone = axis_indices(self.axis, x, "squeeze")
        return tuple(None if axis in gone else axis - sum(g < axis for g in gone) for axis in range(len(x)))

    def check(self, xs: tuple[Shape, ...]) -> None:
        (x,) = xs
        gone = axis_indices(self.axis, x, "squeeze")
        if len(gone) < len(axes_of(self.axis)) or not gone:
            raise SizeError("squeeze takes each axis once", "name every axis once", code="E307")
        wrong = next((axis for axis in sorted(gone) if x[axis] != 1), None)
        if wrong is not None:
            raise SizeError(
                f"squeeze takes away axes of size 1, and axis {wrong + 1} of {show(x)} is {x[wrong]}",
                f"to take one place of it write select(x, {wrong + 1}, 0)",
                code="E307",
            )
        if len(gone) == len(x):
            raise SizeError(f"squeeze would leave no axis of {show(x)}", "leave out one axis", code="E307")


class Transpose(Arrangement):
    """A value with two axes in each other's place."""

    kind = "transpose"
    example = "input(6, 8); linear(8, axis=-1); it @ transpose(it, 1, 2)"
    torch_names = {"axis0": "dim0", "axis1": "dim1"}

    axis0: AnyAxis = Field(description=_AXIS)
    axis1: AnyAxis = Field(description="the other axis")

    def places(self, x: Shape) -> tuple[int | None, ...]:
        a, b = (axis_index(axis, x, "transpose") for axis in (self.axis0, self.axis1))
        return tuple({a: b, b: a}.get(axis, axis) for axis in range(len(x)))


class _OnePlace(Arrangement):
    """The base of functions that take one place along an axis, which is gone afterwards."""

    axis: AnyAxis = Field(description=_AXIS)

    def at(self, x: Shape) -> int:
        """Which axis of a sample it is."""
        return axis_index(self.axis, x, self.kind)

    def places(self, x: Shape) -> tuple[int | None, ...]:
        at = self.at(x)
        return tuple(None if axis == at else axis - (axis > at) for axis in range(len(x)))

    def is_inner(self, x: KnownShape) -> bool:
        return not is_outermost(x, self.at(x))

    def in_order(self, xs: tuple[KnownShape, ...], in_order: tuple[bool, ...]) -> bool:
        return in_order[0] and not self.is_inner(xs[0])


class Select(_OnePlace):
    """One place along an axis, which is gone afterwards; negative numbers count from the end."""

    kind = "select"
    example = "input(8, 6, 6); flatten(2); select(it, 2, 0) -> linear(4)"

    index: Annotated[AnyAxis, "free"] = Field(description="which place, counted from 0")

    def check(self, xs: tuple[Shape, ...]) -> None:
        (x,) = xs
        at = self.at(x)
        if self.index >= x[at] or -self.index > x[at]:
            raise SizeError(
                f"select: there is no place {self.index} along axis {self.axis} of {show(x)}",
                f"the places are 0 to {x[at] - 1}, or from the end -1 to -{x[at]}",
                code="E307",
            )
        if len(x) == 1:
            raise SizeError(
                f"select would leave no axis of {show(x)}", f"write narrow(x, 1, {self.index}, 1)", code="E307"
            )

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        ((*reaches,),) = super().reach(xs, ys, k)
        at = self.at(xs[0])
        place = self.index if self.index >= 0 else value_of(xs[0][at]) + self.index
        reaches[at] = Reach(fixed=(place, place)) if self.index >= 0 or not is_open(xs[0][at]) else None
        return (tuple(reaches),)


class Narrow(Arrangement):
    """The `length` places along an axis that begin with the place `start`."""

    kind = "narrow"
    along = True
    example = "input(8, 6, 6); concat(narrow(it, 1, 2, 4) -> conv(4, 3, padding=1), it)"

    axis: AnyAxis = Field(description=_AXIS)
    start: Annotated[AnyAxis, "free"] = Field(description="the first place, counted from 0; negative from the end")
    length: Annotated[Positive, "count"] = Field(description="how many places")

    def check(self, xs: tuple[Shape, ...]) -> None:
        (x,) = xs
        at = axis_index(self.axis, x, "narrow")
        first = self.start + x[at] if self.start < 0 else self.start
        if first < 0 or first + self.length > x[at]:
            raise SizeError(
                f"narrow: {self.length} places from {self.start} on are more than axis {self.axis} of {show(x)} has",
                f"start and length may add up to {x[at]}",
                code="E304",
            )

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        (x,) = xs
        at = axis_index(self.axis, x, "narrow")
        return ((*x[:at], self.length, *x[at + 1 :]),)

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        at = axis_index(self.axis, xs[0], "narrow")
        rules = [*super().formula(xs, y)]
        rules[at] = AxisRule(rules[at].axis, y[at], words=tr("as many as asked for"))
        return tuple(rules)

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        ((*reaches,),) = super().reach(xs, ys, k)
        at = axis_index(self.axis, xs[0], "narrow")
        first = self.start if self.start >= 0 else value_of(xs[0][at]) + self.start
        known = self.start >= 0 or not is_open(xs[0][at])
        reaches[at] = Reach(at, Window(1, ((first, first),))) if known else None
        return (tuple(reaches),)

    def is_inner(self, x: KnownShape) -> bool:
        at = axis_index(self.axis, x, "narrow")
        return self.length == 1 != x[at] and not is_outermost(x, at)

    def in_order(self, xs: tuple[KnownShape, ...], in_order: tuple[bool, ...]) -> bool:
        at = axis_index(self.axis, xs[0], "narrow")
        return in_order[0] and (self.length == xs[0][at] or is_outermost(xs[0], at))


_PLACE = r"(\.\.\.|n|n?:n?(:n?)?)"
Place = Any
"""A number, a slice of Python, or `...`: what stands in square brackets for an axis."""


class Index(Arrangement):
    """The places of a value that square brackets take, as PyTorch writes them: `x[:, 0]`, `x[..., 1:]`.

    It has no word of its own. Numbers from the end on, steps and `...` are as in Python; what lies outside of the value
    is refused, and Python would leave it out.
    """

    kind = "index"
    symbol = "[ ]"
    written = "x[...]"
    call = "x[...]"

    form: Annotated[str, Field(strict=True, pattern=rf"^{_PLACE}(, {_PLACE})*$")] = Field(
        description="what stands in the brackets, with n for each number"
    )
    numbers: Annotated[Indices, "free"] = Field(default=(), description="the numbers in it, in their order")
    batched: Flag = Field(default=True, description="whether the first axis is the batch, which stays whole")

    @classmethod
    def of(cls, places: Sequence[Place], *, batched: bool) -> "Index":
        """The index that is made of these places; their numbers may be traced."""
        form, numbers = [], []
        for place in places:
            if place is ...:
                form.append("...")
                continue
            ends = [place.start, place.stop, place.step] if isinstance(place, slice) else [place]
            if isinstance(place, slice) and place.step is None:
                ends.pop()
            form.append(":".join("" if end is None else "n" for end in ends))
            numbers += [end for end in ends if end is not None]
        plain = cls(form=", ".join(form), numbers=tuple(map(value_of, numbers)), batched=batched)
        return plain.having({"numbers": tuple(numbers)})

    @property
    def sign(self) -> str:
        return f"[{self._filled(map(str, self.numbers))}]"

    @property
    def word(self) -> str:
        return self.sign

    def _filled(self, numbers: Iterable[str]) -> str:
        return self.form.replace("n", "{}").format(*numbers)

    def taken(self, x: Shape) -> tuple[Place, ...]:
        """The place, or the slice of places, that is taken along each axis of a sample.

        Raises SizeError for more places than axes, and where the batch would not stay whole.
        """
        numbers = iter(self.numbers)
        written: list[Place] = []
        for word in self.form.split(", "):
            ends = [next(numbers) if end else None for end in word.split(":")] if word != "..." else [...]
            written.append(ends[0] if len(ends) == 1 else slice(*ends))
        if written.count(...) > 1:
            message = f"{self.sign}: ... stands for all axes without a place of their own, and can do so once"
            raise SizeError(message, "write a colon for each axis instead", code="E307")
        whole_axes = [slice(None)] * (len(x) + self.batched - len(written) + (... in written))
        if len(written) - (... in written) > len(x) + self.batched:
            raise SizeError(
                f"{self.sign} has {len(written) - (... in written)} places, and the value has "
                f"{len(x) + self.batched} axes: {'batch x ' if self.batched else ''}{show(x)}",
                "write a place for each axis at most",
                code="E307",
            )
        at = written.index(...) if ... in written else len(written)
        places = [*written[:at], *whole_axes, *written[at + 1 :]]
        if self.batched and not is_whole(places[0]):
            ways = "take fewer places" if written[0] is ... else f"write a colon for the batch: x[:, {self.sign[1:]}"
            raise SizeError(
                f"{self.sign} takes places of axis 0, and that is the batch; the value is batch x {show(x)}",
                ways,
                code="E307",
            )
        return tuple(places[self.batched :])

    def places(self, x: Shape) -> tuple[int | None, ...]:
        left = iter(range(len(x)))
        return tuple(next(left) if isinstance(place, slice) else None for place in self.taken(x))

    def check(self, xs: tuple[Shape, ...]) -> None:
        (x,) = xs
        taken = self.taken(x)
        for axis, (place, dim) in enumerate(zip(taken, x, strict=True), self.batched):
            if isinstance(place, slice):
                self._check(place, dim, axis)
            elif place >= dim or -place > dim:
                raise SizeError(
                    f"{self.sign}: there is no place {place} along axis {axis} of {show(x)}",
                    f"the places are 0 to {dim - 1}, or from the end -1 to -{dim}",
                    code="E307",
                )
        if self.batched and not any(isinstance(place, slice) for place in taken):
            raise SizeError(f"{self.sign} would leave no axis of {show(x)}", "leave one axis", code="E307")

    def outputs_of(self, xs: tuple[Shape, ...], unbatched: tuple[bool, ...]) -> tuple[Shape, ...]:
        return self.outputs(xs)

    def _check(self, place: slice, dim: Dim, axis: int) -> None:
        """Raise SizeError where some of the places are outside of an axis, or there is none."""
        if place.step is not None and place.step < 1:
            raise SizeError(
                f"{self.sign}: a step is at least 1, and this is {place.step}",
                f"from the end on it is flip(x, {axis})" if place.step else "write 2 for every second place",
                code="E307",
            )
        first, end, _ = bounds(place, dim)
        if first < 0 or end > dim:
            raise SizeError(
                f"{self.sign}: axis {axis} has {dim} places, and not those from {first} to {end}",
                f"the places are counted from 0 to {dim}, the last one being left out",
                code="E304",
            )
        if end <= first:
            raise SizeError(
                f"{self.sign} takes nothing along axis {axis}, which has {dim} places",
                "the second number is the first place that is left out",
                code="E304",
            )

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return (self.sizes(xs[0], length),)

    def sizes(self, x: Shape, along: Callable[[slice, Dim], Dim]) -> Shape:
        """The sizes that are left; `along` gives how many places a slice takes of an axis."""
        taken = zip(self.taken(x), x, strict=True)
        return tuple(dim if is_whole(place) else along(place, dim) for place, dim in taken if isinstance(place, slice))

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        (x,) = xs
        rules = []
        left = [(axis, place) for axis, place in enumerate(self.taken(x)) if isinstance(place, slice)]
        for name, size, (axis, place) in zip(axis_names(y), y, left, strict=True):
            if is_whole(place):
                rules.append(AxisRule(name, size, words=of_input(axis_names(x)[axis])))
                continue
            start, stop = (_from_end(end, incoming(x, axis)) for end in (place.start or 0, place.stop))
            count = stop - start if place.start else stop
            steps = count if place.step in (None, 1) else Rounded(count / place.step, "ceil")
            rules.append(AxisRule(name, size, steps, tr("as many as are taken")))
        return tuple(rules)

    def torch(self, xs: tuple[Shape, ...]) -> Spelling:
        names = [f"n{at}" for at in range(len(self.numbers))]
        arguments = tuple(Argument(name, number) for name, number in zip(names, self.numbers, strict=True))
        return Spelling("", arguments, f"{{v0}}[{self._filled(f'{{{name}}}' for name in names)}]")

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        (x,) = xs
        reaches: list[Reach | None] = []
        for place, dim, at in zip(self.taken(x), x, self.places(x), strict=True):
            first = place.start or 0 if isinstance(place, slice) else place
            if first < 0 and is_open(dim):
                reaches.append(None)
                continue
            first = first if first >= 0 else value_of(dim) + first
            step = (place.step or 1) if isinstance(place, slice) else 1
            reaches.append(Reach(fixed=(first, first)) if at is None else Reach(at, Window(step, ((first, first),))))
        return (tuple(reaches),)

    def is_inner(self, x: KnownShape) -> bool:
        return any(_is_one(place, x[at]) and not is_outermost(x, at) for at, place in enumerate(self.taken(x)))

    def in_order(self, xs: tuple[KnownShape, ...], in_order: tuple[bool, ...]) -> bool:
        (x,) = xs
        count = 1
        for place, dim, apart in reversed([*zip(self.taken(x), x, strides(x), strict=True)]):
            if isinstance(place, slice):
                first, end, step = bounds(place, dim)
                size = -(-(end - first) // step)
                if size != 1 and step * apart != count:
                    return False
                count *= size
        return in_order[0]


def is_whole(place: Place) -> bool:
    """Whether a slice is written that takes all of an axis, however long that is."""
    return (
        isinstance(place, slice)
        and (place.start is None or (type(place.start) is int and place.start == 0))
        and place.stop is None
        and (place.step is None or (type(place.step) is int and place.step == 1))
    )


def _is_one(place: Any, dim: Dim) -> bool:
    """Whether one place is taken of an axis that has more, by its number or as a slice."""
    return not isinstance(place, slice) or (length(place, dim) == 1 != dim)


def bounds(place: slice, dim: Dim) -> tuple[Any, Any, Any]:
    """The first place, the first one behind the last, and the step of a slice of plain numbers."""
    start, stop = (end + dim if end is not None and end < 0 else end for end in (place.start, place.stop))
    return 0 if start is None else start, dim if stop is None else stop, place.step or 1


def length(place: slice, dim: Dim) -> Dim:
    """How many places a slice of plain numbers takes of an axis."""
    first, end, step = bounds(place, dim)
    count: Dim = end - first
    return count if step == 1 else (count + step - 1) // step


def strides(x: KnownShape) -> tuple[int, ...]:
    """How many numbers lie between neighbouring places of each axis."""
    return tuple(prod(x[axis + 1 :]) for axis in range(len(x)))


def _from_end(end: int | None, size: Term) -> Term:
    """An end of a slice as a term: a negative one counts from the end of the axis, and without one it is the end."""
    if end is None:
        return size
    return size - -end if end < 0 else term(end)


class Moving(Arrangement):
    """The base of functions by which numbers change places along axes."""

    along = True
    shares = False
    torch_names = {"axis": "dims"}

    if TYPE_CHECKING:  # a function may have other parameters before it
        axis: AxisOrAxes

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes, as they are given."""
        return axes_of(self.axis)

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        return ()

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        return (mixing(xs[0], axis_indices(self.axis, xs[0], self.kind)),)


class Flip(Moving):
    """A value with its numbers in the opposite order along one axis or several."""

    kind = "flip"
    example = "input(8, 6, 6); it + flip(it, 3) -> conv(4, 3)"

    axis: AxisOrAxes = Field(description=AXES)

    def check(self, xs: tuple[Shape, ...]) -> None:
        if len(axis_indices(self.axis, xs[0], self.kind)) < len(self.axes) or not self.axes:
            raise SizeError("flip takes each axis once", "name every axis once", code="E307")

    def torch(self, xs: tuple[Shape, ...]) -> Spelling:
        return Spelling("", (Argument("axes", self.axes),), "torch.flip({v0}, {axes})")


class Roll(Moving):
    """A value whose numbers move on by some places along one axis or several; what leaves at the end comes in again
    at the beginning.
    """

    kind = "roll"
    example = "input(8, 6, 6); roll(it -> conv(4, 3), [1, -1], [2, 3]) -> conv(4, 3)"

    shifts: Annotated[ShiftOrShifts, "free"] = Field(description="by how many places, or a list with one for each axis")
    axis: AxisOrAxes = Field(description=AXES)

    def check(self, xs: tuple[Shape, ...]) -> None:
        axis_indices(self.axis, xs[0], self.kind)
        if len(self.shifts if isinstance(self.shifts, tuple) else (self.shifts,)) != len(self.axes) or not self.axes:
            raise SizeError("roll takes a shift for each axis", "give two lists of the same length", code="E307")

    def torch(self, xs: tuple[Shape, ...]) -> Spelling:
        return Spelling("torch.roll", (Argument("shifts", self.shifts), Argument("axis", self.axis)))

    def in_order(self, xs: tuple[KnownShape, ...], in_order: tuple[bool, ...]) -> bool:
        return True


class Unbind(_OnePlace):
    """A value taken apart along an axis, which is gone afterwards: `q, k, v = unbind(x, 1)`."""

    kind = "unbind"
    example = "input(8, 2, 6); conv(8, 1); a, b = unbind(it, 2); concat(a -> conv(4, 1), b)"

    def check(self, xs: tuple[Shape, ...]) -> None:
        (x,) = xs
        if len(x) == 1:
            raise SizeError(f"unbind would leave no axis of {show(x)}", "write split(x, n)", code="E307")
        count = x[self.at(x)]
        if is_open(count) or count > MOST_PIECES:
            raise SizeError(
                f"unbind makes a value of each place, and there are {show((count,))}",
                f"the axis must have a known size of at most {MOST_PIECES}",
                code="E304",
            )

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        count: int = value_of(xs[0][self.at(xs[0])])
        return super().size_rule(xs) * count

    def deciding(self, xs: tuple[Shape, ...]) -> tuple[Dim, ...]:
        return (xs[0][self.at(xs[0])],)

    def torch(self, xs: tuple[Shape, ...]) -> Spelling:
        one = value_of(xs[0][self.at(xs[0])]) == 1
        return Spelling("", (Argument("axis", self.axis),), f"torch.unbind({{v0}}, {{axis}}){'[0]' if one else ''}")

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        ((*reaches,),) = super().reach(xs, ys, k)
        reaches[self.at(xs[0])] = Reach(fixed=(k, k))
        return (tuple(reaches),)


class Stack(Operation):
    """Several values of the same size, one behind the other along a new axis."""

    kind = "stack"
    arranges = True
    written = "stack(a, b, ...)"
    values = "values of the same size, or a list of them"
    example = "input(8, 6, 6); stack(it, it -> conv(8, 3, padding=1), axis=2) -> conv(4, [1, 3, 3])"
    takes = (1, 65_536)

    axis: AnyAxis = Field(description="the place of the new axis, the batch being axis 0")

    def check(self, xs: tuple[Shape, ...]) -> None:
        if any(len(x) != len(xs[0]) or any(a != b for a, b in zip(x, xs[0], strict=True)) for x in xs[1:]):
            sizes = " and ".join(show(shape) for shape in xs)
            raise SizeError(
                f"stack needs values of the same size: {sizes}", "bring them to the same size first", code="E306"
            )

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        at = axis_index(self.axis, (1, *xs[0]), "stack")
        return ((*xs[0][:at], len(xs), *xs[0][at:]),)

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        at = axis_index(self.axis, y, "stack")
        return in_words(y, (tr("one for each value" if axis == at else "as in each value") for axis in range(len(y))))

    def torch(self, xs: tuple[Shape, ...]) -> Spelling:
        return Spelling("", (Argument("axis", self.axis),), f"torch.stack({all_values(len(xs))}, {{axis}})")

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        at = axis_index(self.axis, ys[k], "stack")
        return tuple(tuple(Reach(axis + (axis >= at), IDENTITY) for axis in range(len(x))) for x in xs)


class Chunk(Split):
    """A value cut into equal pieces along an axis, the channels by default: `a, b = chunk(x, 2)`."""

    kind = "chunk"
    example = "input(8, 6, 6); conv(8, 1); gate, x = chunk(it, 2); x * sigmoid(gate)"

    parts: Annotated[int, Field(strict=True, ge=1, le=MOST_PIECES)] = Field(description="number of equal pieces")


class Expand(Operation):
    """A value with its axes of size 1 repeated up to the sizes that are given; -1 leaves a size as it is.

    A value that has no batch, such as a parameter, gets that of what flows, with sizes or without: the class token of a
    transformer is `concat(expand(token), it, axis=1)`. With sizes its axes are the last of these, and an axis of size 1
    may stand before them, where the batch will be: a `parameter([1, 1, 64])` is a row of tokens by
    `expand(token, [1, 64])`.
    """

    kind = "expand"
    arranges = True
    call = "x.expand"
    example = "input(8, 6, 6); global_avgpool; concat(expand(it, [-1, 6, 6]), input)"
    shares = True
    reads = 1
    asked = "batch of"

    sizes: Annotated[OptionalIndices, "free"] = Field(
        default=None, description="the sizes of a sample, without the batch; -1 for those that stay"
    )

    @property
    def takes(self) -> tuple[int, int]:  # type: ignore[override] # it depends on the parameters
        return (2 if self.sizes is None else 1, 2)

    def check(self, xs: tuple[Shape, ...]) -> None:
        self._check(xs[0], 0)

    def outputs_of(self, xs: tuple[Shape, ...], unbatched: tuple[bool, ...]) -> tuple[Shape, ...]:
        if unbatched != (True, False):
            return super().outputs_of(xs, unbatched)
        if self.sizes is not None:
            self._check(xs[0], len(self.sizes) - len(xs[0]))
        return self.size_rule(xs)

    def _check(self, x: Shape, before: int) -> None:
        """Raise SizeError where x with `before` new axes in front does not become the sizes that are given.

        With -1 the batch takes the place of its first.
        """
        sizes = self.sizes or ()
        dims = x[1:] if before == -1 and x[0] == 1 else (1,) * before + x
        fits = len(dims) == len(sizes) and -1 not in sizes[: max(before, 0)]
        if not fits or any(
            size == 0 or size < -1 or (size not in (-1, dim) and dim != 1)
            for size, dim in zip(sizes, dims, strict=True)
        ):
            raise SizeError(
                f"expand repeats axes of size 1, and {show(x)} cannot become {list(sizes)}",
                "give a size for each axis but the batch, and -1 for those that are not 1",
                code="E306",
            )

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        if self.sizes is None:
            return xs[:1]
        pairs = zip(self.sizes, _last(xs[0], len(self.sizes)), strict=True)
        return (tuple(dim if type(size) is int and size == -1 else size for size, dim in pairs),)

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        if self.sizes is None:
            return ()
        pairs = zip(_last(xs[0], len(y)), y, strict=True)
        return in_words(y, (tr("as in the input" if old == new else "repeated, as asked for") for old, new in pairs))

    def torch(self, xs: tuple[Shape, ...]) -> Spelling:
        if self.sizes is None:
            return Spelling("", template=f"{{v0}}.expand({{v1}}.shape[0]{', -1' * len(xs[0])})")
        names = [f"size{axis}" for axis in range(len(self.sizes))]
        given = ", ".join(f"{{{name}}}" for name in names)
        arguments = tuple(Argument(name, size) for name, size in zip(names, self.sizes, strict=True))
        batch = "-1" if len(xs) == 1 else "{v1}.shape[0]"
        return Spelling("", arguments, f"{{v0}}.expand({batch}, {given})")

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        return (read_beside(xs[0], ys[k]),)

    def in_order(self, xs: tuple[KnownShape, ...], in_order: tuple[bool, ...]) -> bool:
        return in_order[0] and prod(map(value_of, self.size_rule(xs)[0])) == prod(xs[0])  # where no number is repeated


def _last(x: Shape, count: int) -> Shape:
    """The last `count` axes of a shape, with axes of size 1 before them where it has fewer."""
    return ((1,) * count + x)[len(x) :]
