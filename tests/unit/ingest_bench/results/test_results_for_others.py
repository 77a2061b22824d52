"""What others build on: schemas, the documentation of fields, and the table, all in step with the models."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest_bench.comparison import Comparison
from ingest_bench.comparison.models import COMPARE_SCHEMA_VERSION
from ingest_bench.docgen.results_doc import results_doc
from ingest_bench.docgen.schemas import SCHEMAS, schema_text
from ingest_bench.results.fields import fields, nested
from ingest_bench.results.models import RESULTS_SCHEMA_VERSION, Digest, Record, Results, Sample, ServerRecord
from ingest_bench.results.parquet import columns, sample_table

ROOT = Path(__file__).parents[4]
MODELS = list(dict.fromkeys([*nested(Results), *nested(Comparison)]))
SERVER = {
    **dict.fromkeys(ServerRecord.model_fields, 1.5),
    "requests": 7,
    "rate_limited": 2,
    "in_flight_peak": 3,
}
SAMPLE: dict[str, Any] = {
    **dict.fromkeys(("started_at", "cpu_user_s", "cpu_system_s", "peak_rss_mib", "start_rss_mib"), 1.0),
    "first_item_s": None,
    "items": 20,
    "failures": 0,
    "digest": {"count": 20, "ids": "0", "content": "0"},
}
PARITY: dict[str, Any] = {"ok": True}
CELL: dict[str, Any] = {
    "identity": "0",
    "scenario": "small",
    "group": "files",
    "arm": "queue",
    "label": "queue",
    "concurrency": 5,
    "is_null_cell": False,
    "cache": "warm",
    "corpus": "files",
    "settings": {},
    "baseline": {},
    "samples": [
        {**SAMPLE, "role": "baseline", "pair": 0, "wall_s": 2.0},
        {**SAMPLE, "role": "candidate", "pair": 0, "wall_s": 1.0, "bytes_read": 4_000_000_000, "server": SERVER},
        {**SAMPLE, "role": "candidate", "pair": 1, "wall_s": 0.5, "invalid": "saturated", "stages": {"output": 0.25}},
    ],
    "speedup": {"median": 2, "low": 1, "high": 3, "confidence": 0.95, "method": "given", "pairs": 3},
    "stop_reason": "time_limit",
    "parity": PARITY,
    "baseline_parity": PARITY,
    "trace": {"items": 10, "peak_mib": 3.5},
    "environment": {
        **dict.fromkeys(("governor", "container", "cpu_limit", "memory_limit_gib", "commit", "filesystem"), None),
        "host": "here",
        "cpu_model": "fast",
        "cores": 2,
        "memory_gib": 8.0,
        "kernel": "6",
        "python": "3.11.1",
        "packages": {},
    },
    "load_before": {"load_1m": 0, "steal_s": 0},
    "load_after": {"load_1m": 0, "steal_s": 0},
    "started_at": 1,
    "ended_at": 2,
}
RESULTS = Results.model_validate({"seed": 5, "created_at": 1, "config": {}, "corpora": {}, "cells": [CELL]})


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Write the table of one cell's three samples."""
    path = tmp_path / "benchmark_results.parquet"
    path.write_bytes(sample_table(RESULTS))
    return path


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_published_schemas_are_in_step(name: str) -> None:
    """Each checked-in schema is the one that the models give; `make schemas` writes it anew."""
    assert (ROOT / "workflow/schemas" / name).read_text() == schema_text(SCHEMAS[name])


def test_the_documentation_of_fields_is_in_step() -> None:
    """The checked-in document is the one that the models give; `make schemas` writes it anew."""
    assert (ROOT / "docs/results.md").read_text() == results_doc()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_is_explained(model: type[Record]) -> None:
    """Each field of each stored record has a meaning, and a number has a unit."""
    assert [field.name for field in fields(model).values() if not field.meaning] == []
    numbers = [field for field in fields(model).values() if "number" in field.type]
    assert [field.name for field in numbers if field.unit is None] == []


def test_the_models_that_a_file_holds_are_all_found() -> None:
    """What is nested in a record is explained as well, each once, outermost first."""
    found = nested(Results)
    assert found[0] is Results
    assert {Sample, Digest, ServerRecord} < set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("name", "version"),
    [("results.schema.json", RESULTS_SCHEMA_VERSION), ("compare.schema.json", COMPARE_SCHEMA_VERSION)],
)
def test_schemas_carry_the_version(name: str, version: str) -> None:
    """The id and the default of a schema give the version of the format that it describes."""
    schema = json.loads((ROOT / "workflow/schemas" / name).read_text())
    assert schema["$id"].endswith(f":{version}")
    assert schema["properties"]["schema_version"]["default"] == version


def test_results_validate_against_their_schema_and_others_dont() -> None:
    """What is written passes the published schema; a field that it doesn't know, or lacks, doesn't."""
    schema = json.loads((ROOT / "workflow/schemas/results.schema.json").read_text())
    good = json.loads(RESULTS.model_dump_json())
    jsonschema.validate(good, schema)
    assert good["schema_version"] == RESULTS_SCHEMA_VERSION
    assert schema["$defs"]["Sample"]["properties"]["wall_s"]["unit"] == "s"
    for bad in ({**good, "extra": 1}, {key: value for key, value in good.items() if key != "seed"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema)


def test_every_column_says_what_it_is(table: Path) -> None:
    """Each column has a description in its Arrow field, and a number has a unit."""
    schema = pq.read_schema(table)
    assert schema.names == [column.name for column in columns()]
    for field in schema:
        assert field.metadata[b"description"], field.name
        number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        assert number == (b"unit" in field.metadata), field.name
    assert schema.field("peak_rss_mib").metadata[b"unit"] == b"MiB"


def test_pandas_reads_types_units_and_meanings(table: Path) -> None:
    """Pandas gets a row a sample with the types of the table, and units and descriptions as attributes."""
    samples = pd.read_parquet(table, dtype_backend="pyarrow")
    assert samples.items_per_s.tolist() == [10.0, 20.0, 40.0]
    assert samples.bytes_read.dropna().tolist() == [4_000_000_000]
    assert str(samples.dtypes["server_requests"]) == "int64[pyarrow]"
    assert str(samples.dtypes["is_null_cell"]) == "bool[pyarrow]"
    assert samples.attrs["units"]["wall_s"] == "s"
    assert samples.attrs["descriptions"].keys() == set(samples.columns)
    assert samples.attrs["schema_version"] == RESULTS_SCHEMA_VERSION


def test_duckdb_reads_types_units_and_meanings(table: Path) -> None:
    """DuckDB sees the same types and values, and finds the units in the metadata of the file."""
    with duckdb.connect() as base:
        types = dict(
            base.execute(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '{table}')").fetchall()
        )
        assert len(types) == len(columns())
        assert {types[name] for name in ("wall_s", "server_cpu_s", "speedup")} == {"DOUBLE"}
        assert {types[name] for name in ("items", "concurrency", "server_in_flight_peak")} == {"BIGINT"}
        assert types["parity"] == "BOOLEAN"
        rows = f"SELECT items_per_s, stage_output_s, server_requests FROM '{table}' ORDER BY pair, role DESC"
        assert base.execute(rows).fetchall() == [(20.0, None, 7), (10.0, None, None), (40.0, 0.25, None)]
        described = f"SELECT decode(value) FROM parquet_kv_metadata('{table}') WHERE decode(key) = 'PANDAS_ATTRS'"
        ((text,),) = base.execute(described).fetchall()
    assert json.loads(text)["units"]["peak_rss_mib"] == "MiB"


def test_the_recipes_of_the_documentation_work(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pandas and DuckDB lines in the document run as they stand, on a table in its usual place."""
    document = (ROOT / "docs/results.md").read_text()
    table.parent.joinpath("results").mkdir()
    table.rename(table.parent / "results" / table.name)
    monkeypatch.chdir(table.parent)
    (python,) = re.findall(r"```python\n(.*?)```", document, re.DOTALL)
    found: dict[str, Any] = {}
    exec(python, found)
    assert len(found["usable"]) == 2
    (sql,) = re.findall(r"```sql\n(.*?)```", document, re.DOTALL)
    with duckdb.connect() as base:
        medians, units = (base.execute(query).fetchall() for query in sql.split(";") if query.strip())
    assert medians == [("small", "queue", 5, 15.0)]
    assert json.loads(units[0][0])["wall_s"] == "s"
