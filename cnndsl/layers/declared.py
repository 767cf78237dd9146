"""Declarations: classes whose fields are parameters that a text gives, each checked by its type.

    class Dropout(Declared):
        p: Probability = Field(default=0.5, description="share of the numbers that is set to zero")

A type is an `Annotated` of `fields.py` with a `Check` in it, or a `Literal` of the words that may be given. Types are
looked up for the kinds that are made, and not when the class is read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, dataclass_transform, get_args, get_origin

from cnndsl.records import REQUIRED, Record, is_class_variable

_DIGITS = 10**18  # more than this nobody reads


class Check:
    """Stands in `Annotated`: what makes a parameter of what a text or JSON gives, or raises ValueError."""

    __slots__ = ("apply",)

    def __init__(self, apply: Callable[[Any], Any]) -> None:
        self.apply = apply


class Invalid(ValueError):  # noqa: N818 - it says what is the matter
    """What is given to a declaration does not fit.

    name: the parameter. reason: a sentence that continues it, "must be at least 1"; empty where the parameter is
    missing, or where there is none of this name. missing: the names of all that are.
    """

    def __init__(self, name: str, reason: str = "", missing: tuple[str, ...] = ()) -> None:
        super().__init__(f"{', '.join(missing)} missing" if missing else f"{name} {reason or 'is no parameter'}")
        self.name, self.reason, self.missing = name, reason, missing


class FieldInfo:
    """What is declared of a parameter."""

    __slots__ = ("_type", "_where", "default", "description")

    def __init__(self, default: Any, description: str) -> None:
        self.default, self.description = default, description
        self._type: Any = None
        self._where = ""

    def declared(self, type_: Any, module: str) -> FieldInfo:
        """The parameter with its type, or the text of it, and the module whose names are used in it."""
        self._type, self._where = type_, module
        return self

    def is_required(self) -> bool:
        """Whether it has to be given."""
        return self.default is REQUIRED

    def _resolved(self) -> Any:
        if isinstance(self._type, str):
            self._type = eval(self._type, vars(sys.modules[self._where]))  # noqa: S307 - the text of our own class
        return self._type

    @property
    def annotation(self) -> Any:
        """Its type in Python."""
        found = self._resolved()
        return get_args(found)[0] if get_origin(found) is Annotated else found

    @property
    def metadata(self) -> tuple[Any, ...]:
        """What else its type says."""
        found = self._resolved()
        return get_args(found)[1:] if get_origin(found) is Annotated else ()

    def check(self, value: Any) -> Any:
        """What to keep of a given value. Raises ValueError with the reason when it does not fit."""
        for item in self.metadata:
            if isinstance(item, Check):
                return item.apply(value)
        if get_origin(self.annotation) is Literal:
            return _one_of(value, get_args(self.annotation))
        return value


def _one_of(value: Any, choices: tuple[str, ...]) -> Any:
    if value in choices and isinstance(value, str):
        return value
    *most, last = (f'"{choice}"' for choice in choices)
    message = f"must be one of {', '.join(most)} or {last}, and it is {describe(value)}"
    raise ValueError(message)


def describe(value: Any) -> str:
    """A value in the user's words, for a message."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'the text "{value}"' if len(value) <= 40 else "a text"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, int) and not -_DIGITS < value < _DIGITS:
        return "a number of many digits"
    return str(value)


def Field(*, description: str, default: Any = REQUIRED) -> Any:  # noqa: N802 - as dataclasses and Pydantic call theirs
    """A parameter with what it is for, in words for the reference page."""
    return FieldInfo(default, description)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(Field,))
class Declared(Record):
    """The base of declarations. Raises Invalid for parameters that do not fit."""

    model_fields: ClassVar[dict[str, FieldInfo]] = {}
    """The parameters in their order."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        fields: dict[str, FieldInfo] = {}
        for base in reversed(cls.__mro__[1:]):
            fields |= vars(base).get("model_fields", {})
        for name, type_ in cls.__annotations__.items():
            if not is_class_variable(type_):
                given = cls.record_fields[name]
                info = given if isinstance(given, FieldInfo) else FieldInfo(given, "")
                fields[name] = info.declared(type_, cls.__module__)
                cls.record_fields[name] = info.default
                if given is not REQUIRED:
                    delattr(cls, name)
        cls.model_fields = fields

    def __init__(self, /, **given: Any) -> None:
        values = {}
        for name, field in self.model_fields.items():
            if name in given:
                try:
                    values[name] = field.check(given[name])
                except Invalid:
                    raise
                except ValueError as problem:
                    raise Invalid(name, str(problem)) from None
            elif field.is_required():
                needed = [name for name, field in self.model_fields.items() if field.is_required()]
                raise Invalid(name, missing=tuple(name for name in needed if name not in given))
            else:
                values[name] = field.default
        for name in given:
            if name not in values:
                raise Invalid(name)
        vars(self).update(values)

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """The same with other values of some parameters, which are not checked."""
        return self.model_construct(**{**vars(self), **update})

    @classmethod
    def model_construct(cls, **given: Any) -> Self:
        """The declaration with these parameters, which are not checked."""
        made = object.__new__(cls)
        vars(made).update(cls.record_fields | given)
        return made

    def model_dump(self, *, exclude_defaults: bool = False) -> dict[str, Any]:
        """The parameters by name; without those that have their defaults, if wanted."""
        return {
            name: getattr(self, name)
            for name, default in self.record_fields.items()
            if not (exclude_defaults and getattr(self, name) == default)
        }

    @classmethod
    def model_validate(cls, given: Mapping[str, Any]) -> Self:
        """The declaration with these parameters. Raises Invalid."""
        return cls(**given)
