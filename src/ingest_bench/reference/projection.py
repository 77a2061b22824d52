"""What the same job would take with more items and more nodes, on paper: `docs/reference.md` has the model."""

from __future__ import annotations

from dataclasses import dataclass

from ingest_bench.reference.records import Epoch, Reference

ITEMS, NODES = 81_000_000, 64


@dataclass(frozen=True, slots=True)
class Rates:
    """What one item costs one job, as it was seen."""

    read_s: float
    """From the first request until the last response, for each item that is read."""
    rest_s: float
    """All other time of the run, for each item that is read."""
    requests: float
    bytes: float


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds. What comes after the reading is spread over the nodes too at best, and not at all at worst."""

    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Projection:
    """The job on paper."""

    items: int
    nodes: int
    first_load: Span
    sync: Span
    requests: float
    """Of the first load."""
    bytes: float
    """Of the first load, as the API sends them."""
    asked_items_per_s: float
    """That the API has to send while the nodes read, for this to hold."""
    asked_bytes_per_s: float
    disk_bytes: float
    """After the first load."""


def rates(epoch: Epoch) -> Rates:
    """Return what an item cost in an epoch, both runs of it together."""
    jobs, items = (epoch.killed, epoch.finished), max(1, epoch.touched)
    read = sum(job.read_s for job in jobs)
    return Rates(
        read_s=read / items,
        rest_s=max(0.0, sum(job.wall_s for job in jobs) - read) / items,
        requests=epoch.traffic.requests / items,
        bytes=epoch.traffic.bytes / items,
    )


def project(reference: Reference, items: int = ITEMS, nodes: int = NODES) -> Projection:
    """Project a reference run, linearly in items; the reading is spread over the nodes.

    Args:
        reference: what was seen.
        items: of the collection.
        nodes: that read at once.

    """
    first, *syncs = reference.epochs
    load = rates(first)
    last = syncs[-1] if syncs else first
    sync, share = rates(last), last.touched / max(1, last.held) if syncs else 1.0
    return Projection(
        items=items,
        nodes=nodes,
        first_load=_span(load, items, nodes),
        sync=_span(sync, share * items, nodes),
        requests=load.requests * items,
        bytes=load.bytes * items,
        asked_items_per_s=nodes / load.read_s if load.read_s else 0.0,
        asked_bytes_per_s=nodes / load.read_s * load.bytes if load.read_s else 0.0,
        disk_bytes=first.disk_bytes / max(1, first.check.expected) * items,
    )


def _span(rate: Rates, items: float, nodes: int) -> Span:
    read, rest = rate.read_s * items / nodes, rate.rest_s * items
    return Span(read + rest / nodes, read + rest)
