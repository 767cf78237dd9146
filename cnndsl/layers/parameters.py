"""What layers and operations share: a frozen Pydantic model of the parameters, validated when it is made.

Conv(channels=8, kernel=3)
Conv(channels=0, kernel=3)    # raises pydantic.ValidationError: channels must be at least 1, and it is 0
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, ValidationError

from cnndsl.layers.fields import reason, said_of, takes

Role = Literal["count", "free", "fixed"]


@dataclass(frozen=True, slots=True)
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


class Parameterised(BaseModel):
    """The base of layers and operations. Its fields are the parameters, in the order of their positions.

    In JSON the `kind` stands beside them. Raises pydantic.ValidationError for parameters that do not fit, with our
    words: what each must be continues its name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, ser_json_inf_nan="constants")

    kind: ClassVar[str]
    """The word of the language."""

    @model_validator(mode="wrap")
    @classmethod
    def _in_our_words(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(given, dict) and given.get("kind") == getattr(cls, "kind", ""):
            given = {name: value for name, value in given.items() if name != "kind"}
        try:
            return handler(given)
        except ValidationError as problem:
            raise _said(cls, problem) from None

    @model_serializer(mode="wrap")
    def _with_kind(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {"kind": self.kind, **handler(self)}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        found = handler.resolve_ref_schema(handler(schema))
        if "kind" in vars(cls):
            found["properties"] = {"kind": {"const": cls.kind, "type": "string"}, **found.get("properties", {})}
            found["required"] = ["kind", *found.get("required", ())]
        return found

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


def _said(kind: type[Parameterised], problem: ValidationError) -> ValidationError:
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
