"""Where items go. A new format is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import Any

from stac_ingest.errors import ConfigurationError
from stac_ingest.outputs.base import BatchedOutput
from stac_ingest.outputs.geoparquet import GeoParquetOutput
from stac_ingest.outputs.item_files import ItemFilesOutput
from stac_ingest.outputs.ndjson import NdjsonOutput

OUTPUTS: dict[str, Callable[[str | PathLike[str]], BatchedOutput[Any]]] = {
    "items": ItemFilesOutput,
    "ndjson": NdjsonOutput,
    "geoparquet": GeoParquetOutput,
}


def make_output(name: str, folder: str | PathLike[str]) -> BatchedOutput[Any]:
    """Make the output of that name, writing to `folder`.

    Raises:
        ConfigurationError: there is no such output.

    """
    try:
        return OUTPUTS[name](folder)
    except KeyError:
        raise ConfigurationError(f"output {name!r} is not known; use one of {', '.join(OUTPUTS)}") from None


__all__ = ["OUTPUTS", "GeoParquetOutput", "ItemFilesOutput", "NdjsonOutput", "make_output"]
