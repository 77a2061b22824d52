"""The results as a tidy table: one row a sample, typed, with units."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest_bench.results import SCHEMA_VERSION, Cell, Results, Sample

_Columns = dict[str, tuple[pa.DataType, str | None]]

_CELL: _Columns = {
    "scenario": (pa.string(), None),
    "group": (pa.string(), None),
    "arm": (pa.string(), None),
    "label": (pa.string(), None),
    "concurrency": (pa.int32(), "requests or files at once"),
    "null": (pa.bool_(), None),
    "known_defect": (pa.string(), None),
    "cache": (pa.string(), None),
    "corpus": (pa.string(), None),
    "stop_reason": (pa.string(), None),
    "attempt": (pa.int32(), None),
}
_SAMPLE: _Columns = {
    "role": (pa.string(), None),
    "pair": (pa.int32(), None),
    "started_at": (pa.float64(), "s since 1970-01-01T00:00:00Z"),
    "wall_s": (pa.float64(), "s"),
    "cpu_user_s": (pa.float64(), "s"),
    "cpu_system_s": (pa.float64(), "s"),
    "peak_rss_mb": (pa.float64(), "MiB"),
    "start_rss_mb": (pa.float64(), "MiB"),
    "first_item_s": (pa.float64(), "s"),
    "items": (pa.int64(), "items"),
    "failures": (pa.int64(), "items"),
    "duplicates": (pa.int64(), "items"),
    "bytes_read": (pa.int64(), "B"),
    "requests": (pa.int64(), "requests"),
    "retries": (pa.int64(), "requests"),
    "rate_limited": (pa.int64(), "responses"),
    "context_switches": (pa.int64(), None),
    "void": (pa.string(), None),
}
_DERIVED: _Columns = {
    "items_per_s": (pa.float64(), "items/s"),
    "speed_up": (pa.float64(), "1"),
    "speed_up_low": (pa.float64(), "1"),
    "speed_up_high": (pa.float64(), "1"),
    "parity": (pa.bool_(), None),
    "parity_reason": (pa.string(), None),
    "trace_peak_mb": (pa.float64(), "MiB"),
}
_STAGES = ("ingest", "transform", "output")
_SERVER = {
    "requests": "requests",
    "rate_limited": "responses",
    "think_ms_asked": "ms",
    "think_ms_achieved": "ms",
    "response_ms_p50": "ms",
    "response_ms_p95": "ms",
    "response_ms_mean": "ms",
    "in_flight_mean": "requests",
    "in_flight_peak": "requests",
    "window_s": "s",
    "little_ratio": "1",
    "cpu_s": "s",
}
_MACHINE = {"host": pa.string(), "cpu_model": pa.string(), "cores": pa.int32(), "python": pa.string()}


def sample_table(results: Results) -> bytes:
    """Give the table as a Parquet file."""
    rows = [_row(cell, sample) for cell in results.cells for sample in cell.samples]
    table = pa.Table.from_pylist(rows, schema=_schema(results))
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd")
    return stream.getvalue()


def _row(cell: Cell, sample: Sample) -> dict[str, Any]:
    ratio, server = cell.ratio, sample.server
    candidate = sample.role == "candidate"
    verdict = cell.parity if candidate else cell.baseline_parity
    return {
        **{name: getattr(cell, name) for name in _CELL},
        **{name: getattr(sample, name) for name in _SAMPLE},
        "items_per_s": sample.items / sample.wall_s,
        "speed_up": ratio.median if ratio else None,
        "speed_up_low": ratio.low if ratio else None,
        "speed_up_high": ratio.high if ratio else None,
        "parity": verdict.ok,
        "parity_reason": verdict.reason,
        "trace_peak_mb": cell.trace.peak_mb if candidate else None,
        **{f"stage_{name}_s": sample.stages.get(name) for name in _STAGES},
        **{f"server_{name}": getattr(server, name) if server else None for name in _SERVER},
        **{name: getattr(cell.environment, name) for name in _MACHINE},
    }


def _schema(results: Results) -> pa.Schema:
    fields = [_field(name, kind, unit) for name, (kind, unit) in {**_CELL, **_SAMPLE, **_DERIVED}.items()]
    fields += [_field(f"stage_{name}_s", pa.float64(), "s") for name in _STAGES]
    fields += [_field(f"server_{name}", pa.float64(), unit) for name, unit in _SERVER.items()]
    fields += [_field(name, kind, None) for name, kind in _MACHINE.items()]
    return pa.schema(fields, metadata={"schema_version": SCHEMA_VERSION, "seed": str(results.seed)})


def _field(name: str, kind: pa.DataType, unit: str | None) -> pa.Field[Any]:
    return pa.field(name, kind, metadata={"unit": unit} if unit else None)
