"""What annotates settings, and which values are as their annotation says.

Each annotation says it twice: to `plain_value`, which takes a value as it is or not at all, and to pydantic, which also
converts.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


class Limits:
    """Annotates a setting with the least and the greatest value, or the least length, that it can have."""

    def __init__(
        self,
        *,
        ge: float | None = None,
        gt: float | None = None,
        le: float | None = None,
        min_length: int | None = None,
    ) -> None:
        """Take the limits, under the names that pydantic has for them."""
        given = {"ge": ge, "gt": gt, "le": le, "min_length": min_length}
        self._given = {name: limit for name, limit in given.items() if limit is not None}

    def plain(self, value: Any) -> Any:
        """Return a value that is within the limits.

        Raises:
            ValueError: it isn't.

        """
        if all(_WITHIN[name](value, limit) for name, limit in self._given.items()):
            return value
        raise ValueError

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema: Any = handler(source)
        return {**schema, **self._given}


_EXACT = 2**53
"""Up to here a float holds every whole number."""
_WITHIN: dict[str, Callable[[Any, Any], bool]] = {
    "ge": lambda value, limit: value >= limit,
    "gt": lambda value, limit: value > limit,
    "le": lambda value, limit: value <= limit,
    "min_length": lambda value, limit: len(value) >= limit,
}


class Before:
    """Annotates a setting with what is done to its value before the value is checked."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        """Take a function, which raises ValueError where the value can't be used."""
        self.function = function

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema  # noqa: PLC0415 - see above

        return core_schema.no_info_before_validator_function(self.function, handler(source))


class After:
    """Annotates a setting with what is done to its value once that has the right type."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        """Take a function, which raises ValueError where the value can't be used."""
        self.plain = function

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema  # noqa: PLC0415 - see above

        return core_schema.no_info_after_validator_function(self.plain, handler(source))


def plain_value(value: Any, annotation: Any) -> Any:
    """Return a value that is as its annotation says, with lists and dictionaries copied.

    Args:
        value: of a setting.
        annotation: of the setting: a type, made of those that settings have.

    Raises:
        ValueError: it isn't, or can't be told to be.

    """
    if annotation is Any:
        return value
    origin, choices = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _annotated(value, *choices)
    if origin in (Union, types.UnionType):
        return _of_one(value, choices)
    if origin is Literal:
        return _of_words(value, choices)
    return _of_type(value, annotation) if origin is None else _collection(value, origin, choices)


def _of_type(value: Any, kind: Any) -> Any:
    if kind is float and type(value) is int and abs(value) <= _EXACT:
        return float(value)
    if type(value) is kind or (kind is types.NoneType and value is None):
        if kind is str:
            value.encode()  # pydantic refuses what is no Unicode text
        return value
    if (made := getattr(kind, "plain", None)) is not None:
        return value if isinstance(value, kind) else made(value)
    raise ValueError


def _of_words(value: Any, words: tuple[str, ...]) -> str:
    if type(value) is str and value in words:
        return value
    raise ValueError


def _collection(value: Any, kind: Any, held: tuple[Any, ...]) -> Any:
    if type(value) is not kind:
        raise ValueError
    if kind is dict:
        return {plain_value(key, held[0]): plain_value(each, held[1]) for key, each in value.items()}
    return [plain_value(each, held[0]) for each in value]


def _of_one(value: Any, kinds: tuple[Any, ...]) -> Any:
    for kind in kinds:
        try:
            return plain_value(value, kind)
        except ValueError:
            continue
    raise ValueError


def _annotated(value: Any, kind: Any, *rules: Any) -> Any:
    for rule in rules:
        if isinstance(rule, Before):
            value = rule.function(value)
    value = plain_value(value, kind)
    for rule in rules:
        if not isinstance(rule, Before):
            value = rule.plain(value)
    return value
