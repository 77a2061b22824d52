"""Reads runs from wherever they are: the history, results, receipts, and folders that hold any of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pyarrow as pa
from pydantic import ValidationError

from ingest_bench.comparison.files import results_in
from ingest_bench.comparison.loaded_run import LoadedRun
from ingest_bench.errors import BenchError, ComparisonError
from ingest_bench.history.entries import RUNS, rows_of
from ingest_bench.receipt.archive import CONFIG, RESULTS, read_receipt
from ingest_bench.receipt.recompute import refuse_python
from ingest_bench.results.history_table import (
    HISTORY_SCHEMA_VERSION,
    HistoryRow,
    history_version,
    read_history_table,
)
from stac_ingest.core.messages import one_line

NAMES = (RESULTS, "receipt.zip", "runs/*.parquet")
"""What is looked for below a folder, beside tables that lie in it."""


class ForeignTableError(ComparisonError):
    """A table holds something else than runs: named it is an error, and in a folder it is nobody's business."""


@dataclass
class History:
    """All that is known of all runs."""

    rows: list[HistoryRow] = field(default_factory=list)
    """Each measurement of a cell once, in the order in which they were begun."""
    left_out: list[str] = field(default_factory=list)
    """Files below given folders that can't be used, and why."""


def read_history(given: Sequence[Path]) -> History:
    """Read all runs; one that is met twice, say in a table and in its results, counts once.

    Args:
        given: `benchmark_results.json`, `receipt.zip`, a table of the history, or folders that hold any of these.

    Raises:
        ComparisonError: a file that was named can't be used, or a path isn't there. What can't be used in a folder is
            listed instead.

    """
    read: list[HistoryRow] = []
    history = History()
    for path in given:
        if not path.is_dir():
            read += _read(path)
            continue
        for found in sorted({*path.glob("*.parquet"), *(each for name in NAMES for each in path.rglob(name))}):
            try:
                read += _read(found)
            except ForeignTableError:
                continue
            except ComparisonError as error:
                history.left_out.append(str(error))
    # Rounds and further runs add pairs to what was begun before: the same measurement, and the last word on it.
    # Of one that several runs were made of, the first has it.
    read.sort(key=lambda row: (row.pairs, -row.created_at))
    latest = {(row.host, row.cell, row.started_at): row for row in read}
    history.rows = sorted(latest.values(), key=lambda row: (row.started_at, row.cell))
    return history


def _read(path: Path) -> list[HistoryRow]:
    reader = _READERS.get(path.suffix)
    if reader is None:
        raise ComparisonError(f"{path}: expected {RESULTS}, a receipt.zip, a table of {RUNS}, or a folder of these")
    try:
        return reader(path)
    except ComparisonError:
        raise
    except OSError as error:
        raise ComparisonError(f"{path}: can't be read: {error.strerror or error}") from None
    except BenchError as error:
        raise ComparisonError(str(error) if str(path) in str(error) else f"{path}: {error}") from None


def _read_results(path: Path) -> list[HistoryRow]:
    return _rows(path.read_bytes(), path)


def _rows(content: bytes, path: Path) -> list[HistoryRow]:
    return rows_of(LoadedRun.from_results(str(path), results_in(content, str(path))).results)


def _read_receipt(path: Path) -> list[HistoryRow]:
    files, _ = read_receipt(path)
    if not {CONFIG, RESULTS} <= files.keys():
        raise ComparisonError(f"{path}: a receipt without {RESULTS}")
    try:
        # Both are configurations of a stranger's: neither may have this machine run a file.
        for config in (orjson.loads(files[CONFIG]), orjson.loads(files[RESULTS])["config"]):
            refuse_python(config)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ComparisonError(f"{path}: its {CONFIG} is damaged") from None
    return _rows(files[RESULTS], path)


def _read_table(path: Path) -> list[HistoryRow]:
    data = path.read_bytes()
    try:
        version = history_version(data)
        if version is None:
            raise ForeignTableError(f"{path}: is a table, but not one of {RUNS}")
        if version.partition(".")[0] != HISTORY_SCHEMA_VERSION.partition(".")[0]:
            raise ComparisonError(f"{path}: has the version {version:.20}, this build reads {HISTORY_SCHEMA_VERSION}")
        return read_history_table(data)
    except pa.ArrowException as error:
        raise ComparisonError(f"{path}: is damaged: {' '.join(str(error).split()):.200}") from None
    except ValidationError as error:
        raise ComparisonError(f"{path}: is damaged: {one_line(error, HistoryRow)}") from None


_READERS: dict[str, Callable[[Path], list[HistoryRow]]] = {
    ".json": _read_results,
    ".zip": _read_receipt,
    ".parquet": _read_table,
}
