"""Says what is wrong with settings in one line: the key, what was found, what is allowed."""

from __future__ import annotations

import types
from collections.abc import Iterable, Sequence
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

_Location = tuple[int | str, ...]


def did_you_mean(found: object, allowed: Iterable[str]) -> str:
    """Suggest the nearest of the allowed words, or list them all."""
    words = sorted(allowed)
    near = _nearest(str(found), words)
    return f"did you mean {near}?" if near else f"use one of {', '.join(words)}"


def one_line(error: ValidationError, model: type[BaseModel], prefix: str = "") -> str:
    """Return the first problem of a validation in words, and how many others there are.

    Args:
        error: as the model raised it.
        model: whose fields tell which key was meant.
        prefix: of all keys, such as the path of a block of the configuration.

    """
    first, *others = _problems(error, model, prefix)
    return first + (f" (and {len(others)} more)" if others else "")


def all_in_one_line(error: ValidationError, model: type[BaseModel]) -> str:
    """Return all problems of a validation in words, with semicolons between them."""
    return "; ".join(dict.fromkeys(_problems(error, model)))


def _problems(error: ValidationError, model: type[BaseModel], prefix: str = "") -> list[str]:
    # A misspelt key that had to be given is also missing: that it is misspelt says more.
    problems = sorted(error.errors(include_url=False), key=lambda problem: problem["type"] != "extra_forbidden")
    lines = (f"{_key(prefix, problem['loc'])}: {_complaint(problem, model)}" for problem in problems)
    return [" ".join(line.split()) for line in lines]


def _key(prefix: str, location: _Location) -> str:
    dotted = ".".join(str(part) for part in location if not isinstance(part, int))
    return ".".join(part for part in (prefix, dotted) if part) or "settings"


def _complaint(problem: Any, model: type[BaseModel]) -> str:
    kind, found = problem["type"], problem["input"]
    if kind == "extra_forbidden":
        return f"unknown key; {did_you_mean(problem['loc'][-1], _keys_beside(model, problem['loc']))}"
    if kind == "missing":
        return "missing; it has to be given"
    if kind == "value_error":
        shown = f" (found {found!r:.60})" if isinstance(found, str | int | float) else ""
        return f"{problem['ctx']['error']}{shown}"
    if kind == "string_pattern_mismatch":
        return f"{found!r:.60} is not allowed; use text of the form {problem['ctx']['pattern']}"
    message = problem["msg"].removeprefix("Input should be ")
    if message == problem["msg"]:
        return f"{found!r:.60} is not allowed; {message[:1].lower()}{message[1:]}"
    hint = ""
    if kind == "literal_error" and isinstance(found, str):
        allowed = [word.strip(" '") for word in problem["ctx"]["expected"].replace(" or ", ",").split(",")]
        near = _nearest(found, allowed)
        hint = f"; did you mean {near}?" if near else ""
    return f"{found!r:.60} is not allowed; use {message}{hint}"


def _nearest(found: str, allowed: Sequence[str]) -> str | None:
    from difflib import get_close_matches  # noqa: PLC0415 - most settings are right

    return next(iter(get_close_matches(found, allowed, n=1)), None)


def _keys_beside(model: type[BaseModel], location: _Location) -> Iterable[str]:
    """List the keys that may stand where an unknown one was found."""
    place: Any = model
    for part in location[:-1]:
        if isinstance(place, type) and issubclass(place, BaseModel):
            place = _without_none(place.model_fields[str(part)].annotation)
        else:
            place = _without_none(get_args(place)[-1])
    return place.model_fields if isinstance(place, type) and issubclass(place, BaseModel) else ()


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        return next(choice for choice in get_args(annotation) if choice is not type(None))
    return annotation
