"""What a run did: counted while it runs, read when it is over."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from stac_ingest.changes import ChangeCollector

_COLLECTIONS = 100


@dataclass(slots=True)
class IngestSummary:
    """Counts of one run and the choices made in it."""

    strategy: str = "sequential"
    """How the units of work were driven: a key of `STRATEGIES`."""
    concurrency: int = 1
    """Units of work under way at once, at most."""
    items: int = 0
    """Items that were delivered."""
    failures: int = 0
    """Items, files and parts of a search that could not be used."""
    duplicates: int = 0
    """Items that the source delivered again, and that were left out."""
    overlaps: int = 0
    """Items that came again in another part of a search that was split by time, and were left out: on a shared edge,
    with a duration, or behind the point where another worker took over."""
    filtered: int = 0
    """Items that the filters of the settings left out here, in this run: of files, and of what a server sent."""
    bytes_read: int = 0
    """Bytes that were read of files and of the bodies of responses."""
    fast_batches: int = 0
    """Batches that went to the output whole, without an object for each item; counted where an output takes them so."""
    safe_batches: int = 0
    """Batches that were decoded item by item instead."""
    pages: int = 0
    """Pages of an API that were read."""
    requests: int = 0
    """Requests sent, retries included."""
    retries: int = 0
    """Requests that were sent again after a refusal or an error."""
    rate_limited: int = 0
    """Answers with status 429."""
    empty_pages: int = 0
    """Pages without an item that had a link to a next one."""
    chunks: int = 0
    """Independent parts that the search was split into."""
    resumed: int = 0
    """Items of an earlier run that this one didn't read again."""
    unread: int = 0
    """Links of a catalog that were counted, and of which nothing came, neither items nor a failure: none, unless
    something is wrong with the walk."""
    passed_over: int = 0
    """Documents among the files that hold no items, such as catalogs."""
    matched: int | None = None
    """What the server says there is (`numberMatched`), where it says so."""
    in_flight_peak: int = 0
    """The most requests that were under way at once."""
    changes: ChangeCollector = field(default_factory=ChangeCollector, repr=False, compare=False)
    """Values that were altered or left out on the way; the collector of the run's context."""
    collections: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """Documents of collections by id, as they came by the way; those of the run's context."""
    notes: list[str] = field(default_factory=list)
    """Choices and their reasons, in words: a fallback, a server's odd habit."""

    @property
    def left_out(self) -> int:
        """Items that came again, for either reason."""
        return self.duplicates + self.overlaps

    def keep_collection(self, document: object) -> None:
        """Keep the document of a collection. Each id is kept once, and at most 100 collections are.

        Args:
            document: parsed JSON of any kind. What is no collection, or can't be written as JSON, is passed over.

        """
        if not isinstance(document, dict) or document.get("type") != "Collection":
            return
        key = document.get("id")
        if not isinstance(key, str) or not key or len(self.collections) >= _COLLECTIONS:
            return
        try:
            json.dumps(document, allow_nan=False)
        except (ValueError, TypeError, RecursionError):
            return  # no metadata can hold it
        self.collections.setdefault(key, document)

    def note(self, text: str) -> None:
        """Keep a remark, once.

        Args:
            text: a sentence, as the report shows it.

        """
        if text not in self.notes:
            self.notes.append(text)
