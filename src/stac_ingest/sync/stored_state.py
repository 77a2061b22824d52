"""What a store or a web server says of the files of a source, by which it is told that none has changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, suppress
from hashlib import blake2b
from urllib.parse import unquote, urlsplit

from stac_ingest.config import IngestConfig
from stac_ingest.errors import ItemError
from stac_ingest.http.validators import is_settled
from stac_ingest.sources.kind import DESCRIPTIONS, KINDS
from stac_ingest.stores.objects import Store, StoredObject
from stac_ingest.stores.urls import read_url, store_kind
from stac_ingest.summary import IngestSummary

_BITS = 1 << 128


def stored_state(config: IngestConfig, summary: IngestSummary) -> str | None:
    """Return a digest of the names, sizes and versions of all files of a source.

    Args:
        config: the settings, of a source that lies in a store or on a web server.
        summary: takes the number of requests.

    Returns:
        None where there are none, or one has no version, or they may lead to others.

    Raises:
        ConfigurationError: the URL, or the credentials of the environment, can't be used.
        DataProcessingError: the store can't be asked.
        ItemError: there is no such file.

    """
    if config.format == KINDS["catalog"].format or config.source.rpartition("/")[2] in DESCRIPTIONS:
        return None  # it may lead anywhere
    total, count, now = 0, 0, time.time()
    for one in _objects(config, summary):
        if not is_settled(one.version, now):
            return None
        text = f"{one.key}\0{one.size}\0{one.version}".encode("utf-8", "surrogateescape")
        total = (total + int.from_bytes(blake2b(text, digest_size=16).digest())) % _BITS
        count += 1
    return f"{count}-{total:032x}" if count else None


def _objects(config: IngestConfig, summary: IngestSummary) -> Iterator[StoredObject]:
    if store_kind(config.source) is None:
        from stac_ingest.stores.web import WebFile  # noqa: PLC0415 - stores of objects don't need it

        with closing(WebFile(config, summary)) as web:
            yield web.head(unquote(urlsplit(config.source).path.rpartition("/")[2]))
        return
    from stac_ingest.stores.opening import open_object_store  # noqa: PLC0415 - needs an extra of the package

    url = read_url(config.source)
    store: Store = open_object_store(url, config)
    with closing(store):
        if url.key and not url.is_prefix:
            with suppress(ItemError):
                yield store.head(url.key)
        refused = list[str]()
        for page in store.listed(f"{url.key}/" if url.key else "", lambda key, _: refused.append(key)):
            yield from page
        for key in refused:
            yield StoredObject(key, 0, "")
