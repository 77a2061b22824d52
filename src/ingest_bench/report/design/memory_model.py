"""How much memory the workers of a mode need: from the sizes of their queues, and as measured."""

from dataclasses import dataclass

from ingest_bench.analysis.recommendations import ModeRecommendation
from ingest_bench.analysis.speedup import median_of
from ingest_bench.arms.layouts import API, CATALOG, GEOPARQUET, JSON_FILES, SECTIONS
from ingest_bench.report.model.study import ReportData
from stac_ingest.geoparquet.batch_size import BATCH_BYTES, ROWS
from stac_ingest.sources.directory.source import SLICE

MIB = 1 << 20
HELD = 2
"""Batches for each worker: one that waits for the consumer, and one in the worker's hands."""
ALONE = "sequential"


@dataclass(frozen=True, slots=True)
class Pool:
    """The queues of one mode, and what they may hold; None is what isn't known, or isn't there with one worker."""

    workers: int
    queued: int | None
    """Units, and batches, that may wait in a queue."""
    batches: int
    """Batches that may be there at once."""
    batch: str
    """What a batch is."""
    batch_items: int
    batch_mib: float | None
    bound_mib: float | None
    """Memory of all batches that may be there at once."""
    peak_mib: float
    alone_mib: float | None
    """Peaks as measured, with the pool and one at a time."""
    extra_mib: float | None
    """What the pool takes over one at a time, as measured."""

    @property
    def is_over(self) -> bool:
        """Whether the measured excess is above what the queues hold."""
        return bool(self.extra_mib and self.bound_mib and self.extra_mib > self.bound_mib)


def pool_of(advice: ModeRecommendation, study: ReportData) -> Pool | None:
    """Return the pool of a mode's choice; None where nothing was chosen."""
    use = advice.use
    if use is None:
        return None
    section, workers = SECTIONS[advice.mode], use.concurrency
    # Bytes of an item as they travel: as read where that was counted, else as the corpus holds them.
    manifest = study.results.corpora.get(use.cell.corpus, {})
    size, count = manifest.get("bytes"), manifest.get("items")
    read = median_of(sample.bytes_read / sample.items for sample in use.samples if sample.bytes_read and sample.items)
    item = read or (size / count if size and count else None)
    # As the source does it: so many rows of a table, or fewer where they are large.
    rows = max(1, min(ROWS, int(BATCH_BYTES / item))) if item else ROWS
    items = {JSON_FILES: SLICE, CATALOG: SLICE, API: use.page_size or 1}.get(section, rows)
    # One at a time there is only the one in hand; but the next rows of a table are read while it is used.
    batches = HELD * workers if workers > 1 or section == GEOPARQUET else 1
    batch_mib = items * item / MIB if item else None
    peak = max(option.memory_mib or 0.0 for option in advice.chosen)
    alone = next((each[0].memory_mib for each in advice.options.values() if each[0].strategy == ALONE), None)
    return Pool(
        workers=workers,
        queued=workers if workers > 1 else None,
        batches=batches,
        batch=section.batch,
        batch_items=items,
        batch_mib=batch_mib,
        bound_mib=batch_mib and batches * batch_mib,
        peak_mib=peak,
        alone_mib=alone,
        extra_mib=peak - alone if workers > 1 and peak and alone else None,
    )
