"""Where corpora, their manifests and the records of their jobs lie."""

from __future__ import annotations

import json
from pathlib import Path

from ingest_bench.config.models import Settings


def corpus_folder(settings: Settings, name: str) -> Path:
    """Give the folder of a generated corpus, or the path of the user's own."""
    corpus = settings.corpora[name]
    return Path(corpus.path) if corpus.path else Path(settings.results) / "corpora" / name


def manifest_file(settings: Settings, name: str) -> Path:
    """Give the manifest of a corpus."""
    return Path(settings.results) / "corpora" / f"{name}.manifest.json"


def job_file(settings: Settings, name: str) -> Path:
    """Give the record of the job that made, or looked at, a corpus."""
    return Path(settings.results) / "corpora" / f"{name}.job.json"


def built_at(settings: Settings, name: str) -> float | None:
    """Say when a corpus was made, or looked at (Unix time, seconds); None where no job of the workflow did."""
    try:
        return float(json.loads(job_file(settings, name).read_bytes())["ended_at"])
    except FileNotFoundError:
        return None
