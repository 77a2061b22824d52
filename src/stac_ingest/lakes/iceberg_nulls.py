"""Null lists and maps of objects, which pyiceberg 0.12 makes empty ones, when it writes as when it reads."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.io.pyarrow import ArrowProjectionVisitor

_KEPT = "stac_ingest_keeps_nulls"


def keep_nulls() -> None:
    """Have pyiceberg keep null lists and maps as they are; in a version that does so itself, nothing changes.

    Each column that it reads or writes is brought to the table's schema by this class, and there is no other way in.
    """
    if not hasattr(ArrowProjectionVisitor, _KEPT):
        for name in ("list", "map"):
            setattr(ArrowProjectionVisitor, name, _keeping(getattr(ArrowProjectionVisitor, name)))
        setattr(ArrowProjectionVisitor, _KEPT, True)


def _keeping(original: Any) -> Any:
    def kept(visitor: Any, kind: Any, given: pa.Array | None, *parts: pa.Array | None) -> pa.Array | None:
        made = original(visitor, kind, given, *parts)
        if given is None or made is None or made.null_count == given.null_count:
            return made
        return pc.if_else(given.is_valid(), made, pa.scalar(None, made.type))

    return kept
