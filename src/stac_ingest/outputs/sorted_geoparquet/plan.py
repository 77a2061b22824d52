"""Which file, and which row group in it, each item of a sorted table goes to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stac_ingest.core.hive_folders import NOTHING
from stac_ingest.outputs.sorted_geoparquet.settings import MOST_ROWS, LayoutSettings
from stac_ingest.outputs.sorted_geoparquet.where_and_when import NO_MONTH

FOLDERS: dict[str, tuple[str, ...]] = {"none": (), "year": ("year",), "month": ("year", "month")}
"""The keys of the folders of each partition."""
_FEW = 2


class Section(NamedTuple):
    """Items that go to files of their own."""

    folder: str
    is_uncovered: bool
    """Whether their files need boxes beside the items' own, by which readers find the geometries."""
    items: int


class PlannedFile(NamedTuple):
    """A file to be written."""

    name: str
    """Below the output folder."""
    start: int
    """Of its items, in the sorted order."""
    stop: int
    group: int
    """Rows of its row groups, but for the last."""
    is_uncovered: bool
    """As of its section."""

    def groups(self) -> Iterator[tuple[int, int]]:
        """Yield start and stop of each row group, in the sorted order."""
        for start in range(self.start, self.stop, self.group):
            yield start, min(start + self.group, self.stop)


def folder_numbers(months: npt.NDArray[np.int32], partition: str) -> npt.NDArray[np.int32]:
    """Return a number for each item by which items of one folder are together; those without a time come last."""
    if partition == "none":
        return np.zeros_like(months)
    if partition == "month":
        return months
    return np.where(months == NO_MONTH, NO_MONTH, months // 12)


def folder_of(number: int, partition: str) -> str:
    """Return the folder that a number is of, with a slash at its end; the output folder is empty."""
    keys = FOLDERS[partition]
    if number == NO_MONTH:
        values = [NOTHING] * len(keys)
    else:
        year, month = divmod(number, 12) if partition == "month" else (number, 0)
        values = [f"{1970 + year:04d}", f"{month + 1:02d}"]
    return "".join(f"{key}={value}/" for key, value in zip(keys, values, strict=False))


def plan_files(
    sections: Sequence[Section], item_bytes: float, settings: LayoutSettings, most_rows: int
) -> list[PlannedFile]:
    """Cut a sorted table into files.

    Args:
        sections: in order.
        item_bytes: of a file, for an item.
        settings: what is wanted.
        most_rows: that a row group may have, since it has to fit in memory.

    """
    planned: list[PlannedFile] = []
    numbers: Counter[str] = Counter()
    start = 0
    for folder, is_uncovered, items in sections:
        files = min(items, max(1, round(items * item_bytes / (settings.target_file_mib << 20))))
        for number in range(files):
            first, last = items * number // files, items * (number + 1) // files
            group = rows_of_group(last - first, settings.row_group_items, most_rows)
            name = f"{folder}part-{numbers[folder]:05d}.parquet"
            planned.append(PlannedFile(name, start + first, start + last, group, is_uncovered))
            numbers[folder] += 1
        start += items
    return planned


def rows_of_group(items: int, least: int, most: int) -> int:
    """Say how many rows the row groups of a file have: `least` or more, evenly.

    Args:
        items: of the file.
        least: that are wanted.
        most: that fit in memory.

    """
    groups = max(1, items // least)
    if groups == _FEW and items <= MOST_ROWS:
        groups = 1  # of two halves that touch each other, a search near the middle reads both
    groups = max(groups, math.ceil(items / min(most, MOST_ROWS)))
    return math.ceil(items / groups)
