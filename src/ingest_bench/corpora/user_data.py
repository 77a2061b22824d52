"""Corpora that are the user's own: looked at, never written to, never copied."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ingest_bench.arms.base import ArmSpec
from ingest_bench.arms.ingest_arm import make
from ingest_bench.corpora.inventory import FEW, combined, files_below, stat_entry
from ingest_bench.corpora.manifest import Manifest, write_manifest
from ingest_bench.errors import SettingsError
from ingest_bench.results.digest import Reference, Tally
from stac_ingest.context import WorkflowContext

if TYPE_CHECKING:
    from ingest_bench.config.models import Corpus, Settings

_MOST_BROKEN = 1000
"""So many broken files a manifest lists at most."""


def describe_corpus(settings: Settings, name: str, manifest: Path | str) -> None:
    """Write the manifest of a corpus that is the user's own.

    Files are read once, one after another, for the reference that every arm must match. An API is not asked: what it
    holds may change, so there the arms are compared with each other, and the manifest has no reference.

    Raises:
        SettingsError: there is no such corpus, or it is a generated one.
        stac_ingest.IngestError: the files can't be read at all.

    """
    corpus = settings.corpora.get(name)
    if corpus is None or corpus.generated:
        raise SettingsError(f"corpora.{name}: not a corpus of your own")
    found = asyncio.run(_describe_files(corpus, Path(corpus.path))) if corpus.path else _describe_api(corpus)
    write_manifest(found, Path(manifest))


def _describe_api(corpus: Corpus) -> Manifest:
    return Manifest(kind=corpus.kind, origin=corpus.url, collection=corpus.collection, items=None, reference=None)


@dataclass
class _Seen:
    """What reading the files one after another has shown so far."""

    whole: Tally = field(default_factory=Tally)
    count: int = 0
    by_file: dict[str, Reference] = field(default_factory=dict)
    collections: set[str | None] = field(default_factory=set)
    broken: dict[str, str] = field(default_factory=dict)


async def _describe_files(corpus: Corpus, path: Path) -> Manifest:
    before = [stat_entry(*file) for file in files_below(path)]
    seen = _Seen()
    for source in _sources(corpus, path):
        await _read(source, corpus, seen)
    return Manifest(
        kind=corpus.kind,
        origin=str(path),
        collection=seen.collections.pop() if len(seen.collections) == 1 else None,
        items=seen.count,
        files=len(before),
        bytes=sum(entry.size for entry in before),
        broken=dict(sorted(seen.broken.items())[:_MOST_BROKEN]),
        reference=seen.whole.reference(),
        file_references=seen.by_file,
        fingerprint="stat",
        sha256=combined(before),
        file_sha256={entry.name: entry.digest for entry in sorted(before)} if len(before) <= FEW else {},
    )


def _sources(corpus: Corpus, path: Path) -> list[Path]:
    """List what is read at a time: a scenario may pick a single file of some kinds of corpora."""
    if corpus.record.part and path.is_dir():
        return sorted(path.glob(f"*{Path(corpus.record.part).suffix}"))
    return [path]


async def _read(source: Path, corpus: Corpus, seen: _Seen) -> None:
    context, here = WorkflowContext(), Tally()
    module = make(ArmSpec(fetcher="ingest", layout=corpus.layout.name, source=str(source), max_items=corpus.max_items))
    async for item in module.fetch(context):
        here.add(item)
        seen.collections.add(item.get("collection"))
        if corpus.max_items is None or seen.count < corpus.max_items:
            seen.whole.add(item)
            seen.count += 1
    if corpus.record.part:
        seen.by_file[source.name] = here.reference()
    for failure in context.failure_collector.get_all():
        seen.broken[failure.item_id] = failure.error
