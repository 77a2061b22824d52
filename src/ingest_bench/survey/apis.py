"""Looks at a STAC API: how many items it counts, how large its pages may be, how long it takes for one.

Every request is counted by the client that sends it, and there is one at a time.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import NamedTuple

from ingest_bench.errors import SettingsError
from ingest_bench.survey.found import Amount, Found
from ingest_bench.survey.matrix import SAMPLES, sample_limit
from ingest_bench.survey.request import MeasureRequest
from stac_ingest.api.collections import listed_collections
from stac_ingest.api.intervals import MILLISECOND, Interval, expected_span
from stac_ingest.api.pages import page_counts, read_page
from stac_ingest.config import IngestConfig
from stac_ingest.errors import BudgetExhausted, IngestError, ResponseError
from stac_ingest.http.client import Client
from stac_ingest.http.clock import Clock
from stac_ingest.http.credentials import read_credentials
from stac_ingest.http.retries import RetryingClient
from stac_ingest.sharding import ShardedIngest
from stac_ingest.sharding.splitters.time_counts import Counter
from stac_ingest.summary import IngestSummary

LOOKS = 16
"""Requests that looking at an API takes at most."""
LARGE_PAGE = 1000
SAMPLE_S = 2.5
"""That one page after another may take for a sample."""
PAGES = (5, 100)
"""Of a sample, at least and at most."""
AT_ONCE = 8
"""Large pages that a part has at least."""
TRIES = 6
"""Counts by which a stretch of time with about as many items as wanted is looked for."""
NAMED = 8


class _Page(NamedTuple):
    items: int
    seconds: float
    is_numbered: bool
    is_last: bool


class _Look(Counter):
    """Counts items and reads single pages."""

    @property
    def counts(self) -> IngestSummary:
        """What was sent so far."""
        return self._summary

    async def page(self, interval: Interval, limit: int) -> _Page:
        """Read one page."""
        datetime = None if interval == (None, None) else str(interval)
        began = time.perf_counter()
        response = await self._client.send(self._opened.parts[0].request(datetime, limit))
        seconds = time.perf_counter() - began
        page = read_page(response.body, response.url)
        following = [link.get("href") for link in page.links if isinstance(link, dict) and link.get("rel") == "next"]
        is_numbered = any(isinstance(href, str) and ("?page=" in href or "&page=" in href) for href in following)
        return _Page(page_counts(page).returned or 0, seconds, is_numbered, not following)


def survey_api(request: MeasureRequest) -> Found:
    """Look at an API.

    Raises:
        SettingsError: it can't be reached, the collection isn't named or has no items, or the budget is too small.

    """
    try:
        return asyncio.run(_survey(request))
    except BudgetExhausted:
        raise SettingsError(_too_few(request)) from None
    except IngestError as error:
        raise SettingsError(f"source: {error}") from None


def settings_of(request: MeasureRequest) -> ShardedIngest:
    """Return the settings by which an API is asked: one request at a time, and no more than it may be sent."""
    return ShardedIngest.parse(
        {
            "source": request.source,
            "collection": request.collection,
            "output": "-",
            "allow_remote": True,
            "concurrency": 1,
            "max_in_flight": 1,
            "max_requests": _most(request),
            "requests_per_second": (request.requests_per_second or 10) if request.is_remote else None,
        }
    )


def _most(request: MeasureRequest) -> int:
    """Return how many requests looking may take."""
    return min(LOOKS, request.requests or LOOKS) if request.is_remote else 4 * LOOKS


def _too_few(request: MeasureRequest) -> str:
    if request.is_remote and request.requests is not None and request.requests < LOOKS:
        return (
            f"requests: {request.requests} are too few to look at this API, which takes up to {LOOKS}; allow more "
            "(requests=300)"
        )
    return (
        f"source: looking at this API took {_most(request)} requests and wasn't done, which is as many as it may take; "
        "it may be refusing some, so try again later, and name its collection (collection=...)"
    )


async def _survey(request: MeasureRequest) -> Found:
    settings, listing = settings_of(request), 0
    if settings.collection is None:
        name, listing = await _only_collection(settings)
        # One limit for both: what the listing has taken isn't there to look with.
        left = (settings.max_requests or 0) - listing
        if left < 1:
            raise SettingsError(_too_few(request))
        settings = settings.model_copy(update={"collection": name, "max_requests": left})
    async with _Look(settings) as look:
        everything = Interval(None, None)
        began = time.perf_counter()
        total = await look.count(everything)
        wait = time.perf_counter() - began
        if not request.is_remote:
            # One that waits for other work of this machine says little of the server.
            began = time.perf_counter()
            await look.count(everything)
            wait = min(wait, time.perf_counter() - began)
        large = await _large_page(look, everything)
        if not large.items:
            raise SettingsError(f"source: the collection {settings.collection} has no items; name another collection")
        found = Found(
            section="api",
            corpus={"kind": "api", "url": settings.source, "collection": settings.collection},
            items=Amount.exact(total) if total else Amount(large.items, large.items, large.items),
            counted=_how_counted(total, large),
            is_least=not total and not large.is_last,
            page_sizes=(100, large.items) if large.items > 100 else (100,),  # noqa: PLR2004 - the default page
            is_counted_by_server=bool(total),
            has_numbered_pages=large.is_numbered,
        )
        # Some servers give fewer items a page than are asked for; one page of all items says nothing of it.
        page = min(100, large.items) if total is None or large.items < total else 100
        per_page = wait + max(0.0, large.seconds - wait) * min(1.0, page / large.items)
        wanted = page * round(min(PAGES[1], max(PAGES[0], SAMPLE_S / max(per_page, 1e-4))))
        if request.is_remote:
            wanted = min(wanted, page * pages_affordable(request, listing + look.requests + TRIES))
        if not request.is_remote:
            # Several pages at once can't be told from one where the part has no more than that.
            found.page_sizes = (100, max(100, min(found.page_sizes[-1], wanted // AT_ONCE // 100 * 100)))
        if total is None:
            found.corpus["max_items"] = wanted
            found.part = f"the first {wanted:,} items"
        elif total > wanted:
            await _choose_window(look, found, total, wanted, request.seed)
        found.requests = listing + look.requests
        found.sample_requests = wanted // page
        if look.counts.rate_limited:
            found.notes.append("it answered 429 (too many requests) while it was looked at, one request at a time")
        return found


def pages_affordable(request: MeasureRequest, spent: int) -> int:
    """Return how many pages a sample may have, so that every cell gets its three pairs.

    Raises:
        SettingsError: not even the fewest.

    """
    allowed = request.requests or 0
    pages = 0
    while spent + SAMPLES * sample_limit(pages + 1) <= allowed:
        pages += 1
    if pages == 0:
        least = spent + SAMPLES * sample_limit(1)
        raise SettingsError(
            f"requests: {allowed} are too few to compare ways of asking; allow at least {least} (requests={least}), or "
            "more for surer advice"
        )
    return pages


def _how_counted(total: int | None, page: _Page) -> str:
    if total:
        return "by the API (numberMatched)"
    return "all on one page" if page.is_last else "those of one page, since the API doesn't count them"


async def _large_page(look: _Look, everything: Interval) -> _Page:
    try:
        return await look.page(everything, LARGE_PAGE)
    except ResponseError as error:
        if error.status not in (400, 413, 422):
            raise
        return await look.page(everything, 100)


async def _choose_window(look: _Look, found: Found, total: int, wanted: int, seed: int) -> None:
    """Find a stretch of time, chosen at random, with about as many items as wanted; the first items where none is."""
    start, end = expected_span(look.extent, Interval(None, None), int(time.time() * 1e6))
    lot = random.Random(f"{seed}/window")  # noqa: S311 - not for secrets
    length, low, high = 0.75 * (end - start) * wanted / total, 0.0, float(end - start)
    place = lot.random()
    for _ in range(TRIES):
        first = start + int(place * max(0.0, end - start - length))
        interval = Interval(first // MILLISECOND * MILLISECOND, int(first + length) // MILLISECOND * MILLISECOND)
        count = await look.count(interval) or 0
        if 0.5 * wanted <= count <= wanted:
            found.corpus["datetime"] = str(interval)
            found.part = f"the {count:,} items of {interval}, an interval chosen at random (seed {seed})"
            return
        low, high = (length, high) if count < 0.75 * wanted else (low, length)
        length = min((low + high) / 2, length * 4) if count < 0.75 * wanted else max((low + high) / 2, length / 4)
    found.corpus["max_items"] = wanted
    found.part = f"the first {wanted:,} items, since no interval of time with about as many was found"


async def _only_collection(settings: ShardedIngest) -> tuple[str, int]:
    """Return the collection of an API that has one, and the requests that this took.

    Raises:
        SettingsError: it has none, or several, which are named.

    """
    config: IngestConfig = settings.config()
    summary = IngestSummary()
    root, credentials = read_credentials(config)
    session = Client(config, summary, root, credentials)
    await session.open()
    try:
        found = await listed_collections(root, RetryingClient(config, summary, session, Clock()))
    finally:
        await session.close()
    names = sorted(found.extents)
    if len(names) == 1 and found.whole:
        return names[0], summary.requests
    if not names:
        raise SettingsError(f"source: {found.error or 'the API lists no collections'}; name one (collection=...)")
    more = f", and {len(names) - NAMED} more" if len(names) > NAMED else ""
    raise SettingsError(
        f"collection: say which one to read (collection=...); the API has {', '.join(names[:NAMED])}{more}"
    )
