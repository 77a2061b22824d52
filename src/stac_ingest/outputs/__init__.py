"""Where items go. A new format is one file here and one entry of the table below."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stac_ingest.core.registry import load
from stac_ingest.errors import ConfigurationError

if TYPE_CHECKING:
    from stac_ingest.outputs.base import BatchedOutput
    from stac_ingest.outputs.geoparquet import GeoParquetOutput
    from stac_ingest.outputs.json_files import ItemFilesOutput
    from stac_ingest.outputs.ndjson import NdjsonOutput

__all__ = [
    "OUTPUTS",
    "GeoParquetOutput",
    "ItemFilesOutput",
    "NdjsonOutput",
    "OutputFormat",
    "make_output",
    "output_name",
    "read_output",
]


class OutputFormat(NamedTuple):
    """What there is to know of a format without importing it."""

    name: str
    """As `--to` takes it."""
    writer: str
    """Where its class is, as `module:name`: made with a folder, it is an `Output` of the pipeline."""
    reader: str
    """Where the function is, as `module:name`, that yields the items of one of its files."""
    suffix: str
    """Of its files."""
    label: str
    """What it writes, in words."""
    aliases: tuple[str, ...] = ()
    """Other names that `--to` takes for it."""
    subfolder: str = ""
    """Where the command writes it, below the output folder; directly in that where there is no subfolder."""
    whole: str | None = None
    """The file that holds everything, where there is one, and which a run that doesn't know it would replace."""
    streams: bool = False
    """Whether it can go to standard output."""
    preload: tuple[str, ...] = ()
    """Modules that are imported when the first items are written, beside the writer's own."""
    about: str = ""
    """What there is when it is complete: the text of its row in `docs/formats.md`."""
    extra: str | None = None
    """The extra of the package that such an output needs."""

    @property
    def modules(self) -> tuple[str, ...]:
        """All that writing imports; who measures it, imports them before."""
        return (self.writer.partition(":")[0], *self.preload)


_ARROW = ("pyarrow.parquet", "shapely", "pandas", "pyarrow.pandas_compat", "pyarrow.vendored.version")

OUTPUTS: dict[str, OutputFormat] = {
    output.name: output
    for output in (
        OutputFormat(
            "ndjson",
            "stac_ingest.outputs.ndjson:NdjsonOutput",
            "stac_ingest.outputs.ndjson:read_lines",
            ".ndjson",
            "NDJSON",
            aliases=("jsonl",),
            whole="items.ndjson",
            streams=True,
            about="`items.ndjson`, an item a line",
        ),
        OutputFormat(
            "ndjson.gz",
            "stac_ingest.outputs.packed_lines:NdjsonGzipOutput",
            "stac_ingest.outputs.packed_lines:read_packed_lines",
            ".ndjson.gz",
            "NDJSON as gzip",
            aliases=("jsonl.gz",),
            whole="items.ndjson.gz",
            streams=True,
            about="`items.ndjson.gz`, the same in gzip, of a member for each thousand items",
        ),
        OutputFormat(
            "ndjson.zst",
            "stac_ingest.outputs.packed_lines:NdjsonZstdOutput",
            "stac_ingest.outputs.packed_lines:read_packed_lines",
            ".ndjson.zst",
            "NDJSON as Zstandard",
            aliases=("jsonl.zst",),
            whole="items.ndjson.zst",
            streams=True,
            about="`items.ndjson.zst`, the same in Zstandard, of a frame for each thousand items",
            preload=("zstandard",),
        ),
        OutputFormat(
            "featurecollection",
            "stac_ingest.outputs.feature_collection:FeatureCollectionOutput",
            "stac_ingest.outputs.feature_collection:read_features",
            ".geojson",
            "one FeatureCollection",
            aliases=("geojson",),
            whole="items.geojson",
            streams=True,
            about="`items.geojson`, one FeatureCollection",
        ),
        OutputFormat(
            "items",
            "stac_ingest.outputs.json_files:ItemFilesOutput",
            "stac_ingest.outputs.json_files:read_file",
            ".json",
            "a file per item",
            subfolder="items",
            about="the folder `items` with a file for each item",
        ),
        OutputFormat(
            "geoparquet",
            "stac_ingest.outputs.geoparquet:GeoParquetOutput",
            "stac_ingest.outputs.geoparquet:read_part",
            ".parquet",
            "GeoParquet",
            aliases=("parquet",),
            preload=("stac_ingest.geoparquet.writer", *_ARROW),
            about="`part-00000.parquet` and so on, STAC-GeoParquet",
        ),
    )
}
"""By name, in the order in which help texts list them."""


def output_name(name: str) -> str:
    """Return the name of the output that is called so, or `name` itself where there is none."""
    return next((output.name for output in OUTPUTS.values() if name in output.aliases), name)


def make_output(name: str, folder: str | PathLike[str]) -> BatchedOutput[Any]:
    """Make the output of that name or alias, writing to `folder`.

    Raises:
        ConfigurationError: there is no such output.

    """
    output: BatchedOutput[Any] = load(_known(name).writer)(folder)
    return output


def read_output(name: str, folder: str | PathLike[str]) -> Iterator[dict[str, Any]]:
    """Yield the items that the output of that name has written, in any order.

    Args:
        name: of the output, or an alias.
        folder: what the output was made with, or the folder that the command was given.

    Raises:
        ConfigurationError: there is no such output.
        DataProcessingError: a file is not what the output writes.

    """
    output = _known(name)
    read = load(output.reader)
    below = Path(folder) / output.subfolder
    # Beside the one file there may be others with its suffix: of failures, of notes.
    for path in sorted((below if below.is_dir() else Path(folder)).glob(output.whole or f"*{output.suffix}")):
        yield from read(path)


def _known(name: str) -> OutputFormat:
    try:
        return OUTPUTS[output_name(name)]
    except KeyError:
        raise ConfigurationError(f"output {name!r} is not known; use one of {', '.join(OUTPUTS)}") from None


def __getattr__(name: str) -> Any:
    """Give the class of an output, imported when it is first asked for."""
    for output in OUTPUTS.values():
        if output.writer.endswith(f":{name}"):
            return load(output.writer)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
