"""What searches may ask for beyond the core: an expression of CQL2, and an order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ingest_bench.simulator.item_store import Store


def matching(store: Store, expression: str) -> NDArray[np.bool_]:
    """Return which items an expression, as CQL2 JSON, holds of."""
    from stac_ingest.cql2 import predicate_of, read_expression  # noqa: PLC0415 - few searches have one

    holds = predicate_of(read_expression(expression, "filter"))
    return np.fromiter((bool(holds(store.item(index))) for index in range(len(store))), np.bool_, len(store))


def in_order(store: Store, indices: Sequence[int], order: Sequence[tuple[str, bool]]) -> NDArray[np.int32]:
    """Sort items by fields, of which each says whether it is descending; what an item doesn't have comes last."""
    listed = list(indices)
    for name, descending in reversed(order):
        found = {index: value_of(store.item(index), name) for index in listed}
        known = sorted(
            (one for one in listed if found[one] is not None), key=lambda one: found[one], reverse=descending
        )
        listed = [*known, *(one for one in listed if found[one] is None)]
    return np.array(listed, dtype=np.int32)


def value_of(item: Mapping[str, Any], name: str) -> Any:
    """Return a member of an item, or one of its properties, by its name."""
    bare = name.removeprefix("properties.")
    return item.get(bare) if bare in ("id", "collection") else item["properties"].get(bare)
