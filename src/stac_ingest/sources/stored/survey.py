"""What a prefix of a store holds, by kind of file: looked at as a folder is, by its keys alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import PurePosixPath

from stac_ingest.errors import DataProcessingError
from stac_ingest.lakes import DATA, LOGS, METADATA, refuse_table
from stac_ingest.sources.directory.walk import Classify, Survey, take
from stac_ingest.sources.reports import MOST, OWNER, REPORTS, SHARDS, is_report_text, is_state_text
from stac_ingest.sources.stored.entries import entry, name_of
from stac_ingest.stores.objects import Refuse, Store, StoredObject

_FEW = 1 << 20
"""Bytes of a report with an item a line that show what it is."""
_LOOKED_AT = 1000
"""Names of a folder of metadata that show whether it is a table's."""


def survey_prefix(store: Store, prefix: str, classify: Classify) -> tuple[Survey, dict[str, int]]:
    """Look through all that lies below a prefix.

    Args:
        store: to list.
        prefix: without a slash before it, and with one behind; empty for all of the store.
        classify: tells kinds by the names of files.

    Returns:
        What was found, as texts of `entries`; and how many objects there are directly in each folder at the top.

    Raises:
        ConfigurationError: it, or a folder in it, is a table of Delta Lake, Iceberg or Hudi.
        DataProcessingError: it can't be listed.

    """
    _refuse_data_of_table(store, prefix)
    found, metadata = Survey(), defaultdict[str, set[str]](set)
    states: dict[str, bool] = {}
    top: dict[str, int] = defaultdict(int)
    for one in _objects(store, prefix, lambda key, why: found.refuse(key[len(prefix) :], why)):
        name = one.key[len(prefix) :]
        *folders, last = name.split("/")
        _refuse_tables(store, prefix, folders, last, metadata)
        if last.startswith(".") or any(folder.startswith(".") for folder in folders):
            continue
        if "_temporary" in folders:
            unfinished = "/".join(folders[: folders.index("_temporary") + 1])
            if unfinished not in states:
                states[unfinished] = True
                found.refuse(unfinished, "a job of Spark or Hadoop has not finished it; let it end")
            continue
        if SHARDS in folders and _is_state(store, f"{prefix}{'/'.join(folders[: folders.index(SHARDS) + 1])}", states):
            continue
        if last in REPORTS and _is_report(store, one, last):
            continue
        top[folders[0] if folders else ""] += 1
        take(name, classify, found, entry(one, prefix))
    return found, top


def without_repeated(entries: Sequence[str], found: Survey) -> Iterator[str]:
    """Yield the texts of a sorted listing, without those whose name stands for several keys: these are refused.

    `a.json`, `/a.json` and `a.json/` are listed as one name, and only the first can be asked for.
    """
    repeated = {name_of(one) for one, other in pairwise(entries) if name_of(one) == name_of(other)}
    for name in sorted(repeated):
        found.refuse(name, "several keys are listed by this name, which differ by a slash before or behind it")
    return (one for one in entries if name_of(one) not in repeated)


def _objects(store: Store, prefix: str, refuse: Refuse) -> Iterator[StoredObject]:
    for page in store.listed(prefix, refuse):
        yield from page


def _refuse_tables(store: Store, prefix: str, folders: list[str], last: str, metadata: dict[str, set[str]]) -> None:
    """Refuse the folder of a table format that an object is in."""
    for depth, folder in enumerate(folders):
        if folder in LOGS:
            refuse_table(_path(store, prefix, folders[:depth]), [folder])
    within = folders or prefix.rstrip("/").split("/")
    if within[-1] == METADATA and len(names := metadata["/".join(folders)]) < _LOOKED_AT:
        names.add(last)
        refuse_table(_path(store, prefix, folders), names)


def _refuse_data_of_table(store: Store, prefix: str) -> None:
    """Refuse a prefix that holds the data files of a table, or one of its partitions.

    Raises:
        ConfigurationError: it does.

    """
    names = prefix.rstrip("/").split("/") if prefix else []
    while names and "=" in names[-1]:
        names.pop()
        for log in LOGS:
            if _first(store, "".join(f"{name}/" for name in [*names, log])):
                refuse_table(_path(store, "", names), [log])
    if names and names[-1] == DATA:
        folder = [*names[:-1], METADATA]
        page = _first(store, "".join(f"{name}/" for name in folder))
        refuse_table(_path(store, "", folder), {one.key.rpartition("/")[2] for one in page})


def _first(store: Store, prefix: str) -> list[StoredObject]:
    return next(store.listed(prefix), [])


def _path(store: Store, prefix: str, folders: Sequence[str]) -> PurePosixPath:
    # A path takes two slashes together; who is told of the table will find it.
    return PurePosixPath(store.url, *prefix.rstrip("/").split("/"), *folders)


def _is_report(store: Store, one: StoredObject, name: str) -> bool:
    most = _FEW if name.endswith(".ndjson") else MOST
    if one.size == 0:
        return False
    return is_report_text(name, _beginning(store, one, most))


def _is_state(store: Store, folder: str, known: dict[str, bool]) -> bool:
    """Whether a folder holds the plan and the certificates of an ingest in shards, and no items."""
    if folder not in known:
        owner = next((one for one in _first(store, f"{folder}/") if one.key == f"{folder}/{OWNER}"), None)
        known[folder] = owner is not None and is_state_text(_beginning(store, owner, _FEW))
    return known[folder]


def _beginning(store: Store, one: StoredObject, most: int) -> bytes:
    try:
        return store.read(one, 0, min(one.size, most))
    except DataProcessingError:
        return b""  # whoever reads it says what is wrong with it
