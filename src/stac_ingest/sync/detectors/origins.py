"""The numbers of the files or documents that items come from."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from stac_ingest.core.distinct import are_in
from stac_ingest.sync.detectors.base import Last

NEXT = "next_number"
"""What is remembered: a number that none has had yet."""


def any_of_unknown_origin(last: Last, numbers: NDArray[Any]) -> bool:
    """Say whether an item is held of which it isn't known what it is from.

    Args:
        last: what the last run left.
        numbers: those that are known.

    """
    return any(
        not are_in(entries["origin"][~entries["is_gone"]], numbers).all() for _, entries in last.held() if len(entries)
    )


def next_number(last: Last) -> int:
    """Return a number that nothing has had yet, also where that isn't remembered."""
    if NEXT in last.remembered:
        return int(last.remembered[NEXT])
    return 1 + max((int(entries["origin"].max()) for _, entries in last.held() if len(entries)), default=0)
