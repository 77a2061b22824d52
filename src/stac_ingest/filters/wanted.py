"""What is asked for, as it is looked for here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from stac_ingest.api.intervals import Interval
from stac_ingest.core.model import Item
from stac_ingest.filters.boxes import Box
from stac_ingest.filters.query import Condition


class Expression(NamedTuple):
    """An expression of CQL2.

    Attributes:
        holds: says whether it holds of an item: True, False, or None for unknown. It is None itself where nothing here
            can say that.
        names: the properties and members that it looks at; None where that isn't known.
        json: as CQL2 JSON.
        text: as CQL2 text.

    """

    holds: Callable[[Item], bool | None] | None
    names: frozenset[str] | None
    json: Any
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for; None and nothing are all that there is."""

    box: Box | None = None
    """That an item's geometry must reach into."""
    area: Mapping[str, Any] | None = None
    """A GeoJSON geometry that an item's must meet."""
    interval: Interval | None = None
    """Of time that an item must touch; both are closed."""
    collections: frozenset[str] | None = None
    """That an item must be of one of, unless it says none."""
    ids: frozenset[str] | None = None
    """That an item must have one of."""
    conditions: Sequence[Condition] = ()
    """Of the query extension."""
    expression: Expression | None = None
    """Of CQL2."""
    fields: Mapping[str, list[str]] | None = None
    """That items have; see `fields_test`."""
