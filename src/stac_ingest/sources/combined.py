"""Several sources as one: the files of a folder, of more than one kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing
from hashlib import blake2b
from typing import Any, NamedTuple

from stac_ingest.core.model import Batch, Item, Payload, Position, Reject
from stac_ingest.core.rows import AsLines, Rows
from stac_ingest.core.source import Batched, Resumable, Source
from stac_ingest.errors import ItemError
from stac_ingest.sources.directory.resume import renewed_list
from stac_ingest.sources.directory.walk import Refused

_SOURCE = "source"
"""Member of a position: the number of the source that it is of."""
_OWN = "own"
"""Member of a position: what that source calls it."""


class _UnitOf(NamedTuple):
    source: Source[Any]
    unit: Any


class _BatchOf(list[Payload]):
    """A batch that knows its source."""

    def __init__(self, source: Source[Any], batch: Batch) -> None:
        super().__init__(batch)
        self.source = source


class CombinedSource:
    """Reads one source after another; their units are driven together."""

    def __init__(self, sources: Sequence[Source[Any]]) -> None:
        self._sources = sources
        self._listing: str | None = None

    def resume(self, positions: Sequence[Position]) -> None:
        """Have each leave out what is its own among the positions, where all lists are as they were."""
        known = [one for one in positions if isinstance(one.get("list"), str)]
        lists = list(dict.fromkeys(one["list"] for one in reversed(known)))
        for name in lists:
            self._resume([one for one in known if one["list"] == name])
            if name.partition("@")[0] == self._fingerprint():
                self._listing = name
                return
        # One source's change concerns all of them: what came from one may come again from another.
        self._resume([])
        self._listing = renewed_list(self._fingerprint()) if lists else None

    def listing(self) -> str:
        """Return a fingerprint of the lists of all."""
        if self._listing is None:
            self._listing = self._fingerprint()
        return self._listing

    def position(self, batch: Batch, *, clean: bool) -> Position | None:
        """Return the position of a batch, as its own source gives it, and which source that is."""
        source = _source_of(batch)
        position = source.position(batch, clean=clean) if isinstance(source, Resumable) else None
        if position is None:
            return None
        return {"list": self.listing(), _SOURCE: self._sources.index(source), _OWN: position}

    async def open(self) -> None:
        """Open all."""
        for source in self._sources:
            await source.open()

    async def units(self) -> AsyncIterator[_UnitOf]:
        """List the units of each."""
        for source in self._sources:
            async for unit in source.units():
                yield _UnitOf(source, unit)

    async def read(self, unit: _UnitOf) -> AsyncIterator[Batch]:
        """Read a unit by its own source."""
        batches: Any = unit.source.read(unit.unit)
        async with aclosing(batches):
            async for batch in batches:
                yield _BatchOf(unit.source, batch)

    def rows(self, batch: Batch, *, as_lines: AsLines) -> Iterable[Rows] | None:
        """Return the items of a batch, where its own source can give them whole."""
        source = _source_of(batch)
        return source.rows(batch, as_lines=as_lines) if isinstance(source, Batched) else None

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Decode a batch by its own source."""
        return _source_of(batch).decode(batch, reject)

    async def close(self) -> None:
        """Close all, whatever becomes of one."""
        await _close(list(self._sources))

    def _resume(self, positions: Sequence[Position]) -> None:
        for number, source in enumerate(self._sources):
            if isinstance(source, Resumable):
                own = [one.get(_OWN) for one in positions if one.get(_SOURCE) == number]
                source.resume([one for one in own if isinstance(one, dict)])

    def _fingerprint(self) -> str:
        each = [source.listing() for source in self._sources if isinstance(source, Resumable)]
        return blake2b(repr(each).encode(), digest_size=16).hexdigest()


class RefusedFiles:
    """Files that may hold items and can't be read: each is a failure under its name."""

    def __init__(self, refused: Sequence[Refused]) -> None:
        self._refused = refused

    async def open(self) -> None:
        """Nothing to prepare."""

    async def units(self) -> AsyncIterator[Sequence[Refused]]:
        """List all of them as one unit."""
        yield self._refused

    async def read(self, unit: Sequence[Refused]) -> AsyncIterator[Batch]:
        """Yield an error for each."""
        yield [Payload(None, name, ItemError(why)) for name, why in unit]

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Reject each payload with its error; return no items."""
        for payload in batch:
            if payload.error is not None:
                reject(payload.origin, payload.error)
        return iter(())

    async def close(self) -> None:
        """Nothing is held."""


def one_of(batch: Batch, payload: Payload) -> Batch:
    """Return a batch of one payload, that can be decoded where the whole batch can."""
    return _BatchOf(batch.source, [payload]) if isinstance(batch, _BatchOf) else [payload]


def _source_of(batch: Batch) -> Source[Any]:
    assert isinstance(batch, _BatchOf)
    return batch.source


async def _close(sources: list[Source[Any]]) -> None:
    if sources:
        try:
            await sources[0].close()
        finally:
            await _close(sources[1:])
