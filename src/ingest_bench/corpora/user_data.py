"""Corpora that are the user's own: looked at, never written to, never copied."""

import asyncio
from pathlib import Path

from ingest_bench.arms.base import ArmSpec
from ingest_bench.arms.ingest_arm import make
from ingest_bench.config.models import Corpus, Settings
from ingest_bench.corpora.inventory import Manifest, files_below, inventory, stat_entry, write_manifest
from ingest_bench.errors import SettingsError
from ingest_bench.results.digest import Reference, Tally
from stac_ingest.context import WorkflowContext

_MAX_BROKEN = 1000
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
    if corpus.path:
        described = asyncio.run(_describe_files(corpus, Path(corpus.path)))
    else:
        described = Manifest(
            kind=corpus.kind, origin=corpus.url, collection=corpus.collection, items=None, reference=None
        )
    write_manifest(described, Path(manifest))


async def _describe_files(corpus: Corpus, path: Path) -> Manifest:
    before = [stat_entry(*file) for file in files_below(path)]
    whole, count = Tally(), 0
    by_file: dict[str, Reference] = {}
    collections: set[str | None] = set()
    broken: dict[str, str] = {}
    for source in _sources(corpus, path):
        context, here = WorkflowContext(), Tally()
        spec = ArmSpec(fetcher="ingest", layout=corpus.layout.name, source=str(source), max_items=corpus.max_items)
        async for item in make(spec).fetch(context):
            here.add(item)
            collections.add(item.get("collection"))
            if corpus.max_items is None or count < corpus.max_items:
                whole.add(item)
                count += 1
        if corpus.record.part:
            by_file[source.name] = here.reference()
        broken |= {failure.item_id: failure.error for failure in context.failure_collector.get_all()}
    return Manifest(
        kind=corpus.kind,
        origin=str(path),
        collection=collections.pop() if len(collections) == 1 else None,
        items=count,
        broken=dict(sorted(broken.items())[:_MAX_BROKEN]),
        reference=whole.reference(),
        file_references=by_file,
        fingerprint="stat",
        **inventory(before),
    )


def _sources(corpus: Corpus, path: Path) -> list[Path]:
    """List what is read at a time: a scenario may pick a single file of some kinds of corpora."""
    if corpus.record.part and path.is_dir():
        return sorted(path.glob(f"*{Path(corpus.record.part).suffix}"))
    return [path]
