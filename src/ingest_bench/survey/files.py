"""Looks at JSON files: how many there are, how large they are, how many items are in one."""

from __future__ import annotations

import os
import random
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

from ingest_bench.errors import SettingsError
from ingest_bench.survey.found import Amount, Found, part_error, relative_error
from ingest_bench.survey.part import Part
from stac_ingest.core.json_items import members, parse
from stac_ingest.core.text import counted
from stac_ingest.core.unpack import is_packed, unpacked
from stac_ingest.errors import IngestError
from stac_ingest.sources.directory.file_reader import Reader
from stac_ingest.sources.folder import files_in

PART_ITEMS, PART_BYTES = 6_000, 32 << 20
"""A part is bounded by both, so that a sample takes about a second, and all of them two minutes."""
SIZED, OPENED = 1_000, 64
"""Files whose size is looked at, and files that are opened to count their items."""
LARGEST = 256 << 20
"""Bytes of a JSON file that is opened."""
IN_MEMORY = 0.5
"""Share of the machine's memory above which a source is taken to be read from the disk."""
_LINKING = {"catalog.json", "collection.json"}
"""Documents that link to items and hold none, mostly. Too few files are opened to show how many these are."""


def survey_json(source: Path, seed: int, part: Part) -> Found:
    """Look at a folder of JSON files, or at one.

    Args:
        source: the folder or file.
        seed: by which files are chosen.
        part: a folder to be made, with links to the chosen files, where there are too many of them.

    Raises:
        SettingsError: there are none, or none with items.

    """
    names = json_names(source)
    folder = source if source.is_dir() else source.parent
    lot = random.Random(f"{seed}/files")  # noqa: S311 - not for secrets
    sized = chosen(lot, names, SIZED)
    sizes = [_size(folder / name) for name in sized]
    counts = [items_of(folder / name) for name in chosen(lot, names, OPENED)]
    known = [count for count in counts if count is not None]
    # One that can't be read adds no items, and is as much of the sample as any other.
    held = [count or 0 for count in counts]
    if not sum(held):
        looked = f" in {counted(len(counts), 'file')} that {'was' if len(counts) == 1 else 'were'} opened"
        raise SettingsError(
            f"source: {source} holds no STAC item (a GeoJSON Feature with an id){looked if source.is_dir() else ''}; "
            "give the folder with the items"
        )
    each, size = statistics.fmean(held), max(1.0, statistics.fmean(sizes))
    total = len(names)
    single = all(count == 1 for count in counts)
    items = Amount.exact(total) if single else Amount.estimated(total * each, relative_error(held, total), sum(held))
    if len(counts) == total:
        items = Amount.exact(sum(held))
    held_by_each = "an item" if single else f"{each:,.1f} items"
    how = f"{counted(total, 'file')}, {held_by_each} each in the {len(counts)} that were opened"
    if len(known) < len(counts):
        how += f" ({len(counts) - len(known):,} of them can't be read)"
    found = Found(
        section="json_files",
        corpus={"kind": "item_files", "path": str(source)},
        items=items,
        counted=how,
        bytes=round(size * total),
        cold=is_cold(size * total),
    )
    wanted = max(1, round(min(PART_ITEMS / each, PART_BYTES / size)))
    if total > 1.25 * wanted or not source.is_dir():
        picked = chosen(lot, names, wanted)
        link(part, folder, picked)
        if part.is_usable:
            found.corpus["path"] = str(part.path)
        if len(picked) < total:
            found.part = f"{len(picked):,} of {total:,} files, chosen at random (seed {seed})"
            found.cost_spread = part_error(sizes, len(picked), total)
    return found


def json_names(source: Path) -> Sequence[str]:
    """List the JSON files of a folder.

    Raises:
        SettingsError: there are none.

    """
    if not source.is_dir():
        return [source.name]
    try:
        names = files_in(source, "json").documents
    except IngestError as error:
        raise SettingsError(f"source: {error}") from None
    if not names:
        raise SettingsError(
            f"source: {source} holds no item files (*.json, *.geojson) and no GeoParquet; give the folder with them"
        )
    return [name for name in names if Path(name).name not in _LINKING] or names


def items_of(path: Path) -> int | None:
    """Count the items in a JSON file; None where it can't be read."""
    try:
        data = Reader(LARGEST).read_path(path)
        content = parse(unpacked(data, LARGEST) if is_packed(path.name) else data)
    except (OSError, IngestError, ValueError, RecursionError):
        return None
    return len(members(content) or ())


def chosen(lot: random.Random, names: Sequence[str], count: int) -> list[str]:
    """Choose names at random, in their order; all where there are no more."""
    if len(names) <= count:
        return list(names)
    return [names[index] for index in sorted(lot.sample(range(len(names)), count))]


def link(part: Part, folder: Path, names: Iterable[str]) -> None:
    """Make a folder of links to files anew, where it isn't so already; the files are neither copied nor touched."""
    if not part.is_written:
        return
    wanted = {
        f"{number:06}-{Path(name).name[-150:]}": str((folder / name).absolute()) for number, name in enumerate(names)
    }
    if part.path.is_dir():
        present = {path.name: str(path.readlink()) for path in part.path.iterdir() if path.is_symlink()}
        if present == wanted:
            return
    part.clear()
    for name, target in wanted.items():
        (part.path / name).symlink_to(target)


def is_cold(size: float) -> bool:
    """Say whether so many bytes won't all be in memory when they are read."""
    return size > IN_MEMORY * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
