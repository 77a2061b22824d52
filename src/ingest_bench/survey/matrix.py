"""The matrix that suits a source: how it is read today, and few ways that may be better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingest_bench.survey.found import Found
from ingest_bench.survey.request import MeasureRequest

NAME = "source"
"""Of corpus and scenario."""
WRITING, WRITTEN, WRITTEN_ITEMS = "writing", "geoparquet", 2000
"""A scenario with its corpus, what it writes, and how much of it at most."""
CELLS = 3
"""Of an API that isn't this machine's."""
SAMPLES = 2 * 3 * CELLS
"""Of such an API: two a pair, three pairs of each cell."""
OPENING = 6
"""Requests of a sample beside its pages: the API is opened, and counted."""
REMOTE_RATE, REMOTE_IN_FLIGHT = 10.0, 4
"""How an API that isn't this machine's is asked, unless said otherwise: requests per second, and at once."""
MANY = 50
"""At once, of one that is."""


def sample_limit(pages: int) -> int:
    """Return how many requests a sample may send: stretches of time end in pages that aren't full."""
    return OPENING + pages + (pages + 1) // 2


def matrix_for(request: MeasureRequest, found: Found) -> dict[str, Any]:
    """Return the configuration that measures a source, as `config.yaml` has it."""
    arms = arms_for(request, found)
    scenario: dict[str, Any] = {
        "title": f"Your source: {_title(found)}",
        "group": "your_source",
        "corpus": NAME,
        "baseline": {"arm": "sequential"},
        "arms": arms,
    }
    if found.cold:
        scenario["cache"] = "cold"
    return {
        "results": request.results,
        "seed": request.seed,
        "budget_minutes": request.budget_minutes,
        # Its samples are sized so that all cells take half of that; what writing costs is wanted as well.
        "first_pass_share": 1,
        "tolerance": request.tolerance,
        "sampling": _sampling(request, arms, first=3),
        "whole": {
            "source": request.source,
            "collection": found.corpus.get("collection"),
            "items": found.items.value,
            "items_low": found.items.low,
            "items_high": found.items.high,
            "counted": found.counted,
            "is_least": found.is_least,
            "bytes": found.bytes,
            "part": found.part,
            "cost_spread": found.cost_spread,
            "requests": found.requests,
            "notes": found.notes,
        },
        **({"remote": _limits(request, found)} if request.is_api else {}),
        "corpora": {NAME: found.corpus, **({} if request.is_remote else {WRITING: _few(found)})},
        "scenarios": {
            NAME: scenario,
            **({} if request.is_remote else {WRITING: _writing(found, _sampling(request, arms, first=2))}),
        },
    }


def arms_for(request: MeasureRequest, found: Found) -> dict[str, Any]:
    """Return the ways to measure: today's default, and those that suit the kind of source, at two or three levels."""
    today = {"sequential": {"concurrency": [1], "label": "sequential"}}
    queue, semaphore = {"worker_strategy": "queue"}, {"worker_strategy": "semaphore"}
    if found.section == "api":
        return today | _of_api(request, found)
    if found.section == "geoparquet":
        return today | {"queue": {"concurrency": [2, 5], "settings": queue, "label": "queue"}}
    return today | {
        "queue": {"concurrency": [4, 10], "settings": queue, "label": "queue"},
        "semaphore": {"concurrency": [10], "settings": semaphore, "label": "semaphore"},
    }


def _of_api(request: MeasureRequest, found: Found) -> dict[str, Any]:
    arms: dict[str, Any] = {}
    large = found.page_sizes[-1]
    chunks = {"worker_strategy": "time_chunks"}
    if large > found.page_sizes[0]:
        arms["large_pages"] = {"settings": {"limit": large}, "label": "sequential with large pages"}
    if found.is_counted_by_server:
        levels = [request.max_in_flight or REMOTE_IN_FLIGHT] if request.is_remote else [5, 10, 20]
        arms["time_chunks"] = {"concurrency": levels, "settings": chunks, "label": "time chunks"}
        if large > found.page_sizes[0] and not request.is_remote:
            label = "time chunks with large pages"
            arms["time_chunks_large"] = {"concurrency": [5], "settings": {**chunks, "limit": large}, "label": label}
    if found.has_numbered_pages and not request.is_remote:
        arms["pages_at_once"] = {
            "concurrency": [10],
            "settings": {"worker_strategy": "queue"},
            "label": "pages at once",
        }
    return arms


def _limits(request: MeasureRequest, found: Found) -> dict[str, Any]:
    if not request.is_remote:
        return {"allow": True, "max_requests": 1_000_000, "requests_per_second": None, "max_in_flight": MANY}
    return {
        "allow": True,
        "max_requests": sample_limit(found.sample_requests),
        "requests_per_second": request.requests_per_second or REMOTE_RATE,
        "max_in_flight": request.max_in_flight or REMOTE_IN_FLIGHT,
        "total_requests": max(1, (request.requests or 0) - found.requests),
        "grant": request.fingerprint,
    }


def _sampling(request: MeasureRequest, arms: Mapping[str, Any], *, first: int) -> dict[str, Any]:
    """Return when a cell has been measured enough: half of the time is for the first pass, the same for each cell."""
    cells = 1 + sum(len(arm.get("concurrency", [1])) for arm in arms.values())
    share_s = 60 * request.budget_minutes / 2 / cells
    pairs = {"min": 3, "max": 48, "first": first}
    return {"pairs": pairs, "budget_seconds": round(share_s, 1), "tracemalloc_items": 0}


def _few(found: Found) -> dict[str, Any]:
    """Return the corpus of what is written: a few of the same items, since writing takes longer than reading them."""
    most = WRITTEN_ITEMS // 4 if found.section == "api" else WRITTEN_ITEMS
    return {**found.corpus, "max_items": min(most, int(found.corpus.get("max_items", most)))}


def _writing(found: Found, sampling: dict[str, Any]) -> dict[str, Any]:
    """Return the scenario that tells what writing takes on top, whichever way is read."""
    return {
        "title": f"{_title(found)[:1].upper()}{_title(found)[1:]} to GeoParquet",
        "group": "writing",
        "corpus": WRITING,
        "pipeline": {"output": WRITTEN},
        "baseline": {"arm": "sequential"},
        "arms": {"sequential": {"concurrency": [1], "label": "sequential"}},
        # Both sides of a pair are the same, so two pairs are four samples.
        "sampling": sampling,
    }


def _title(found: Found) -> str:
    words = {"json_files": "item files", "geoparquet": "GeoParquet", "catalog": "a static catalog", "api": "an API"}
    return words[found.section]
