"""How columns are encoded in our files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa


def encoding_options(schema: pa.Schema) -> dict[str, Any]:
    """Return options for Arrow's writer.

    Texts repeat, and a dictionary tells a reader how long they are. To look numbers and geometries up in one takes
    longer than to compress them as they are, which makes them no larger either.

    Args:
        schema: of the file.

    """
    texts = [path for field in schema for path in _texts(field.name, field.type)]
    return {"compression": "zstd", "use_dictionary": texts}


def _texts(path: str, kind: pa.DataType) -> Iterator[str]:
    """Find the columns of text, named as Parquet names them."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if pa.types.is_struct(kind):
        for field in kind:
            yield from _texts(f"{path}.{field.name}", field.type)
    elif pa.types.is_list(kind):
        yield from _texts(f"{path}.list.element", kind.value_type)
    elif pa.types.is_string(kind):
        yield path
