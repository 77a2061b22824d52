"""Where items go. A new format is one module and one line here."""

from __future__ import annotations

from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING, Any

from stac_ingest.errors import ConfigurationError

if TYPE_CHECKING:
    from stac_ingest.outputs.base import BatchedOutput
    from stac_ingest.outputs.geoparquet import GeoParquetOutput
    from stac_ingest.outputs.item_files import ItemFilesOutput
    from stac_ingest.outputs.ndjson import NdjsonOutput

__all__ = ["OUTPUTS", "GeoParquetOutput", "ItemFilesOutput", "NdjsonOutput", "make_output"]

OUTPUTS = {
    "items": ("item_files", "ItemFilesOutput"),
    "ndjson": ("ndjson", "NdjsonOutput"),
    "geoparquet": ("geoparquet", "GeoParquetOutput"),
}
"""By format: the module and the class of its output. Only the one that is used is imported."""


def make_output(name: str, folder: str | PathLike[str]) -> BatchedOutput[Any]:
    """Make the output of that name, writing to `folder`.

    Raises:
        ConfigurationError: there is no such output.

    """
    if name not in OUTPUTS:
        raise ConfigurationError(f"output {name!r} is not known; use one of {', '.join(OUTPUTS)}")
    output: BatchedOutput[Any] = _load(*OUTPUTS[name])(folder)
    return output


def __getattr__(name: str) -> Any:
    for module, output in OUTPUTS.values():
        if output == name:
            return _load(module, output)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _load(module: str, output: str) -> Any:
    return getattr(import_module(f"{__name__}.{module}"), output)
