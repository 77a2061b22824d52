"""Corpora: sets of STAC items to ingest, made from a seed or the user's own, each with a manifest."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest_bench.corpora.builder import build, build_corpus
    from ingest_bench.corpora.check import verify
    from ingest_bench.corpora.manifest import Manifest, read_manifest
    from ingest_bench.corpora.user_data import describe_corpus

__all__ = ["Manifest", "build", "build_corpus", "describe_corpus", "read_manifest", "verify"]

_MODULES = {
    "Manifest": "manifest",
    "build": "builder",
    "build_corpus": "builder",
    "describe_corpus": "user_data",
    "read_manifest": "manifest",
    "verify": "check",
}
"""Where each name is defined. Only what is asked for is imported: a corpus depends on all that its job imports."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
