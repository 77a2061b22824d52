"""Every behaviour of the hostile server against every way to read an API."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass

import pytest

from ingest_bench.simulator.faults.page_content import STRANGE_IDS
from ingest_bench.simulator.faults.registry import BEHAVIOURS
from ingest_bench.simulator.in_process import serving
from long_lane import LONG
from stac_ingest import DataProcessingError, IngestModule, WorkflowContext
from stac_ingest.completeness import completeness_report
from stac_ingest.errors import (
    ItemError,
    LinkRefused,
    PaginationLoop,
    RateLimited,
    ResponseError,
    ResponseTooLarge,
    RetryAfterTooLong,
)
from stac_ingest.pipeline import PipelineResult

TOTAL, PAGE = 240, 10
PAGES = TOTAL // PAGE
ALL = {f"i{number:04}" for number in range(TOTAL)}
TOKEN = "a-token-that-nobody-may-see"
FEW = [("semaphore", 1), ("time_chunks", 1), ("semaphore", 20), ("time_chunks", 20)]
ARMS = [*FEW, pytest.param("queue", 20, marks=LONG)]
"""With concurrency 1 semaphore and queue are one and the same: sequential. `make test` does without queue at 20, since
time_chunks has the same workers."""


@dataclass(frozen=True)
class Expected:
    """What a behaviour makes of a run. By default: nothing, every item comes once and the certificate says so."""

    verdicts: tuple[str, ...] = ("complete",)
    extra: frozenset[str] = frozenset()
    """Items that the behaviour adds."""
    error: type[DataProcessingError] | None = None
    """How one cursor ends. Of chunks of time, each that is concerned is a failure by itself."""
    before: int = PAGE
    """Items that one cursor delivers before the error."""
    fatal: bool = False
    """Whether the error ends the run even when there are other chunks."""
    lost: int | None = None
    """Items that one cursor loses without any error: only the certificate tells."""
    bad: type[DataProcessingError] | None = None
    """What is wrong with one member of each page; the others come."""
    requests: int = 0
    """Requests at most, beyond one for each page and one for each answer that the behaviour changed."""


WHOLE = Expected()
MISCOUNTED = Expected(("truncated",))
REPEATED = Expected(("complete", "complete with duplicates"))
"""Where a part of the search has one page, the server repeats nothing."""
EXPECTED = {
    **dict.fromkeys(
        ["next-token", "get-only", "no-search", "next-merge-false", "next-merge-true", "next-get", "next-page"], WHOLE
    ),
    **dict.fromkeys(["next-offset", "next-skip", "next-start-record", "next-relative", "next-lower-case"], WHOLE),
    "next-headers": WHOLE,
    "next-self": Expected(error=PaginationLoop, before=20),
    "next-earlier": Expected(error=PaginationLoop, before=30),
    "endless-next": Expected(error=PaginationLoop, before=TOTAL, requests=20 * 22),
    "endless-empty": Expected(error=DataProcessingError, before=TOTAL),
    **dict.fromkeys(["empty-page", "null-features", "trailing-empty-page"], WHOLE),
    **dict.fromkeys(["duplicate-item", "duplicate-page"], REPEATED),
    "missing-next": Expected(lost=TOTAL - 20),
    "deleted-while-paging": Expected(lost=23),
    "unstable-sort": Expected(lost=23),
    **dict.fromkeys(["no-collections", "no-collection-document"], Expected(requests=PAGES)),
    "bare-landing": WHOLE,
    **dict.fromkeys(["unlinked-search", "post-refused", "get-refused"], Expected(requests=20)),
    **dict.fromkeys(["refuse-open-intervals", "wrong-extent"], Expected(requests=PAGES)),
    **dict.fromkeys(["refuse-intervals", "timeless-items"], Expected(requests=2 * PAGES)),
    **dict.fromkeys(["datetime-only", "exclusive-ends"], WHOLE),
    "limit-zero-endless": WHOLE,
    **dict.fromkeys(["undeclared", "refuse-term"], WHOLE),
    "bad-item": Expected(bad=ItemError),
    "strange-ids": Expected(extra=frozenset(STRANGE_IDS)),
    "link-without-rel": WHOLE,
    "no-counts": Expected(("unknown",)),
    "count-too-high": MISCOUNTED,
    "count-too-low": WHOLE,
    "count-moves": WHOLE,
    "count-falls": WHOLE,
    "count-absurd": MISCOUNTED,
    "ignore-filters": Expected(requests=PAGES),
    "clamp-limit": Expected(requests=13),
    "json-bom": WHOLE,
    "json-duplicate-keys": WHOLE,
    "next-deep-body": Expected(error=LinkRefused),
    "json-nan": Expected(REPEATED.verdicts, extra=frozenset(["nan"])),
    "json-surrogate": Expected(bad=ItemError),
    "json-deep": Expected(bad=ItemError),
    **dict.fromkeys(["too-many", "too-many-date", "too-many-plain"], WHOLE),
    "long-pause": Expected(error=RetryAfterTooLong, fatal=True),
    **dict.fromkeys(["bad-gateway", "unavailable", "gateway-timeout"], WHOLE),
    "forbidden": Expected(error=ResponseError, fatal=True),
    "forbidden-throttle": Expected(error=RateLimited, fatal=True),
    "bad-token": Expected(error=ResponseError),
    "down": Expected(error=ResponseError),
    "heavy-pages": Expected(requests=PAGES + 20),
    **dict.fromkeys(["truncated-body", "reset", "stall", "slow-drip"], WHOLE),
    **dict.fromkeys(["html", "half-json", "error-body", "empty-body", "echo-headers"], Expected(error=ResponseError)),
    "packed-page": Expected(error=ResponseTooLarge),
    "wrong-content-type": WHOLE,
    **dict.fromkeys(["next-other-origin", "next-plain-http", "redirect"], WHOLE),
    **dict.fromkeys(["next-internal", "next-file", "redirect-internal"], Expected(error=LinkRefused)),
    "redirect-loop": Expected(error=ResponseError),
}
VALUES = {"stall": "stall@0.1", "slow-drip": "slow-drip@0.1", "packed-page": "packed-page=2"}
"""Where the default takes its time."""
SILENT = ("stall", "slow-drip")
"""What only a time-out ends. On a busy machine it may end other requests too, some before they arrived."""


@pytest.fixture
def patient(skipping, monkeypatch, caplog):
    """Give the client a token, which must not come into the log, and waits that take no time."""
    monkeypatch.setenv("STAC_INGEST_TOKEN", TOKEN)
    yield
    assert TOKEN not in caplog.text


def test_every_behaviour_is_judged():
    """A behaviour that is added to the server needs an expectation here."""
    assert set(EXPECTED) == set(BEHAVIOURS)


@pytest.mark.slow
@pytest.mark.parametrize(("strategy", "concurrency"), ARMS)
@pytest.mark.parametrize("name", BEHAVIOURS)
async def test_behaviour(name, strategy, concurrency, store, patient):
    """The items, the failures, the certificate, the requests and the headers are what the behaviour leaves possible."""
    expected = EXPECTED[name]
    chunked = strategy == "time_chunks"
    async with serving(store, [VALUES.get(name, name)], seed=1) as server:
        timeout = 0.5 if name in SILENT else 30
        run = await ingest(server.url, worker_strategy=strategy, concurrency=concurrency, timeout=timeout)
    assert max(Counter(run.ids).values()) == 1
    assert set(run.ids) <= ALL | expected.extra
    if expected.error and server.applied:
        check_error(run, expected, chunked=chunked)
    elif expected.lost and server.applied:
        assert (run.error, run.failures, run.verdict) == (None, [], "truncated")
        assert len(run.ids) < TOTAL if chunked else len(run.ids) == TOTAL - expected.lost
    elif expected.bad:
        assert (run.error, run.verdict, set(run.ids)) == (None, "truncated", ALL)
        assert {failure.error_type for failure in run.failures} == {expected.bad.__name__}
        # A chunk that turned out too heavy, and the count before the first, were read and not delivered.
        assert PAGES <= len(run.failures) <= server.applied if chunked else len(run.failures) == server.applied
    else:
        assert (run.error, run.failures) == (None, [])
        assert set(run.ids) == ALL | expected.extra
        assert run.verdict in expected.verdicts
    if name not in SILENT:
        most = PAGES + server.applied + expected.requests
        check_requests(run, server, most, chunks=max(4, concurrency) if chunked else 0)
    check_secrets(run, server)


def check_error(run, expected, *, chunked):
    """One cursor ends in the error after what came before it; a chunk is a failure and the others come."""
    assert run.verdict == "truncated"
    if chunked and not expected.fatal:
        assert run.error is None
        assert {failure.error_type for failure in run.failures} == {expected.error.__name__}
        assert len(run.ids) >= expected.before
    else:
        assert type(run.error) is expected.error
        assert len(run.ids) == expected.before or chunked


def check_requests(run, server, most, *, chunks):
    """Check that the client counts what it sends, and sends no more than the behaviour explains."""
    assert len(server.received) <= run.summary.requests
    assert run.error or len(server.received) == run.summary.requests
    # The landing page, the collection, and a count or a page that is not full for each chunk.
    assert len(server.received) <= most + 2 + (1 + chunks if chunks else 0)


def check_secrets(run, server):
    """Check that the token goes to the source and to no other origin, and into nothing that is kept."""
    home = server.url.removeprefix("http://")
    for asked in server.received:
        mine = asked.headers["Host"] == home
        assert asked.headers.get("Authorization") == (f"Bearer {TOKEN}" if mine else None)
        assert "X-Of-The-Link" not in asked.headers
    kept = [str(run.error), repr(run.certificate), *(failure.error for failure in run.failures)]
    assert not any(TOKEN in text for text in kept)


@dataclass
class Run:
    """What came of a run."""

    ids: list
    error: DataProcessingError | None
    failures: list
    summary: object
    certificate: object

    @property
    def verdict(self):
        return self.certificate.verdict


async def ingest(url, **settings):
    """Read all there is, within seconds."""
    module = IngestModule(
        {
            "mode": "api",
            "source": url,
            "collection_id": "things",
            "limit": PAGE,
            "max_response_mib": 1,
            **settings,
        }
    )
    context = WorkflowContext()
    ids, error = [], None
    try:
        async with asyncio.timeout(30):
            async for item in module.fetch(context):
                ids.append(item["id"])  # noqa: PERF401 - what came before an error must be kept
    except DataProcessingError as caught:
        error = caught
    failures = context.failure_collector.get_all()
    result = PipelineResult(fetched=len(ids))
    certificate = completeness_report(
        module.config, "things", module.summary, result, failures=len(failures), interrupted=error is not None
    )
    return Run(ids, error, failures, module.summary, certificate)


GET_STYLES = [name for name in BEHAVIOURS if name.startswith("next-") and EXPECTED[name] == WHOLE]


@pytest.mark.slow
@pytest.mark.parametrize("arm", [*FEW, pytest.param(("queue", 20), marks=LONG)])
@pytest.mark.parametrize("search", ["get-only", "no-search"])
@pytest.mark.parametrize("style", GET_STYLES)
async def test_every_style_of_next_by_get(style, search, arm, store, patient):
    """However `next` is written, all items come by GET too, from a search and from the collection's own items."""
    strategy, concurrency = arm
    async with serving(store, [search, style]) as server:
        run = await ingest(server.url, worker_strategy=strategy, concurrency=concurrency)
    assert (run.error, run.failures, set(run.ids)) == (None, [], ALL)
    assert run.verdict in WHOLE.verdicts
    assert {asked.method for asked in server.received} == {"GET"}
    check_requests(run, server, PAGES + server.applied, chunks=max(4, concurrency) if strategy == "time_chunks" else 0)
    check_secrets(run, server)


@pytest.mark.parametrize(
    ("name", "settings", "note"),
    [
        ("empty-page", {}, "the server sent empty pages"),
        ("ignore-filters", {"datetime": "1999"}, "may ignore `datetime`"),
        ("ignore-filters", {"bbox": [10, 10, 20, 20]}, "may ignore `bbox`"),
        ("heavy-pages", {}, "a page of 10 items failed (status 504)"),
        ("no-search", {}, "no item search"),
        ("count-too-low", {}, "the server counts 120 items (numberMatched), and 240 came"),
        ("echo-headers", {}, "the server repeats credentials"),
    ],
)
async def test_odd_habits_are_noted(name, settings, note, store, patient):
    """What a user should know of a server, and what was done about it, is in the summary and the certificate."""
    async with serving(store, [name]) as server:
        run = await ingest(server.url, **settings)
    assert any(note in found for found in run.certificate.notes)


REFUSALS = [f"{name}={status}" for name in ("post-refused", "get-refused") for status in (403, 404, 415, 501)]


@pytest.mark.parametrize(("strategy", "concurrency"), ARMS)
@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_method_that_is_refused_is_not_needed(refusal, strategy, concurrency, store, skipping):
    """Whatever the refusal's status, all items come by the other method, with the search's interval and box."""
    chosen = {"datetime": "2020-01-01T00:00:00Z/2020-06-30T00:00:00Z", "bbox": [-1.0, -1.0, 1.0, 1.0]}
    async with serving(store) as server:
        whole = await ingest(server.url, **chosen)
    async with serving(store, [refusal]) as server:
        run = await ingest(server.url, worker_strategy=strategy, concurrency=concurrency, **chosen)
    assert 0 < len(whole.ids) < TOTAL
    assert (run.error, run.failures, set(run.ids)) == (None, [], set(whole.ids))
    assert run.verdict in WHOLE.verdicts


async def test_a_host_that_forbids_both_methods_is_asked_twice(store, skipping):
    """After a 403 to the one method and to the other nothing more is sent."""
    async with serving(store, ["post-refused=403", "get-refused=403"]) as server:
        run = await ingest(server.url)
    assert run.error.status == 403
    assert sum(asked.path.startswith("/search") for asked in server.received) == 2
    assert len(server.received) == 4


@pytest.mark.parametrize("name", ["too-many=7", "too-many-date=7"])
async def test_pauses_are_kept(name, store, skipping):
    """Each refusal's Retry-After is waited for in full by a client that asks for one page after another."""
    async with serving(store, [name]) as server:
        run = await ingest(server.url)
    assert set(run.ids) == ALL
    assert server.applied == PAGES
    assert sum(skipping.waits) >= 7 * PAGES - 1


async def test_without_retries_a_refusal_ends_the_cursor(store, skipping):
    """With `retry: none` nothing is waited for, nothing is asked twice, and the error says what happened."""
    async with serving(store, ["too-many"]) as server:
        run = await ingest(server.url, retry="none")
    assert isinstance(run.error, RateLimited)
    assert skipping.waits == []
    assert run.summary.retries == 0
    assert len(server.received) == 3


@pytest.mark.parametrize(("strategy", "concurrency"), ARMS)
async def test_a_bad_day(strategy, concurrency, store, skipping):
    """Two percent each of every passing fault at once: every item comes, nothing fails."""
    faults = ["too-many", "bad-gateway", "unavailable", "gateway-timeout", "truncated-body", "reset", "empty-page"]
    faults += ["duplicate-page", "wrong-content-type", "link-without-rel", "json-bom"]
    async with serving(store, [f"{name}@0.05" for name in faults], seed=3) as server:
        run = await ingest(server.url, worker_strategy=strategy, concurrency=concurrency)
    assert set(run.ids) == ALL
    assert (run.error, run.failures) == (None, [])
    assert run.verdict.startswith("complete")
    assert server.applied > 0


@pytest.mark.parametrize(("strategy", "concurrency"), ARMS)
@pytest.mark.parametrize("style", ["next-page", "next-offset"])
async def test_numbered_pages_without_end(style, strategy, concurrency, store, skipping):
    """Where the server claims a million million items, asking for numbered pages ends soon after the last item."""
    async with serving(store, [style, "count-absurd"]) as server:
        run = await ingest(server.url, worker_strategy=strategy, concurrency=concurrency)
    assert set(run.ids) == ALL
    assert (run.error, run.failures, run.verdict) == (None, [], "truncated")
    assert len(server.received) <= PAGES + 3 * concurrency + 8


async def test_the_first_403_is_the_last_request(store, skipping):
    """After it was heard nothing more is sent: only what was under way already may still come."""
    async with serving(store, ["forbidden"]) as server:
        run = await ingest(server.url, worker_strategy="time_chunks", concurrency=4)
    assert run.error.status == 403
    assert 1 <= server.applied <= 4
