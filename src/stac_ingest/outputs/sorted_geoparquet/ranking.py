"""The order of all items of several runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stac_ingest.outputs.sorted_geoparquet.plan import Section, folder_numbers, folder_of
from stac_ingest.outputs.sorted_geoparquet.runs import Run
from stac_ingest.outputs.sorted_geoparquet.where_and_when import (
    WANTED,
    joined,
    keys_of_places,
    keys_of_places_and_times,
    points_of,
)


class Ranking(NamedTuple):
    """The order of some items. It takes some 50 bytes for each while it is found, and 12 later."""

    ranks: npt.NDArray[np.uint32]
    """The place of each item in the order, as the runs have the items."""
    keys: npt.NDArray[np.int64]
    """The keys, in order within each folder; `NOWHERE` for an item without a place."""
    sections: list[Section]
    """What goes to files of its own, in order."""


def rank(runs: Sequence[Run], partition: str) -> Ranking:
    """Find the order of all items: by folder, then those that need another covering, then by the key, then as they are.

    Args:
        runs: at least one, with an item in one of them.
        partition: into folders.

    Raises:
        DataProcessingError: a run can't be read.

    """
    points = joined([points_of(columns) for run in runs for columns in run.batches(WANTED)])
    # What is in a folder of a month is of one time: there the place alone counts.
    keys = keys_of_places(points) if partition == "month" else keys_of_places_and_times(points)
    numbers = folder_numbers(points.months, partition)
    is_uncovered = points.is_uncovered
    del points
    sections = 2 * numbers.astype(np.int64) + is_uncovered
    order = np.lexsort((keys, sections))
    ranks = np.empty(len(order), np.uint32)
    ranks[order] = np.arange(len(order), dtype=np.uint32)
    found, counts = np.unique(sections, return_counts=True)
    made = [
        Section(folder_of(section // 2, partition), bool(section % 2), count)
        for section, count in zip(found.tolist(), counts.tolist(), strict=True)
    ]
    return Ranking(ranks, keys[order], made)
