"""Builds generated corpora: beside their place first, then into it, the manifest last."""

import shutil
from pathlib import Path

from ingest_bench.config.models import Corpus, Settings
from ingest_bench.corpora.inventory import GENERATOR, Manifest, inventory, write_manifest
from ingest_bench.errors import SettingsError


def make_corpus(settings: Settings, name: str, workers: int) -> Path:
    """Build a corpus of the configuration below its results, or look at one that is the user's own.

    Returns:
        The path of its manifest.

    """
    manifest = settings.manifest_file(name)
    if settings.corpora[name].generated:
        build_corpus(settings, name, settings.corpus_folder(name), manifest, workers)
    else:
        # A generated corpus doesn't depend on how one of the user's own is read.
        from ingest_bench.corpora.user_data import describe_corpus  # noqa: PLC0415

        describe_corpus(settings, name, manifest)
    return manifest


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
    reference = part.tally.reference()
    described = Manifest(
        generator=GENERATOR,
        kind=corpus.kind,
        seed=seed,
        item_kb=corpus.item_kb,
        collection=part.collection,
        items=reference.count,
        broken=dict(sorted(part.broken.items())),
        reference=reference,
        file_references=part.file_references,
        writer=part.writer,
        **inventory(part.entries),
    )
    write_manifest(described, manifest)
