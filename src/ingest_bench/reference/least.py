"""What a job had to ask for at least, and what it asked for."""

from __future__ import annotations

from dataclasses import dataclass

from ingest_bench.reference.records import Epoch, Reference


@dataclass(frozen=True, slots=True)
class Cost:
    """Requests of one kind, against the least that could have done."""

    asked: int
    """But for those that are repeated."""
    least: int
    repeated: int = 0
    """Requests for what had been sent before the kill, at least so many."""

    @property
    def ratio(self) -> float | None:
        """How many times the least was asked for; None where none was needed."""
        return self.asked / self.least if self.least else None


def item_pages(reference: Reference, epoch: Epoch) -> Cost:
    """Return the pages of items, whole or not, that are new or changed, against full pages of these."""
    asked = epoch.traffic.items.requests + epoch.traffic.recent.requests
    return Cost(asked, -(-epoch.touched // reference.page_items))


def id_pages(reference: Reference, epoch: Epoch) -> Cost:
    """Return the pages of ids, against the server's largest pages of all items that were held.

    Repeated are the full pages of what was sent beyond the ids of all items that there are.
    """
    ids = epoch.traffic.ids
    repeated = max(0, ids.items - epoch.check.expected) // reference.largest_page
    return Cost(ids.requests - repeated, -(-epoch.held // reference.largest_page), repeated)


def counts_per_month(epoch: Epoch) -> float:
    """Return the searches for counts for each month that has items."""
    return epoch.traffic.counts.requests / epoch.months


def idle_requests_per_month(reference: Reference) -> float:
    """Return the requests of a sync with nothing changed, for each month that has items."""
    return reference.idle.traffic.requests / reference.idle_months
