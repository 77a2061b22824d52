"""What a prefix of a bucket holds, looked at as a folder is: hidden names and reports are left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pyarrow.fs as pafs

from stac_ingest.errors import ConfigurationError
from stac_ingest.lakes import refuse_table
from stac_ingest.sources.kind import DESCRIPTIONS, KINDS, kind_name
from stac_ingest.sources.reports import MOST, REPORTS, SHARDS, is_report_text


def objects_by_kind(filesystem: pafs.FileSystem, root: str, only: str | None) -> dict[str, list[pafs.FileInfo]]:
    """List the files below a prefix by the kind of source that they are.

    Args:
        filesystem: of the bucket.
        root: the prefix, as the file system calls it.
        only: what the setting `format` asks for; the files of other kinds are left out then.

    Raises:
        ConfigurationError: there is JSON beside tables, and nothing says which is meant; or it is the folder of a table
            format.
        OSError: the bucket can't be listed.

    """
    listed: Iterable[pafs.FileInfo] = filesystem.get_file_info(
        pafs.FileSelector(root, allow_not_found=True, recursive=True)
    )
    infos = [info for info in listed if info.is_file]
    _refuse_tables(infos, root)
    found: dict[str, list[pafs.FileInfo]] = defaultdict(list)
    for info in infos:
        names = name_below(info.path, root).split("/")
        kind = kind_name(names[-1].lower())
        hidden = any(name.startswith(".") for name in names)
        if kind is None or hidden or SHARDS in names[:-1] or only not in (None, KINDS[kind].format):
            continue
        if names[-1] not in REPORTS or not _is_report(filesystem, info):
            found[kind].append(info)
    tables, documents = KINDS["geoparquet"].name, KINDS["json_files"].name
    if tables in found and all(info.base_name in DESCRIPTIONS for info in found.get(documents, ())):
        found.pop(documents, None)
    if tables in found and len(found) > 1:
        each = [f"{len(some):,} of {KINDS[kind].label} ({some[0].base_name}, ...)" for kind, some in found.items()]
        raise ConfigurationError(
            f"source: s3://{root} holds files of several kinds: {' and '.join(sorted(each))}; say which to read, by "
            "format=json or format=parquet, or give a prefix with one of them"
        )
    return found


def name_below(path: str, root: str) -> str:
    """Return the path of a file below a prefix."""
    return path.removeprefix(f"{root.rstrip('/')}/")


def _refuse_tables(infos: Iterable[pafs.FileInfo], root: str) -> None:
    names: dict[str, set[str]] = defaultdict(set)
    for info in infos:
        parts = name_below(info.path, root).split("/")
        for depth, name in enumerate(parts):
            names["/".join(parts[:depth])].add(name)
    for folder, within in names.items():
        refuse_table(Path(root, folder), within)


def _is_report(filesystem: pafs.FileSystem, info: pafs.FileInfo) -> bool:
    with filesystem.open_input_file(info.path) as file:
        return is_report_text(info.base_name, file.read(min(info.size, MOST)))
