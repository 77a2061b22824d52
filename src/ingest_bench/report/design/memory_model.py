"""How much a pool of workers holds: from the sizes of its queues and of what travels through them."""

from __future__ import annotations

from dataclasses import dataclass

from ingest_bench.analysis.by_source_type import ModeRecommendation
from ingest_bench.analysis.candidates import Option
from ingest_bench.analysis.speedup import median_of
from ingest_bench.arms.layouts import API, GEOPARQUET, JSON_FILES, SECTIONS, Section
from ingest_bench.report.design.context import Story
from stac_ingest.geoparquet.batch_size import BATCH_BYTES, ROWS
from stac_ingest.sources.directory.source import SLICE

MIB = 1 << 20
HELD = 2
"""Batches for each worker: one that waits for the consumer, and one in the worker's hands."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The queues of one mode, and what they may hold."""

    workers: int
    batches: int
    """Batches that may be there at once."""
    batch: str
    """What a batch is."""
    batch_items: int
    batch_mib: float | None
    """None where the size of an item isn't known."""
    peak_mib: float | None
    alone_mib: float | None
    """Peaks as measured, with the pool and one at a time."""

    @property
    def extra_mib(self) -> float | None:
        """What the pool takes over one at a time, as measured; None with one worker."""
        return self.peak_mib - self.alone_mib if self.workers > 1 and self.peak_mib and self.alone_mib else None

    @property
    def bound_mib(self) -> float | None:
        """Memory of all batches that may be there at once, MiB."""
        return None if self.batch_mib is None else self.batches * self.batch_mib


def pool_of(story: Story, advice: ModeRecommendation) -> Pool | None:
    """Work out the pool of a mode's choice; None where nothing was chosen."""
    use = advice.use
    if use is None:
        return None
    item = _item_bytes(story, advice, use)
    section = SECTIONS[advice.mode]
    items = _batch_items(section, use, item)
    alone = story.alone(advice)
    return Pool(
        workers=use.concurrency,
        # One at a time there is only the one in hand; but the next rows of a table are read while it is used.
        batches=HELD * use.concurrency if use.concurrency > 1 or section == GEOPARQUET else 1,
        batch=section.batch,
        batch_items=items,
        batch_mib=None if item is None else items * item / MIB,
        peak_mib=max((option.memory_mib or 0.0 for option in advice.chosen), default=None),
        alone_mib=alone.memory_mib if alone else None,
    )


def _batch_items(section: Section, use: Option, item: float | None) -> int:
    if section == JSON_FILES:
        return SLICE
    if section == API:
        return use.page_size or 1
    # As the source does it: so many rows, or fewer where they are large.
    return ROWS if not item else max(1, min(ROWS, int(BATCH_BYTES / item)))


def _item_bytes(story: Story, advice: ModeRecommendation, use: Option) -> float | None:
    """Give the bytes of one item as they travel: as read where that was counted, else as the corpus holds them."""
    read = median_of(sample.bytes_read / sample.items for sample in use.samples if sample.bytes_read and sample.items)
    if read:
        return read
    manifest = story.view(advice.deciding[0].name).manifest
    size, items = manifest.get("bytes"), manifest.get("items")
    return float(size) / float(items) if size and items else None
