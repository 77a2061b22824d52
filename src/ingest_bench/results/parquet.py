"""The results as a tidy table: one row a sample, typed, each column with its meaning and unit beside it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest_bench.results.fields import fields
from ingest_bench.results.models import RESULTS_SCHEMA_VERSION, Cell, Environment, Record, Results, Sample, ServerRecord

_CELL = (
    "scenario",
    "group",
    "arm",
    "label",
    "concurrency",
    "is_null_cell",
    "known_defect",
    "cache",
    "corpus",
    "stop_reason",
    "attempt",
)
_APART = ("failed", "stages", "notes", "digest", "server")
"""Of a sample: what one value can't hold. It is left out, or has columns of its own."""
_SAMPLE = tuple(name for name in Sample.model_fields if name not in _APART)
_SERVER = tuple(ServerRecord.model_fields)
_MACHINE = ("host", "cpu_model", "cores", "python")
_STAGES = ("ingest", "transform", "output")
_TYPES = {"whole number": pa.int64(), "number": pa.float64(), "true or false": pa.bool_()}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table."""

    name: str
    type: pa.DataType
    unit: str | None
    meaning: str

    def field(self) -> pa.Field[Any]:
        """Give it as Arrow knows it."""
        unit = {"unit": self.unit} if self.unit else {}
        return pa.field(self.name, self.type, metadata={"description": self.meaning, **unit})


_DERIVED = (
    Column("items_per_s", pa.float64(), "items/s", "Throughput of the sample: `items` over `wall_s`."),
    Column("speedup", pa.float64(), "1", "The cell's: median over its pairs, of candidate over baseline."),
    Column("speedup_low", pa.float64(), "1", "Lower end of the cell's interval."),
    Column("speedup_high", pa.float64(), "1", "Upper end of the cell's interval."),
    Column("parity", pa.bool_(), None, "Whether this side of the cell delivered what the corpus holds."),
    Column("parity_reason", pa.string(), None, "What differed."),
    Column("trace_peak_mib", pa.float64(), "MiB", "Python's own memory at the peak, from a pass without a clock."),
)


@cache
def columns() -> tuple[Column, ...]:
    """List the columns, in their order."""
    stages = [
        Column(f"stage_{name}_s", pa.float64(), "s", f"Time of the {name} stage (mixed workloads).") for name in _STAGES
    ]
    return (
        *columns_of(Cell, _CELL),
        *columns_of(Sample, _SAMPLE),
        *_DERIVED,
        *stages,
        *columns_of(ServerRecord, _SERVER, "server_"),
        *columns_of(Environment, _MACHINE),
    )


def sample_table(results: Results) -> bytes:
    """Give the table as a Parquet file."""
    rows = [_row(cell, sample) for cell in results.cells for sample in cell.samples]
    table = pa.Table.from_pylist(rows, schema=_schema(results))
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd")
    return stream.getvalue()


def columns_of(model: type[Record], names: Iterable[str], prefix: str = "") -> Iterator[Column]:
    """Describe fields of a record as columns, whose names begin with `prefix`."""
    known = fields(model)
    for name in names:
        field = known[name]
        kind = _TYPES.get(field.type.removesuffix(" or null"), pa.string())
        yield Column(prefix + name, kind, field.unit, field.meaning)


def _row(cell: Cell, sample: Sample) -> dict[str, Any]:
    ratio, server = cell.speedup, sample.server
    candidate = sample.role == "candidate"
    verdict = cell.parity if candidate else cell.baseline_parity
    return {
        **{name: getattr(cell, name) for name in _CELL},
        **{name: getattr(sample, name) for name in _SAMPLE},
        "items_per_s": sample.items / sample.wall_s,
        "speedup": ratio.median if ratio else None,
        "speedup_low": ratio.low if ratio else None,
        "speedup_high": ratio.high if ratio else None,
        "parity": verdict.ok,
        "parity_reason": verdict.reason,
        "trace_peak_mib": cell.trace.peak_mib if candidate else None,
        **{f"stage_{name}_s": sample.stages.get(name) for name in _STAGES},
        **{f"server_{name}": getattr(server, name) if server else None for name in _SERVER},
        **{name: getattr(cell.environment, name) for name in _MACHINE},
    }


def _schema(results: Results) -> pa.Schema:
    described = {
        "schema_version": RESULTS_SCHEMA_VERSION,
        "seed": results.seed,
        "units": {column.name: column.unit for column in columns() if column.unit},
        "descriptions": {column.name: column.meaning for column in columns()},
    }
    # pandas gives this key back as `DataFrame.attrs`; DuckDB shows it with `parquet_kv_metadata`, but no field's own.
    metadata = {
        "schema_version": RESULTS_SCHEMA_VERSION,
        "seed": str(results.seed),
        "PANDAS_ATTRS": json.dumps(described),
    }
    return pa.schema([column.field() for column in columns()], metadata=metadata)
