"""Reads a catalog that the output has written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stac_ingest.core.model import Item
from stac_ingest.errors import DataProcessingError
from stac_ingest.outputs.base import parsed


def read_items(path: Path) -> Iterator[Item]:
    """Yield the items of a catalog.

    Args:
        path: of its `catalog.json`.

    Raises:
        DataProcessingError: a document is no JSON, or can't be read.

    """
    return (item for _, item in read_catalog(path))


def read_catalog(path: Path) -> Iterator[tuple[Path, Item]]:
    """Yield the items of a catalog with the paths of their files; see `read_items`."""
    for rel, below in _links(path):
        if rel == "child":
            for _, one in _links(below):
                yield one, _parsed(one)
        else:
            yield below, _parsed(below)


def _links(path: Path) -> Iterator[tuple[str, Path]]:
    links: Any = _parsed(path).get("links")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("rel") in ("child", "item"):
            yield link["rel"], path.parent / str(link.get("href"))


def _parsed(path: Path) -> Item:
    try:
        return parsed(path.read_bytes(), path)
    except OSError as error:
        raise DataProcessingError(f"can't read {path}: {error.strerror or error}") from error
