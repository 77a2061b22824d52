"""The documents of a catalog in a store of objects."""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import unquote

from stac_ingest.errors import DataProcessingError, ItemError
from stac_ingest.sources.catalog.readers import Document
from stac_ingest.stores.opening import open_object_store
from stac_ingest.stores.urls import read_url

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig
    from stac_ingest.summary import IngestSummary

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class StoredReader:
    """Reads objects, one a request. Links lead within the bucket: its credentials are for no other one."""

    together = 1

    def __init__(self, root: str, config: IngestConfig, summary: IngestSummary) -> None:
        """Open the store; nothing is asked yet.

        Raises:
            ConfigurationError: the URL, or the credentials of the environment, can't be used.

        """
        url = read_url(root)
        self._store = open_object_store(url, config)
        self._bucket = f"{url.root}/"
        self.root = f"{self._bucket}{url.key}"
        self._folder = f"{self.root.rpartition('/')[0]}/"
        self._most = config.max_response_mib << 20
        self._summary = summary
        self._threads = ThreadPoolExecutor(config.workers, "stac-ingest-catalog")

    async def open(self) -> None:
        """Nothing to prepare."""

    async def read(self, urls: Sequence[str], known: Mapping[str, str] | None = None) -> Sequence[Document]:
        """Request the first of these documents, by its version where that is known.

        Raises:
            DataProcessingError: the store can't be asked.

        """
        url = urls[0]
        key = url.removeprefix(self._bucket)
        version = "" if known is None else known.get(url, "")
        try:
            found = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._store.whole, key, self._most, version
            )
        except ItemError as error:
            return [Document(b"", url, error)]
        if found is None:
            return [Document(b"", url, version=version, is_same=True)]
        self._summary.bytes_read += len(found.data)
        return [Document(found.data, url, version=found.version)]

    def resolve(self, href: str, base: str) -> str:
        """Give the URL of the object that a link leads to, whose key stands in it as it is, without escapes.

        Raises:
            DataProcessingError: it leads out of the bucket.

        """
        path = unquote(href.partition("#")[0].partition("?")[0])
        if _SCHEME.match(href):
            if not path.startswith(self._bucket):
                raise DataProcessingError(
                    f"link {href:.200} leads out of {self._bucket}; not followed: give its address as a source"
                )
            key = path.removeprefix(self._bucket)
        elif path.startswith("/"):
            key = path.lstrip("/")
        else:
            key = f"{base.removeprefix(self._bucket).rpartition('/')[0]}/{path}"
        key = posixpath.normpath(key).lstrip("/")
        if key.split("/")[0] in ("..", ".", "") or not key.isprintable():
            raise DataProcessingError(f"link {href!a:.200} leads out of {self._bucket}, or to nothing")
        return f"{self._bucket}{key}"

    def name(self, url: str) -> str:
        """Return the URL of an object relative to the catalog's folder, where it is in there."""
        return url.removeprefix(self._folder)

    async def close(self) -> None:
        """End the threads."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        self._store.close()
