"""The settings of an ingest run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from stac_ingest.core.annotations import After, Before, Limits
from stac_ingest.core.registry import OneOf
from stac_ingest.core.settings import Settings
from stac_ingest.strategies import STRATEGIES, worker_strategies

WorkerStrategy = Annotated[str, OneOf(worker_strategies)]
"""The name of a strategy that drives several units at once."""
Count = Annotated[int, Limits(ge=1)]
Seconds = Annotated[float, Limits(gt=0)]

MAX_CONCURRENCY = 50
_DATABASES = ("postgresql://", "postgres://")


def time_as_text(value: Any) -> Any:
    """Return a time as a user wrote it, about: YAML makes a number of `2024`, and an object of `2024-05-01`."""
    if isinstance(value, dt.date):  # one with a time of day is one, too
        return value.isoformat()
    return str(value) if type(value) is int else value


def _one_text(value: Any) -> Any:
    """Return several sources as one text, a line each."""
    return "\n".join(map(str, value)) if isinstance(value, list | tuple) and value else value


def _term(name: str) -> Before:
    """Return what reads a term of a search, in whatever form it is written."""

    def read(value: Any) -> Any:
        from stac_ingest.core import terms  # noqa: PLC0415 - few searches have such terms

        reader: Callable[[Any], Any] = getattr(terms, name)
        return None if value is None else reader(value)

    return Before(read)


Names = Annotated[list[str] | None, _term("collections_of")]
Ids = Annotated[list[str] | None, _term("ids_of")]
Geometry = Annotated[dict[str, Any] | None, _term("intersects_of")]
Sorting = Annotated[list[dict[str, str]] | None, _term("sortby_of")]
Fields = Annotated[dict[str, list[str]] | None, _term("fields_of")]


def _path_of_url(value: str) -> str:
    if not value.lower().startswith("file:/"):
        return value
    from stac_ingest.core.file_urls import path_of_file_url  # noqa: PLC0415 - most sources are paths

    return path_of_file_url(value)


def _few_enough(value: int | str) -> int | str:
    if value != "auto" and not 1 <= int(value) <= MAX_CONCURRENCY:
        raise ValueError(f"use 1 to {MAX_CONCURRENCY}, or 'auto'")
    return value


@dataclass(init=False, frozen=True)
class RequestBudget(Settings):
    """How much of a server a run may use. None means no bound of that kind."""

    max_requests: Count | None = None
    """requests in all, retries included"""
    requests_per_second: Annotated[float, Limits(gt=0)] | None = None
    """requests started per second"""
    max_in_flight: Count | None = None
    """requests under way at once"""


MODEST_BUDGET = {"max_requests": 500, "requests_per_second": 2.0, "max_in_flight": 2}
"""The budget for a server that isn't this machine's, unless the user sets another."""


@dataclass(init=False, frozen=True)
class IngestConfig(Settings):
    """What to ingest, and how.

    The first block is what stac-manager's `IngestConfig` has; the second says how the work is driven. With the defaults
    of the second block the module does what it did without them.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {"max_response_mb": "max_response_mib"}

    mode: Literal["file", "api"]
    """read files, or ask a STAC API"""
    source: Annotated[str, Limits(min_length=1), Before(_one_text), After(_path_of_url)]
    """a path (file mode) or the root URL of an API (api mode)"""
    source_type: Literal["auto", "file", "items_directory", "collection"] = "auto"
    """what the path is; `auto` looks"""
    format: Literal["json", "ndjson", "parquet", "catalog"] | None = None
    """of the files; by suffix when unset. `catalog`: a document whose links are followed, or a folder with one"""
    collection_id: str | None = None
    """of which to read items, with those of files that say no collection; else taken from the context's data, and of an
    API without either, all"""
    collections: Names = None
    """the same, for several"""
    ids: Ids = None
    """keep the items of these ids: a list, text with commas between them, or `@FILE` with one a line"""
    bbox: list[float] | None = None
    """keep items that reach into this box: west, south, east, north (or 6, with heights)"""
    intersects: Geometry = None
    """keep items whose geometry meets this one: GeoJSON, as an object or text, or the path of a file with it"""
    datetime: Annotated[str | None, Before(time_as_text)] = None
    """keep items that touch this time: `2024`, `2024-05-01T00:00:00Z/..`"""
    query: dict[str, Any] | None = None
    """keep items with such properties: `{"eo:cloud_cover": {"lt": 10}}`"""
    filter: str | dict[str, Any] | None = None
    """keep items that this expression holds of, CQL2 text or CQL2 JSON: a server's job where it says that it does it"""
    sortby: Sorting = None
    """api mode: the order of the items, `-datetime,+id`"""
    fields: Fields = None
    """members of the items, `properties.eo:cloud_cover,-assets`: what is named alone, or all but what has a minus"""
    limit: Annotated[int, Limits(ge=1, le=10_000)] = 100
    """items a page (api mode)"""
    max_items: Count | None = None
    """stop after so many items"""

    concurrency: Annotated[int | Literal["auto"], After(_few_enough)] = 1
    """units of work under way at once. `auto`: the number of concurrent requests to an API adapts; files are read
    one after another, with the next on its way"""
    worker_strategy: WorkerStrategy = "semaphore"
    """how the units are driven"""
    read_ahead: bool | Literal["auto"] = "auto"
    """file mode: have the kernel load the next files; api mode: ask for the next page before the items of this one are
    decoded. `auto`: files when they turn out to be cold, pages always"""
    retry: Literal["wait", "none"] = "wait"
    """`wait`: honour Retry-After and try again within the budget; `none`: a refused or failed request is a failure at
    once, and checkpoints bring it back in a later run"""
    retry_attempts: Annotated[int, Limits(ge=1, le=100)] = 6
    """tries for one request, the first included"""
    retry_seconds: Seconds = 120.0
    """seconds that one request may spend on waiting"""
    timeout: Seconds = 60.0
    """seconds for one response, whole"""
    max_response_mib: Count = 256
    """largest response or JSON file accepted, MiB"""
    hrefs: Literal["keep", "absolute"] = "keep"
    """relative hrefs of links and assets: `keep` them, though they lead nowhere from another place, or make them
    `absolute`, from where the item came from, which a `self` link then names"""
    exact_numbers: bool = False
    """look for whole numbers beyond 64 bits in every text, not in a sample until the first was found"""
    headers_file: str | None = None
    """api mode: a file of headers to send to the source and to no other origin, `Name: value` a line"""
    budget: RequestBudget = field(default_factory=RequestBudget)
    """how much of the server to use"""
    iceberg_catalog: dict[str, str] | None = None
    """properties of an Iceberg catalog, as pyiceberg takes them (`type`, `uri`, `name`): then the source is the name of
    a table in it, such as `stac.items`"""
    allow_remote: bool = False
    """tables and queries may reach other machines: a catalog on a server, an extension of DuckDB that is downloaded"""

    def check(self) -> None:
        """Check what the settings are together.

        Raises:
            ValueError: a strategy for APIs alone hasn't one; two settings say the same; or an order is asked for of
                several units at once.

        """
        for one, other in (("collection_id", "collections"), ("bbox", "intersects")):
            if getattr(self, one) is not None and getattr(self, other) is not None:
                raise ValueError(f"{one} and {other} can't be given both")
        if self.sortby is not None and self.concurrency not in (1, "auto"):
            raise ValueError("sortby needs one cursor, which gives the order; leave out concurrency")
        if STRATEGIES[self.worker_strategy].api_only and self.mode != "api":
            raise ValueError(f"worker_strategy '{self.worker_strategy}' is for APIs alone and needs mode 'api'")

    def wanted_collections(self, collection_id: str | None = None) -> tuple[str, ...]:
        """Return the ids of the collections that are asked for.

        Args:
            collection_id: stands in where the settings name no collection; None where nothing does.

        Returns:
            Each id once, in the order given. Empty where all collections are asked for.

        """
        if self.collections is not None:
            return tuple(dict.fromkeys(self.collections))
        named = self.collection_id or collection_id
        return (named,) if named else ()

    @property
    def is_remote(self) -> bool:
        """Whether a server is asked, be it an API or one that has files."""
        return self.mode == "api" or "://" in self.source

    @property
    def filters_here(self) -> bool:
        """Whether collection, place and time are looked at here: an API and a database do it by themselves."""
        return self.mode != "api" and not self.source.lower().startswith(_DATABASES)

    @property
    def workers(self) -> int:
        """Units of work under way at once, at most."""
        if self.sortby is not None:
            return 1
        if self.concurrency != "auto":
            return self.concurrency
        return min(MAX_CONCURRENCY, self.budget.max_in_flight or MAX_CONCURRENCY) if self.is_remote else 1

    @property
    def strategy(self) -> str:
        """How the units are driven: one at a time needs no workers, whatever their strategy would be."""
        if self.workers == 1:
            return "sequential"
        if self.concurrency == "auto" and self.mode == "api" and not self.is_given("worker_strategy"):
            return "time_chunks"
        return self.worker_strategy
