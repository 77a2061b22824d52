"""Says what is wrong with settings in one line: the key, what was found, what is allowed."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterable
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ValidationError

from stac_ingest.core.similar_names import did_you_mean, nearest

_Location = tuple[int | str, ...]
_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
"""Of a key that a model, or a dataclass, doesn't have."""


def one_line(error: ValidationError, model: type, prefix: str = "") -> str:
    """Return the first problem of a validation in words, and how many others there are.

    Args:
        error: as the model raised it.
        model: whose fields tell which key was meant.
        prefix: of all keys, such as the path of a block of the configuration.

    """
    first, *others = _problems(error, model, prefix)
    return first + (f" (and {len(others)} more)" if others else "")


def all_in_one_line(error: ValidationError, model: type) -> str:
    """Return all problems of a validation in words, with semicolons between them."""
    return "; ".join(dict.fromkeys(_problems(error, model)))


def _problems(error: ValidationError, model: type, prefix: str = "") -> list[str]:
    # A misspelt key that had to be given is also missing: that it is misspelt says more.
    problems = sorted(error.errors(include_url=False), key=lambda problem: problem["type"] not in _UNKNOWN)
    lines = (f"{_key(prefix, problem['loc'])}: {_complaint(problem, model)}" for problem in problems)
    return [" ".join(line.split()) for line in lines]


def _key(prefix: str, location: _Location) -> str:
    dotted = ".".join(str(part) for part in location if not isinstance(part, int))
    return ".".join(part for part in (prefix, dotted) if part) or "settings"


def _complaint(problem: Any, model: type) -> str:
    kind, found = problem["type"], problem["input"]
    if kind in _UNKNOWN:
        return f"unknown key; {did_you_mean(problem['loc'][-1], _keys_beside(model, problem['loc']))}"
    if kind == "missing":
        return "missing; it has to be given"
    if kind == "value_error":
        shown = f" (found {found!r:.60})" if isinstance(found, str | int | float) else ""
        return f"{problem['ctx']['error']}{shown}"
    if kind == "string_pattern_mismatch":
        return f"{found!r:.60} is not allowed; use text of the form {problem['ctx']['pattern']}"
    message = "a valid dictionary" if kind == "dataclass_type" else problem["msg"].removeprefix("Input should be ")
    message = message.partition(", unable to parse")[0]  # which "use a valid number" says already
    if message == problem["msg"]:
        return f"{found!r:.60} is not allowed; {message[:1].lower()}{message[1:]}"
    hint = ""
    if kind == "literal_error" and isinstance(found, str):
        allowed = [word.strip(" '") for word in problem["ctx"]["expected"].replace(" or ", ",").split(",")]
        near = nearest(found, allowed)
        hint = f"; did you mean {near}?" if near else ""
    return f"{found!r:.60} is not allowed; use {message}{hint}"


def _keys_beside(model: type, location: _Location) -> Iterable[str]:
    """List the keys that may stand where an unknown one was found."""
    place: Any = model
    for part in location[:-1]:
        keys = keys_of(place)
        place = _without_none(keys[str(part)] if keys else get_args(place)[-1])
    return keys_of(place)


def keys_of(place: Any) -> dict[str, Any]:
    """Return the keys of a model or a dataclass, with what each holds; nothing for any other type."""
    if not isinstance(place, type):
        return {}
    if issubclass(place, BaseModel):
        return {name: field.annotation for name, field in place.model_fields.items()}
    if dataclasses.is_dataclass(place):
        found = _annotations(place)
        return {field.name: found[field.name] for field in dataclasses.fields(place)}
    return {}


@cache
def _annotations(place: type) -> dict[str, Any]:
    """Return a dataclass's annotations; to evaluate them takes milliseconds, and a matrix asks thousands of times."""
    return get_type_hints(place)


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        return next(choice for choice in get_args(annotation) if choice is not type(None))
    return annotation
