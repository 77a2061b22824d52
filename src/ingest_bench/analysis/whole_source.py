"""What all of a source would take, from samples of a part of it.

Time: the number of items times the seconds that one takes, which are taken to be those of the part. The log of the
seconds of an item is taken to be normal over samples; the interval is Student's for a further sample (a prediction
interval, not one of the mean: whatever slows a sample here, such as a neighbour on the machine, may slow all of a long
run), with the variances of what an item costs elsewhere in the source, and of the number of items, added. What writing
takes is told apart, from a pipeline that writes what it reads.

Requests: a page for so many items, and what a sample sends beside its pages. That is sent once at least (opening the
API), and at most again for each stretch as large as the part; the two are the bounds.

Memory: what the samples took, and what is kept of each further item: its hash, and the name of its file.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from ingest_bench.analysis.candidates import Option
from ingest_bench.analysis.speedup import CONFIDENCE, INTERVAL_PAIRS, Bounds
from ingest_bench.config.models import Whole
from ingest_bench.results.models import Cell, Sample

KEPT_BYTES = 32
"""Of an item that was delivered, or is still to be: 8 of a hash in a growing array, and about 12 of a packed name."""
_Z = 1.96
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class WholeCost:
    """What all of a source takes, with the choice that was made for it."""

    items: Bounds
    seconds: Bounds | None
    """To read and decode; None with fewer samples than an interval takes."""
    writing_s: Bounds | None
    """To write all of it; None where that wasn't measured."""
    requests: Bounds | None
    """None of files."""
    memory_mib: Bounds | None
    samples: int
    """That it rests on."""


def cost_of_whole(whole: Whole, option: Option, written: Sequence[Cell] = ()) -> WholeCost:
    """Return what a way would take for all of a source that it was measured on a part of.

    Args:
        whole: what is known of the source.
        option: the way.
        written: cells of a pipeline that writes what it reads, for what writing takes.

    """
    samples = samples_of(option)
    items = Bounds(whole.items, whole.items_low, whole.items_high)
    return WholeCost(
        items=items,
        seconds=scaled(whole, [sample.wall_s / sample.items for sample in samples if sample.items]),
        writing_s=_writing(whole, written),
        requests=_requests(items, option.page_size, samples),
        memory_mib=_memory(items, samples),
        samples=len(samples),
    )


def samples_of(option: Option) -> list[Sample]:
    """List the samples of a way; of the baseline against itself, both sides are."""
    both = option.cell.valid_samples("baseline") if option.cell.is_null_cell else []
    return [*option.samples, *both]


def scaled(whole: Whole, each_s: Sequence[float]) -> Bounds | None:
    """Return the seconds for all items, given those that one took in each sample; None with too few samples."""
    logs = [math.log(seconds) for seconds in each_s if seconds > 0]
    if len(logs) < INTERVAL_PAIRS:
        return None
    from scipy.special import stdtrit  # noqa: PLC0415 - a quarter of a second that only advice pays

    variance = statistics.variance(logs) * (1 + 1 / len(logs))
    count = math.log(whole.items_high / whole.items_low) / (2 * _Z)
    half = float(stdtrit(len(logs) - 1, (1 + CONFIDENCE) / 2)) * math.sqrt(variance)
    half = math.hypot(half, _Z * whole.cost_spread, _Z * count)
    value = whole.items * math.exp(statistics.fmean(logs))
    return Bounds(value, value * math.exp(-half), value * math.exp(half))


def _writing(whole: Whole, cells: Sequence[Cell]) -> Bounds | None:
    samples = [sample for cell in cells if cell.parity.ok for sample in cell.samples if sample.invalid is None]
    return scaled(whole, [sample.stages["output"] / sample.items for sample in samples if "output" in sample.stages])


def _requests(items: Bounds, page: int | None, samples: list[Sample]) -> Bounds | None:
    sent = [(sample.requests, sample.items) for sample in samples if sample.requests and sample.items]
    if not sent or not page:
        return None
    requests = statistics.median(request for request, _ in sent)
    part = statistics.median(count for _, count in sent)
    beside = max(0.0, requests - math.ceil(part / page))
    low = math.ceil(items.low / page) + beside
    high = math.ceil(items.high / page) + beside * max(1.0, items.high / part)
    return Bounds(math.sqrt(low * high), low, high)


def _memory(items: Bounds, samples: list[Sample]) -> Bounds | None:
    peaks = [sample.peak_rss_mib for sample in samples]
    if not peaks:
        return None
    part = statistics.median(sample.items for sample in samples)

    def further(count: float) -> float:
        return max(0.0, count - part) * KEPT_BYTES / _MIB

    value = statistics.median(peaks) + further(items.value)
    return Bounds(value, min(peaks), max(peaks) + further(items.high))
