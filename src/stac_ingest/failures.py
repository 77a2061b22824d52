"""Item-level failures: collected, so that one bad item costs one item."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from stac_ingest.core.text import encodable, in_words


@dataclass(frozen=True, slots=True)
class Failure:
    """One item (or file, or part of a search) that could not be used."""

    item_id: str
    """The id of the item, or the name of the file or URL."""
    error: str
    """What went wrong, in words."""
    step_id: str
    """The stage: `ingest`, `transform` or `output`."""
    error_type: str
    """The name of the exception's class."""
    error_context: dict[str, Any] | None
    """What else tells the item from others; None where the id is enough."""
    timestamp: datetime
    """When it was collected, in UTC."""


def of_collection(collection: str) -> dict[str, Any] | None:
    """Return the context of a failure that tells an item from those of the same id in other collections."""
    return {"collection": encodable(collection)} if collection else None


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
        """Keep one failure, with the time of this call.

        Args:
            item_id: the id of the item, or the name of the file or URL that could not be used.
            error: what went wrong. Of an exception the name of its type is kept, and its text, of an error of the
                system without number and path; the type of text is `Error`.
            step_id: the stage in which it happened.
            error_context: what else tells the item from others, such as its collection; None where the id is enough.

        """
        kind = type(error).__name__ if isinstance(error, Exception) else "Error"
        words = encodable(in_words(error))
        self._failures.append(Failure(encodable(item_id), words, step_id, kind, error_context, datetime.now(UTC)))

    def get_all(self) -> list[Failure]:
        """Return the failures so far.

        Returns:
            A new list, in the order in which the failures happened.

        """
        return list(self._failures)

    def __len__(self) -> int:
        return len(self._failures)
