"""Item-level failures: collected, so that one bad item costs one item."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Failure:
    """One item (or file, or part of a search) that could not be used."""

    item_id: str
    error: str
    step_id: str
    error_type: str
    error_context: dict[str, Any] | None
    timestamp: datetime


def of_collection(collection: str) -> dict[str, Any] | None:
    """Return the context of a failure that tells an item from those of the same id in other collections."""
    return {"collection": collection} if collection else None


@dataclass(slots=True)
class FailureCollector:
    """Keeps what went wrong with single items while a run goes on."""

    _failures: list[Failure] = field(default_factory=list)

    def add(
        self,
        item_id: str,
        error: str | Exception,
        step_id: str = "ingest",
        error_context: dict[str, Any] | None = None,
    ) -> None:
        """Keep one failure.

        Args:
            item_id: the id of the item, or the name of the file or URL that could not be used.
            error: what went wrong; the type of an exception is kept too.
            step_id: the stage in which it happened.
            error_context: what else tells the item from others, such as its collection.

        """
        kind = type(error).__name__ if isinstance(error, Exception) else "Error"
        self._failures.append(Failure(item_id, str(error), step_id, kind, error_context, datetime.now(UTC)))

    def get_all(self) -> list[Failure]:
        """Give the failures so far, in the order in which they happened."""
        return list(self._failures)

    def __len__(self) -> int:
        return len(self._failures)
