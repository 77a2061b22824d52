"""How well a table is sorted: what a search of one degree and one month has to read, by the statistics alone."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from stac_ingest.api.intervals import parse_instant
from stac_ingest.core.model import Item
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.filters.boxes import Box
from stac_ingest.filters.item_filter import ItemFilter
from stac_ingest.filters.row_groups import RowGroupFilter
from stac_ingest.filters.times import requested_interval
from stac_ingest.filters.wanted import Wanted
from stac_ingest.table_check.findings import Finding
from stac_ingest.table_check.table_files import TableFile, sound_groups

_GROUPS, _ROWS, _SEARCHES = 12, 100, 12
_MOST_GROUPS, _SHARE = 3, 20
_SEED = 20260827
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Sample(NamedTuple):
    """Items from all over the table."""

    items: Sequence[tuple[str, Item]]
    """With the name of their file."""
    rejected: int
    """Rows that are no items."""
    wrong: Sequence[str]
    """What can't be read."""


def sample_of(files: Sequence[TableFile]) -> Sample:
    """Read some items: the same ones of the same table."""
    places = [(file, number) for file in files if file.decoder.is_stac for number in file.groups]
    chosen = random.Random(_SEED).sample(places, min(_GROUPS, len(places)))  # noqa: S311 - no secret
    items: list[tuple[str, Item]] = []
    wrong: list[str] = []
    rejected = 0

    def reject(*_: object) -> None:
        nonlocal rejected
        rejected += 1

    for file, number in chosen:
        try:
            batch = next(file.batches(number, _ROWS), None)
            if batch is not None:
                items += [(file.name, item) for item in file.decoder.items(batch, file.name, reject)]
        except (DataProcessingError, ValueError, OSError, RecursionError) as error:
            wrong.append(f"{file.name}: {error}")
    return Sample(items, rejected, wrong)


def search_finding(files: Sequence[TableFile], sample: Sample) -> Finding:
    """Say what searches near some of the items have to read."""
    wanted = list(_searches(sample))
    total = sum(file.size for file in files)
    groups = sum(len(file.groups) for file in files)
    if not wanted or not total:
        return Finding("sorted", "warning", "no item with a box and a time was found to search for")
    sound = {file.name: sound_groups(file) for file in files}
    footers = sum(file.metadata.serialized_size for file in files)
    met, read = 0, 0
    for search in wanted:
        for file in files:
            filtered = RowGroupFilter(search, file.metadata, file.schema, sound[file.name])
            found = [number for number in file.groups if filtered.may_match(number)]
            met += len(found)
            read += sum(file.group_size(number) for number in found)
    share = min(1.0, footers / total + read / len(wanted) / total)
    what = (
        f"a search of one degree and one month reads {share:.0%} of the bytes: "
        f"{met / len(wanted):,.1f} of {groups:,} row groups"
    )
    if met / len(wanted) <= max(_MOST_GROUPS, groups / _SHARE):
        return Finding("sorted", "pass", what)
    return Finding(
        "sorted",
        "warning",
        f"{what}, since items that are near each other are far apart in the table",
        "sort it: `stac-ingest TABLE --to sorted-geoparquet --output DIR`",
    )


def _searches(sample: Sample) -> Iterator[ItemFilter]:
    found = [one for _, item in sample.items if (one := _place_and_month(item)) is not None]
    for x, y, month in random.Random(_SEED).sample(found, min(_SEARCHES, len(found))):  # noqa: S311 - no secret
        try:
            interval = requested_interval(month)
        except ConfigurationError:
            continue
        yield ItemFilter(Wanted(box=Box(x, y, -1e9, x + 1, y + 1, 1e9), interval=interval))


def _place_and_month(item: Item) -> tuple[float, float, str] | None:
    box, properties = item.get("bbox"), item.get("properties")
    if not isinstance(box, list) or len(box) < 4 or not isinstance(properties, dict):  # noqa: PLR2004 - sides of a box
        return None
    time: Any = properties.get("datetime") or properties.get("start_datetime")
    instant = parse_instant(time)
    if instant is None or not all(isinstance(side, int | float) for side in box):
        return None
    try:
        return float(box[0]), float(box[1]), (_EPOCH + dt.timedelta(microseconds=instant)).strftime("%Y-%m")
    except OverflowError:
        return None
