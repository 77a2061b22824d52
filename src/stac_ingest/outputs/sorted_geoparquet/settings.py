"""How a table is laid out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from stac_ingest.core.annotations import Limits
from stac_ingest.core.settings import Settings

MOST_ROWS = 50_000
"""Rows of a row group beyond which a search reads much that it doesn't want."""


@dataclass(init=False, frozen=True)
class LayoutSettings(Settings):
    """How a table is laid out for readers."""

    partition: Literal["none", "year", "month"] = "none"
    """folders by the time of the items: `year=2024`, or `year=2024/month=05`"""
    row_group_items: Annotated[int, Limits(ge=1, le=MOST_ROWS)] = 10_000
    """items of a row group, at least, where there are as many; twice as many at most"""
    target_file_mib: Annotated[int, Limits(ge=1, le=1 << 20)] = 256
    """size of a file, about, MiB"""
