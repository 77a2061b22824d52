"""The history: a small table for each run, a row a cell, that all later runs leave as it is."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Self

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import AfterValidator, Field, model_validator

from ingest_bench.results.models import Record
from ingest_bench.results.parquet import Column, columns_of
from ingest_bench.results.units import (
    NAME,
    Concurrency,
    Cores,
    Gibibytes,
    ItemRate,
    Items,
    Mebibytes,
    Number,
    Seconds,
    UnixTime,
    Whole,
)

HISTORY_SCHEMA_VERSION = "1.0"
"""The second number goes up when columns are added, the first when a file that was valid no longer is."""
KIND = "stac-ingest-bench history"
"""By which such a table is told from others."""

_Positive = Field(gt=0, allow_inf_nan=False)
_Finite = Field(ge=0, allow_inf_nan=False)


def _object(text: str) -> str:
    if not isinstance(json.loads(text), dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - what pydantic takes for a wrong value
    return text


class HistoryRow(Record):
    """A cell as a run has measured it; times and memory are medians over its valid samples."""

    run: str
    """Hash of all that the run has measured; a run that is brought together again has the same."""
    created_at: Annotated[UnixTime, _Finite]
    """When the run's cells were brought together."""
    host: str
    """Name of the machine."""
    cpu_model: str
    """As the kernel names it."""
    cores: Whole
    """Logical processors."""
    cpu_limit: Cores | None
    """Processors that the control group allows; null: no limit."""
    memory_gib: Annotated[Gibibytes, _Finite]
    """Of the machine."""
    container: str | None
    """Kind of container; null: none."""
    filesystem: str | None
    """That the results lie on; null: unknown."""
    kernel: str
    """Its release."""
    python: str
    """Version."""
    packages: Annotated[str, AfterValidator(_object)]
    """Versions of the packages that matter, as a JSON object."""
    commit: str | None
    """Of the code that measured; null: not a checkout."""
    place: Whole
    """Of the cell in the report of its run, from 0."""
    scenario: Annotated[str, Field(pattern=NAME)]
    """Its name in the configuration."""
    title: str
    """What the report calls the scenario."""
    group: str
    """Section of the report."""
    arm: Annotated[str, Field(pattern=NAME)]
    """Way to ingest, as the configuration names it."""
    label: str
    """What the report calls the arm."""
    concurrency: Concurrency
    """Units of work under way at once, at most."""
    is_null_cell: bool
    """The baseline against itself."""
    question: str
    """Hash of what was asked: settings of scenario, arm and baseline, and the items. Only cells that were asked the
    same are compared."""
    started_at: Annotated[UnixTime, _Finite]
    """When measuring the cell began."""
    pairs: Whole
    """Valid pairs."""
    speedup: Annotated[Number, _Positive] | None
    """Items per second over the baseline's, median of the pairs; null with fewer than three."""
    speedup_low: Annotated[Number, _Positive] | None
    """Lower end of its interval."""
    speedup_high: Annotated[Number, _Positive] | None
    """Upper end of its interval."""
    verdict: str | None
    """On the speed-up against the noise: `better`, `worse`, `no difference` or `undecided`; null without one."""
    parity: bool
    """Whether the arm delivered what the corpus holds."""
    items: Items | None
    """Delivered."""
    wall_s: Annotated[Seconds, _Positive] | None
    """Wall time of the arm."""
    cpu_s: Annotated[Seconds, _Finite] | None
    """CPU time of the arm, user and system, children included."""
    items_per_s: Annotated[ItemRate, _Positive] | None
    """Throughput of the arm."""
    peak_rss_mib: Annotated[Mebibytes, _Finite] | None
    """Resident memory of the arm at the peak."""
    requests: Annotated[Number, _Finite] | None
    """Sent by the arm, as its server counts them where it is the workflow's own."""
    baseline_wall_s: Annotated[Seconds, _Positive] | None
    """Wall time of the baseline beside it."""
    baseline_cpu_s: Annotated[Seconds, _Finite] | None
    """CPU time of the baseline beside it."""
    load_1m: Annotated[Number, _Finite]
    """Average number of processes that ran or waited in the minute before it."""
    steal_share: Annotated[Number, _Finite]
    """Share of the processors' time that others kept away meanwhile."""
    recommended: bool
    """Whether it is what its scenario's measurements recommend."""
    bottleneck: str | None
    """What the scenario's ingest waits for, where its stages were measured alone."""

    @model_validator(mode="after")
    def _has_whole_speed_up(self) -> Self:
        if len({each is None for each in (self.speedup, self.speedup_low, self.speedup_high)}) > 1:
            raise ValueError("a speed-up comes with both ends of its interval")
        return self

    @property
    def cell(self) -> str:
        """How texts and files call it."""
        return f"{self.scenario}/{self.arm}-{self.concurrency}"


@cache
def history_columns() -> tuple[Column, ...]:
    """List the columns, in their order."""
    return tuple(columns_of(HistoryRow, HistoryRow.model_fields))


def history_table(rows: Sequence[HistoryRow]) -> bytes:
    """Give rows as a Parquet file; the same rows give the same bytes."""
    metadata = {"kind": KIND, "schema_version": HISTORY_SCHEMA_VERSION}
    schema = pa.schema([column.field() for column in history_columns()], metadata=metadata)
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([row.model_dump() for row in rows], schema=schema), stream, compression="zstd")
    return stream.getvalue()


def history_version(data: bytes) -> str | None:
    """Give the version of a Parquet file of history rows; None where it is another table.

    Raises:
        pyarrow.ArrowException: it is no Parquet file.

    """
    metadata = pq.read_schema(pa.BufferReader(data)).metadata or {}
    return metadata[b"schema_version"].decode() if metadata.get(b"kind") == KIND.encode() else None


def read_history_table(data: bytes) -> list[HistoryRow]:
    """Read a table of which `history_version` has said that it is one; columns of later versions are left out.

    Raises:
        pyarrow.ArrowException: it is damaged.
        pydantic.ValidationError: a value can't be.

    """
    table = pq.read_table(pa.BufferReader(data))
    known = [name for name in table.column_names if name in HistoryRow.model_fields]
    return [HistoryRow.model_validate(row) for row in table.select(known).to_pylist()]
