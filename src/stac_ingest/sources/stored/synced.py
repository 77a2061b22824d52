"""The copy of a sync's output in a store: it holds what its manifest names, whatever else lies below its prefix."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from stac_ingest.errors import DataProcessingError, ItemError
from stac_ingest.sources.directory.walk import Survey
from stac_ingest.sources.reports import MOST
from stac_ingest.sources.stored.entries import entry, name_of
from stac_ingest.sources.synced import ADVICE, MANIFEST, PART, checked_manifest, parts_named
from stac_ingest.stores.objects import NoSuchObject, Store

_TRIES = 3
"""Of reading a manifest that is replaced at the same time."""


def named_tables(store: Store, prefix: str, listed: Iterable[str], found: Survey) -> list[str] | None:
    """Return the tables that the manifest of a copy names. Each item is in one of them, though a run is copied now.

    Args:
        store: that the tables are in.
        prefix: of the copy.
        listed: texts of `entries` of the tables that were found below it.
        found: takes the names of tables that the manifest names, and that aren't there.

    Returns:
        Texts of `entries`; None where the prefix isn't that of a copy.

    Raises:
        DataProcessingError: the store can't be asked, or the manifest is missing or can't be read.

    """
    entries = {name_of(one): one for one in listed}
    if not all(map(PART.fullmatch, entries)):
        return None
    shown = f"{store.url}/{prefix}{MANIFEST}"
    try:
        text = _read(store, f"{prefix}{MANIFEST}", shown)
        manifest = None if text is None else checked_manifest(orjson.loads(text), shown)
    except ValueError as error:
        raise DataProcessingError(f"{shown} can't be read: {error}; {ADVICE}") from error
    if manifest is None:
        if not entries:
            return None
        raise DataProcessingError(
            f"{store.url}/{prefix}: no copy of a sync has ended here yet, so there is no {MANIFEST}; run it to its end"
        )
    named = []
    for path in sorted(parts_named(manifest, shown)):
        try:
            # One that isn't listed was copied after that.
            named.append(entries.get(path) or entry(store.head(f"{prefix}{path}"), prefix))
        except ItemError as error:
            found.refuse(path, str(error))
    return named


def _read(store: Store, key: str, shown: str) -> bytes | None:
    for tries_left in reversed(range(_TRIES)):
        try:
            of = store.head(key)
        except NoSuchObject:
            return None
        if of.size > MOST:
            raise DataProcessingError(f"{shown}: {of.size:,} bytes are more than a manifest can have ({MOST:,})")
        try:
            return store.read(of)
        except ItemError:
            if not tries_left:
                raise
    return None
