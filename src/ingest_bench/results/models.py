"""What is measured, as it is stored.

`workflow/schemas/results.schema.json` and `docs/results.md` are generated from these models. What a field means stands
below it: unlike an argument of `Field`, a docstring is no behaviour, so wording it anew leaves measured cells valid.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ingest_bench.results.units import (
    Bytes,
    Concurrency,
    Cores,
    Gibibytes,
    Items,
    Mebibytes,
    Megahertz,
    Milliseconds,
    Number,
    Requests,
    Responses,
    Seconds,
    UnixTime,
    Whole,
)
from ingest_bench.results.upgrade import upgrade

RESULTS_SCHEMA_VERSION = "2.4"
"""The second number goes up when fields are added, the first when a file that was valid no longer is."""
StopReason = Literal[
    "target_ci_reached",
    "time_limit",
    "max_pairs",
    "no_valid_pair",
    "first_pass",
    "rounds_ended",
    "requests_spent",
    "deferred",
]
"""Why sampling ended; see `Cell.stop_reason`."""
Purpose = Literal["choices", "deferred", "intervals", "nothing"]
"""What the pairs of a round are for; see `Round.purpose`."""
LONGER = "long/benchmark_results.json"
"""Below the folder of a run's results: those of a longer one, whose commands are compared beside it (`make long`)."""


class Record(BaseModel):
    """A stored record: unknown fields are an error, so that a file of another version is noticed."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe fields by their docstrings: to read these for every class takes each process a tenth of a second."""
        from ingest_bench.results.field_docs import field_docs  # noqa: PLC0415 - few ask for a schema

        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, text in field_docs(cls, Record).items():
            if name in properties:
                properties[name].setdefault("description", text)
        return schema


class Digest(Record):
    """What was delivered, whatever its order."""

    count: Items
    """Delivered."""
    ids: str
    """Over every (collection, id), hexadecimal."""
    content_class: Whole | None = None
    """The class of items, 0 to 15, whose content was hashed; null: all."""
    content: str
    """Over the canonical content of that class, hexadecimal."""


class ServerRecord(Record):
    """What the simulated server saw during one sample."""

    requests: Requests
    """Answered, whatever the status."""
    rate_limited: Responses
    """Answers with status 429."""
    think_ms_asked: Milliseconds
    """Mean of the think times drawn."""
    think_ms_achieved: Milliseconds
    """Mean of the think times as slept."""
    response_ms_p50: Milliseconds
    """From a request's arrival to the end of its answer, median."""
    response_ms_p95: Milliseconds
    """From a request's arrival to the end of its answer, 95th percentile."""
    response_ms_mean: Milliseconds
    """From a request's arrival to the end of its answer, mean."""
    in_flight_mean: Number
    """Requests under way: time average over the window from first arrival to last departure."""
    in_flight_peak: Requests
    """Requests under way at once, at most."""
    window_s: Seconds
    """From first arrival to last departure."""
    little_ratio: Number
    """`in_flight_mean` over rate x mean response time; 1 when every request is seen."""
    cpu_s: Seconds
    """CPU time that the server used."""


class Sample(Record):
    """One run of one arm in a process of its own."""

    role: Literal["baseline", "candidate"]
    """Which side of the pair."""
    pair: Whole
    """Number of the pair, from 0. A speed-up is taken within a pair, never across."""
    started_at: UnixTime
    """When the clock started."""
    wall_s: Seconds
    """From the start of the ingest until the last item was taken, or written in a mixed workload; of a command, of its
    whole process."""
    cpu_user_s: Seconds
    """CPU time in user mode, children included."""
    cpu_system_s: Seconds
    """CPU time in the kernel, children included."""
    peak_rss_mib: Mebibytes
    """Resident memory at the peak; with the largest of the process's children added, where it has any. Of a command, of
    the largest of its processes."""
    start_rss_mib: Mebibytes
    """Resident memory before the clock started: interpreter and imports; 0 of a command, whose start is timed."""
    first_item_s: Seconds | None
    """Time until the first item was taken."""
    items: Items
    """Delivered."""
    failures: Items
    """Files or items that could not be read, collected under their names."""
    failed: list[str] = Field(default_factory=list)
    """Origins of failures, sorted, at most 1000."""
    duplicates: Items = 0
    """Dropped, since they had been delivered already."""
    bytes_read: Bytes | None = None
    """Bytes of files or of response bodies; null where the arm can't tell."""
    output_bytes: Bytes | None = None
    """Of a command: what it left at {output}, all files together; null where there is nothing, or no command."""
    requests: Requests | None = None
    """Sent, as the client counts them; null where the arm can't tell."""
    retries: Requests | None = None
    """Sent again after a failure; null where the arm can't tell."""
    rate_limited: Responses | None = None
    """Answers with status 429, as the client counts them; null where the arm can't tell."""
    context_switches: Whole = 0
    """Voluntary and involuntary, of the process."""
    read_calls: Whole | None = None
    """System calls that read files and pipes while the clock ran, children included; null where nobody counts them."""
    write_calls: Whole | None = None
    """System calls that wrote, likewise."""
    stages: dict[str, float] = Field(default_factory=dict, json_schema_extra={"unit": "s"})
    """Time by pipeline stage (mixed workloads): ingest, transform, output."""
    notes: list[str] = Field(default_factory=list)
    """Remarks that leave the sample usable: an outlier, a think time that was off."""
    digest: Digest
    """What was delivered, for the parity gate."""
    server: ServerRecord | None = None
    """What the simulated server saw; null without one."""
    began: bool = Field(default=True, description="whether what is timed was run; not where what goes before it failed")
    invalid: str | None = None
    """Why the sample can't be used; null: it can."""


class Speedup(Record):
    """The speed-up: items per second of the candidate over the baseline's, pair by pair."""

    median: Number
    """Of the pairs."""
    low: Number
    """Lower end of the interval."""
    high: Number
    """Upper end of the interval."""
    confidence: Number
    """Of the interval."""
    method: str
    """How the interval was found."""
    pairs: Whole
    """Usable pairs behind it."""


class Parity(Record):
    """Whether the arm delivered what the scenario's reference says."""

    ok: bool
    """Whether every sample did."""
    reason: str | None = None
    """What differed."""


class Trace(Record):
    """Python's own memory, from a pass without a clock."""

    items: Items
    """Items after which the pass stopped."""
    peak_mib: Mebibytes | None
    """Largest sum of Python's allocations; null: not traced."""
    skipped: str | None = None
    """Why it was not traced."""


class Environment(Record):
    """The machine and software that the numbers belong to."""

    host: str
    """Name of the machine."""
    cpu_model: str
    """As the kernel names it."""
    cores: Whole
    """Logical processors."""
    governor: str | None
    """Frequency governor of the first processor; null: unknown."""
    memory_gib: Gibibytes
    """Of the machine."""
    container: str | None
    """Kind of container; null: none."""
    cpu_limit: Cores | None
    """Processors that the control group allows; null: no limit."""
    memory_limit_gib: Gibibytes | None
    """Memory that the control group allows; null: no limit."""
    kernel: str
    """Its release."""
    python: str
    """Version."""
    packages: dict[str, str]
    """Versions of the packages that matter."""
    commit: str | None
    """Of the code that measured; null: not a checkout."""
    filesystem: str | None
    """That the results, and what they are measured on, lie on; null: unknown."""


class Load(Record):
    """How busy the machine was."""

    load_1m: Number
    """Average number of processes that ran or waited over the last minute."""
    steal_s: Seconds
    """Since the machine's start: time that others kept it from its processors."""
    cpu_mhz: Megahertz | None = None
    """Processor frequency; null: unknown."""


class Dependencies(Record):
    """The code that a result depends on."""

    modules: dict[str, str]
    """Modules of this project that its processes loaded, with a hash of what each does."""
    pins: dict[str, str] = Field(default_factory=dict)
    """Packages of others that they loaded, with the version that `envs/requirements.txt` named."""


class AddedPairs(Record):
    """When a round added pairs to a cell."""

    round: Whole
    """Number of the round."""
    started_at: UnixTime
    """When its job began to measure."""
    began_at: UnixTime
    """When the clock of its first sample started."""
    ended_at: UnixTime
    """When measuring ended."""


class Cell(Record):
    """One cell of the matrix: a scenario, an arm, a concurrency."""

    schema_version: str = RESULTS_SCHEMA_VERSION
    """Of the format of this record."""
    identity: str
    """Hash of the settings that the cell depends on, its corpora's included."""
    depends_on: Dependencies | None = None
    """The code that the cell depends on: all that its samples' processes, its server and its job loaded; null in files
    of before it was recorded."""
    corpora: dict[str, float | None] = Field(
        default_factory=dict, json_schema_extra={"unit": "s since 1970-01-01T00:00:00Z"}
    )
    """Its corpora, with the moment at which each was made or looked at."""
    scenario: str
    """Its name in the configuration."""
    group: str
    """Section of the report."""
    arm: str
    """Way to ingest, as the configuration names it."""
    label: str
    """What the report calls the arm."""
    concurrency: Concurrency
    """Units of work under way at once, at most."""
    is_null_cell: bool
    """The baseline against itself: shows the noise."""
    known_defect: str | None = None
    """Why what the arm delivers is known to differ; null: it should not."""
    programs: dict[str, str] = Field(default_factory=dict)
    """Versions of the programs that its samples ran, beside this project's own; a hash where a file has no version."""
    unavailable: str | None = None
    """Why it was not measured: a program that isn't there, or a budget that was spent; null: it was."""
    cache: Literal["warm", "cold"]
    """Whether the files were read before, or evicted from the page cache before each sample."""
    corpus: str
    """What it reads, as the configuration names it."""
    settings: dict[str, Any]
    """The arm: fetcher, concurrency, corpus, and its settings."""
    baseline: dict[str, Any]
    """The same of what it is compared with."""
    samples: list[Sample]
    """Every sample, invalid ones included."""
    speedup: Speedup | None
    """The speed-up; null with fewer than three usable pairs."""
    stop_reason: StopReason
    """Why sampling ended; first_pass: one pair was asked for, and no round added any; rounds_ended: rounds did;
    deferred: it never began, since the first pass had taken its share of the budget."""
    cut_off: str | None = None
    """Of a cell whose requests are counted: why no more was asked; null where sampling ended by itself."""
    unused_requests: Requests = 0
    """Of samples that were cut off, and are not among the samples."""
    parity: Parity
    """Of the arm. Where it is not ok, the arm's times compare unlike work."""
    baseline_parity: Parity
    """Of the baseline."""
    trace: Trace
    """Python's own memory."""
    environment: Environment
    """Where it was measured."""
    load_before: Load
    """Before the first sample."""
    load_after: Load
    """After the last sample."""
    attempt: Whole = 1
    """Which try of the workflow's this is."""
    started_at: UnixTime
    """When measuring began."""
    ended_at: UnixTime
    """When measuring ended; where rounds have added pairs, that of the first pass."""
    added: list[AddedPairs] = Field(default_factory=list)
    """What rounds have added to the first pass."""
    seal: str | None = None
    """Hash of the cell's file up to here; null in files of before seals."""

    def valid_samples(self, role: Literal["baseline", "candidate"]) -> list[Sample]:
        """List the usable samples of a side."""
        return [sample for sample in self.samples if sample.role == role and sample.invalid is None]

    @property
    def spans(self) -> list[tuple[float, float]]:
        """When it was measured: start and end of each job, seconds since 1970."""
        return [(self.started_at, self.ended_at), *((each.started_at, each.ended_at) for each in self.added)]

    @property
    def is_deferred(self) -> bool:
        """Whether it waits for a round, since the first pass had taken its share of the budget."""
        return self.stop_reason == "deferred"

    @property
    def standing(self) -> Speedup | None:
        """The speed-up; the baseline's own is 1 by definition."""
        known = {"median": 1.0, "low": 1.0, "high": 1.0}
        return self.speedup.model_copy(update=known) if self.speedup and self.is_null_cell else self.speedup

    @property
    def name(self) -> str:
        """How texts and files call it."""
        return f"{self.scenario}/{self.arm}-{self.concurrency}"


class MorePairs(Record):
    """What a round adds to a cell."""

    first: Whole
    """Number of the first pair that is added."""
    pairs: Whole
    """Pairs that are added."""


class ModeStanding(Record):
    """How the choice in a mode stood when a round was planned."""

    status: Literal["decided", "undecided", "unknown"]
    """Unknown: no way has the pairs that a choice needs."""
    use: str | None
    """The way that is chosen, or chosen for now, as its settings; null: none is."""
    rivals: list[str]
    """Ways that the choice is not shown to beat, as their settings."""
    pairs: Whole
    """Of the choice where it is decided, else of the way among these that has the fewest; in the scenario that has the
    fewest."""
    ended: Literal["decided", "budget_spent", "max_pairs", "no_choice"] | None
    """Why it gets no more pairs; null: it does."""


class Round(Record):
    """A plan of pairs that are added to what was measured before it."""

    number: Whole
    """From 1."""
    planned_at: UnixTime
    """When it was planned."""
    spent_s: Seconds
    """What corpora, the first pass and the rounds before had taken."""
    budget_s: Seconds
    """What the whole run may take."""
    purpose: Purpose
    """What its pairs are for. choices: those that are open; deferred: cells that the first pass has left for later;
    intervals: cells that have too few pairs for one, and tools that aren't told from their baseline; nothing: it is the
    last, and adds none."""
    cells: dict[str, MorePairs]
    """By name of the cell."""
    modes: dict[str, ModeStanding]
    """By name of the mode."""


class Results(Record):
    """`benchmark_results.json`: every cell, every sample."""

    schema_version: str = RESULTS_SCHEMA_VERSION
    """Of the format of this file."""
    seed: Whole
    """Of the corpora and of the order within pairs."""
    created_at: UnixTime
    """When the cells were brought together."""
    config: dict[str, Any]
    """The whole configuration, defaults filled in (`config.schema.json`)."""
    corpora: dict[str, dict[str, Any]]
    """The manifest of each corpus: what it holds and the digest that every arm must match."""
    cells: list[Cell]
    """In the order of the configuration."""
    jobs: list[dict[str, Any]] = Field(default_factory=list)
    """Start and end of every job that built a corpus."""
    rounds: list[Round] = Field(default_factory=list)
    """What was measured after the first pass, and why; empty where each cell was measured at one go."""

    @model_validator(mode="before")
    @classmethod
    def _of_any_version(cls, given: Any) -> Any:
        upgrade(given)
        return given
