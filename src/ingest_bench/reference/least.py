"""What a job had to ask for at least, and what it asked for."""

from __future__ import annotations

from dataclasses import dataclass

from ingest_bench.reference.records import Epoch, Reference


@dataclass(frozen=True, slots=True)
class Cost:
    """Requests of one kind, against the least that could have done."""

    asked: int
    least: int

    @property
    def ratio(self) -> float | None:
        """How many times the least; None where none was needed."""
        return self.asked / self.least if self.least else None


def item_pages(reference: Reference, epoch: Epoch) -> Cost:
    """Return the pages of items, whole or not, that are new or changed, against full pages of these."""
    asked = epoch.traffic.items.requests + epoch.traffic.recent.requests
    return Cost(asked, -(-epoch.touched // reference.page_items))


def id_pages(reference: Reference, epoch: Epoch) -> Cost:
    """Return the pages of ids, against the server's largest pages of all items that were held."""
    return Cost(epoch.traffic.ids.requests, -(-epoch.held // reference.largest_page))


def counts_per_month(epoch: Epoch) -> float:
    """Return the searches for counts for each month that has items."""
    return epoch.traffic.counts.requests / epoch.months


def idle_requests_per_month(reference: Reference) -> float:
    """Return the requests of a sync with nothing changed, for each month that has items."""
    return reference.idle.traffic.requests / reference.idle_months
