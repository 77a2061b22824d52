"""An expression in either form, read with words about what is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from stac_ingest.cql2.bounds import LONGEST
from stac_ingest.cql2.json_form import Unfit, node_of_json
from stac_ingest.cql2.text import node_of_text
from stac_ingest.cql2.tokens import Misread
from stac_ingest.cql2.tree import Node
from stac_ingest.errors import ConfigurationError

_SHOWN = 60
"""Characters of an expression that are shown on either side of what is wrong with it."""


def read_expression(expression: str | Mapping[str, Any], setting: str = "where") -> Node:
    """Read an expression.

    Args:
        expression: CQL2 text, or CQL2 JSON as a text that begins with a brace, or as an object.
        setting: the name of the setting that has it, for messages.

    Raises:
        ConfigurationError: showing the expression, where it is wrong, and what was expected.

    """
    try:
        return _read(expression)
    except ValueError as error:
        raise ConfigurationError(f"{setting}: {error}") from None


def _read(expression: str | Mapping[str, Any]) -> Node:
    if not isinstance(expression, str):
        return _of_json(dict(expression), "an object")
    if len(expression) > LONGEST:
        raise ValueError(f"{len(expression):,} characters, and {LONGEST:,} are the most")
    if expression.lstrip().startswith("{"):
        return _of_json(_parsed(expression), _around(expression, 0))
    try:
        return node_of_text(expression)
    except Misread as error:
        raise ValueError(f"{_around(expression, error.at)}, at character {error.at + 1}: {error}") from None


def _of_json(value: Any, shown: str) -> Node:
    try:
        return node_of_json(value)
    except Unfit as error:
        raise ValueError(f"{shown}{error.place and f', at {error.place}'}: {error}") from None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ValueError(f"{_around(text, 0)} is not JSON: {why}") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} isn't a number in JSON")


def _around(text: str, at: int) -> str:
    """Show the part of a text that a place is in."""
    first, last = max(0, at - _SHOWN), at + _SHOWN
    return ("..." if first else "") + repr(text[first:last]) + ("..." if last < len(text) else "")
