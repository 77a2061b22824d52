"""Builds generated corpora: beside their place first, then into it, the manifest last."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ingest_bench.corpora.inventory import FEW, combined
from ingest_bench.corpora.items import COLLECTION
from ingest_bench.corpora.manifest import GENERATOR, Manifest, write_manifest
from ingest_bench.errors import SettingsError

if TYPE_CHECKING:
    from ingest_bench.config.models import Corpus, Settings
    from ingest_bench.corpora.parts import Part


def build_corpus(settings: Settings, name: str, folder: Path | str, manifest: Path | str, workers: int = 1) -> None:
    """Build a generated corpus of the configuration. See `build`.

    Raises:
        SettingsError: there is no such corpus, or it is not a generated one.

    """
    corpus = settings.corpora.get(name)
    if corpus is None or not corpus.generated:
        raise SettingsError(f"corpora.{name}: not a generated corpus")
    build(name, corpus, settings.seed, Path(folder), Path(manifest), workers)


def build(  # noqa: PLR0917 - all six are needed, in the order that the words say
    name: str, corpus: Corpus, seed: int, folder: Path, manifest: Path, workers: int
) -> None:
    """Make the files of a corpus in `folder`, which is replaced, and its manifest.

    Args:
        name: of the corpus; names the folder that it is built in first. What is made does not depend on it.
        corpus: what to make.
        seed: of the whole configuration.
        folder: where the files go.
        manifest: where the manifest goes.
        workers: processes at work at once.

    """
    partial = folder.with_name(f".{name}.partial")
    manifest.unlink(missing_ok=True)
    for leftover in (partial, folder):
        if leftover.exists():
            shutil.rmtree(leftover)
    partial.mkdir(parents=True)
    part = corpus.record.build(corpus, seed, partial, workers)
    partial.rename(folder)
    write_manifest(_manifest(corpus, seed, part), manifest)


def _manifest(corpus: Corpus, seed: int, part: Part) -> Manifest:
    reference = part.tally.reference()
    return Manifest(
        generator=GENERATOR,
        kind=corpus.kind,
        seed=seed,
        item_kb=corpus.item_kb,
        collection=COLLECTION,
        items=reference.count,
        files=len(part.entries),
        bytes=sum(entry.size for entry in part.entries),
        broken=dict(sorted(part.broken.items())),
        reference=reference,
        file_references=part.file_references,
        writer=part.writer,
        sha256=combined(part.entries),
        file_sha256={entry.name: entry.digest for entry in sorted(part.entries)} if len(part.entries) <= FEW else {},
    )
