"""Writes `docs/results.md`: what each field of the results means, generated from the models."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ingest_bench.comparison.models import COMPARE_SCHEMA_VERSION, Comparison
from ingest_bench.report.markdown import pipe_table
from ingest_bench.results.fields import Documented, fields, nested
from ingest_bench.results.history_table import HISTORY_SCHEMA_VERSION, history_columns
from ingest_bench.results.models import RESULTS_SCHEMA_VERSION, Record, Results
from ingest_bench.results.parquet import Column, columns
from stac_ingest.core.atomic import write_atomically

_HEAD = f"""\
# What the results hold

This page lists every field of the results of `make run`, with its unit. `make schemas` writes it from the models in
`src/ingest_bench/`.

| file | what | schema |
|---|---|---|
| `benchmark_results.json` | every cell, every sample, the machine | `workflow/schemas/results.schema.json` |
| `benchmark_results.parquet` | the same as a table, a row a sample | in the file |
| `compare.json` | a run against an earlier one | `workflow/schemas/compare.schema.json` |
| `history/runs/*.parquet` | every run, a row a cell | in the file |

`schema_version` is {RESULTS_SCHEMA_VERSION}, that of `compare.json` {COMPARE_SCHEMA_VERSION}. Its second
number increases if fields are added, its first if a valid file becomes invalid. Unknown fields are refused. Results of
1.0 and 1.1 are read as well; `src/ingest_bench/results/upgrade.py` has their other names. In the schemas, `unit` is the
unit of a number; `1` is a number without one."""

_PARQUET = """\
## benchmark_results.parquet

One row a sample. Every column carries its `description`, and a number its `unit`, in the metadata of its Arrow field;
the metadata of the file has them once more for tools that don't show those.

```python
import pandas as pd

samples = pd.read_parquet("results/benchmark_results.parquet", dtype_backend="pyarrow")
samples.attrs["units"]["peak_rss_mib"]  # 'MiB'
usable = samples[samples.invalid.isna() & samples.parity]
usable.groupby(["scenario", "arm", "concurrency"]).items_per_s.median()
```

```sql
-- DuckDB
SELECT scenario, arm, concurrency, median(items_per_s)
FROM 'results/benchmark_results.parquet' WHERE invalid IS NULL AND parity GROUP BY ALL ORDER BY ALL;

SELECT decode(value)::JSON->'units' FROM parquet_kv_metadata('results/benchmark_results.parquet')
WHERE decode(key) = 'PANDAS_ATTRS';
```

Different cells were measured at different times, on a machine that drifts: compare speed-ups, which are taken pair by
pair, not times."""


_HISTORY = f"""\
## history/runs/*.parquet

What is kept of each run, version {HISTORY_SCHEMA_VERSION}: a file a run, a row a cell ([why](history.md))."""


def write_results_doc(path: Path) -> None:
    """Write the document, whole or not at all."""
    write_atomically(path, results_doc().encode())


def results_doc() -> str:
    """Give the text of the document; it is the same on every machine."""
    results = nested(Results)
    # What both files hold is explained where it is met first.
    comparison = [model for model in nested(Comparison) if model not in results]
    parts = [
        _HEAD,
        "## benchmark_results.json",
        *map(_record, results),
        _PARQUET,
        _table(columns()),
        "## compare.json",
        *map(_record, comparison),
        _HISTORY,
        _table(history_columns()),
    ]
    return "\n\n".join(parts) + "\n"


def _record(model: type[Record]) -> str:
    return f"### {model.__name__}\n\n{model.__doc__}\n\n{_table(fields(model).values())}"


def _table(described: Iterable[Documented | Column]) -> str:
    rows = [[f"`{each.name}`", str(each.type), each.unit or "", each.meaning] for each in described]
    return pipe_table(["field", "type", "unit", "meaning"], rows)
