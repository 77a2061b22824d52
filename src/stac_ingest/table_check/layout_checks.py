"""What the metadata of a table's files say of its layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pyarrow as pa

from stac_ingest.core.text import counted
from stac_ingest.geoparquet.table_metadata import collections_of
from stac_ingest.table_check.findings import Finding, some_of
from stac_ingest.table_check.table_files import TableFile

_FEWEST, _MOST = 10_000, 50_000
"""Rows of a row group that searches by place and time do best with."""
_LARGE, _SMALL, _MANY = 2 << 30, 1 << 20, 50
_SIDES = ("xmin", "ymin", "xmax", "ymax")
_SORT = "rewrite it with `stac-ingest TABLE --to sorted-geoparquet --output DIR`"


def layout_findings(files: Sequence[TableFile]) -> Iterator[Finding]:
    """Look at the metadata alone; of files that are no tables of items, nothing else counts."""
    yield _items(files)
    files = [file for file in files if file.decoder.is_stac]
    if not files:
        return
    yield _geo(files)
    yield _covering(files)
    yield _stac(files)
    yield _collections(files)
    yield _times(files)
    yield _schemas(files)
    yield _compression(files)
    yield _row_groups(files)
    yield _sizes(files)


def _items(files: Sequence[TableFile]) -> Finding:
    others = [file.name for file in files if not file.decoder.is_stac]
    if others:
        return Finding(
            "STAC items",
            "failure",
            f"not in {some_of(others)}: no columns id and geometry, and one that items alone have",
            "name the columns as STAC-GeoParquet does",
        )
    return Finding(
        "STAC items", "pass", f"{sum(file.metadata.num_rows for file in files):,} in {counted(len(files), 'file')}"
    )


def _geo(files: Sequence[TableFile]) -> Finding:
    wrong = {file.name: why for file in files if (why := _wrong_geo(file)) is not None}
    if wrong:
        name, why = next(iter(wrong.items()))
        more = f", and {counted(len(wrong) - 1, 'more file')}" if len(wrong) > 1 else ""
        return Finding("geo metadata", "failure", f"{name}: {why}{more}; readers then see no geometries", _SORT)
    versions = sorted({str(file.geo.get("version")) for file in files})
    return Finding("geo metadata", "pass", f"GeoParquet {', '.join(versions)}")


def _wrong_geo(file: TableFile) -> str | None:
    geo = file.geo
    if not geo:
        return "no `geo` metadata of GeoParquet that can be read"
    primary, columns = geo.get("primary_column"), geo.get("columns")
    if not isinstance(geo.get("version"), str):
        return "no version"
    if not isinstance(columns, dict) or not isinstance(primary, str) or not isinstance(columns.get(primary), dict):
        return "no primary column that is described"
    for name, about in columns.items():
        if name not in file.schema.names:
            return f"a column {name!r:.60} is described that isn't there"
        if not isinstance(about, dict) or not isinstance(about.get("encoding"), str):
            return f"the column {name!r:.60} has no encoding"
    return None


def _covering(files: Sequence[TableFile]) -> Finding:
    without = [file.name for file in files if not _is_covered(file)]
    if without:
        return Finding(
            "covering",
            "warning",
            f"not in {some_of(without)}: readers don't know by which boxes they can leave row groups out",
            _SORT,
        )
    return Finding("covering", "pass", "every file names a column of boxes")


def _is_covered(file: TableFile) -> bool:
    columns, primary = file.geo.get("columns"), file.geo.get("primary_column")
    about = columns.get(primary) if isinstance(columns, dict) else None
    covering = about.get("covering") if isinstance(about, dict) else None
    box = covering.get("bbox") if isinstance(covering, dict) else None
    return isinstance(box, dict) and all(_is_number(file.schema, box.get(side)) for side in _SIDES)


def _is_number(schema: pa.Schema, path: object) -> bool:
    if not isinstance(path, list) or len(path) != 2 or path[0] not in schema.names:  # noqa: PLR2004 - column and member
        return False
    kind = schema.field(path[0]).type
    return bool(
        pa.types.is_struct(kind) and any(one.name == path[1] and pa.types.is_floating(one.type) for one in kind)
    )


def _stac(files: Sequence[TableFile]) -> Finding:
    without = [file.name for file in files if not isinstance((file.stac or {}).get("version"), str)]
    if without:
        return Finding(
            "STAC metadata", "warning", f"{some_of(without)}: no version of STAC-GeoParquet, which is required", _SORT
        )
    return Finding(
        "STAC metadata", "pass", f"version {', '.join(sorted({str((file.stac or {})['version']) for file in files}))}"
    )


def _collections(files: Sequence[TableFile]) -> Finding:
    without = [file.name for file in files if not collections_of(file.schema)]
    if without:
        return Finding(
            "collections",
            "warning",
            f"not in {some_of(without)}: the table doesn't describe its collections",
            "write it from a source that has the collections' documents",
        )
    wrong = [
        f"{file.name}: {key}"
        for file in files
        for key, document in collections_of(file.schema).items()
        if not isinstance(document, dict) or document.get("id") != key
    ]
    if wrong:
        return Finding("collections", "failure", f"documents of another id than their key: {some_of(wrong)}", _SORT)
    return Finding(
        "collections", "pass", some_of(sorted({key for file in files for key in collections_of(file.schema)}))
    )


def _times(files: Sequence[TableFile]) -> Finding:
    texts = [
        file.name
        for file in files
        if "datetime" in file.schema.names and not pa.types.is_timestamp(file.schema.field("datetime").type)
    ]
    without = [file.name for file in files if "datetime" not in file.schema.names]
    if texts or without:
        what = f"no timestamps in {some_of(texts)}" if texts else f"no column datetime in {some_of(without)}"
        return Finding("times", "warning", f"{what}: readers can't leave row groups out by time", _SORT)
    return Finding("times", "pass", "datetime is a timestamp")


def _schemas(files: Sequence[TableFile]) -> Finding:
    kinds = {(field.name, str(field.type)) for field in files[0].schema} if files else set()
    unlike = [file.name for file in files if {(field.name, str(field.type)) for field in file.schema} - kinds]
    # A column of boxes that some files need, and others don't, is no other schema for who reads by name.
    added = {name for file in files if file.decoder.layout is not None for name in file.decoder.layout.added}
    unlike = [
        file.name
        for file in files
        if file.name in unlike and {(one.name, str(one.type)) for one in file.schema if one.name not in added} - kinds
    ]
    if unlike:
        return Finding(
            "one schema",
            "warning",
            f"{some_of(unlike)} have other columns or types than {files[0].name}: some readers take the first file's",
            _SORT,
        )
    return Finding("one schema", "pass", f"{counted(len(kinds), 'column')} in all files")


def _compression(files: Sequence[TableFile]) -> Finding:
    codecs: Counter[str] = Counter()
    for file in files:
        for number in file.groups:
            group = file.metadata.row_group(number)
            for column in range(group.num_columns):
                chunk = group.column(column)
                codecs[str(chunk.compression)] += chunk.total_compressed_size
    others = {name: size for name, size in codecs.items() if name != "ZSTD" and size}
    if others:
        share = sum(others.values()) / max(1, sum(codecs.values()))
        return Finding(
            "compression", "warning", f"{share:.0%} of the bytes are {some_of(sorted(others))}; zstd takes fewer", _SORT
        )
    return Finding("compression", "pass", "zstd")


def _row_groups(files: Sequence[TableFile]) -> Finding:
    few, many = [], []
    for file in files:
        rows = file.metadata.num_rows / max(1, file.metadata.num_row_groups)
        if rows > _MOST:
            many.append(file.name)
        elif rows < _FEWEST and file.metadata.num_row_groups > 1:
            few.append(file.name)
    if few or many:
        what = f"more than {_MOST:,} rows each in {some_of(many)}: a search reads much that it doesn't want"
        if not many:
            what = f"fewer than {_FEWEST:,} rows each in {some_of(few)}: the metadata grow, and are read by all"
        return Finding("row groups", "warning", what, _SORT)
    groups = sum(file.metadata.num_row_groups for file in files)
    rows = sum(file.metadata.num_rows for file in files)
    return Finding("row groups", "pass", f"{groups:,}, of {counted(rows // max(1, groups), 'row')} on average")


def _sizes(files: Sequence[TableFile]) -> Finding:
    total = sum(file.size for file in files)
    large = [file.name for file in files if file.size > _LARGE]
    if large:
        return Finding("file sizes", "warning", f"more than 2 GiB: {some_of(large)}; they are awkward to move", _SORT)
    if len(files) > _MANY and total / len(files) < _SMALL:
        return Finding(
            "file sizes",
            "warning",
            f"{len(files):,} files of {total // len(files) // 1024:,} KiB on average: a reader that ignores the "
            "folders opens them all",
            f"{_SORT}, and folders by year, or none",
        )
    return Finding("file sizes", "pass", f"{total / (1 << 20):,.1f} MiB in {counted(len(files), 'file')}")
