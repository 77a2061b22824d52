"""Runs every writer and reader that is installed, on every set of items."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from ingest_bench.errors import SettingsError
from ingest_bench.writer_table.items import SETS
from ingest_bench.writer_table.readers import READERS
from ingest_bench.writer_table.table import Results, document
from ingest_bench.writer_table.trial import Environment, Trial, environment, read_by, written
from ingest_bench.writer_table.ways import Way
from ingest_bench.writer_table.writers import WRITERS
from stac_ingest.core.atomic import write_atomically
from stac_ingest.geoparquet.writer import GeoParquetWriter


class Row(NamedTuple):
    """A tool with an option, in the version that an environment has."""

    way: Way
    where: Environment

    @property
    def tool(self) -> str:
        """Its name with its version."""
        return f"{self.way.tool} {self.where.versions[self.way.tool]}"


def run_table(output: Path, pythons: Sequence[Path] = (), tools: Sequence[str] = ()) -> None:
    """Run what is installed, with a line of progress on a terminal, and write the table.

    Args:
        output: the file, Markdown.
        pythons: further environments, beside the one that this runs in.
        tools: that are run; all when there are none.

    Raises:
        SettingsError: there is no such tool, or no such Python.

    """
    known = {one.tool for one in (*WRITERS, *READERS)}
    if unknown := sorted(set(tools) - known):
        raise SettingsError(f"no such tool: {', '.join(unknown)} (there are {', '.join(sorted(known))})")
    try:
        environments = [environment(python) for python in (Path(sys.executable), *pythons)]
    except OSError as error:
        raise SettingsError(f"no such Python: {error}") from error
    writers = rows_of((one for one in WRITERS if not tools or one.tool in tools), environments)
    readers = rows_of((one for one in READERS if not tools or one.tool in tools), environments)
    with tempfile.TemporaryDirectory() as folder:
        wrote = _each(writers, _written)
        for name, items in SETS.items():
            with GeoParquetWriter(Path(folder) / f"{name}.parquet") as writer:
                writer.write(items())
        read = _each(readers, lambda row, name, own: _read(row, name, own, Path(folder) / f"{name}.parquet"))
    text = document(wrote, read, list(SETS))
    output.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(output, text.encode(), sync="nothing")


def rows_of(ways: Iterable[Way], environments: Sequence[Environment]) -> list[Row]:
    """Give each way with each version of its tool that there is: of one version, with the first environment's."""
    found: dict[tuple[str, str], Row] = {}
    for way in ways:
        for where in environments:
            if {way.tool, *way.needs} <= where.versions.keys():
                row = Row(way, where)
                found.setdefault((row.tool, way.option), row)
    return list(found.values())


def _written(row: Row, name: str, folder: Path) -> Trial:
    return written(row.where, row.way.key, SETS[name](), folder)


def _read(row: Row, name: str, folder: Path, table: Path) -> Trial:
    return read_by(row.where, row.way.key, SETS[name](), table, folder)


def _each(rows: Sequence[Row], run: Callable[[Row, str, Path], Trial]) -> Results:
    """Run each row on each set, as many at once as there are cores."""
    keys = [(row, name) for row in rows for name in SETS]

    def one(key: tuple[Row, str]) -> Trial:
        with tempfile.TemporaryDirectory() as folder:
            return run(*key, Path(folder))

    found: dict[tuple[str, str, str], Trial] = {}
    with ThreadPoolExecutor(max(1, os.cpu_count() or 1)) as threads:
        for key, trial in zip(keys, threads.map(one, keys), strict=True):
            row, name = key
            found[row.tool, row.way.option, name] = trial
            if sys.stderr.isatty():
                sys.stderr.write(f"\r\033[K{len(found)} of {len(keys)}: {row.tool}, {row.way.option}")
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")
    return found
