"""What a run asks of the records of written items, wherever these are kept."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from stac_ingest.core.id_set import Key


class Records(Protocol):
    """Which items are written already, by collection and id: a `CheckpointManager`, or the journal of the command."""

    @property
    def completed_count(self) -> int:
        """How many items are completed."""

    @property
    def set_aside(self) -> Sequence[Path]:
        """What could not be read and was renamed: where there is any, the output has to say what it holds."""

    @property
    def earlier_layout(self) -> bool:
        """Whether the records know items by their ids alone; likewise."""

    def is_completed(self, item_id: str, collection_id: str | None = None) -> bool:
        """Whether the item was written by the last stage."""

    def mark_completed(
        self, item_id: str, output_path: str | os.PathLike[str] | None = None, collection_id: str | None = None
    ) -> None:
        """Record that an item was written."""

    def mark_all_completed(
        self, written: Iterable[tuple[str, str | os.PathLike[str] | None]], collection_id: str | None = None
    ) -> None:
        """Record many written items of one collection."""

    def mark_together(self, written: Mapping[str, Iterable[tuple[str, str | os.PathLike[str] | None]]]) -> None:
        """Record written items by collection, which reach the disk in the same flush."""

    def mark_failed(self, item_id: str, error: object, collection_id: str | None = None) -> None:
        """Record that an item could not be written."""

    def replace(self, written: Iterable[tuple[Key, str]]) -> None:
        """Put records of written items in the place of all that there are; on disk when this returns."""

    def flush(self) -> None:
        """Put what is buffered on disk."""
