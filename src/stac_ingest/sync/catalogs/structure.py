"""Catalogs and collections that are kept between runs: one that hasn't changed since isn't read again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from stac_ingest.sources.catalog.readers import Document, DocumentReader
from stac_ingest.sync.file_memory import FileTable, load_table

_NAMES, _TEXTS = "structure.arrow", "structure-texts.arrow"
_TEXT = pa.large_binary()
_COLUMNS = ("name", "url", "version")
_OF_TEXTS = pa.schema([pa.field("text", _TEXT)])


class KeptStructure:
    """Reads documents by way of what the last run has kept of them, and keeps them for the next one.

    The whole text is kept, so that a document that is the same is walked just as one that was read.

    Attributes:
        root: as of the reader.
        together: as of the reader.
        confirmed: documents that are as they were.
        unversioned: documents that came without a version, so that the next run reads them again.

    """

    def __init__(self, reader: DocumentReader, before: Path | None, folder: Path) -> None:
        """Look at what the last run has kept.

        Args:
            reader: of the catalog's documents.
            before: the folder of the last run's memories; None where nothing of it counts.
            folder: of this run's memories.

        """
        self.root, self.together = reader.root, reader.together
        self.confirmed = self.unversioned = 0
        self._reader = reader
        self._before = _Before(before)
        self._folder = folder
        self._lock = asyncio.Lock()
        self._rows: list[tuple[bytes, bytes, bytes]] = []
        self._doubtful: set[bytes] = set()
        self._stream: IO[bytes] | None = None
        self._texts: Any = None

    async def open(self) -> None:
        """Get ready to read."""
        await self._reader.open()

    async def read(self, urls: Sequence[str], known: Mapping[str, str] | None = None) -> Sequence[Document]:  # noqa: ARG002 - what is known is its own business
        """Read documents, or take those that haven't changed from what was kept.

        Raises:
            DataProcessingError: nothing more can be read of the whole catalog.
            OSError: nothing can be kept.

        """
        found = await self._reader.read(urls, self._before.versions)
        return [await self._kept(url, one) for url, one in zip(urls, found, strict=False)]

    def resolve(self, href: str, base: str) -> str:
        """Give the URL that a link leads to.

        Raises:
            DataProcessingError: it isn't followed, and why.

        """
        return self._reader.resolve(href, base)

    def name(self, url: str) -> str:
        """Return a URL as failures name it."""
        return self._reader.name(url)

    async def close(self) -> None:
        """Close what is open."""
        if self._texts is not None:
            self._texts.close()
        if self._stream is not None:
            self._stream.close()
        await self._reader.close()

    def doubt(self, url: str) -> None:
        """Have the next run read the document that came from a URL, since something of it could not be used."""
        self._doubtful.add(os.fsencode(url))

    def save(self) -> None:
        """Write what the next run is to know, once all is walked.

        Raises:
            OSError: it can't be written.

        """
        rows = [(asked, url, b"" if url in self._doubtful else version) for asked, url, version in self._rows]
        columns = [pa.array(column, _TEXT) for column in zip(*rows, strict=True)] or [pa.array([], _TEXT)] * 3
        FileTable(pa.table(columns, _COLUMNS)).save(self._folder, _NAMES)

    async def _kept(self, asked: str, document: Document) -> Document:
        if document.is_same:
            text = await asyncio.to_thread(self._before.text, asked)
            if text is None:
                (document,) = await self._reader.read([asked], {})
            else:
                self.confirmed += 1
                document = Document(text, self._before.urls[asked], version=document.version)
                await self._keep(asked, document)
                return document
        if document.error is None:
            self.unversioned += not document.version
            if document.version:
                await self._keep(asked, document)
        return document

    async def _keep(self, asked: str, document: Document) -> None:
        async with self._lock:
            await asyncio.to_thread(self._write, document.data)
            self._rows.append((os.fsencode(asked), os.fsencode(document.url), os.fsencode(document.version)))

    def _write(self, text: bytes) -> None:
        if self._texts is None:
            self._stream = (self._folder / _TEXTS).open("wb")
            packed = pa.ipc.IpcWriteOptions(compression="zstd")
            self._texts = pa.ipc.new_file(self._stream, _OF_TEXTS, options=packed)
        self._texts.write_batch(pa.record_batch([pa.array([text], _TEXT)], schema=_OF_TEXTS))


class _Before:
    """What the last run has kept.

    Attributes:
        versions: by the URLs that were asked for.
        urls: where each came from, behind redirects.

    """

    def __init__(self, folder: Path | None) -> None:
        self.versions: dict[str, str] = {}
        self.urls: dict[str, str] = {}
        self._places: dict[str, int] = {}
        self._folder = folder
        table = None if folder is None else load_table(folder / _NAMES)
        if table is None:
            return
        rows = zip(*(table.table.column(name).to_pylist() for name in _COLUMNS), strict=True)
        for place, row in enumerate(rows):
            asked, url, version = map(os.fsdecode, row)
            self.versions[asked], self.urls[asked], self._places[asked] = version, url, place

    def text(self, asked: str) -> bytes | None:
        """Return the text of a document; None where it is lost."""
        assert self._folder is not None, "there is no version without it"
        try:
            with pa.memory_map(str(self._folder / _TEXTS)) as stream:
                batch = pa.ipc.open_file(stream).get_batch(self._places[asked])
                text: bytes = batch.column(0)[0].as_py()
                return text
        except (OSError, pa.ArrowException, IndexError):
            return None
