"""Looks at GeoParquet: rows and sizes, by the footers of its files."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ingest_bench.errors import SettingsError
from ingest_bench.survey.files import chosen, is_cold, link
from ingest_bench.survey.found import Amount, Found, part_error, relative_error
from ingest_bench.survey.part import Part
from stac_ingest.errors import IngestError
from stac_ingest.sources.folder import files_in

PART_ROWS, PART_FILES = 15_000, 8
"""A part is bounded by both: several files, so that reading several at once can pay, and what a second takes."""
FOOTERS = 200
"""Footers that are read; of more files the rest is estimated."""


class _Footer(NamedTuple):
    name: str
    rows: int
    size: int


def survey_tables(source: Path, seed: int, part: Part) -> Found:
    """Look at a GeoParquet file, or a folder of them; see `survey_json`.

    Raises:
        SettingsError: there are none, or none with rows that can be read.

    """
    names = _names(source)
    folder = source if source.is_dir() else source.parent
    lot = random.Random(f"{seed}/tables")  # noqa: S311 - not for secrets
    looked_at = chosen(lot, names, FOOTERS)
    footers = [footer for name in looked_at if (footer := _footer(folder, name)) and footer.rows]
    if not footers:
        raise SettingsError(f"source: no file in {source} can be read as Parquet with rows; is it whole?")
    # One that can't be read adds no rows, and is as much of the sample as any other.
    total, rows = len(names), [footer.rows for footer in footers] + [0] * (len(looked_at) - len(footers))
    is_exact = total <= FOOTERS
    items = (
        Amount.exact(sum(rows))
        if is_exact
        else Amount.estimated(statistics.fmean(rows) * total, relative_error(rows, total), sum(rows))
    )
    size = round(statistics.fmean(footer.size for footer in footers) * total)
    files = f"{total:,} file{'s' if total > 1 else ''}"
    found = Found(
        section="geoparquet",
        corpus={"kind": "geoparquet", "path": str(source)},
        items=items,
        counted=f"rows of {files}, by {'their footers' if is_exact else f'the footers of {FOOTERS}'}",
        bytes=size,
        cold=is_cold(size),
    )
    if items.value > 1.25 * PART_ROWS:
        picked = _picked(lot, footers)
        is_some = len(picked) < total
        if is_some:
            link(part, folder, [footer.name for footer in picked])
            if part.is_usable:
                found.corpus["path"] = str(part.path)
        of = f"{len(picked)} of {files}, chosen at random (seed {seed})" if is_some else files
        if sum(footer.rows for footer in picked) > 1.25 * PART_ROWS:
            found.corpus["max_items"] = PART_ROWS
            of = f"the first {PART_ROWS:,} rows that come from {of}"
        found.part = of
        found.cost_spread = part_error([footer.size / footer.rows for footer in footers], len(picked), total)
    return found


def _picked(lot: random.Random, footers: Sequence[_Footer]) -> list[_Footer]:
    """Choose files until they have the rows of a part."""
    rows, picked = 0, list[_Footer]()
    for footer in lot.sample(list(footers), len(footers)):
        if picked and (rows >= PART_ROWS or len(picked) == PART_FILES):
            break
        picked.append(footer)
        rows += footer.rows
    return sorted(picked)


def _names(source: Path) -> Sequence[str]:
    if not source.is_dir():
        return [source.name]
    try:
        return files_in(source, "parquet").tables
    except IngestError as error:
        raise SettingsError(f"source: {error}") from None


def _footer(folder: Path, name: str) -> _Footer | None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - other sources need no Arrow
    from pyarrow import ArrowException  # noqa: PLC0415 - same

    try:
        return _Footer(name, pq.read_metadata(folder / name).num_rows, (folder / name).stat().st_size)
    except (OSError, ArrowException):
        return None
