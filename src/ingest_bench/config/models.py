"""What `config.yaml` may say. `workflow/schemas/config.schema.json` is generated from these models."""

import json
from functools import partial
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ingest_bench.arms.layouts import Layout
from ingest_bench.config.arm import Arm
from ingest_bench.config.blocks import Strict, known, listed
from ingest_bench.config.corpus_kinds import CorpusKind, corpus_kind, corpus_kind_names
from ingest_bench.config.server import Server
from ingest_bench.results.units import NAME
from stac_ingest.config import IngestConfig
from stac_ingest.core.registry import OneOf
from stac_ingest.http.urls import holds_credentials
from stac_ingest.outputs import OUTPUTS

CorpusKindName = Annotated[
    str,
    AfterValidator(partial(known, corpus_kind_names, {})),
    Field(json_schema_extra=partial(listed, corpus_kind_names, corpus_kind)),
]


class Pairs(Strict):
    """How many pairs a cell may take: at least, budget permitting, and at most."""

    min: int = Field(default=3, ge=3, le=1000)
    max: int = Field(default=30, ge=3, le=1000)
    first: int = Field(default=1, ge=1, le=1000, description="of the first pass, where the run has a budget_minutes")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max < self.min:
            raise ValueError(f"max must be at least min ({self.min})")
        if self.max < self.first:
            raise ValueError(f"max must be at least first ({self.first})")
        return self


class Sampling(Strict):
    """When a cell has been measured enough."""

    RENAMED: ClassVar = {"target_width": "target_ci_width", "trace_items": "tracemalloc_items"}

    pairs: Pairs = Pairs()
    budget_seconds: float = Field(
        default=10,
        gt=0,
        description="a cell that is measured at one go stops after so many seconds, once it has pairs.min; in a first "
        "pass it does so once it has one",
    )
    target_ci_width: float = Field(
        default=0.10,
        gt=0,
        lt=2,
        description="a cell that is measured at one go stops when the 95% interval of the speed-up is this narrow, "
        "relative to it",
    )
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    timeout_seconds: float = Field(default=600, gt=0, description="a single sample that takes longer is an error")
    tracemalloc_items: int = Field(
        default=1000, ge=0, description="items of the separate pass that traces Python's memory; 0 leaves it out"
    )


class Remote(Strict):
    """Leave to use servers other than this machine's, and how much of them. Off by default."""

    allow: bool = False
    max_requests: int = Field(default=500, ge=1, description="requests of one sample")
    requests_per_second: float | None = Field(default=2, gt=0, le=50, description="none set: as fast as it answers")
    max_in_flight: int = Field(default=2, ge=1, le=50)
    total_requests: int | None = Field(
        default=None,
        ge=1,
        description="requests of all samples of the run together, kept count of in its results; a sample that could "
        "send more than is left isn't begun",
    )
    grant: str | None = Field(
        default=None,
        description="names the call that has allowed `total_requests`: another call has requests of its own",
    )


class Changes(Strict):
    """What has become of a corpus some time later, as shares of its items."""

    changed: float = Field(default=0, ge=0, le=1, description="of which something is another value")
    added: float = Field(default=0, ge=0, le=1, description="that are new")
    removed: float = Field(default=0, ge=0, lt=1, description="that are gone")

    def counts(self, items: int) -> tuple[int, int, int]:
        """Return how many of so many items are changed, new and gone."""
        return round(self.changed * items), round(self.added * items), round(self.removed * items)

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        if self.changed + self.removed > 1:
            raise ValueError("changed and removed are more than all")
        return self


class Corpus(Strict):
    """A set of STAC items to ingest: generated from the seed, or the user's own (`path` or `url`)."""

    RENAMED: ClassVar = {"broken": "corrupt_share", "crowded": "skewed"}

    kind: CorpusKindName
    items: int | None = Field(default=None, ge=1, le=10_000_000, description="of a generated corpus, in all files")
    item_kb: Literal[5, 20] = Field(default=5, description="size of one item as JSON, about")
    files: int | None = Field(default=None, ge=1, le=1000, description="GeoParquet only: over how many files")
    corrupt_share: float = Field(default=0, ge=0, lt=1, description="items directory only: share of broken files")
    skewed: bool = Field(
        default=False, description="API only: 90% of the items in 1% of the time, 500 of them at one instant"
    )
    like: str | None = Field(
        default=None,
        description="a file of yours (JSON, NDJSON, GeoParquet) whose items the generated ones are like, in place of "
        "item_kb: the same members, sizes and oddities, new ids and values; of its first 1,000 items",
    )
    later: Changes | None = Field(
        default=None, description="the items some time later: some of what `items` says are changed, new or gone"
    )
    path: str | None = Field(default=None, description="your own files instead: a folder or a file")
    url: str | None = Field(default=None, description="your own API instead: its root; needs remote.allow")
    collection: str | None = Field(default=None, description="with url: the collection to read")
    max_items: int | None = Field(default=None, ge=1, description="with path or url: stop after so many items")
    datetime: str | None = Field(default=None, description="with url: only the items of this time")

    @property
    def record(self) -> CorpusKind:
        """What is known of its kind."""
        return corpus_kind(self.kind)

    @property
    def layout(self) -> Layout:
        """How it lies there."""
        return self.record.layout

    @property
    def simulated(self) -> bool:
        """Whether the simulator serves it."""
        return self.layout.network and self.url is None

    @property
    def generated(self) -> bool:
        """Whether the workflow makes it."""
        return self.path is None and self.url is None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if self.path and self.url:
            raise ValueError("give path or url, not both")
        if self.generated and self.items is None:
            raise ValueError("a generated corpus needs items")
        if not self.generated and self.items is not None:
            raise ValueError("items belongs to a generated corpus; use max_items with path or url")
        if self.url and not (self.layout.network and self.collection):
            raise ValueError("url needs kind: api and a collection")
        if self.datetime is not None and self.url is None:
            raise ValueError("datetime belongs to a url; what else is read is read whole, or up to max_items")
        if self.url and holds_credentials(self.url):
            raise ValueError("url holds credentials, which results would repeat; put them into STAC_INGEST_TOKEN")
        if self.like and (self.corrupt_share or self.skewed):
            raise ValueError("like makes items as the file has them; leave corrupt_share and skewed out")
        if self.path and self.layout.network:
            raise ValueError(f"kind: {self.kind} takes a url, not a path")
        if "files" in self.record.options and self.generated and self.files is None:
            raise ValueError(f"a generated corpus of kind: {self.kind} needs files")
        return self


class Pipeline(Strict):
    """The stages behind the ingest in a mixed workload."""

    output: Annotated[str, OneOf(lambda: OUTPUTS)]


class Search(Strict):
    """What is looked for in a corpus: items that reach into a box, of a time."""

    bbox: tuple[float, float, float, float] = Field(description="west, south, east, north; degrees")
    datetime: str = Field(pattern=r"^[^/]+/[^/]+$", description="the first and the last instant, with / between them")

    def written(self) -> dict[str, str]:
        """Return both as they stand in a command line, by name."""
        return {"bbox": ",".join(f"{side:g}" for side in self.bbox), "datetime": self.datetime}


class Baseline(Strict):
    """What the cells of a scenario are compared with."""

    arm: str
    concurrency: int = 1
    corpus: str | None = Field(default=None, description="when it reads another corpus (growth): speed-up is per item")


class Scenario(Strict):
    """One question, asked of one corpus, answered by several arms."""

    title: str
    group: str = Field(pattern=NAME, description="the section of the report")
    task: str | None = Field(
        default=None,
        min_length=1,
        description='of whole commands: what they do, such as "files to NDJSON", under which tools are compared',
    )
    corpus: str
    file: str | None = Field(default=None, description="one file of the corpus instead of all of it")
    cache: Literal["warm", "cold"] = "warm"
    server: Server | None = None
    pipeline: Pipeline | None = None
    search: Search | None = Field(
        default=None, description="of whole commands: what they look for; what the baseline finds is right"
    )
    before: str | None = Field(
        default=None,
        description="of whole commands: the corpus of the last run, which each has ingested before it is timed",
    )
    killed: bool = Field(
        default=False,
        description="of whole commands: each is killed at a random moment, and timed is what it takes to finish",
    )
    baseline: Baseline
    arms: dict[str, Arm] = Field(min_length=1)
    sampling: Sampling | None = Field(default=None, description="instead of the general one")

    @property
    def of_stages(self) -> bool:
        """Whether it takes an ingest apart: its arms explain, and are not there to be chosen from."""
        return any(arm.server or arm.skip or arm.record.stage for arm in self.arms.values())

    @property
    def of_commands(self) -> bool:
        """Whether its samples are whole processes, start-up included."""
        return any(arm.record.whole_process for arm in self.arms.values())

    @property
    def choosable(self) -> bool:
        """Whether its arms are ways of ingesting to choose from."""
        return not (self.of_stages or self.of_commands)

    @property
    def growing(self) -> bool:
        """Whether its baseline reads another corpus."""
        return self.baseline.corpus not in (None, self.corpus)

    @property
    def baseline_label(self) -> str:
        """What texts call its baseline."""
        label = self.arms[self.baseline.arm].label or self.baseline.arm.replace("_", " ")
        return f"{label} on {self.baseline.corpus}" if self.growing else label

    @property
    def delivers(self) -> bool:
        """Whether any arm delivers items; else there is no way of ingesting to choose from."""
        return any(arm.record.delivers for arm in self.arms.values())

    def page_size(self, arm: str) -> int:
        """Give the items a page that an arm asks for, as far as its server allows."""
        asked = int(self.arms[arm].settings.get("limit", IngestConfig.defaults()["limit"]))
        return min(asked, self.server.max_page) if self.server else asked


class Whole(Strict):
    """A source of the user's that a corpus is, or is a part of: what was found out by looking at it."""

    source: str = Field(description="its path, or the URL of its API without what may be secret")
    collection: str | None = Field(default=None, description="of an API: the collection that was looked at")
    items: float = Field(gt=0, description="in all of it")
    items_low: float = Field(gt=0, description="the least that they may be, at 95%; where they were counted, the same")
    items_high: float = Field(gt=0, description="the most")
    counted: str = Field(description="how their number is known")
    is_least: bool = Field(default=False, description="whether there are more items, and nobody says how many")
    bytes: int | None = Field(default=None, ge=0, description="of all its files, where they were looked at")
    part: str | None = Field(default=None, description="what of it the samples read, in words; null: all")
    cost_spread: float = Field(
        default=0, ge=0, description="standard error, as a share, of what an item of the part costs for those of all"
    )
    requests: int = Field(default=0, ge=0, description="that looking at it has taken")
    notes: list[str] = Field(default_factory=list, description="what else was seen")


class Settings(Strict):
    """The whole of `config.yaml`."""

    results: str = Field(default="results", description="folder for everything made")
    seed: int = Field(default=20260210, ge=0)
    sampling: Sampling = Sampling()
    remote: Remote = Remote()
    budget_minutes: float | None = Field(
        default=None,
        gt=0,
        description="for the whole run, its corpora included: a first pass takes one pair of every cell, and rounds "
        "add pairs where a recommendation is open, until it is decided or this is spent; without it each cell is "
        "measured at one go, until its own interval is narrow",
    )
    first_pass_share: float = Field(
        default=0.6,
        gt=0,
        le=1,
        description="of budget_minutes: once the first pass has taken so much, it defers cells that no "
        "recommendation rests on, and rounds measure them when the choices are made; 1: it defers none",
    )
    tolerance: float = Field(
        default=0.05,
        gt=0,
        lt=0.5,
        description="the loss of throughput that matters when a way is recommended, as a share",
    )
    whole: Whole | None = Field(
        default=None, description="of `make measure`: the source that is measured, and what is known of all of it"
    )
    corpora: dict[str, Corpus] = Field(min_length=1)
    scenarios: dict[str, Scenario] = Field(min_length=1)

    @property
    def two_passes(self) -> bool:
        """Whether a first pass takes one pair of each cell, and rounds add more."""
        return self.budget_minutes is not None

    def corpus_folder(self, name: str) -> Path:
        """Give the folder of a generated corpus, or the path of the user's own."""
        own = self.corpora[name].path
        return Path(own) if own else Path(self.results) / "corpora" / name

    def manifest_file(self, name: str) -> Path:
        """Give the manifest of a corpus."""
        return Path(self.results) / "corpora" / f"{name}.manifest.json"

    def job_file(self, name: str) -> Path:
        """Give the record of the job that made, or looked at, a corpus."""
        return Path(self.results) / "corpora" / f"{name}.job.json"

    def built_at(self, name: str) -> float | None:
        """Say when a corpus was made, or looked at (Unix time, seconds); None where no job of the workflow did."""
        try:
            return float(json.loads(self.job_file(name).read_bytes())["ended_at"])
        except FileNotFoundError:
            return None
