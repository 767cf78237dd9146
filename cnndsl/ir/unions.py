"""Unions of models, told apart by a word that each has beside its fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import cache
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


class ByKind:
    """Stands in `Annotated`: of many classes the one whose kind is given beside its fields, under the name `key`.

    It is Pydantic's union with a discriminator, of the classes that `kinds` gives, all below `base`. Only that one
    would build the validators of all of them for each class that has such a field, and here each class builds its own
    when it is used. `what` is what they are called.
    """

    def __init__(
        self,
        base: type | tuple[type, ...],
        kinds: Callable[[], Mapping[str, Any]],
        what: str,
        key: str = "kind",
    ) -> None:
        self._base, self._kinds, self._what, self._key = base, kinds, what, key
        self._is_listed = ContextVar(what, default=False)
        """Whether a schema is made that lists them, so that those inside of them are spoken of by name."""

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        made = core_schema.no_info_plain_validator_function(self._read)
        instance = core_schema.is_instance_schema(self._base)
        return core_schema.json_or_python_schema(
            json_schema=made,
            python_schema=core_schema.union_schema([instance, made], mode="left_to_right"),
            serialization=core_schema.any_schema(),
        )

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        choices: dict[Any, Any] = {kind: _adapter(made).core_schema for kind, made in sorted(self._kinds().items())}
        if self._is_listed.get():
            choices = {kind: core_schema.definition_reference_schema(_name(made)) for kind, made in choices.items()}
        before = self._is_listed.set(True)
        try:
            return handler(core_schema.tagged_union_schema(choices, discriminator=self._key))
        finally:
            self._is_listed.reset(before)

    def _read(self, value: Any) -> Any:
        kind = value.get(self._key) if isinstance(value, dict) else None
        kinds = self._kinds()
        if not isinstance(kind, str) or kind not in kinds:
            raise PydanticCustomError("kind", "there is no {what} of this kind", {"what": self._what})
        return _adapter(kinds[kind]).validate_python(value)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _name(schema: Any) -> str:
    """By what a schema of a model is spoken of in others."""
    return _name(schema["schema"]) if schema["type"] == "definitions" else str(schema["ref"])
