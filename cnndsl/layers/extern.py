"""Layers from elsewhere: classes that somebody wrote in Python, which a text declares with `extern`."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal, Self, cast

from pydantic import AfterValidator, BeforeValidator, Field

from cnndsl.i18n import tr
from cnndsl.layers.base import Argument, Extra, Group, Kept, Layer, Spelling, Tensor
from cnndsl.layers.formula import AXES, Dim, KnownShape, Shape, SizeError, show
from cnndsl.layers.reach import Reaches, same
from cnndsl.layers.types import Counts, OptionalText, OptionalTexts
from cnndsl.symbolic.expr import Expr, parse_expr
from cnndsl.symbolic.number import evaluate, is_open, literal, value_of

SIZE_NAMES = ("channels", "depth", "height", "width", "length", "features")
"""What a rule may call the sizes of what comes in."""
SAME = "same"
"""What a rule calls all the sizes of what comes in."""
_SHOWN = 24


def why_not_package(path: str) -> str | None:
    """Why nothing can be imported from a module with this dotted path; None when it can."""
    for part in path.split("."):
        if not part.isidentifier():
            return "it is written as in Python, from the top: package.module"
        if keyword.iskeyword(part):
            return f"{part} is a word of Python"
        if part.startswith("__"):
            return "names that begin with two underscores are Python's own"
    return None


def _package(path: str) -> str:
    reason = why_not_package(path)
    if reason:
        message = f"{path!r} is no module: {reason}"
        raise ValueError(message)
    return path


def _class(name: str) -> str:
    if "." in name:
        message = f"{name!r} is no name of a class"
        raise ValueError(message)
    return _package(name)


def as_tuples(value: Any) -> Any:
    """A value as JSON gives it, with tuples in place of lists."""
    return tuple(map(as_tuples, value)) if isinstance(value, (list, tuple)) else value


class Extern(Layer):
    """A class of another package: what it is called, its arguments, and the rules for what comes out."""

    kind = "extern"
    group = Group.BLOCK

    name: Annotated[str, Field(strict=True), AfterValidator(_class)]
    package: Annotated[str, Field(strict=True), AfterValidator(_package)]
    """The module that it is imported from."""
    given: Annotated[tuple[tuple[str, Any], ...], BeforeValidator(as_tuples)] = ()
    """All parameters with their values: numbers, truth values, texts, and tuples of them."""
    shapes: tuple[OptionalTexts, ...] = Field(default=(None,), min_length=1)
    """The sizes of each value that comes out, in terms of the parameters and of `SIZE_NAMES`; None for those of what
    comes in."""
    several: Annotated[bool, Field(strict=True)] = False
    """Whether it gives a tuple, also of one value."""
    learned: OptionalText = None
    """How many numbers it learns, likewise; None where the text does not say."""
    axes: Counts = ()
    """How many axes one sample may have; empty for any number."""

    @property
    def word(self) -> str:
        return self.name

    @property
    def text(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value}' for name, value in self.given)})"

    @property
    def counted(self) -> bool:
        return self.learned is not None

    def title(self, x: Shape) -> str:
        return self.name

    def role(self, name: str) -> Literal["count", "free", "fixed"]:
        rules = [rule for shape in self.shapes for rule in shape or ()] + ([self.learned] if self.learned else [])
        return "count" if any(name == s.name for rule in rules for s in _parsed(rule).symbols()) else "free"

    def having(self, values: Mapping[str, Any]) -> Self:
        given = tuple((name, values.get(name, value)) for name, value in self.given)
        return self.model_copy(update={"given": given})

    def output(self, x: Shape) -> Shape:
        return self.outputs(x)[0]

    def outputs(self, x: Shape) -> tuple[Shape, ...]:
        if self.axes and len(x) not in self.axes:
            takes = " or ".join(map(str, self.axes))
            raise SizeError(
                f"{self.name} takes values of {takes} axes, and the input is {show(x)}",
                "bring the input to this form first, for example with flatten or unflatten",
                code="E301",
            )
        return tuple(
            x if shape is None else tuple(self._number(rule, x, "a size of what comes out", 1) for rule in shape)
            for shape in self.shapes
        )

    def _number(self, rule: str, x: Shape, what: str, least: int) -> Dim:
        """What a rule comes to for an input. Raises SizeError unless that is a whole number of at least `least`."""
        sizes = dict(zip(axis_names(len(x)), x, strict=False))
        try:
            number = evaluate(_parsed(rule), sizes | dict(self.given))
        except KeyError as missing:
            raise self._problem(
                f"{what} is {rule}, and an input of {show(x)} has no {missing.args[0]}",
                f"it has {', '.join(sizes)}",
            ) from None
        except (ArithmeticError, TypeError):
            raise self._problem(f"{what} is {rule}, which is no number for an input of {show(x)}") from None
        plain = value_of(number)
        if isinstance(plain, bool) or not isinstance(plain, int):
            raise self._problem(f"{what} is {rule}, which is no whole number: {plain}", "divide with //") from None
        if number < least:
            raise self._problem(f"{what} is {rule}, which for an input of {show(x)} is {number}")
        return cast("Dim", number)

    def _problem(self, message: str, *helps: str) -> SizeError:
        return SizeError(f"{self.name}: {message}", *helps or ("see the rules of its extern line",), code="E315")

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        if self.learned is None:
            return ()
        count = self._number(self.learned, x, "the number of parameters", 0)
        return (Tensor("parameters", (count,)),) if is_open(count) or count else ()  # type: ignore[arg-type]

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra | None:
        return None

    def torch(self, x: Shape) -> Spelling:
        arguments = tuple(Argument(name, value) for name, value in self.given)
        return Spelling(self.name, arguments, package=self.package)

    def does(self, x: Shape) -> str:
        return ""  # nothing is known of it

    def words(self, x: Shape) -> str:
        shown = [] if self.counted else [tr("parameters not counted")]
        shown += [_brief(name, value) for name, value in self.given]
        return ", ".join(shown)


def axis_names(axes: int) -> tuple[str, ...]:
    """What a rule calls the sizes of a value with so many axes."""
    return ("features",) if axes == 1 else ("channels", *AXES.get(axes - 1, ()))


@lru_cache(maxsize=4096)
def _parsed(rule: str) -> Expr:
    return parse_expr(rule)


def _brief(name: str, value: Any) -> str:
    """An argument for people: `pattern "b c h w -> b (c h) w"`, `stride 2`."""
    text = literal(value)
    return f"{name} {text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}"


class Placeholder(Layer):
    """Gives what it is given (torch.nn.Identity). No word of the language makes one."""

    kind = "placeholder"
    module = "Identity"
    group = Group.SHAPE
    is_view = True
    keeps = Kept()

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return same(x)
