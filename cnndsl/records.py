"""Values with named fields that are never changed, and their form as JSON.

A `Record` is what a frozen dataclass is, and type checkers take it for one.  What differs is the cost of the class
itself: `dataclass` writes and compiles six functions for each class when a module is imported, which for the many
kinds of nodes and values of the compiler is a good part of a cold start.  Here one is compiled, for the classes of
which there are instances, and the others are shared.

A `Model` is a record whose fields are given by name, and which goes to JSON and back.  Pydantic does that, and is
imported for it then.  Nothing is checked when a model is made from Python.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, ClassVar, Self, cast, dataclass_transform, get_origin

REQUIRED: Any = object()
"""What stands for the default of a field that has none."""
_set = object.__setattr__


@dataclass_transform(frozen_default=True)
class Record:
    """The base of values with fields: the annotations of the class, those of its bases first, with their defaults.

    Equal to another of the same class with equal fields, or with `eq=False` to nothing but itself.
    `__post_init__`, where there is one, is called at the end.
    """

    record_fields: ClassVar[dict[str, Any]] = {}
    """The fields in their order, each with its default or `REQUIRED`."""
    _by_name: ClassVar[bool] = False
    _has_constructor: ClassVar[bool] = False
    """Whether a class has written its own."""
    _values: ClassVar[Any]

    def __init_subclass__(cls, *, eq: bool = True, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not eq:
            cls.__eq__, cls.__hash__ = object.__eq__, object.__hash__  # type: ignore[method-assign]
        fields: dict[str, Any] = {}
        for base in reversed(cls.__mro__[1:]):
            fields |= vars(base).get("record_fields", {})
        space = vars(cls)
        for name, annotation in cls.__annotations__.items():
            if not is_class_variable(annotation):
                fields[name] = space.get(name, REQUIRED)
        cls.record_fields = fields
        cls._values = attrgetter(*fields) if fields else type
        if "__init__" in space:
            cls._has_constructor = True
        elif not cls._has_constructor:
            cls.__init__ = _first  # type: ignore[method-assign]

    def __setattr__(self, name: str, value: Any) -> None:
        message = f"{type(self).__name__} cannot be changed: {name}"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(other) is not type(self):
            return NotImplemented
        return bool(self._values(self) == self._values(other))

    def __hash__(self) -> int:
        return hash((type(self), self._values(self)))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.record_fields)
        return f"{type(self).__name__}({shown})"

    def __reduce__(self) -> Any:
        return _remade, (type(self), vars(self))

    def replaced(self, **changes: Any) -> Self:
        """The record with other values of some fields."""
        return type(self)(**{name: getattr(self, name) for name in self.record_fields} | changes)


def is_class_variable(annotation: Any) -> bool:
    """Whether an annotation, or the text of one, is that of no field."""
    return annotation.startswith("ClassVar") if isinstance(annotation, str) else get_origin(annotation) is ClassVar


def _remade(cls: type[Record], fields: dict[str, Any]) -> Record:
    """A record from the fields of another, for `copy` and `pickle`."""
    made = object.__new__(cls)
    for name, value in fields.items():
        _set(made, name, value)
    return made


def _first(self: Any, *values: Any, **named: Any) -> None:
    """The constructor of a class of which there is no instance yet."""
    cls = type(self)
    cls.__init__ = _constructor(cls)
    cls.__init__(self, *values, **named)


def _constructor(cls: type[Record]) -> Callable[..., None]:
    """A constructor with the fields as parameters."""
    space = {f"_{name}": default for name, default in cls.record_fields.items()} | {"_set": _set}
    parameters = [name if default is REQUIRED else f"{name}=_{name}" for name, default in cls.record_fields.items()]
    if cls._by_name and parameters:
        parameters.insert(0, "*")
    lines = [f"_set(self, {name!r}, {name})" for name in cls.record_fields]
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    exec(f"def __init__({', '.join(['self', *parameters])}):\n " + "\n ".join(lines or ["pass"]), space)  # noqa: S102 - of our own names
    return cast("Callable[..., None]", space["__init__"])


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Model(Record):
    """The base of records that go to JSON and back. The methods are called as Pydantic calls its own."""

    _by_name: ClassVar[bool] = True

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """The model with other values of some fields."""
        return self.replaced(**update)

    def model_dump_json(self) -> str:
        """The model as JSON."""
        import json

        return json.dumps(to_json(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def model_validate(cls, value: Any) -> Self:
        """The model that a dictionary describes. Raises pydantic.ValidationError, a ValueError, where it is wrong."""
        return _adapter(cls).validate_python(value)  # type: ignore[no-any-return]

    @classmethod
    def model_validate_json(cls, text: str | bytes) -> Self:
        """The model that JSON describes. Raises pydantic.ValidationError, a ValueError, where it describes none."""
        return _adapter(cls).validate_json(text)  # type: ignore[no-any-return]

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, handler: Any) -> Any:
        from typing import get_type_hints

        from pydantic_core import core_schema

        hints = get_type_hints(cls, include_extras=True)
        fields = {
            name: core_schema.typed_dict_field(handler.generate_schema(hints[name]), required=default is REQUIRED)
            for name, default in cls.record_fields.items()
        }
        given = core_schema.typed_dict_schema(fields, extra_behavior="forbid", cls_name=cls.__name__)
        return core_schema.no_info_after_validator_function(lambda found: cls(**found), given)


def to_json(value: Any) -> Any:
    """A value in what JSON knows: a model as an object, a list for a tuple, and what `as_json()` gives for others."""
    if isinstance(value, Model):
        return {name: to_json(getattr(value, name)) for name in value.record_fields}
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return to_json(value.as_json()) if hasattr(value, "as_json") else value


class Reads:
    """Stands in `Annotated` beside a type, and says how it is read from JSON; ValueError where it cannot be."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self._read = read

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(self._read)


_adapters: dict[type[Model], Any] = {}


def _adapter(cls: type[Model]) -> Any:
    if cls not in _adapters:
        from pydantic import TypeAdapter

        _adapters[cls] = TypeAdapter(cls)
    return _adapters[cls]
