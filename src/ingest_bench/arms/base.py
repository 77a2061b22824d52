"""What every arm is: a fetcher, made from a plain description that fits through a pipe as JSON; and its record."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel

from ingest_bench.arms.layouts import LAYOUTS, Layout
from stac_ingest.config import MOST_CONCURRENT
from stac_ingest.context import WorkflowContext
from stac_ingest.summary import IngestSummary

Counted = Literal["requests", "retries", "rate_limited"]
"""What an arm may count of an API, in its summary."""


@dataclass(frozen=True, slots=True)
class ArmSpec:
    """One side of a cell: which fetcher reads what, how."""

    fetcher: str
    layout: str
    """Of the corpus, one of `LAYOUTS`: item_files, items_directory, geoparquet or api."""
    source: str
    """A folder, a file, or the root URL of an API."""
    collection: str | None = None
    concurrency: int = 1
    max_items: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    budget: dict[str, Any] | None = None
    """What may be asked of a server that isn't this machine's: max_requests, requests_per_second, max_in_flight."""
    file: str | None = None
    """Where the fetcher is declared, when it isn't one of this package's."""

    @property
    def lies(self) -> Layout:
        """How the corpus lies there."""
        return LAYOUTS[self.layout]


class Fetcher(Protocol):
    """Yields items. What it counts while doing so is in its summary."""

    @property
    def summary(self) -> IngestSummary:
        """What the latest run counts."""

    def fetch(self, context: WorkflowContext) -> AsyncIterator[dict[str, Any]]:
        """Yield the items one by one; what can't be read goes to the context's failure collector."""


@runtime_checkable
class Prepared(Protocol):
    """A fetcher that has to do something before the clock starts."""

    async def prepare(self) -> None:
        """Get ready."""


def no_modules(_: ArmSpec) -> Sequence[str]:
    """Preload nothing: all that the arm needs is imported by its file."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmKind:
    """A way of ingesting: all that the benchmark has to know of it to offer, check, run and report it.

    It stands as `ARM` in the arm's file, which configurations import. So what is heavy (Arrow, an HTTP client, what may
    not be installed) is imported by `preload`, or by `make`, and not by the file.
    """

    name: str
    """What configurations call it: the name of its file without `_arm`."""
    description: str
    """In one sentence."""
    make: Callable[[ArmSpec], Fetcher]
    """Sets up the fetcher; nothing is read yet. Raises ConfigurationError where the settings can't be used."""
    reads: tuple[str, ...]
    """The layouts of corpora that it can read."""
    preload: Callable[[ArmSpec], Sequence[str]] = no_modules
    """Names the modules that it would import late, which must not be while the clock runs."""
    delivers: bool = True
    """Whether it yields items; else how many it dealt with is in its summary."""
    writes: str | None = None
    """The format in which it writes, by itself, what it reads; None where a pipeline does that."""
    stage: Literal["no_parsing", "from_memory"] | None = None
    """Where it runs one stage of an ingest alone: what it does without."""
    asks: bool = True
    """Whether it reads its source while the clock runs, and not before."""
    max_concurrency: int | Mapping[str, int] = MOST_CONCURRENT
    """The highest level that makes sense, everywhere or by layout."""
    settings: type[BaseModel] | None = None
    """What may stand in its settings; None: nothing."""
    counts: tuple[Counted, ...] = ()
    """What its summary counts of an API."""
    role: Literal["own", "auto", "processes", "client"] | None = None
    """What the report takes it for: the package's own way, which can be set and so recommended; the way that finds its
    level; worker processes; another client."""
    file: str | None = None
    """Where it is declared, when that isn't in this package."""

    @property
    def own(self) -> bool:
        """Whether it is the package's own, with settings that can be recommended."""
        return self.role == "own"

    def highest(self, layout: str) -> int:
        """Give the highest level of concurrency that it can be measured at."""
        most = self.max_concurrency
        return most if isinstance(most, int) else most.get(layout, MOST_CONCURRENT)


def json_files(spec: ArmSpec) -> list[Path]:
    """List the item files of a corpus in the order of their names."""
    return sorted((Path(spec.source) / (spec.lies.items or ".")).glob("*.json"))


NO_OUTPUT = "discard"
"""Instead of an output: items go through all stages, and are then written nowhere."""
