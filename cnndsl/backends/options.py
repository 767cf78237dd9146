"""The options of backends: what all of their models are made of.

A backend is a frozen dataclass of Pydantic. Its fields are its options, each with its type, default, bounds and
description, and `of` makes what the backend makes. The methods of `Compilation`, the command line and the documents
have the options from there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from inspect import Parameter, Signature, cleandoc
from typing import Annotated, Any, Generic, ParamSpec, TypeVar, dataclass_transform, get_args

import pydantic.dataclasses
from pydantic import AfterValidator, ConfigDict, Field, PlainValidator, SkipValidation, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from cnndsl.analysis.repeats import made_of
from cnndsl.diagnostics import OptionError
from cnndsl.i18n import Language, speaking
from cnndsl.ir.program import Module, Program, Use
from cnndsl.render.paper import points
from cnndsl.syntax import tree
from cnndsl.theme import ThemeName

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass_transform(frozen_default=True, field_specifiers=(Field,))
def model(options: type[T]) -> type[T]:
    """Make a class the model of a backend's options: they are validated, cannot be changed, and there are no others."""
    if any(isinstance(default, FieldInfo) for default in vars(options).values()):
        message = "what is said of an option stands in Annotated: as a default, Pydantic would take it by position"
        raise TypeError(message)
    made: Any = pydantic.dataclasses.dataclass(
        options, frozen=True, config=ConfigDict(extra="forbid", defer_build=True)
    )
    return made  # type: ignore[no-any-return]


@dataclass(frozen=True)
class CommandLine:
    """How the command line takes an option, where that does not follow from its name and type.

    metavar: what stands for the value. flag: its name, such as `--size`. is_argument: whether it has a place there
    and no name. without: of a truth value that is true by default, what the flag that makes it false is for.
    """

    metavar: str = ""
    flag: str = ""
    is_argument: bool = False
    without: str = ""


class Terminal:
    """Marks an option that the command line gives by itself: it says what the terminal can show."""


def mark_of(field: FieldInfo, kind: type[T]) -> T | None:
    """What stands beside the type of an option for the command line."""
    return next((mark for mark in field.metadata if isinstance(mark, kind)), None)


@dataclass(frozen=True)
class Checked:
    """A text without errors, as a backend is given it: the program, and the syntax tree of each file by its name."""

    program: Program
    tree: Callable[[str], tree.File | None] = lambda _: None

    def network(self, name: str | None, sizes: Mapping[str, int] | None = None) -> tuple[Program, Module]:
        """A network, by default the last one, in the program where the sizes that it leaves open are the given ones.

        Raises KeyError where there is no network of this name, OpenSizeError where the sizes do not fit.
        """
        if not sizes:
            return self.program, self.program.network(name)
        from cnndsl.analysis.shapes import with_sizes

        program = with_sizes(self.program, name, sizes)
        return program, program.network(name)


@model
class Options(ABC, Generic[T_co]):
    """A backend with its options; what it makes is a T, such as a str.

    lang: the language that it speaks. Errors and warnings are English always.
    """

    _: KW_ONLY
    lang: Lang = "en"

    @abstractmethod
    def of(self, text: Checked) -> T_co:
        """What the backend makes of a text. Raises OptionError for an option that does not fit the network."""

    def made(self, text: Checked) -> T_co:
        """The same, in its language."""
        with speaking(self.lang):
            return self.of(text)


def _names(given: Any) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Iterable) or not all(isinstance(name, str) for name in given):
        raise ValueError(f"takes a list of names, and not {given!r}")
    return tuple(given)


def _length(given: str | None) -> str | None:
    if given is not None:
        points(given)
    return given


Names = Annotated[Collection[str], PlainValidator(_names)]
_NETWORK = "Which network to take; by default the last one of the file."
_SIZES = "Show the network for this size of its input, where that is left open: H=256,W=256."
_LANG = "The language of what is said; auto takes that of the environment (LANGUAGE, LC_ALL, LC_MESSAGES or LANG)."
_DEPTH = "How many levels of blocks to draw with their inside; by default as many as are easy to take in."
_EXPAND = "A block (BasicBlock) or a part (layer2.0) to draw with its inside; * for all."
Network = Annotated[str | None, Field(description=_NETWORK), CommandLine("NAME")]
Sizes = Annotated[
    Mapping[str, int] | None, SkipValidation, Field(description=_SIZES), CommandLine("NAME=NUMBER", "--size")
]
Colours = Annotated[ThemeName, Field(description="The colours; in an SVG, auto follows the reader's system.")]
_PAPER = (
    "How wide the picture may be in print, such as 17cm: what is wider goes on in another row, or gets smaller; "
    "by default as wide as it is."
)
Paper = Annotated[str | None, AfterValidator(_length), Field(description=_PAPER), CommandLine("LENGTH")]
Lang = Annotated[Language, Field(description=_LANG)]
Color = Annotated[bool, Field(description="Whether text has colours, for a terminal."), Terminal()]
Width = Annotated[int, Field(description="How many characters a line of text may have."), Terminal()]


@model
class Drawing(Options[T_co]):
    """What every picture of a network can be asked for."""

    _: KW_ONLY
    sizes: Sizes = None
    theme: Colours = "auto"
    depth: Annotated[int | None, Field(ge=0, description=_DEPTH)] = None
    expand: Annotated[Names, Field(description=_EXPAND), CommandLine("PART")] = ()

    def shown(self, text: Checked, name: str | None) -> tuple[Program, Module]:
        """The network that is drawn, as `Checked.network` gives it. Raises OptionError for what it cannot open."""
        program, network = text.network(name, self.sizes)
        for part in self.expand:
            kinds = {module.name for module in made_of(program, network) if module.kind != "chain"}
            if part != "*" and part not in kinds - {network.name} and not _is_part(program, network, part):
                blocks = sorted(kinds - {network.name})
                has = f"its blocks are {', '.join(blocks)}" if blocks else "it has no blocks"
                message = f"{network.name} has no block or part {part} with an inside; {has}"
                raise OptionError("expand", message)
        return program, network


def _is_part(program: Program, module: Module, path: str) -> bool:
    """Whether a path such as `layer2.0` leads from a module to a part in it that has an inside."""
    for child in module.children:  # that of a list has a point in its name
        inside, _, rest = path.partition(f"{child.name}.")
        if isinstance(child.unit, Use) and (path == child.name or (rest and not inside)):
            return not rest or _is_part(program, program.modules[child.unit.module], rest)
    return False


def fields(kind: type[Any]) -> dict[str, FieldInfo]:
    """The options of a backend by their names, those that may be given by position first."""
    found: dict[str, FieldInfo] = kind.__pydantic_fields__
    return dict(sorted(found.items(), key=lambda item: bool(item[1].kw_only)))


def read(kind: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The model of options, made of what a caller gives. Raises OptionError, and TypeError for an unknown option."""
    try:
        return kind(*args, **kwargs)
    except ValidationError as problem:
        raise _refusal(problem.errors()[0], kind) from None


def describe(method: Any, name: str, kind: type[Options[Any]]) -> None:
    """Have a method tell of itself what a backend makes, and what each of its options is for."""
    said = [f"{name}: {field.description}" for name, field in fields(kind).items()]
    method.__name__, method.__doc__ = name, "\n".join([f"{cleandoc(kind.__doc__ or '')}\n", *said])
    kinds = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    method.__signature__ = Signature(
        [
            Parameter(name, kinds[bool(field.kw_only)], default=field.default, annotation=field.annotation)
            for name, field in fields(kind).items()
        ]
    )


_KINDS = {"int": "a whole number", "bool": "True or False", "string": "a text"}
"""What Pydantic calls a type in the names of its errors -> what it is."""


def _refusal(found: ErrorDetails, kind: Any) -> Exception:
    """What is wrong, in our words."""
    error, limits = found["type"], found.get("ctx", {})
    if error.startswith("unexpected"):
        word = f"option {found['loc'][0]!r}" if "keyword" in error else "further value by position"
        return TypeError(f"{kind.__name__} takes no {word}; its options are {', '.join(fields(kind))}")
    cause = limits.get("error")
    if isinstance(cause, OptionError):
        return cause
    place, value = found["loc"][0], found["input"]
    name = list(fields(kind))[place] if isinstance(place, int) else place
    if error == "literal_error":
        there_are = ", ".join(get_args(fields(kind)[name].annotation))
        return OptionError(name, f"there is no {name} {value!r}; there are {there_are}")
    bound = next((f"at {word} {limits[key]:,}" for key, word in (("ge", "least"), ("le", "most")) if key in limits), "")
    must = cause or f"is {bound or _KINDS.get(error.partition('_')[0], 'something else')}, and not {value!r}"
    return OptionError(name, f"{name} {must}")
