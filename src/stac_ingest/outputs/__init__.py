"""Where items go. A new format is one file here and one entry of the table below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stac_ingest.core.registry import load
from stac_ingest.errors import ConfigurationError

if TYPE_CHECKING:
    from stac_ingest.outputs.base import BatchedOutput
    from stac_ingest.outputs.catalog.output import CatalogOutput
    from stac_ingest.outputs.delta import DeltaOutput
    from stac_ingest.outputs.geoparquet import GeoParquetOutput
    from stac_ingest.outputs.iceberg import IcebergOutput
    from stac_ingest.outputs.json_files import ItemFilesOutput
    from stac_ingest.outputs.ndjson import NdjsonOutput

__all__ = [
    "OUTPUTS",
    "CatalogOutput",
    "DeltaOutput",
    "GeoParquetOutput",
    "IcebergOutput",
    "ItemFilesOutput",
    "NdjsonOutput",
    "OutputFormat",
    "kept_in_files",
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
    reader: str | None
    """Where the function is, as `module:name`, that yields the items of one of its files; None where they
    don't lie in files of the output folder."""
    suffix: str
    """Of its files; of a table, the folder of its history."""
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
    settings: str = ""
    """Where its settings are, as `module:name`; its class takes them beside the folder. Empty where it has none."""
    in_folders: bool = False
    """Whether its files may be in folders below."""
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
        OutputFormat(
            "catalog",
            "stac_ingest.outputs.catalog.output:CatalogOutput",
            "stac_ingest.outputs.catalog.reader:read_items",
            ".json",
            "a static catalog",
            whole="catalog.json",
            about="`catalog.json`, `<collection>/collection.json` and `<collection>/<item>/<item>.json`, which link to "
            "each other as pystac lays them out",
        ),
        OutputFormat(
            "sorted-geoparquet",
            "stac_ingest.outputs.sorted_geoparquet.output:SortedGeoParquetOutput",
            "stac_ingest.outputs.geoparquet:read_part",
            ".parquet",
            "GeoParquet sorted by place and time",
            aliases=("sorted-parquet",),
            preload=("stac_ingest.geoparquet.writer", *_ARROW),
            settings="stac_ingest.outputs.sorted_geoparquet.settings:LayoutSettings",
            in_folders=True,
            about="`part-00000.parquet` and so on, in `year=2024/month=05` where asked for: STAC-GeoParquet, sorted",
        ),
        OutputFormat(
            "pgstac",
            "stac_ingest.outputs.pgstac.output:PgstacOutput",
            None,
            ".pgstac",
            "a pgstac database",
            preload=("psycopg",),
            settings="stac_ingest.outputs.pgstac.settings:DatabaseSettings",
            about="nothing but the reports: the items are in the [database](pgstac.md)",
            extra="pgstac",
        ),
        OutputFormat(
            "delta",
            "stac_ingest.outputs.delta:DeltaOutput",
            "stac_ingest.outputs.delta:read_log",
            "_delta_log",
            "a Delta Lake table",
            subfolder="table",
            preload=("stac_ingest.geoparquet.growing_table", "deltalake", *_ARROW),
            about="`table`, a [Delta Lake table](lakes.md#as-an-output)",
            extra="delta",
        ),
        OutputFormat(
            "iceberg",
            "stac_ingest.outputs.iceberg:IcebergOutput",
            "stac_ingest.outputs.iceberg:read_table",
            "metadata",
            "an Iceberg table",
            subfolder="table",
            preload=("stac_ingest.geoparquet.growing_table", "pyiceberg.catalog.sql", *_ARROW),
            about="`table`, an [Iceberg table](lakes.md#as-an-output) with its catalog in SQLite",
            extra="iceberg",
        ),
    )
}
"""By name, in the order in which help texts list them."""


def output_name(name: str) -> str:
    """Return the name of the output that is called so.

    Args:
        name: as `--to` takes it: a name or an alias.

    Returns:
        A key of `OUTPUTS`; `name` itself where no output is called so.

    """
    return next((output.name for output in OUTPUTS.values() if name in output.aliases), name)


def kept_in_files() -> list[str]:
    """Return the names of the outputs that `read_output` can read.

    Returns:
        Keys of `OUTPUTS`: those whose items lie in files of the output folder.

    """
    return [output.name for output in OUTPUTS.values() if output.reader is not None]


def make_output(
    name: str, folder: str | PathLike[str], settings: Mapping[str, Any] | None = None
) -> BatchedOutput[Any]:
    """Make an output that writes to a folder. Nothing is opened yet.

    Args:
        name: of the output, or an alias.
        folder: to write to; made where it isn't there.
        settings: of the output, by name; None for the defaults.

    Returns:
        An `Output` for `run_pipeline`.

    Raises:
        ConfigurationError: there is no such output, an extra is not installed, or the output doesn't take the settings.

    """
    known = _known(name)
    if settings and not known.settings:
        raise ConfigurationError(f"output {known.name} takes no settings, and {', '.join(settings)} was given")
    output: BatchedOutput[Any] = load(known.writer)(folder, settings) if known.settings else load(known.writer)(folder)
    return output


def check_settings(name: str, settings: Mapping[str, Any]) -> None:
    """Check the settings of an output without making it.

    Raises:
        ConfigurationError: there is no such output, or it doesn't take the settings.

    """
    known = _known(name)
    if known.settings:
        try:
            load(known.settings).parse(dict(settings))
        except ConfigurationError as error:
            raise ConfigurationError(f"output: {error}") from None
    elif settings:
        raise ConfigurationError(f"output: {known.name} takes no settings, and {', '.join(settings)} was given")


def read_output(name: str, where: str | PathLike[str]) -> Iterator[dict[str, Any]]:
    """Read the items that an output has written.

    Args:
        name: of the output, or an alias.
        where: the folder that the output was made with, or that the command was given; or one file.

    Yields:
        Items in any order, each a dict as JSON has it; none where nothing was written.

    Raises:
        ConfigurationError: there is no such output, or it keeps its items elsewhere.
        DataProcessingError: a file is not what the output writes.

    """
    output = _known(name)
    if output.reader is None:
        raise ConfigurationError(f"what {name} writes doesn't lie in its folder")
    read = load(output.reader)
    folder = Path(where)
    if folder.is_file():
        yield from read(folder)
        return
    below = folder / output.subfolder
    # Beside the one file there may be others with its suffix: of failures, of notes.
    root = below if below.is_dir() else folder
    paths = root.rglob(f"*{output.suffix}") if output.in_folders else root.glob(output.whole or f"*{output.suffix}")
    for path in sorted(paths):
        # A folder with a hidden name has the checkpoints, or what isn't finished.
        if not any(part.startswith(".") for part in path.relative_to(root).parts[:-1]):
            yield from read(path)


def _known(name: str) -> OutputFormat:
    try:
        return OUTPUTS[output_name(name)]
    except KeyError:
        raise ConfigurationError(f"output {name!r} is not known; use one of {', '.join(OUTPUTS)}") from None


def __getattr__(name: str) -> Any:
    """Return the class of an output, imported when it is first asked for.

    Raises:
        AttributeError: no output has such a class.

    """
    for output in OUTPUTS.values():
        if output.writer.endswith(f":{name}"):
            return load(output.writer)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
