"""The kinds of corpora. A new one is a module of `ingest_bench.corpora` that declares a `KIND`, and its name here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest_bench.arms.layouts import Layout
from ingest_bench.system.user_modules import Registry

CORPUS_KINDS = ("item_files", "items_directory", "geoparquet", "api", "catalog")
OPTIONS = ("corrupt_share", "skewed", "files", "like", "later")
"""Settings of a generated corpus that not all kinds have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusKind:
    """A kind of corpus: all that the benchmark has to know of it to offer, check, build and report it.

    It stands in a module that configurations import. So what is heavy is imported by `build`, and not by the module.
    """

    name: str
    """What configurations call it: the name of its module."""
    description: str
    """In one sentence."""
    layout: Layout
    """How it lies there, which says how it is read."""
    build: Callable[[Any, int, Path, int], Any]
    """Writes the files of a corpus into an empty folder, given its settings (`config.models.Corpus`), a seed, the
    folder and how many processes may be at work at once; returns what was written (`corpora.parts.Part`). The same
    settings and seed always make the same files."""
    options: tuple[str, ...] = ()
    """Which of `OPTIONS` it has. One with a `corrupt_share` names those files, and every arm has to report them."""
    part: str | None = None
    """The name of a file of it by its number, `part-{:05}.parquet`, where a scenario may pick one file."""
    file: str | None = None
    """Where it is declared, when that isn't in this package."""


KINDS = Registry(
    CorpusKind, "KIND", "a kind of corpus", lambda: {name: f"ingest_bench.corpora.{name}" for name in CORPUS_KINDS}
)
corpus_kind_names, corpus_kind, register_corpus_kind = KINDS.names, KINDS.get, KINDS.register


def kinds_with(option: str) -> list[str]:
    """List the kinds that have one of `OPTIONS`."""
    return [name for name in corpus_kind_names() if option in corpus_kind(name).options]
