"""Ratios of the pairs of a cell."""

from __future__ import annotations

from ingest_bench.results.models import Sample


def pair_ratios(samples: list[Sample]) -> dict[int, float]:
    """Give items per second of the candidate over the baseline's, by pair; without those of an invalid sample."""
    rates = {(sample.pair, sample.role): sample.items / sample.wall_s for sample in samples if sample.invalid is None}
    pairs = sorted({pair for pair, _ in rates})
    return {
        pair: rates[pair, "candidate"] / rates[pair, "baseline"]
        for pair in pairs
        if (pair, "candidate") in rates and (pair, "baseline") in rates
    }
