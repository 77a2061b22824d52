"""The documents of a catalog in a folder."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import unquote

from stac_ingest.core.file_urls import path_of_file_url
from stac_ingest.errors import DataProcessingError, ItemError
from stac_ingest.sources.catalog.readers import Document
from stac_ingest.sources.directory.batches import BATCH_BYTES
from stac_ingest.sources.directory.file_reader import Reader, open_file

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig
    from stac_ingest.summary import IngestSummary

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_DESCRIPTORS = "/proc/self/fd"
_NO_PATH = re.compile(r"[\0\ud800-\udc7f\udd00-\udfff]")
"""What no path can have: a zero, and halves of characters that don't stand for a byte."""
_RESOLUTION_NS = 2_000_000_000
"""Nanoseconds: what changes twice within it may have the same time; of the coarsest clocks that file systems have."""


class LocalReader:
    """Reads files, and asks no server.

    A link may lead anywhere in the folder of the catalog, or in the folder that this one lies in: items beside a
    catalog, in `../shared/`, are usual. What lies further away isn't read, be it by a path or by a symbolic link: a
    catalog comes from a stranger, and its links must not choose among all files of this machine.
    """

    together = 64

    def __init__(self, root: str, config: IngestConfig, summary: IngestSummary) -> None:
        self.root = os.path.abspath(root)  # noqa: PTH100 - without following links, as hrefs are joined
        self._folder = os.path.dirname(self.root)  # noqa: PTH120 - paths are texts here, since there may be millions
        real = os.path.dirname(os.path.dirname(os.path.realpath(self.root)))  # noqa: PTH120
        self._within = real if real.endswith(os.sep) else f"{real}{os.sep}"
        self._max_bytes = config.max_response_mib << 20
        self._summary = summary
        self._has_descriptors = os.path.isdir(_DESCRIPTORS)  # noqa: PTH112
        # Threads of its own: the loop's default ones are fewer than `concurrency` on a small machine.
        self._threads = ThreadPoolExecutor(config.workers, "stac-ingest-catalog")

    async def open(self) -> None:
        """Nothing to prepare."""

    async def read(self, urls: Sequence[str], known: Mapping[str, str] | None = None) -> Sequence[Document]:
        """Read files, in a thread; fewer than are asked for where they are large. Their versions are size and time."""
        found = await asyncio.get_running_loop().run_in_executor(self._threads, self._read, urls, known)
        self._summary.bytes_read += sum([len(document.data) for document in found])
        return found

    def resolve(self, href: str, base: str) -> str:
        """Give the path that a link leads to, by its text alone.

        Raises:
            DataProcessingError: it is the address of a server, or no path at all.

        """
        if _NO_PATH.search(href):
            raise DataProcessingError(_no_path(href))
        if href[:1] == "/" or not _SCHEME.match(href):
            # Two slashes at the beginning would stay two.
            path = f"/{href.lstrip('/')}" if href[:1] == "/" else f"{os.path.dirname(base)}/{href}"  # noqa: PTH120
            return os.path.normpath(path)
        if not href.lower().startswith("file:"):
            raise DataProcessingError(
                f"link {href:.200} leads away from the files here; not followed: give its address as a source"
            )
        try:
            path = path_of_file_url(href)
        except ValueError as error:
            raise DataProcessingError(f"link {href!r:.200}: {error}") from None
        if "\0" in path or path[:1] != "/":
            raise DataProcessingError(_no_path(href))
        return os.path.normpath(path)

    def name(self, url: str) -> str:
        """Return a path relative to the catalog's folder, where it is in there."""
        below = f"{self._folder}{os.sep}"
        return url.removeprefix(below)

    async def close(self) -> None:
        """End the threads."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    def _read(self, paths: Sequence[str], known: Mapping[str, str] | None) -> list[Document]:
        read, room = Reader(self._max_bytes).read, BATCH_BYTES
        found: list[Document] = []
        start = len(self._folder)
        for asked in paths:
            path, version, is_same = asked, "", False
            try:
                try:
                    descriptor = open_file(path)
                except FileNotFoundError:
                    path = _meant(asked, start if asked.startswith(self._folder) else 0) or asked
                    descriptor = open_file(path)
                try:
                    self._check_place(path, descriptor)
                    if known is not None:
                        version = _version(descriptor)
                        is_same = bool(version) and known.get(asked) == version
                    data = b"" if is_same else read(descriptor)
                finally:
                    os.close(descriptor)
            except (OSError, ItemError) as error:
                found.append(Document(b"", asked, error))
                continue
            found.append(Document(data, path, None, version, is_same))
            room -= len(data)
            if room <= 0:
                break
        return found

    def _check_place(self, path: str, descriptor: int) -> None:
        """Refuse a file that is too far from the catalog, by where the open file really is.

        Raises:
            ItemError: it is.

        """
        # One call instead of one for each folder on the way; and nobody can exchange what is open already.
        real = os.readlink(f"{_DESCRIPTORS}/{descriptor}") if self._has_descriptors else os.path.realpath(path)  # noqa: PTH115
        if not real.startswith(self._within):
            raise ItemError(
                f"is at {real}, outside of {self._within}: not followed; give a catalog that is in a folder above both"
            )


def _version(descriptor: int) -> str:
    """Return what tells the content of an open file: size and time, unless it may change again within that time."""
    now, status = time.time_ns(), os.fstat(descriptor)
    settled = status.st_mtime_ns < now - _RESOLUTION_NS
    return f"{status.st_size} {status.st_mtime_ns}" if settled else ""


def _meant(path: str, start: int) -> str | None:
    """Return the path that is meant where the text of a link has escapes, or more than a path; None without these.

    Most writers put names into links as they are, so a file of just that name goes first.

    Args:
        path: of which there is no file.
        start: where the part begins that links wrote.

    """
    written = path[start:]
    meant = unquote(written.partition("#")[0].partition("?")[0], errors="surrogateescape")
    return None if meant == written or "\0" in meant else os.path.normpath(path[:start] + meant)


def _no_path(href: str) -> str:
    return f"link {href!a:.200} is no path"
