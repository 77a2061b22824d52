"""What is measured, as it is stored. `workflow/schemas/results.schema.json` is generated from these models."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = "1.0"


class Record(BaseModel):
    """A stored record: unknown fields are an error, so that a file of another version is noticed."""

    model_config = ConfigDict(extra="forbid")


class Digest(Record):
    """What was delivered, whatever its order (see `ingest_bench.digest`)."""

    count: int
    ids: str = Field(description="over every (collection, id), hexadecimal")
    residue: int | None = Field(
        default=None, description="the class of items, 0 to 15, whose content was hashed; None: all"
    )
    content: str = Field(description="over the canonical content of that class, hexadecimal")


class ServerRecord(Record):
    """What the simulated server saw during one sample."""

    requests: int
    rate_limited: int = Field(description="answers with status 429")
    think_ms_asked: float
    think_ms_achieved: float = Field(description="mean, as slept")
    response_ms_p50: float
    response_ms_p95: float
    response_ms_mean: float
    in_flight_mean: float = Field(description="time average over the window from first arrival to last departure")
    in_flight_peak: int
    window_s: float
    little_ratio: float = Field(
        description="in_flight_mean / (rate x mean response time); 1 when every request is seen"
    )
    cpu_s: float = Field(description="CPU time that the server used")


class Sample(Record):
    """One run of one arm in a process of its own."""

    role: Literal["baseline", "candidate"]
    pair: int
    started_at: float = Field(description="Unix time, seconds")
    wall_s: float
    cpu_user_s: float
    cpu_system_s: float
    peak_rss_mb: float = Field(
        description="of the process, MiB; with the largest of its children added, where it has any"
    )
    start_rss_mb: float = Field(description="before the clock started: interpreter and imports")
    first_item_s: float | None
    items: int
    failures: int
    failed: list[str] = Field(default_factory=list, description="origins of failures, sorted, at most 1000")
    duplicates: int = 0
    bytes_read: int | None = None
    requests: int | None = None
    retries: int | None = None
    rate_limited: int | None = None
    context_switches: int = 0
    stages: dict[str, float] = Field(default_factory=dict, description="seconds by pipeline stage (mixed)")
    notes: list[str] = Field(default_factory=list)
    digest: Digest
    server: ServerRecord | None = None
    void: str | None = Field(default=None, description="why the sample can't be used")


class Ratio(Record):
    """The speed-up: items per second of the candidate over the baseline's, pair by pair."""

    median: float
    low: float
    high: float
    confidence: float
    method: str
    pairs: int


class Parity(Record):
    """Whether the arm delivered what the scenario's reference says."""

    ok: bool
    reason: str | None = None


class Trace(Record):
    """Python's own memory, from a pass without a clock."""

    items: int
    peak_mb: float | None
    skipped: str | None = None


class Environment(Record):
    """The machine and software that the numbers belong to."""

    host: str
    cpu_model: str
    cores: int
    governor: str | None
    memory_gb: float
    container: str | None
    cpu_limit: float | None
    memory_limit_gb: float | None
    kernel: str
    python: str
    packages: dict[str, str]
    commit: str | None
    filesystem: str | None


class Load(Record):
    """How busy the machine was."""

    load_1m: float
    steal_s: float
    cpu_mhz: float | None = None


class Cell(Record):
    """One cell of the matrix: a scenario, an arm, a concurrency."""

    schema_version: str = SCHEMA_VERSION
    identity: str = Field(description="hash of all that the cell depends on")
    corpora: dict[str, float | None] = Field(
        default_factory=dict, description="its corpora, with the Unix time at which each was made or looked at"
    )
    scenario: str
    group: str
    arm: str
    label: str
    concurrency: int
    null: bool = Field(description="the baseline against itself: shows the noise")
    known_defect: str | None = None
    cache: Literal["warm", "cold"]
    corpus: str
    settings: dict[str, Any]
    baseline: dict[str, Any]
    samples: list[Sample]
    ratio: Ratio | None
    stop_reason: Literal["narrow enough", "budget spent", "most pairs taken", "no valid pair"]
    parity: Parity
    baseline_parity: Parity
    trace: Trace
    environment: Environment
    load_before: Load
    load_after: Load
    attempt: int = 1
    started_at: float
    ended_at: float
    seal: str | None = Field(default=None, description="hash of the cell's file up to here")


class Results(Record):
    """`benchmark_results.json`: every cell, every sample."""

    schema_version: str = SCHEMA_VERSION
    seed: int
    created_at: float
    config: dict[str, Any]
    corpora: dict[str, dict[str, Any]]
    cells: list[Cell]
    jobs: list[dict[str, Any]] = Field(default_factory=list, description="start and end of every job that ran")
