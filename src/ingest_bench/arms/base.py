"""What every arm is: a fetcher, made from a plain description that fits through a pipe as JSON; and its record."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

from ingest_bench.arms.layouts import LAYOUTS, Layout
from stac_ingest.config import MAX_CONCURRENCY
from stac_ingest.context import WorkflowContext
from stac_ingest.summary import IngestSummary

T = TypeVar("T")
_NOTHING: tuple[dict[str, Any], ...] = ()

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
    search: dict[str, str] | None = None
    """What a command looks for, as its words have it: `bbox` and `datetime`; None: everything."""
    before: str | None = None
    """The corpus of a command's last run, a folder or a file; None: there was none."""
    killed: bool = False
    """Whether a command was killed, and what is timed is what it takes to finish."""

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


@runtime_checkable
class WholeProcess(Protocol):
    """A fetcher that starts a process, which is what is timed, and then yields what that wrote."""

    usage: dict[str, Any]
    """What the process used, by the names of a sample's fields; known once it has ended."""

    def place(self, folder: Path, *, rehearses: bool, moment: float = 0.5) -> None:
        """Take the empty folder to write to; a rehearsal isn't timed, and says what modules it loads.

        Args:
            folder: where it is.
            rehearses: whether it is a rehearsal.
            moment: of the run that is killed, if one is to be: share of its time.

        """


class SpecFetcher:
    """What fetchers have in common that count by themselves, beside `fetch`."""

    def __init__(self, spec: ArmSpec) -> None:
        """Take what is to be read."""
        self._spec = spec
        self.summary = IngestSummary(strategy=spec.fetcher, concurrency=spec.concurrency)

    def _failed(self, context: WorkflowContext, origin: object, error: Exception | str) -> None:
        context.failure_collector.add(str(origin), error, "ingest")
        self.summary.failures += 1


class WithoutItems:
    """What fetchers have in common that yield nothing: the items they dealt with are in their summary."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self.summary = IngestSummary()

    async def fetch(self, _context: WorkflowContext) -> AsyncGenerator[dict[str, Any]]:
        """Do what is measured."""
        await self._work()
        for item in _NOTHING:
            yield item

    async def _work(self) -> None:
        raise NotImplementedError


async def in_order(futures: Iterator[asyncio.Future[T]], ahead: int) -> AsyncGenerator[T]:
    """Yield the results of futures in their order, with `ahead` of them under way; they begin when they are taken."""
    under_way = deque(islice(futures, ahead))
    try:
        while under_way:
            result = await under_way.popleft()
            under_way.extend(islice(futures, 1))
            yield result
    finally:
        for future in under_way:
            future.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


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
    preload: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By kind of source, the modules that it would import late, which must not be while the clock runs."""
    delivers: bool = True
    """Whether it yields items; else how many it dealt with is in its summary."""
    writes: str | None = None
    """The format in which it writes, by itself, what it reads; None where a pipeline does that."""
    stage: Literal["no_parsing", "from_memory"] | None = None
    """Where it runs one stage of an ingest alone: what it does without."""
    asks: bool = True
    """Whether it reads its source while the clock runs, and not before."""
    whole_process: bool = False
    """Whether a sample is a process of its own from start to end, a `WholeProcess`."""
    programs: Callable[[Mapping[str, Any]], Mapping[str, str | None]] | None = None
    """Gives, by name, the version of each program that it needs with some settings; None for one that isn't there."""
    max_concurrency: int | Mapping[str, int] = MAX_CONCURRENCY
    """The highest level that makes sense, everywhere or by layout."""
    settings: type | None = None
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
        limit = self.max_concurrency
        return limit if isinstance(limit, int) else limit.get(layout, MAX_CONCURRENCY)


def json_files(spec: ArmSpec) -> list[Path]:
    """List the item files of a corpus in the order of their names."""
    return sorted((Path(spec.source) / (spec.lies.items or ".")).glob("*.json"))


NO_OUTPUT = "discard"
"""Instead of an output: items go through all stages, and are then written nowhere."""
