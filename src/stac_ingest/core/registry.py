"""Registries: light records of what there is to choose from, whose code is imported when it is chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema


def load(path: str) -> Any:
    """Import and return what a record names as `package.module:name`."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


class OneOf:
    """Annotates a setting that is one of the names of a registry.

    The names are looked up when a setting is checked and when the JSON schema is made, so a name that is registered
    after the model was defined is allowed as well.
    """

    def __init__(self, names: Callable[[], Iterable[str]]) -> None:
        """Take a function that lists the names."""
        self._names = names

    def plain(self, value: str) -> str:
        """Return a value that is one of the names.

        Raises:
            ValueError: it isn't.

        """
        if value not in self._names():
            raise ValueError
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema  # noqa: PLC0415 - who loads what a record names needs no pydantic

        return core_schema.no_info_plain_validator_function(self._checked)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"enum": list(self._names()), "type": "string"}

    def _checked(self, value: object) -> str:
        names = list(self._names())
        if isinstance(value, str) and value in names:
            return value
        from pydantic_core import PydanticKnownError  # noqa: PLC0415 - few settings are wrong

        quoted = [f"'{name}'" for name in names]
        expected = " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
        raise PydanticKnownError("literal_error", {"expected": expected})
