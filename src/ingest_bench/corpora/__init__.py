"""Corpora: sets of STAC items to ingest, made from a seed or the user's own, each with a manifest."""

from __future__ import annotations

from ingest_bench.corpora.builder import build, build_corpus
from ingest_bench.corpora.check import verify
from ingest_bench.corpora.manifest import Manifest, read_manifest
from ingest_bench.corpora.own import describe_corpus

__all__ = ["Manifest", "build", "build_corpus", "describe_corpus", "read_manifest", "verify"]
