"""An expression as a setting has it: what it says of items, and how it is written for a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stac_ingest.cql2.evaluate import operands_of, predicate_of
from stac_ingest.cql2.read import read_expression
from stac_ingest.cql2.write import as_json, as_text
from stac_ingest.errors import ConfigurationError
from stac_ingest.filters.wanted import Expression


def expression_of(setting: str, expression: str | Mapping[str, Any], *, here: bool = True) -> Expression:
    """Read an expression: by this package, or what it doesn't know by the package `cql2`, where that is installed.

    Args:
        setting: the name of the setting, for messages.
        expression: CQL2 text, or CQL2 JSON as a text that begins with a brace, or as an object.
        here: whether it has to be evaluated here. What only a server can evaluate is refused then.

    Raises:
        ConfigurationError: showing what is wrong and where; or naming what to install.

    """
    try:
        node = read_expression(expression, setting)
    except ConfigurationError as error:
        from stac_ingest.cql2.library import library_expression  # noqa: PLC0415 - few expressions need it

        made = library_expression(setting, expression, error, here=here)
        return Expression(made.holds, None, made.json, made.text)
    written = expression if isinstance(expression, str) and not expression.lstrip().startswith("{") else as_text(node)
    return Expression(predicate_of(node), frozenset(operands_of(node)), as_json(node), written)
