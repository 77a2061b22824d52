"""Whether a document leads to others: what tells a collection of a static catalog from one that describes a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from stac_ingest.errors import ItemError
from stac_ingest.sources.directory.file_reader import Reader

_LEADING = ("child", "item")
_LOOKED_AT = 256 << 20
"""Bytes of a document that is looked at before it is known what it is."""


def leads_on(path: Path) -> bool:
    """Whether the document at a path links to items or children. What can't be read does not."""
    try:
        return text_leads_on(Reader(_LOOKED_AT).read_path(path))
    except (OSError, ItemError):
        return False


def text_leads_on(text: bytes) -> bool:
    """Whether a document links to items or children. What isn't JSON does not."""
    try:
        content: Any = orjson.loads(text)
    except ValueError:
        return False
    links = content.get("links") if isinstance(content, dict) else None
    return isinstance(links, list) and any(isinstance(one, dict) and one.get("rel") in _LEADING for one in links)
