"""Ways to ingest: the package's own, and those it is compared with. One file each; a new one adds a line here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ingest_bench.arms.base import ADAPTIVE, CHECKPOINTS, PARSE_ONLY, READ_ONLY, SHARDED, ArmSpec, Fetcher

__all__ = ["FETCHERS", "ArmSpec", "Fetcher", "make_fetcher"]

FETCHERS = {
    "ingest": "ingest_arm",
    ADAPTIVE: "adaptive_arm",
    READ_ONLY: "read_only_arm",
    PARSE_ONLY: "parse_only_arm",
    "upstream": "upstream_arm",
    "aiofiles": "aiofiles_arm",
    "process_pool": "process_pool_arm",
    "pystac_client": "pystac_client_arm",
    **dict.fromkeys(CHECKPOINTS, "checkpoint_arm"),
    SHARDED: "sharded_arm",
}
"""The module of each fetcher. Only the one that is measured is imported."""


def make_fetcher(spec: ArmSpec) -> Fetcher:
    """Set up the fetcher of an arm; nothing is read yet.

    Raises:
        KeyError: there is no such fetcher.
        ConfigurationError: its settings can't be used.

    """
    module: Any = import_module(f"{__name__}.{FETCHERS[spec.fetcher]}")
    fetcher: Fetcher = module.make(spec)
    return fetcher
