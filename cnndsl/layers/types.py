"""The types that parameters of layers have, in words too: what each takes, and what is wrong with a value."""

from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    Discriminator,
    Field,
    SerializeAsAny,
    Tag,
    TypeAdapter,
    WrapValidator,
)
from pydantic.fields import FieldInfo
from pydantic_core import (
    ErrorDetails,
    InitErrorDetails,
    PydanticCustomError,
    PydanticKnownError,
    ValidationError,
)
from pydantic_core.core_schema import ValidatorFunctionWrapHandler

from cnndsl.frozen import frozen

LARGEST = 2**31 - 1  # no axis, kernel or channel count of a real network comes near it
LARGEST_REAL = 3e38  # a little below the largest number of 32 bits
_LONGEST = 2**63  # PyTorch takes no whole number of more bits
_DIGITS = 10**18  # more than this nobody reads
MOST_AXES = 8
MOST_PIECES = 65_536


@frozen()
class Takes:
    """What a parameter takes, in words: "whole number, at least 1".

    otherwise: what it must be, for a value out of bounds or no list, where the bound alone would say less.
    word: the same for a word that it does not take.
    """

    words: str
    otherwise: str = ""
    word: str = ""


@frozen()
class Words:
    """The words that a parameter takes besides something else."""

    words: tuple[str, ...]


def takes(field: FieldInfo) -> str:
    """What the parameter of a layer takes, in words; empty for a type that is not of this file."""
    if get_origin(field.annotation) is Literal:
        return " or ".join(f'"{choice}"' for choice in get_args(field.annotation))
    said = said_of(field)
    return "" if said is None else said.words


def said_of(field: FieldInfo) -> Takes | None:
    """What the type of a parameter says beside it."""
    return next((item for item in field.metadata if isinstance(item, Takes)), None)


def choices(field: FieldInfo) -> tuple[str, ...]:
    """The words that the parameter of a layer takes; none for one that takes no words."""
    if get_origin(field.annotation) is Literal:
        return get_args(field.annotation)
    return next((item.words for item in field.metadata if isinstance(item, Words)), ())


def check(field: FieldInfo, value: Any) -> None:
    """Raise ValueError where a value does not fit a parameter."""
    declared: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    TypeAdapter(declared).validate_python(value)


def real(value: Any) -> float:
    """A number that a 32-bit number can hold, as PyTorch takes it: not as a whole one of more than 64 bits.

    Raises ValueError, which says what it must be, for anything else.
    """
    try:
        return _reals().validate_python(value)
    except ValidationError as problem:
        raise ValueError(reason(problem.errors()[0], _NUMBER)) from None


@cache
def _reals() -> TypeAdapter[float]:
    return TypeAdapter(Real)


def describe(value: Any) -> str:
    """A value in the user's words, for a message."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'the text "{value}"' if len(value) <= 40 else "a text"
    if isinstance(value, (list, tuple)):
        return "a list" if value else "empty"
    if isinstance(value, int) and not -_DIGITS < value < _DIGITS:
        return "a number of many digits"
    return str(value)


_TYPES = {"int_type": "a whole number", "float_type": "a number", "bool_type": "true or false", "string_type": "a text"}
"""Pydantic's error for a value of another type, and what the value has to be."""


def reason(found: ErrorDetails, takes: Takes | None) -> str:
    """What is wrong with a value, as a sentence that continues the name of the parameter: "must be at least 1, ..."."""
    error, value, limits = found["type"], found["input"], found.get("ctx", {})
    is_huge = error == "float_type" and isinstance(value, int) and not isinstance(value, bool)
    if error in _TYPES and not is_huge:
        return f"must be {_TYPES[error]}, and it is {describe(value)}"
    if error == "value_error":
        return str(limits["error"])
    if error == "too_long":
        return f"may have {limits['max_length']:,} numbers at most, and it has {limits['actual_length']:,}"
    must = "" if takes is None else takes.word if error == "literal_error" else takes.otherwise
    if must and (error == "literal_error" or len(found["loc"]) <= 1):
        return f"{must}, and it is {describe(value)}"
    if error == "too_short":
        is_per_axis = takes is not None and "each axis" in takes.words
        return f"{'needs a number for each axis' if is_per_axis else 'needs a number'}, and the list is empty"
    if error == "greater_than_equal":
        return f"must be at least {_number(limits['ge'])}, and it is {describe(value)}"
    if error == "greater_than":
        return f"must be greater than {_number(limits['gt'])}, and it is {describe(value)}"
    if error in ("less_than_equal", "finite_number") or is_huge:
        return f"must be at most {_number(limits.get('le', LARGEST_REAL))}"
    if error == "literal_error":
        return f"must be one of {limits['expected']}, and it is {describe(value)}".replace("'", '"')
    return found["msg"]


def _number(limit: float) -> str:
    return f"{limit:,}".removesuffix(".0")


def _keeping_whole(value: Any, handler: ValidatorFunctionWrapHandler) -> float:
    """The number as it was given, 2 or 2.0, and nothing that only could be turned into one."""
    if not isinstance(value, (int, float)):
        raise PydanticKnownError("float_type")
    number: float = handler(value)
    return value if isinstance(value, int) and -_LONGEST < value < _LONGEST else number


def _form(value: Any) -> Literal["list", "number"]:
    return "list" if isinstance(value, (list, tuple)) else "number"


def _form_or_word(value: Any) -> Literal["list", "number", "word"]:
    return "word" if isinstance(value, str) else _form(value)


def _number_or_word(value: Any) -> Literal["number", "word"]:
    return "word" if isinstance(value, str) else "number"


def _number_or_rest(value: Any) -> Literal["rest", "number"]:
    return "rest" if type(value) is int and value == -1 else "number"


def _is_one_left(sizes: tuple[int, ...]) -> tuple[int, ...]:
    if sizes.count(-1) > 1:
        message = "may have one -1 at most, for the size that is left"
        raise ValueError(message)
    return sizes


# Pydantic would take what can be made a number of, such as a number that remembers its expression, and forget that.
_STRICT = Field(strict=True, le=LARGEST)
_AT_LEAST_0, _AT_LEAST_1, _INDEX = Field(ge=0), Field(ge=1), Field(ge=-16)
_REAL = Field(strict=True, allow_inf_nan=False, le=LARGEST_REAL)
_AS_GIVEN = WrapValidator(_keeping_whole)
_Number = SerializeAsAny[float]  # as Pydantic would write 2 as 2.0
# Which of one number and a list of them is meant, so that what is said of a mistake is about that.
_ONE_OR_LIST, _ONE_LIST_OR_WORD = Discriminator(_form), Discriminator(_form_or_word)
_EACH = Field(min_length=1)
_NUMBER = Takes("number", f"must be between -{LARGEST_REAL} and {LARGEST_REAL}, as a 32-bit number is")

# A count of channels or features.  Marked so that a network parameter which reaches only such
# counts can stay an argument of the generated constructor.
Count = Annotated[int, _STRICT, _AT_LEAST_1, "count", Takes("whole number, at least 1")]
# A number that changes no size: a probability, an epsilon, a slope.
Real = Annotated[_Number, _REAL, Field(ge=-LARGEST_REAL), _AS_GIVEN, "free", _NUMBER]
OptionalReal = Annotated[Annotated[_Number, _REAL, Field(ge=-LARGEST_REAL), _AS_GIVEN] | None, _NUMBER]
RealFrom0 = Annotated[_Number, _REAL, _AT_LEAST_0, _AS_GIVEN, "free", Takes("number, at least 0")]
PositiveReal = Annotated[_Number, _REAL, Field(gt=0), _AS_GIVEN, "free", Takes("number above 0")]
OptionalPositiveReal = Annotated[
    Annotated[_Number, _REAL, Field(gt=0), _AS_GIVEN] | None, "free", Takes("number above 0")
]
Probability = Annotated[
    _Number,
    Field(strict=True, allow_inf_nan=False, ge=0, le=1),
    _AS_GIVEN,
    "free",
    Takes("number from 0 to 1", "must be a probability, between 0 and 1"),
]

Whole = Annotated[int, _STRICT, _AT_LEAST_0, Takes("whole number, at least 0")]
Positive = Annotated[int, _STRICT, _AT_LEAST_1, Takes("whole number, at least 1")]
Axis = Annotated[int, _STRICT, _INDEX, Takes("axis")]
# Any axis; which there are, the operation says.
AnyAxis = Annotated[int, _STRICT, Field(ge=-LARGEST), Takes("axis")]
OptionalWhole = Annotated[Annotated[int, _STRICT, Field(ge=-LARGEST)] | None, Takes("whole number")]
OptionalPositive = Annotated[Annotated[int, _STRICT, _AT_LEAST_1] | None, Takes("whole number, at least 1")]
OptionalAxis = Annotated[Annotated[int, _STRICT, _INDEX] | None, Takes("axis")]

_LIST_OF_NUMBERS = Takes("list of whole numbers", "must be a list of whole numbers")
_Size = Annotated[int, _STRICT, _AT_LEAST_1]
_Sizes = Annotated[_Size, Tag("number")] | Annotated[tuple[_Size, ...], _EACH, Tag("list")]
_Border = Annotated[int, _STRICT, _AT_LEAST_0]
_Borders = Annotated[_Border, Tag("number")] | Annotated[tuple[_Border, ...], _EACH, Tag("list")]
_Index = Annotated[int, _STRICT, _INDEX]
# One number for all axes, or a list of one per axis.
_PER_AXIS = Takes("whole number, at least 1, or one for each axis")
_PER_AXIS_FROM_0 = Takes("whole number, at least 0, or one for each axis")
Extent = Annotated[_Sizes, _ONE_OR_LIST, _PER_AXIS]
OptionalExtent = Annotated[Annotated[_Sizes, _ONE_OR_LIST] | None, _PER_AXIS]
Offset = Annotated[_Borders, _ONE_OR_LIST, _PER_AXIS_FROM_0]
OptionalOffset = Annotated[
    Annotated[_Borders, _ONE_OR_LIST] | None, Takes("whole number, at least 0, or a list of them")
]
_PADDINGS = Words(("same", "valid"))
Padding = Annotated[
    _Borders | Annotated[Literal["same", "valid"], Tag("word")],
    _ONE_LIST_OR_WORD,
    _PADDINGS,
    Takes(
        'whole number, at least 0, or one for each axis, or "same" or "valid"',
        word='must be a number, a list of them, "same" or "valid"',
    ),
]
# A number of equal pieces, or a list of their sizes.
Pieces = Annotated[
    Annotated[int, Field(strict=True, ge=1, le=MOST_PIECES), Tag("number")]
    | Annotated[tuple[_Size, ...], Field(min_length=1, max_length=MOST_PIECES), Tag("list")],
    _ONE_OR_LIST,
    Takes("whole number, at least 1, or a list of such"),
]
# The first of the axes that are meant, or the channels alone.
AxisOrChannels = Annotated[
    Annotated[_Index, Tag("number")] | Annotated[Literal["channels"], Tag("word")],
    Discriminator(_number_or_word),
    Takes('axis, or "channels"', word='must be a whole number or "channels"'),
]
# One axis, or a list of them.
AxisOrAxes = Annotated[
    Annotated[_Index, Tag("number")] | Annotated[tuple[_Index, ...], Field(max_length=MOST_AXES), Tag("list")],
    _ONE_OR_LIST,
    Takes("axis, or a list of them"),
]
# Whole numbers of any sign: sizes of which -1 stays as it is, or by how many places something moves.
_Any = Annotated[int, _STRICT, Field(ge=-LARGEST)]
OptionalIndices = Annotated[Annotated[tuple[_Any, ...], Field(max_length=MOST_AXES)] | None, _LIST_OF_NUMBERS]
Indices = Annotated[tuple[_Any, ...], Field(max_length=3 * MOST_AXES), _LIST_OF_NUMBERS]
ShiftOrShifts = Annotated[
    Annotated[_Any, Tag("number")] | Annotated[tuple[_Any, ...], Field(max_length=MOST_AXES), Tag("list")],
    _ONE_OR_LIST,
    Takes("whole number, or a list of them"),
]
# A factor by which a size grows, or a list of them.
_Factor = Annotated[_Number, Field(strict=True, gt=0, le=LARGEST, allow_inf_nan=False), _AS_GIVEN]
OptionalScale = Annotated[
    Annotated[Annotated[_Factor, Tag("number")] | Annotated[tuple[_Factor, ...], _EACH, Tag("list")], _ONE_OR_LIST]
    | None,
    Takes("number above 0, or one for each axis"),
]
# The sizes of several axes, of which one may be -1: what is left.
_SizeOrRest = Annotated[
    Annotated[_Size, Tag("number")] | Annotated[Literal[-1], Tag("rest")], Discriminator(_number_or_rest)
]
_LIST_OF_SIZES = Takes("list of sizes", "must be a list of sizes")
Sizes = Annotated[
    tuple[_SizeOrRest, ...], Field(min_length=1, max_length=MOST_AXES), AfterValidator(_is_one_left), _LIST_OF_SIZES
]
Counts = Annotated[tuple[_Size, ...], _LIST_OF_SIZES]
Axes = Annotated[tuple[_Index, ...], Field(max_length=MOST_AXES), Takes("list of axes", "must be a list of axes")]
OptionalText = Annotated[Annotated[str, Field(strict=True)] | None, Takes("text")]
OptionalTexts = Annotated[
    tuple[Annotated[str, Field(strict=True)], ...] | None, Takes("list of texts", "must be a list of texts")
]
Flag = Annotated[bool, Field(strict=True), Takes("true or false")]
PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]


Role = Literal["count", "free", "fixed"]


@frozen()
class Parameter:
    """A parameter as it may be given.

    `takes` says in words what may be given. `role` is "count" where it counts channels or features, "free" where
    it changes no size, and "fixed" where it shapes what comes out or how the layer is built. `default` is None
    for a required one.
    """

    name: str
    takes: str
    description: str
    required: bool
    default: Any
    role: Role


def role(field: FieldInfo) -> Role:
    """What a parameter decides; see `Parameter`."""
    return "count" if "count" in field.metadata else "free" if "free" in field.metadata else "fixed"


def misfits(problem: ValidationError) -> dict[str, str]:
    """What is wrong with the parameters that do not fit, by their names; missing ones are not among them."""
    found: dict[str, str] = {}
    for error in problem.errors(include_url=False):
        if error["loc"] and error["type"] != "missing":
            found.setdefault(str(error["loc"][0]), error["msg"])
    return found


def missing(problem: ValidationError) -> tuple[str, ...]:
    """The names of the parameters that are missing."""
    return tuple(str(e["loc"][0]) for e in problem.errors(include_url=False) if e["type"] == "missing")


def in_our_words(kind: type[BaseModel], problem: ValidationError) -> ValidationError:
    """The error with our words in place of Pydantic's."""
    errors: list[InitErrorDetails] = []
    for found in problem.errors(include_url=False):
        name = str(found["loc"][0]) if found["loc"] else ""
        field = kind.model_fields.get(name)
        if found["type"] == "missing":
            words = "is missing"
        elif found["type"] == "extra_forbidden":
            words = "is no parameter"
        else:
            words = reason(found, None if field is None else said_of(field))
        error = PydanticCustomError(found["type"], words)
        errors.append(InitErrorDetails(type=error, loc=found["loc"], input=found["input"]))
    return ValidationError.from_exception_data(kind.__name__, errors)
